"""A reader that applies the diffs has what the fold has, and gets back the state itself."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.state.histories import PLAN, histories
from tests.state.tapes import TAPES
from vastgui.errors import NewerSchema
from vastgui.state import events as ev
from vastgui.state.diff import diff, patched
from vastgui.state.fold import apply, fold, initial
from vastgui.state.from_json import from_json
from vastgui.state.model import to_json


def through_the_wire(data: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(data, allow_nan=False)))


@given(histories(), st.integers(0, 25), st.data())
def test_a_snapshot_and_all_diffs_give_the_fold(
    events: list[ev.AnyEvent], joins: int, data: st.DataObject
) -> None:
    """The reader joins somewhere, and events between two diffs are coalesced by chance."""
    state = fold(PLAN, events[:joins])
    told, read = state, through_the_wire(to_json(state))
    for event in events[joins:]:
        state = apply(state, event)
        if data.draw(st.booleans()):
            read, told = patched(read, through_the_wire(diff(told, state))), state
    read = patched(read, diff(told, state))
    assert read == through_the_wire(to_json(state))


@given(histories())
def test_a_diff_applied_twice_does_no_harm(events: list[ev.AnyEvent]) -> None:
    before, after = fold(PLAN, events[: len(events) // 2]), fold(PLAN, events)
    told = diff(before, after)
    once = patched(to_json(before), told)
    assert patched(once, told) == once


@given(histories())
def test_a_diff_between_two_folds_is_the_same(events: list[ev.AnyEvent]) -> None:
    """Two readers of one file share no object; what is equal is not sent all the same."""
    before, again = fold(PLAN, events), fold(PLAN, events)
    assert diff(before, again) == {"changes": {}, "items": {}}


@given(histories())
def test_the_state_comes_back_from_its_json(events: list[ev.AnyEvent]) -> None:
    shown = through_the_wire(to_json(fold(PLAN, events)))
    assert through_the_wire(to_json(from_json(shown))) == shown


@pytest.mark.parametrize("name", TAPES)
def test_what_a_view_looks_at_comes_back(name: str) -> None:
    state = fold(PLAN, TAPES[name][0])
    back = from_json(to_json(state))
    assert [s.progress.items for s in back.steps] == [s.progress.items for s in state.steps]
    for before, after in zip(state.steps, back.steps, strict=True):
        assert (after.result, after.status) == (before.result, before.status)
        assert after.progress.fraction == pytest.approx(before.progress.fraction, abs=0.001)
    assert (back.question, back.link_attempt) == (state.question, state.link_attempt)
    assert (back.stop_mode, back.queued_behind) == (state.stop_mode, state.queued_behind)


def test_one_node_of_a_thousand_costs_one_node() -> None:
    ids = tuple(str(i) for i in range(1000))
    before = fold(PLAN, [ev.NodesListed(node_ids=ids, node_types=ids, titles=ids)])
    after = apply(before, ev.NodeProgressed(node_id="700", percent=50.0, at=1.0, seq=9))
    told = diff(before, after)
    assert list(told["items"]["nodes"]) == ["700"]
    assert set(told["changes"]) == {"seq", "last_update"}
    assert len(json.dumps(told)) < 400


def test_a_list_that_got_shorter_is_sent_whole() -> None:
    ids = ("1", "2", "3")
    before = fold(PLAN, [ev.NodesListed(node_ids=ids, node_types=ids, titles=ids)])
    after = apply(before, ev.PromptPrepared(workflow_name="again"))
    assert diff(before, after)["changes"]["nodes"] == []
    assert patched(to_json(before), diff(before, after)) == to_json(after)


@pytest.mark.parametrize("wrong", [{}, {"schema_version": 2}, {"status": "asleep"}, {"steps": 1}])
def test_what_another_vastgui_tells_is_refused_in_words(wrong: dict[str, Any]) -> None:
    data = {**to_json(initial(PLAN)), **wrong} if wrong else {}
    with pytest.raises(NewerSchema, match="another vastgui") as refused:
        from_json(data)
    assert "same version" in refused.value.hint


def test_a_damaged_line_changes_one_key() -> None:
    before = initial(PLAN)
    assert diff(before, replace(before, damaged_lines=1)) == {
        "changes": {"damaged_lines": 1},
        "items": {},
    }
