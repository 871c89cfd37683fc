"""What may go wrong has a row in docs/reliability.md, and every row a test or a reason."""

import re
from pathlib import Path

from tests.rows import ROWS, TESTS, marked_rows, named_rows

DOC = Path(__file__).parent.parent / "docs" / "reliability.md"
_LINE = re.compile(r"^\| ([RS]\d+) \|(.+)\|([^|]+)\|$", re.MULTILINE)
_UNTESTED = "## What was not tried"


def told() -> dict[str, str]:
    """By row: the last column of its line, the files of its tests."""
    tested, _, _ = DOC.read_text(encoding="utf-8").partition(_UNTESTED)
    return {row: files.strip() for row, _, files in _LINE.findall(tested)}


def untested() -> set[str]:
    _, _, rest = DOC.read_text(encoding="utf-8").partition(_UNTESTED)
    return {row for row, _, _ in _LINE.findall(rest)}


def test_every_row_has_a_test_or_a_reason() -> None:
    assert [row for row in ROWS if row not in named_rows() and row not in untested()] == []


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert sorted(marked_rows() - set(ROWS)) == []


def test_every_row_is_told_with_the_files_of_its_tests() -> None:
    found, doc = named_rows(), told()
    assert [row for row in ROWS if row not in doc] == []
    for row, files in doc.items():
        named = re.findall(r"`([^`]+)`", files)
        assert named or row in untested(), f"{row} names no test"
        wrong = [file for file in named if f"tests/{file}" not in found.get(row, ())]
        assert wrong == [], f"{row} is not named in {wrong}"


def test_every_tool_is_listed() -> None:
    tools = {p.stem for p in (TESTS / "chaos").glob("*.py") if not p.stem.startswith("test_")}
    listed = set(re.findall(r"`([a-z_]+)`", (TESTS / "chaos" / "README.md").read_text("utf-8")))
    assert sorted(tools - listed) == []
