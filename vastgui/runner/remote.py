"""Asking the instance for facts. What it answers is a stranger's text: bounded and cleaned."""

import json
from typing import Any

from vastgui.errors import StepFailed
from vastgui.runner.context import StepContext
from vastgui.ssh.lines import clean
from vastgui.ssh.session import Completed

_MARK = "vastgui-facts:"
_LONGEST = 300
"""Characters kept of one text of the instance."""
_MOST = 200
"""Lines or values kept of one answer."""

PYTHON_REPORT = """
import json, sys
def report(**facts):
    print("\\nvastgui-facts:" + json.dumps(facts), flush=True)
"""
"""Stands before each script for the instance's python: `report(name=value)` is its answer."""


def shown(text: str, longest: int = _LONGEST) -> str:
    """`text` of the instance as one harmless line."""
    line = " ".join(clean(text[: longest * 4]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def lines(completed: Completed) -> list[str]:
    """The first lines of a command's output, each cleaned and cut."""
    return [shown(line) for line in completed.stdout.split("\n", _MOST)[:_MOST] if line.strip()]


def reason(completed: Completed) -> str:
    """Why a command failed: its last line on stderr, or on stdout, or its code."""
    for text in (completed.stderr, completed.stdout):
        said = [line for line in text[-4000:].splitlines() if line.strip()]
        if said and (line := shown(said[-1])):
            return line
    return f"exit code {completed.exit_code}"


def pairs(completed: Completed) -> dict[str, list[str]]:
    """Lines of the form `name=value`, by name; other lines (banners) are ignored."""
    found: dict[str, list[str]] = {}
    for line in lines(completed):
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value.strip())
    return found


def ask_python(
    ctx: StepContext, python: str, code: str, *args: str, stdin: bytes = b"", timeout_s: float = 60
) -> dict[str, Any]:
    """Run the constant `code` with the instance's `python`; return what it `report`s.

    Raises `StepFailed` when it cannot run or reports nothing. Texts come back cleaned.
    """
    answer = ctx.ssh.run(
        python, "-c", PYTHON_REPORT + code, *args, stdin=stdin, timeout_s=timeout_s
    )
    facts = parse_report(answer.stdout)
    if facts is None or not answer.ok:
        raise StepFailed(
            f"{python} could not answer: {reason(answer)}",
            hint="Check the variable `python`, and the step setup_python_venv.",
        )
    return facts


def parse_report(stdout: str) -> dict[str, Any] | None:
    """The last report in `stdout`; None without a good one."""
    for line in reversed(stdout[-200_000:].splitlines()):
        if line.startswith(_MARK):
            try:
                facts = json.loads(line.removeprefix(_MARK))
            except (ValueError, RecursionError):
                return None
            return _cleaned(facts) if isinstance(facts, dict) else None
    return None


def _cleaned(facts: dict[str, Any]) -> dict[str, Any]:
    """Only flat values: texts, numbers, true and false."""
    out: dict[str, Any] = {}
    for name, value in list(facts.items())[:_MOST]:
        if isinstance(value, str):
            out[name] = shown(value)
        elif value is None or isinstance(value, bool | int | float):
            out[name] = value
    return out
