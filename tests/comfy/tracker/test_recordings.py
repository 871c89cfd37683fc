"""Every recording of a real ComfyUI that a client could meet, played frame by frame."""

import pytest

from tests.comfy.tracker.expected import NOT_APPLICABLE, SEEN
from tests.comfy.tracker.tape import RECORDINGS, Played, play, rows, summary
from vastgui.comfy import changes as ch
from vastgui.comfy.outcome import verdict
from vastgui.comfy.outputs import collect


def test_the_table_names_every_recording() -> None:
    recorded = {path.name.removesuffix(".jsonl.gz") for path in RECORDINGS.glob("*.gz")}

    assert {*SEEN, *NOT_APPLICABLE} == recorded
    assert not any(play(name) for name in NOT_APPLICABLE)


@pytest.mark.parametrize("name", SEEN)
def test_a_recording_ends_as_a_person_would_expect(name: str) -> None:
    played = play(name)

    assert [summary(one) for one in played] == SEEN[name]
    for one in played:
        _progress_is_honest(one)
        _changes_are_few(one)
        _changes_tell_the_same_as_the_tracker(one)


def _progress_is_honest(one: Played) -> None:
    assert one.percents == sorted(one.percents)
    succeeded = one.tracker.verdict is not None and one.tracker.verdict.outcome == "success"
    assert (max(one.percents) == 100) is succeeded
    assert all(0 <= move.percent <= 99 for move in one.of(ch.NodeProgressed) if move.percent)


def _changes_are_few(one: Played) -> None:
    ended = one.tracker.verdict
    assert ended
    lines = len(one.of(ch.NodesChanged)) + len(one.of(ch.NodeProgressed))
    looked_s = one.looked[-1] - one.looked[0] if one.looked else 0.0
    assert lines <= 10 * looked_s + 5  # the last look hands out all that is left


def _changes_tell_the_same_as_the_tracker(one: Played) -> None:
    told = dict.fromkeys(one.prompt, "pending")
    for change in one.of(ch.NodesChanged):
        told |= dict.fromkeys(change.node_ids, change.status)
    assert told == {node.node_id: node.status for node in one.tracker.nodes}
    numbers = [
        found.number for found in one.changes if isinstance(found, ch.OutputFound | ch.TextFound)
    ]
    assert numbers == list(range(len(numbers)))
    assert [change.verdict for change in one.of(ch.Ended)] == [one.tracker.verdict]
    assert isinstance(one.changes[-1], ch.Ended)


def test_every_recorded_history_entry_has_a_verdict_with_times() -> None:
    seen = 0
    for name in SEEN:
        for row in rows(name):
            for entry in _entries(row):
                found = verdict(entry)
                assert found.started_at is not None, name
                assert found.ended_at is not None, name
                assert found.ended_at >= found.started_at
                assert not collect(entry["outputs"]).unusable
                seen += 1
    assert seen > 100


def _entries(row: dict) -> list[dict]:
    if row["kind"] != "http" or "/history" not in row["req"]["path"]:
        return []
    body = (row.get("res") or {}).get("body")
    return (
        [e for e in body.values() if isinstance(e, dict) and "status" in e]
        if isinstance(body, dict)
        else []
    )


def test_the_socket_alone_is_enough_to_find_all_outputs_early() -> None:
    """Outputs are known before the history entry is: fetching starts while the prompt runs."""
    (one,) = play("01_success_progress_previews")

    kinds = [type(change) for change in one.changes]

    assert kinds.index(ch.OutputFound) < kinds.index(ch.Ended) - 2


def test_steps_of_a_sampler_are_counted() -> None:
    (one,) = play("01_success_progress_previews")

    said = [change.message for change in one.changes if isinstance(change, ch.NodeProgressed)]

    assert said == [f"step {k} of 5" for k in range(1, 6)]
