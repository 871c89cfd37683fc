"""The fold: pure, total, the first ending wins."""

import contextlib
import json
import random
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runner.rig import step
from tests.state.tapes import TAPES
from vastgui.state import events as ev
from vastgui.state.comfy import ComfyState
from vastgui.state.fold import apply, fold, initial
from vastgui.state.model import RunState, Status, StepStatus, to_json
from vastgui.state.plan import Plan, new_id

PLAN = Plan(workflow_id=new_id(), steps=(step("one"), step("two")), ssh_connection="root@h:1")


def shown(state: RunState) -> dict[str, object]:
    return {
        "status": state.status.value,
        "percent": state.progress_percent,
        "pid": state.pid,
        "steps": [s.status.value for s in state.steps],
        "items": [i.status.value for i in state.steps[0].progress.items],
        "retry_at": state.steps[0].retry_at,
        "question": state.question and state.question.ask_id,
        "acknowledged": state.acknowledged,
        "link": state.link,
        "jobs": [j.job_id for j in state.jobs],
        "unknown": state.unknown_events,
    } | (shown_comfy(state.comfy) if state.comfy else {})


def shown_comfy(comfy: ComfyState) -> dict[str, object]:
    return {
        "nodes": [n.status for n in comfy.nodes],
        "outputs": [o.path for o in comfy.outputs],
        "prompt": (comfy.prompt_id, comfy.outcome, comfy.queue_position, comfy.seeds),
    }


@pytest.mark.parametrize("name", TAPES)
def test_tape(name: str) -> None:
    events, wanted = TAPES[name]
    found = shown(fold(PLAN, events))
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", TAPES)
def test_every_tape_survives_its_way_through_the_file(name: str) -> None:
    events, _ = TAPES[name]
    known = [e for e in events if not isinstance(e, ev.UnknownEvent)]
    assert [ev.decode(ev.encode(e)) for e in known] == known


def test_every_kind_of_event_is_on_a_tape() -> None:
    told = {type(e).__name__ for events, _ in TAPES.values() for e in events}
    assert told == set(ev.EVENTS)


@pytest.mark.parametrize(
    "part", [{"only": 1}, {"start_from": 1}, {"steps": (step("one", enabled=False), step("two"))}]
)
def test_steps_that_do_not_run_take_no_share_of_the_percent(part: dict[str, Any]) -> None:
    half = ev.StepProgressed(step=1, kind="percentage", percent=50)
    state = fold(replace(PLAN, **part), [ev.RunStarted(), ev.StepStarted(step=1), half])
    assert round(state.progress_percent) == 50


@pytest.mark.row("R11")
def test_durations_come_from_the_monotonic_clock() -> None:
    state = fold(
        PLAN, [ev.StepStarted(step=0, at=5, mono=10), ev.StepFinished(step=0, at=1, mono=12)]
    )
    assert state.steps[0].duration_s == 2


def test_a_terminal_state_never_changes_again() -> None:
    for status in ("completed", "failed", "cancelled", "crashed"):
        ended = fold(PLAN, [ev.RunEnded(status=status)])
        for events, _ in TAPES.values():
            for event in events:
                assert apply(ended, event) is ended


def test_the_state_as_json_has_the_documented_names() -> None:
    state = to_json(fold(PLAN, TAPES["completed"][0]), last_heartbeat_at=0.0)
    json.dumps(state, allow_nan=False)
    wanted = """schema_version workflow_id kind status is_terminal current_step total_steps
        progress_percent steps ssh_connection instance_id template_id start_time finished_at
        last_update last_heartbeat_at error metadata"""
    assert set(wanted.split()) <= set(state)
    wanted = "index action label status start_time end_time duration_ms attempt result progress"
    assert set(wanted.split()) <= set(state["steps"][0])
    assert state["steps"][0]["duration_ms"] == 2500
    assert state["last_heartbeat_at"] == "1970-01-01T00:00:00.000Z"


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.text())
)


@given(st.lists(st.dictionaries(st.sampled_from(["step", "item", "status", "at", "labels", "offset",
       "percent", "seq", "ask_id", "mode", "delay_s", "attempt"]), ANYTHING), max_size=12),
       st.randoms())  # fmt: skip
def test_any_values_fold_into_a_state_that_can_be_shown(
    lines: list[dict[str, object]], chance: random.Random
) -> None:
    state = initial(PLAN)
    for line in lines:
        line["event"] = chance.choice([*ev.EVENTS, "Unheard"])
        with contextlib.suppress(ValueError):  # json cannot write what json.loads cannot have read
            raw = json.dumps(line).encode()
            if (event := ev.decode(raw)) is not None:
                state = apply(state, event)
    json.dumps(to_json(state), allow_nan=False)
    assert 0 <= state.progress_percent <= 100


@given(st.text(max_size=20_000), st.lists(st.text(max_size=500), max_size=50))
def test_no_line_is_longer_than_a_page(text: str, labels: list[str]) -> None:
    for event in (
        ev.StepErred(step=0, error=text, hint=text, details=dict.fromkeys(labels, text)),
        ev.ItemsListed(step=0, labels=tuple(labels)),
        ev.RunEnded(status="failed", error=text),
    ):
        line = ev.encode(event, {"prev": "a", "next": "b"})
        assert len(line) <= ev.MAX_LINE_BYTES
        assert line.count(b"\n") == 1
        assert type(ev.decode(line)) is type(event)


def test_unknown_keys_are_tolerated_and_wrong_types_are_damage() -> None:
    assert ev.decode(b'{"event":"RunPaused","mood":"calm","v":7}') == ev.RunPaused()
    assert ev.decode(b'{"event":"RunTeleported","seq":3}') == ev.UnknownEvent(
        name="RunTeleported", seq=3
    )
    for line in (b"[[[[" * 5000, b'{"event":"StepStarted"}', b'{"event":"StepStarted","step":"1"}',
                 b'{"event":7}', b"null", b"", b"\0\0\0", b'{"event":"RunPaused","at":1e999}',
                 b'{"event":"RunPaused","at":' + b"9" * 5000 + b"}"):  # fmt: skip
        assert ev.decode(line) is None


def test_every_event_field_has_a_default_or_must_be_there() -> None:
    for kind in ev.EVENTS.values():
        assert [f.name for f in fields(kind)][:3] == ["seq", "at", "mono"]


def test_the_words_of_the_design() -> None:
    wanted = "queued starting running paused blocked stopping completed failed cancelled crashed"
    assert {s.value for s in Status} == set(wanted.split())
    wanted = "pending in_progress completed failed skipped"
    assert {s.value for s in StepStatus} == set(wanted.split())
