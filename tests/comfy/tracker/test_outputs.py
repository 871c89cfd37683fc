"""Outputs and verdicts out of whatever stands in a history entry."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vastgui.comfy.answers import HistoryEntry
from vastgui.comfy.outcome import Verdict, verdict
from vastgui.comfy.outputs import OutputRef, TextRef, collect

START = ["execution_start", {"prompt_id": "p", "timestamp": 1_795_173_452_694}]
SUCCESS = ["execution_success", {"prompt_id": "p", "timestamp": 1_795_173_453_694}]
ERROR = ["execution_error", {"node_id": "3", "node_type": "K", "exception_message": "boom\n", "exception_type": "ValueError", "traceback": ["  File a\n    x\n", "  File b\n"], "executed": ["1"], "timestamp": 1_795_173_453_000}]  # fmt: skip
INTERRUPTED = ["execution_interrupted", {"node_id": "3", "node_type": "K", "executed": []}]


def ended(*messages: Any, status_str: str = "success") -> dict[str, Any]:
    status = {"status_str": status_str, "completed": status_str == "success", "messages": messages}
    return {"status": status, "outputs": {}}


def test_success_has_the_servers_own_times() -> None:
    entry = ended(START, ["execution_cached", {"nodes": ["1", 7]}], SUCCESS)
    entry["prompt"] = [1, "p", {}, {"create_time": 1_795_173_450_000}, []]

    assert verdict(entry) == Verdict(
        outcome="success",
        queued_at=1_795_173_450.0,
        started_at=1_795_173_452.694,
        ended_at=1_795_173_453.694,
        cached=("1",),
    )


def test_an_error_counts_whatever_the_status_says() -> None:
    found = verdict(ended(START, ERROR, status_str="success"))

    assert (found.outcome, found.node_id, found.error, found.error_type) == ("error", "3", "boom", "ValueError")  # fmt: skip
    assert found.traceback == ("  File a", "    x", "  File b")
    assert found.executed == ("1",)
    assert verdict(ended(INTERRUPTED, status_str="error")).outcome == "interrupted"


def test_success_needs_evidence() -> None:
    assert verdict(ended(status_str="error")).outcome == "error"
    assert verdict({"status": {"status_str": "strange"}, "outputs": {}}).outcome == "error"
    assert verdict({"status": None, "outputs": {}}).outcome == "success"  # servers of 2023
    for nonsense in (None, [], "x", 3, {}):
        assert verdict(nonsense).outcome == "error"


def test_the_clients_entry_and_the_raw_one_give_the_same_verdict() -> None:
    raw = ended(START, ERROR, status_str="error")
    parsed = HistoryEntry("p", "error", False, ((START[0], START[1]), (ERROR[0], ERROR[1])), {}, {})

    assert verdict(parsed) == verdict(raw)
    assert verdict(HistoryEntry("p", "", False, (), {}, {})).outcome == "success"


def test_files_stand_under_any_key() -> None:
    found = collect(
        {
            "9": {
                "images": [{"filename": "a.png", "subfolder": "s", "type": "temp"}],
                "gifs": [{"filename": "b.mp4", "format": "video/h264-mp4", "workflow": "b.png"}],
                "animated": [True],
                "odd": [[[{"filename": "c.bin", "subfolder": None}]], None, 3],
                "single": {"filename": "d.txt"},
                "result": ["3d/x.glb", {"position": 1}],
            }
        }
    )

    assert found.files == (
        OutputRef("9", "images", "a.png", "s", "temp"),
        OutputRef("9", "gifs", "b.mp4"),
        OutputRef("9", "odd", "c.bin"),
        OutputRef("9", "single", "d.txt"),
        OutputRef("9", "result", "x.glb", "3d"),
    )
    assert (found.texts, found.unusable, found.note) == ((), 0, "")


def test_texts_are_outputs_too() -> None:
    found = collect({"9": {"text": ["hello\nworld", "", "hello\nworld"], "tags": "a, b"}})

    assert found.texts == (TextRef("9", "text", "hello\nworld"), TextRef("9", "tags", "a, b"))


def test_one_file_under_two_keys_is_one_file() -> None:
    item = {"filename": "a.png", "subfolder": "", "type": "output"}

    found = collect({"1": {"images": [item, item], "files": [item]}, "2": {"images": [item]}})

    assert [ref.node_id for ref in found.files] == ["1", "2"]


def test_what_no_file_can_be_called_is_counted() -> None:
    names = [None, 7, "", ["a"], "x" * 5000, "\ud800.png", {"a": 1}]
    types = [{"filename": "a", "type": 3}, {"filename": "a", "type": "/etc"}, {"filename": "a", "subfolder": 9}]  # fmt: skip

    found = collect({"1": {"images": [{"filename": name} for name in names] + types}})

    assert (found.files, found.unusable) == ((), len(names) + len(types))
    assert found.note == "10 outputs were left out: without a usable file name."


def test_odd_names_are_kept_as_they_are() -> None:
    names = ["../../.bashrc", "CON", "a\nb.png", "a\u202egnp.exe", "x" * 300, "C:\\x", "a\0b.png"]

    found = collect({"1": {"images": [{"filename": name} for name in names]}})

    assert [ref.filename for ref in found.files] == names


def test_a_flood_of_outputs_is_bounded() -> None:
    many = [{"filename": f"{number}.png"} for number in range(100_000)]

    found = collect({"1": {"images": many}})

    assert len(found.files) == 10_000
    assert found.note == "90,000 more outputs were left out: a run keeps at most 10,000."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["filename", "subfolder", "type", "text", "images", "1", "status", "messages", "outputs"]), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_json_has_outputs_and_a_verdict(found: Any) -> None:
    refs = collect(found)

    for ref in refs.files:
        names = json.dumps([ref.filename, ref.subfolder])
        assert len(names) < 3500
        assert ref.type in ("output", "temp", "input")
    assert verdict(found).outcome in ("success", "error", "interrupted")
