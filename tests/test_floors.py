"""Libraries with known holes are not installed: pip-audit's service cannot be asked from here."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
REPAIRED = {
    "aiohttp": "3.12.14",  # CVE-2025-53643: requests smuggled past a parser
    "nicegui": "3.10",  # CVE-2026-39844: names of uploads
    "paramiko": "3.4",  # CVE-2023-48795: Terrapin
    "pillow": "11.3",  # CVE-2025-48379: a write beyond a buffer
    "pyyaml": "5.4",  # CVE-2020-14343: full_load runs code
}
REPAIRED_BELOW = {
    "h11": "0.16",  # CVE-2025-43859: chunks read wrongly
    "starlette": "0.49.1",  # CVE-2025-62727: ranges that cost hours
    "cryptography": "42.0.4",  # CVE-2024-26130
}
"""What our libraries bring with them."""


def required() -> dict[str, Requirement]:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return {r.name: r for r in map(Requirement, project["dependencies"])}


@pytest.mark.row("S51")
@pytest.mark.parametrize("name", REPAIRED)
def test_the_repaired_version_is_asked_for(name: str) -> None:
    floors = [Version(s.version) for s in required()[name].specifier if s.operator == ">="]
    assert floors
    assert max(floors) >= Version(REPAIRED[name])


@pytest.mark.row("S51")
@pytest.mark.parametrize("name", [*REPAIRED, *REPAIRED_BELOW])
def test_the_repaired_version_is_installed(name: str) -> None:
    assert Version(metadata.version(name)) >= Version({**REPAIRED, **REPAIRED_BELOW}[name])


@pytest.mark.row("S51")
def test_every_library_has_a_floor() -> None:
    assert [
        n for n, r in required().items() if not any(s.operator == ">=" for s in r.specifier)
    ] == []
