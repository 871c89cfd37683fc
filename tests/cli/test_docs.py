"""What is not documented is not there: every verb, flag, key and status has its place."""

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.tapes import ONE_DONE, after
from vastgui.cli import exits
from vastgui.cli.parser import build_parser
from vastgui.state import events as ev
from vastgui.state.model import ItemStatus, Status, StepStatus, to_json

DOCS = Path(__file__).parents[2] / "docs"
CLI = (DOCS / "cli.md").read_text(encoding="utf-8")
STATE = (DOCS / "state.md").read_text(encoding="utf-8")


def verbs() -> dict[str, argparse.ArgumentParser]:
    actions = build_parser()._actions
    found = next(a for a in actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


def section(verb: str) -> str:
    """The part of cli.md under the heading that names `verb`."""
    for part in re.split(r"^## ", CLI, flags=re.MULTILINE)[1:]:
        if verb in re.split(r",\s*", part.splitlines()[0]):
            return part
    raise AssertionError(f"docs/cli.md has no section for `{verb}`")


def flags(parser: argparse.ArgumentParser) -> list[str]:
    return [o for a in parser._actions for o in a.option_strings if o not in ("-h", "--help")]


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_and_flag_is_documented(verb: str) -> None:
    text = section(verb)
    assert f"vastgui {verb}" in text
    for flag in flags(verbs()[verb]):
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", text), flag


def test_every_flag_of_the_app_is_documented() -> None:
    text = section("Opening the app")
    assert [flag for flag in flags(build_parser()) if flag not in text] == []


@pytest.mark.parametrize("verb", verbs())
def test_no_flag_is_documented_that_is_not_there(verb: str) -> None:
    rows = re.findall(r"^\| `(-[^|]*)` \|", section(verb), flags=re.MULTILINE)
    named = {flag for row in rows for flag in re.findall(r"--?[a-z-]+", row)}
    siblings = re.split(r",\s*", section(verb).splitlines()[0])
    assert named <= {flag for v in siblings for flag in flags(verbs()[v])}


def test_every_exit_code_is_documented() -> None:
    codes = {v for k, v in vars(exits).items() if k.isupper() and isinstance(v, int)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, flags=re.MULTILINE)} == codes


def keys(value: Any) -> Iterator[str]:
    """All keys of ours in a state; `details` and `metadata` have a step's or a user's own."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            if key not in ("details", "metadata"):
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def full_states() -> list[dict[str, Any]]:
    started = (*ONE_DONE, ev.StepStarted(step=1))
    asked = ev.RunBlocked(ask_id="1", kind="host_key_unknown", question="?", choices=("trust",))
    tapes = [
        (*started, ev.ItemsListed(step=1, labels=("a",)), asked),
        (*started, ev.ItemsListed(step=1, kind="multi_phase", labels=("a",))),
        (*started, ev.StepProgressed(step=1, kind="bytes", done=1, total=2)),
    ]
    return [to_json(after(*tape)) for tape in tapes]


def test_every_key_of_the_state_is_documented() -> None:
    used = {key for state in full_states() for key in keys(state)}
    assert {"ask_id", "phases", "rate_bps", "outcome"} <= used
    assert sorted(key for key in used if f"`{key}`" not in STATE) == []


def test_every_status_is_explained() -> None:
    known = [s.value for kind in (Status, StepStatus, ItemStatus) for s in kind]
    assert [status for status in known if f"`{status}`" not in STATE] == []
    ended = re.findall(r"^\| `(\w+)` \|.*\| yes \|$", STATE, flags=re.MULTILINE)
    assert set(ended) == {s.value for s in Status if s.is_terminal}
