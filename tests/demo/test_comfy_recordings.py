"""The practice ComfyUI answers as the recorded real one did: every request, every frame.

`VERDICTS` names each recording and what was compared. Left out everywhere: drawn ids and names,
times, the order that the real server takes from a set, and the pixels of pictures.
"""

import base64
import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.demo.comfy_replay import RECORDINGS, Answer, Replay, rows
from tests.demo.comfy_telling import Teller, by_node, order
from vastgui.demo.comfy import PracticeComfy

FASTER = 0.4
"""Delays that the recorded prompts name are shortened to this part."""
MUCH_SLOWER = 3.0
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
    fault: tuple[str, str] = ("", "")
    """A node type that could not run there, and what it said."""
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
        "same, with the saver that could not run on the recorder's machine",
        fault=("SaveAudioOpus", "stub: torchaudio.functional.resample"),
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
    found = {path.name.removesuffix(".jsonl.gz") for path in RECORDINGS.glob("*.jsonl.gz")}
    assert found == VERDICTS.keys() | ELSEWHERE.keys()


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Verdict], PracticeComfy]]:
    """One server for each set of flags; it is emptied, not started anew, for the next recording."""
    with contextlib.ExitStack() as running:
        started: dict[tuple[str, ...], PracticeComfy] = {}

        def server(verdict: Verdict) -> PracticeComfy:
            if verdict.words not in started:
                folder = tmp_path_factory.mktemp("comfy")
                made = PracticeComfy(folder, words=verdict.words, models=())
                started[verdict.words] = running.enter_context(made)
            _empty(started[verdict.words])
            return started[verdict.words]

        yield server


def _empty(server: PracticeComfy) -> None:
    server.clear_faults()
    for path, body in (("/history", {"clear": True}), ("/free", {"free_memory": True})):
        request = Request(f"{server.url}{path}", json.dumps(body).encode())
        urlopen(request, timeout=10).close()
    for name in ("input", "output", "user"):
        for entry in (server.folder / name).iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * v.slow, id=n) for n, v in VERDICTS.items()],
)
def test_recording(name: str, servers: Callable[[Verdict], PracticeComfy]) -> None:
    for part in (FASTER, 1.0):  # on a busy machine a question may come late: then more slowly
        with contextlib.suppress(AssertionError):
            return _play(name, servers(VERDICTS[name]), part)
    return _play(name, servers(VERDICTS[name]), MUCH_SLOWER)


def _play(name: str, server: PracticeComfy, faster: float) -> None:
    verdict, recording = VERDICTS[name], rows(name)
    _put_files(recording, server.folder)
    replay = Replay(server.port, server.folder, faster=faster, paced=verdict.paced)
    node_type, message = verdict.fault
    server.fault("node", "error", class_type=node_type, message=message)
    if verdict.warm:
        replay.run_prompt({"class_type": "EmptyImage", "inputs": SMALL})
    replay.play(recording)
    _compare_answers(replay, verdict)
    _compare_frames(replay, recording, loosely=verdict.paced)
    assert set(replay.refused) == {row["ws"] for row in recording if row["kind"] == "ws_fail"}


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
        assert order(ours) == order(theirs), label


def _frame(row: dict[str, Any]) -> Any:
    if "json" in row:
        return row["json"]
    told = ("event", "image_type", "node_id", "text", "metadata")
    return {key: row["bin"][key] for key in told if key in row["bin"]}


def _without_steps(frames: list[Any]) -> list[Any]:
    return [f for f in frames if f.get("type") not in (None, "progress", "progress_state")]


def _put_files(recording: list[dict[str, Any]], folder: Path) -> None:
    """Put on the disk what a recording of plain downloads found there."""
    if recording[0]["name"] != "21_view":
        return
    for row in recording:
        if row["kind"] == "http" and row["res"]["status"] == 200:
            _put_file(Answer("", 200, row["res"]["headers"], row["res"]["body"]), row, folder)


def _put_file(answer: Answer, row: dict[str, Any], folder: Path) -> None:
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
