"""The practice ComfyUI answers as the recorded real one did: every request, every frame.

`VERDICTS` names each recording and what was compared. Left out everywhere: drawn ids and names,
times, the order that the real server takes from a set, and the pixels of pictures.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.demo.comfy_replay import Answer, Replay, rows
from tests.demo.comfy_telling import Teller, by_node
from vastgui.demo.comfy import PracticeComfy

FASTER = 0.4
"""Delays that the recorded prompts name are shortened to this part."""
SMALL = {"width": 64, "height": 64, "batch_size": 1, "color": 0}


@dataclass(frozen=True)
class Verdict:
    """What is compared. `but`: requests whose answers rest on what the recorder's disk held."""

    said: str
    words: tuple[str, ...] = ()
    paced: bool = False
    """Also keep the pauses before connects and cuts; then a step more or less may be heard."""
    warm: bool = False
    """The recorder had run the first prompt in an earlier recording."""
    without: str = ""
    """A node type whose prompts are left out."""
    but: tuple[str, ...] = field(default=())
    slow: bool = False


SAME = Verdict("same answers, same frames")
VERDICTS = {
    "01_success_progress_previews": SAME,
    "02_cached_second_run": SAME,
    "03_partial_cache": SAME,
    "04_three_queued_positions": SAME,
    "05_other_clients_and_no_client_id": SAME,
    "06_validation_errors": Verdict("same, after the prompt that was cached then", warm=True),
    "07_execution_error": SAME,
    "08_interrupt": SAME,
    "09_queue_delete_clear": SAME,
    "11_ws_reconnect_mid_run": Verdict("same but for the steps missed while away", paced=True),
    "12_ws_misc": SAME,
    "13_preview_formats": Verdict("same but for the steps missed while away", paced=True),
    "14_progress_state_expand_async": SAME,
    "15_number_front_partial_targets_prompt_id": SAME,
    "16_extra_data_and_png_metadata": SAME,
    "20_upload_image": SAME,
    "21_view": Verdict("same; dates of files aside", but=("GET /view?filename=link&subfolder=v",)),
    "22_history": SAME,
    "23_misc_endpoints": Verdict(
        "same; system_stats, logs and node types by their shape",
        but=(
            "GET /system_stats",  # of a machine without a GPU: the index is null there
            "GET /api/system_stats",
            "GET /extensions",  # the practice server has no frontend
            "GET /templates/index.json",
            "GET /",
            "GET /internal/files/output",  # files of earlier recordings
            "GET /internal/files/input",
        ),
    ),
    "24_output_shapes": Verdict(
        "same, without the saver that the recorder could not run", without="SaveAudioOpus"
    ),
    "25_big_download": Verdict("same, 512 MB of it", slow=True),
    "29_origin_checks": SAME,
    "30_cors_multiuser_limits": Verdict(
        "same",
        words=(
            "--enable-cors-header", "--multi-user", "--max-upload-size", "1",
            "--enable-compress-response-body", "--disable-metadata",
        ),
        but=("GET /system_stats",),
    ),
}  # fmt: skip
ELSEWHERE = {
    "10_server_killed_and_restarted": "test_comfy.py: kills and restarts a process of its own",
    "26_slow_ws_reader_blocks_all": "test_comfy.py: needs a client that does not read",
    "27_races_measured": "holds counts, no frames; test_comfy.py looks at the gap itself",
    "28_progress_state_traffic": "holds sums, no frames; test_comfy.py measures its own",
    "31_cache_none_and_lru": "two servers one after another; test_comfy.py starts both",
    "32_ssh_tunnel": "the tunnel's doing, not the server's: tests of vastgui.ssh",
}


def test_every_recording_has_a_verdict() -> None:
    from tests.demo.comfy_replay import RECORDINGS

    found = {path.name.removesuffix(".jsonl.gz") for path in RECORDINGS.glob("*.jsonl.gz")}
    assert found == VERDICTS.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * v.slow, id=n) for n, v in VERDICTS.items()],
)
def test_recording(name: str, tmp_path: Path) -> None:
    verdict = VERDICTS[name]
    recording = _without(rows(name), verdict.without)
    _put_files(recording, tmp_path)
    with PracticeComfy(tmp_path, words=verdict.words, models=()) as server:
        replay = Replay(server.port, tmp_path, faster=FASTER, paced=verdict.paced)
        if verdict.warm:
            replay.run_prompt({"class_type": "EmptyImage", "inputs": SMALL})
        replay.play(recording)
    _compare_answers(replay, verdict)
    _compare_frames(replay, recording, loosely=verdict.paced)
    assert set(replay.refused) == {row["ws"] for row in recording if row["kind"] == "ws_fail"}
    assert not [t for t in threading.enumerate() if t.name.startswith("replay")]


def _compare_answers(replay: Replay, verdict: Verdict) -> None:
    there, here = Teller(), Teller()
    for recorded, answered in zip(replay.recorded, replay.answered, strict=True):
        expected, got = there.answer(recorded), here.answer(replay.told(recorded, answered))
        if recorded.request not in verdict.but:
            assert got == expected, recorded.request


def _compare_frames(replay: Replay, recording: list[dict[str, Any]], *, loosely: bool) -> None:
    expected: dict[str, list[Any]] = {}
    for row in recording:
        if row["kind"] == "ws":
            expected.setdefault(row["ws"], []).append(_frame(row))
    for label, frames in expected.items():
        heard = replay.recorded_again(replay.sockets[label].frames)
        ours, theirs = Teller().frames(heard), Teller().frames(frames)
        if loosely:
            ours, theirs = _without_steps(ours), _without_steps(theirs)
        assert by_node(ours) == by_node(theirs), label


def _frame(row: dict[str, Any]) -> Any:
    if "json" in row:
        return row["json"]
    told = ("event", "image_type", "node_id", "text", "metadata")
    return {key: row["bin"][key] for key in told if key in row["bin"]}


def _without_steps(frames: list[Any]) -> list[Any]:
    return [f for f in frames if f.get("type") not in (None, "progress", "progress_state")]


def _without(recording: list[dict[str, Any]], node_type: str) -> list[dict[str, Any]]:
    """Leave out the prompts with `node_type`, what was asked about them and the frames of them."""
    if not node_type:
        return recording
    dropped = [
        row["res"]["body"]["prompt_id"]
        for row in recording
        if row["kind"] == "http" and f'"{node_type}"' in str(row["req"]["body"]).replace("'", '"')
    ]
    kept = [row for row in recording if not any(prompt_id in str(row) for prompt_id in dropped)]
    return _fewer_statuses(kept, len(dropped))


def _fewer_statuses(recording: list[dict[str, Any]], prompts: int) -> list[dict[str, Any]]:
    """Three status frames less for each prompt that is left out: put, taken, done."""
    for _ in range(prompts):
        for remaining in (1, 1, 0):
            index = max(i for i, row in enumerate(recording) if _remaining(row) == remaining)
            del recording[index]
    return recording


def _remaining(row: dict[str, Any]) -> int | None:
    if row["kind"] == "ws" and row.get("json", {}).get("type") == "status":
        left: int = row["json"]["data"]["status"]["exec_info"]["queue_remaining"]
        return left
    return None


def _put_files(recording: list[dict[str, Any]], folder: Path) -> None:
    """Put on the disk what a recording of plain downloads found there."""
    if recording[0]["name"] != "21_view":
        return
    for row in recording:
        if row["kind"] == "http" and row["res"]["status"] == 200:
            _put_file(Answer("", 200, row["res"]["headers"], row["res"]["body"]), row, folder)


def _put_file(answer: Answer, row: dict[str, Any], folder: Path) -> None:
    import base64
    from urllib.parse import parse_qs, urlsplit

    query = {key: values[0] for key, values in parse_qs(urlsplit(row["req"]["path"]).query).items()}
    whole = row["req"]["method"] == "GET" and not {"preview", "channel"} & set(query)
    if not whole:
        return
    content = answer.body
    if isinstance(content, dict):
        content = base64.b64decode(content["$b64"]) if "$b64" in content else b"{}"
    name = query["filename"].removesuffix(" [output]").rpartition("/")[2]
    path = folder / "output" / query.get("subfolder", "") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else str(content).encode())
