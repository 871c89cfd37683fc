"""UI_HOME in the instance's environment files: read as text, never run as shell code."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vastgui.errors import StepFailed
from vastgui.runner.context import StepContext
from vastgui.runner.remote import lines, reason

READ = r"""
for file; do
    if [ ! -e "$file" ]; then echo missing
    elif [ ! -r "$file" ]; then echo unreadable
    else
        echo there
        LC_ALL=C sed -nE '/^[[:space:]]*(export[[:space:]]+)?UI_HOME[[:space:]]*=/s/^/:/p' "$file" |
            head -n 20 | cut -c 1-600
    fi
done
exit 0
"""
_ASSIGNMENT = re.compile(r":\s*(?:export\s+)?UI_HOME\s*=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UiHome:
    """UI_HOME in one file: `value` is None when it is not set there."""

    state: str
    """there, missing or unreadable: the file."""
    assignments: tuple[str, ...] = ()
    """What stands right of the equals signs, quotes and all."""

    @property
    def value(self) -> str | None:
        return unquoted(self.assignments[-1]) if self.assignments else None

    def is_exactly(self, home: str) -> bool:
        """One line, written the way set_ui_home writes it."""
        return self.assignments == (f'"{home}"',)


def read_ui_home(ctx: StepContext, files: Sequence[str]) -> dict[str, UiHome]:
    """UI_HOME as each of `files` has it."""
    answer = ctx.ssh.sh(READ, *files)
    found = parse(lines(answer))
    if not answer.ok or len(found) != len(files):
        raise StepFailed(f"The environment files could not be read: {reason(answer)}")
    return dict(zip(files, found, strict=True))


def parse(said: Sequence[str]) -> list[UiHome]:
    """The answer of READ: a line on each file, then its assignments behind colons."""
    found: list[UiHome] = []
    for line in said:
        if line in ("missing", "unreadable", "there"):
            found.append(UiHome(line))
        elif found and (match := _ASSIGNMENT.match(line)):
            found[-1] = UiHome("there", (*found[-1].assignments, match[1].strip()))
    return found


def unquoted(text: str) -> str:
    """The value as a shell and pam_env read it, for the plain values that we accept."""
    for quote in ('"', "'"):
        if text.startswith(quote):
            return text[1:].partition(quote)[0]
    return text.split(" ", 1)[0]


def wrong(found: Mapping[str, UiHome], home: str) -> str:
    """One sentence on the files where UI_HOME is not `home`; empty when all is well."""
    problems = [
        f"in {file} it {_problem(entry)}" for file, entry in found.items() if entry.value != home
    ]
    return f"UI_HOME should be {home}, but {' and '.join(problems)}." if problems else ""


def _problem(entry: UiHome) -> str:
    if entry.state == "unreadable":
        return "cannot be read"
    return "is not set" if entry.value is None else f"is {entry.value or 'empty'}"
