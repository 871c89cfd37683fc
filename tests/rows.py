"""The rows of docs/reliability.md, and the tests that name them.

A test names its rows by `@pytest.mark.row("R4", "R5")`; a table of attacks does it by texts that
begin with the row ("S9 a socket of another origin").
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROWS = (
    *(f"R{n}" for n in range(1, 43)),
    *(f"S{n}" for n in range(1, 24)),
    *(f"S{n}" for n in range(30, 52)),
)
_SPEAK_OF_ROWS = ("rows.py", "chaos/measures.py")
_NAMED = re.compile(r"[RS]\d+\b")


@functools.cache
def named_rows() -> dict[str, set[str]]:
    """By row: the files below tests/ that name it."""
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        if path.relative_to(TESTS).as_posix() not in _SPEAK_OF_ROWS:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for row in _rows_of(tree):
                found.setdefault(row, set()).add(path.relative_to(TESTS.parent).as_posix())
    return found


def marked_rows() -> set[str]:
    """What stands in a `row` marker, known or not."""
    trees = (ast.parse(p.read_text(encoding="utf-8")) for p in TESTS.rglob("test_*.py"))
    return {row for tree in trees for row in _marked(tree)}


def _rows_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and (name := _NAMED.match(text)) and name[0] in ROWS:
            yield name[0]


def _marked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.row":
            yield from (ast.literal_eval(word) for word in node.args)
