"""A wrong input, and the answer it got."""

import re
from dataclasses import dataclass
from typing import Any

LEAKS = ("Traceback", 'File "', "type=", "errors.pydantic.dev", "Input should be", "A fault in")
"""What is for programmers only, or says that nobody had thought of this input."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """`given` to an api, cli, template or form; see the module that asks for what it may be.

    The answer must hold `field`, match the regex `fix`, and come with `code`.
    """

    where: str
    what: str
    given: Any
    field: str
    fix: str
    code: int

    @property
    def name(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`wrong` lists what is not as it should be; `time_s` is from the question to the answer."""

    name: str
    text: str
    time_s: float
    wrong: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.wrong


def faults(case: Wrong, code: int, text: str) -> list[str]:
    """What is wrong with the answer itself."""
    found = [f"leaks {leak!r}" for leak in LEAKS if leak in text]
    if code != case.code:
        found.append(f"code {code} instead of {case.code}")
    if case.field not in text:
        found.append(f"does not name {case.field!r}")
    if not re.search(case.fix, text):
        found.append(f"does not say {case.fix!r}")
    return found
