"""A promise's figure, and the tests that some figures are read from."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.rows import named_rows

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Figure:
    """What was measured, in words, and whether it passes the promise's gate."""

    text: str
    holds: bool


@dataclass
class Tests:
    """How some tests ended. `figures`: what they recorded by `record_property`, by name."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    figures: dict[str, list[float]] = field(default_factory=dict)

    @property
    def hold(self) -> bool:
        return bool(self.passed) and not self.failed and not self.skipped

    @property
    def text(self) -> str:
        wrong = f", FAILED: {', '.join(self.failed[:3])}" if self.failed else ""
        return f"{self.passed} tests" + wrong + (f", {self.skipped} skipped" * bool(self.skipped))


def ran(folder: Path, *words: str) -> Tests:
    """The tests that pytest's `words` choose, slow ones too."""
    report = folder / "tests.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "", f"--junitxml={report}"]
    command += ["-p", "no:cacheprovider", "-o", "junit_family=xunit1", *words]
    environment = {k: v for k, v in os.environ.items() if k not in ("VASTGUI_HOME", "CI")}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=900
    )
    if not report.exists():
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-500:]}")
    tests = Tests()
    for case in ET.parse(report).getroot().iter("testcase"):
        _count(tests, case)
    return tests


def rows(folder: Path, names: Iterable[str]) -> Tests:
    """The tests that name one of these rows of docs/reliability.md."""
    files = {file for name in names for file in named_rows().get(name, ())}
    tests = sorted(file for file in files if Path(file).name.startswith("test_"))
    return ran(folder, f"--rows={','.join(names)}", *tests)


def _count(tests: Tests, case: ET.Element) -> None:
    outcome = {child.tag for child in case}
    if outcome & {"failure", "error"}:
        tests.failed.append(case.get("name", "?"))
    elif "skipped" in outcome:
        tests.skipped += 1
    else:
        tests.passed += 1
    for found in case.iter("property"):
        tests.figures.setdefault(found.get("name", ""), []).append(float(found.get("value", "nan")))
