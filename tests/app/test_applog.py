"""The app's log: whole JSON lines, private, bounded, without secrets, and never in the way."""

import contextlib
import errno
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vastgui import applog, deeds
from vastgui.applog import LogFile, LogStream, keep_log, log_file, streams_kept
from vastgui.config import Paths
from vastgui.state.redact import MASK, Redactor
from vastgui.state.secret import Secret

CANARY = 'canary-"quoted"-4711'
posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


@pytest.fixture
def log(paths: Paths) -> Iterator[Path]:
    with keep_log(paths, Redactor([CANARY])):
        yield log_file(paths)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def test_a_deed_is_one_json_line_that_says_by_whom(log: Path) -> None:
    with deeds.by("cli"):
        deeds.note("run_stop_asked", run_id="01ABC", mode="now")
    deeds.fact("run_crashed", warns=True, run_id="01ABC")
    asked, crashed = lines(log)
    assert asked.pop("at").endswith("Z")
    assert asked == {
        "level": "info", "event": "run_stop_asked", "run_id": "01ABC", "mode": "now", "by": "cli",
    }  # fmt: skip
    assert (crashed["level"], crashed["event"], "by" in crashed) == (
        "warning",
        "run_crashed",
        False,
    )


@pytest.mark.row("S42")
def test_a_traceback_that_holds_a_secret_is_logged_without_it(log: Path) -> None:
    try:
        raise ValueError(f"{CANARY} is wrong")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Failed for %s", Secret("unknown-to-all"))
    deeds.fact("tried", key=CANARY, url="http://x/_enter?code=Zm9v", secret=Secret("unknown"))
    problem, tried = lines(log)
    assert problem["event"] == "problem"
    assert problem["message"] == f"Failed for {MASK}"
    assert f"ValueError: {MASK} is wrong" in problem["traceback"]
    assert tried["key"] == tried["secret"] == MASK
    assert "canary" not in log.read_text()
    assert "Zm9v" not in log.read_text()


@posix
@pytest.mark.row("S43")
@pytest.mark.row("S42")
def test_a_thread_that_dies_is_logged_and_says_nothing_on_the_terminal(
    log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def dying() -> None:
        raise ValueError(f"the token is {CANARY}")

    thread = threading.Thread(target=dying, name="helper")
    thread.start()
    thread.join()
    (line,) = [json.loads(text) for text in log.read_text().splitlines()]
    assert line["message"] == "Thread helper died."
    assert "ValueError: the token is" in line["traceback"]
    assert CANARY not in log.read_text() + "".join(capfd.readouterr())


def test_the_log_is_private_and_rotates_into_five_private_files(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.touch()
    log.chmod(0o644)
    (handler,) = (h for h in logging.getLogger().handlers if isinstance(h, LogFile))
    handler.maxBytes = 2000
    for number in range(200):
        deeds.fact("counted", number=number)
    files = sorted(log.parent.glob("log.jsonl*"))
    assert [f.name for f in files] == ["log.jsonl", *(f"log.jsonl.{n}" for n in range(1, 5))]
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    assert max(f.stat().st_size for f in files) < 2200
    assert lines(log)[-1]["number"] == 199
    assert lines(files[1])[-1]["number"] + 1 == lines(log)[0]["number"]


def test_a_deleted_or_rotated_file_is_begun_anew(log: Path) -> None:
    deeds.fact("first")
    log.unlink()
    deeds.fact("second")
    log.rename(log.with_suffix(".1"))
    deeds.fact("third")
    assert [line["event"] for line in lines(log)] == ["third"]


def test_a_full_disk_costs_lines_that_are_counted_and_no_exception(
    log: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    deeds.fact("before")
    with monkeypatch.context() as patched:
        patched.setattr(LogFile, "shouldRollover", full)
        for _ in range(3):
            deeds.fact("not written")
    deeds.fact("after")
    deeds.fact("later")
    assert [(line["event"], line.get("count")) for line in lines(log)] == [
        ("before", None), ("log_lines_lost", 3), ("after", None), ("later", None),
    ]  # fmt: skip
    assert capfd.readouterr().err == ""


def test_a_log_that_cannot_be_opened_is_no_fault(paths: Paths) -> None:
    log_file(paths).mkdir()
    with keep_log(paths, Redactor()):
        deeds.fact("unheard")
    assert list(log_file(paths).iterdir()) == []


def test_it_is_written_once_however_often_it_is_kept(paths: Paths, log: Path) -> None:
    with keep_log(paths, Redactor()):
        deeds.fact("once")
    deeds.fact("still kept")
    assert [line["event"] for line in lines(log)] == ["once", "still kept"]


def test_without_the_log_a_note_reaches_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    deeds.fact("run_crashed", warns=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.row("S42")
def test_what_is_printed_without_a_console_goes_to_the_log(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", None)
        with streams_kept():
            print(f"\nsaid {CANARY}", file=sys.stderr)
            assert sys.stderr is not None
            assert sys.stderr.isatty() is False
        assert sys.stderr is None
    (said,) = lines(log)
    assert (said["logger"], said["message"]) == ("vastgui.stderr", f"said {MASK}")


def test_a_stream_without_a_log_does_not_print_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with monkeypatch.context() as patched, contextlib.closing(LogStream("stderr")) as stream:
        patched.setattr(sys, "stderr", stream)
        logging.getLogger("other").warning("round and round?")


def test_a_long_text_keeps_its_end(log: Path) -> None:
    logging.getLogger("x").warning("%s", "a" * 100_000 + "the end")
    (line,) = lines(log)
    assert len(line["message"]) == applog.LONGEST_TEXT + 1
    assert line["message"].endswith("the end")
