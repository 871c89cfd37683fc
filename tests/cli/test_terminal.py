"""A person at a terminal: the live picture, and the question about an unknown host key."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from vastgui.cli.prompt import matching
from vastgui.config import Paths
from vastgui.demo.instance import PracticeInstance
from vastgui.state.history import History
from vastgui.state.model import Status
from vastgui.state.store import RunDir

LIMIT_S = 60.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command with a pseudo-terminal as its three streams."""

    def __init__(self, words: list[str]) -> None:
        self.fd, inner = pty.openpty()
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vastgui", *words],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=env,
        )
        os.close(inner)
        self.seen = ""

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self._read()

    def type(self, line: str) -> None:
        os.write(self.fd, f"{line}\n".encode())

    def finish(self) -> int:
        while self.process.poll() is None:
            self._read()
        return self.process.wait(LIMIT_S)

    def _read(self) -> None:
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # Linux says so when the other end is closed
            self.process.wait(LIMIT_S)
            return
        self.seen += _ESCAPES.sub("", data.decode("utf-8", "replace"))


@contextmanager
def terminal(*words: str) -> Iterator[Terminal]:
    opened = Terminal(list(words))
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait(LIMIT_S)
        os.close(opened.fd)


@pytest.fixture
def instance() -> Iterator[PracticeInstance]:
    with PracticeInstance() as running:
        yield running


def test_an_unknown_host_is_asked_about_and_the_run_goes_on(
    instance: PracticeInstance, paths: Paths
) -> None:
    words = ["--ssh", instance.ssh_connection, "--key", str(instance.key_file)]
    with terminal("run", "quick-check", "--only", "test_ssh", *words) as window:
        window.read_until("Your answer (trust / refuse): ")
        assert "SHA256:" in window.seen
        window.type("maybe")
        window.read_until("'maybe' is none of the answers.")
        window.type("tr")
        assert window.finish() == 0
    assert "● Test the SSH connection" in window.seen
    assert "✓ Test the SSH connection" in window.seen
    assert "Run completed after" in window.seen
    assert "Traceback" not in window.seen


def test_refusing_ends_the_run(instance: PracticeInstance, paths: Paths) -> None:
    words = ["--ssh", instance.ssh_connection, "--key", str(instance.key_file)]
    with terminal("run", "quick-check", "--only", "test_ssh", *words) as window:
        window.read_until("Your answer")
        window.type("refuse")
        assert window.finish() == 1
    assert "Run failed after" in window.seen


def test_a_question_settled_elsewhere_frees_the_prompt(
    instance: PracticeInstance, paths: Paths
) -> None:
    words = ["--ssh", instance.ssh_connection, "--key", str(instance.key_file)]
    with terminal("run", "quick-check", "--only", "test_ssh", *words) as window:
        window.read_until("Your answer")
        other = [sys.executable, "-m", "vastgui", "answer", "last", "trust"]
        subprocess.run(other, check=True, timeout=LIMIT_S, stdout=subprocess.DEVNULL)
        assert window.finish() == 0


def test_ctrl_c_at_the_question_leaves_the_run_waiting(
    instance: PracticeInstance, paths: Paths
) -> None:
    words = ["--ssh", instance.ssh_connection, "--key", str(instance.key_file)]
    with terminal("run", "quick-check", "--only", "test_ssh", *words) as window:
        window.read_until("Your answer")
        window.process.send_signal(signal.SIGINT)
        assert window.finish() == 130
    assert "goes on without this terminal." in window.seen
    assert "Traceback" not in window.seen
    [run_id] = History(paths.runs).ids()
    assert RunDir(paths.runs / run_id).state().status is Status.BLOCKED
    other = [sys.executable, "-m", "vastgui", "stop", "last"]
    done = subprocess.run(other, check=True, timeout=LIMIT_S, capture_output=True, text=True)
    assert done.stdout == f"Run {run_id} is cancelled.\n"


def test_a_pipe_shows_the_question_and_the_flag_answers_it(
    instance: PracticeInstance, paths: Paths
) -> None:
    words = ["--ssh", instance.ssh_connection, "--key", str(instance.key_file)]
    run = [sys.executable, "-m", "vastgui", "run", "quick-check", "--only", "test_ssh", *words]
    done = subprocess.run(
        [*run, "--accept-new-host-key"], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert "The run waits for your answer: " in done.stdout
    assert "Connected" in done.stdout


def test_json_keeps_standard_output_clean_and_says_the_question_beside_it(
    instance: PracticeInstance, paths: Paths
) -> None:
    words = ["--ssh", instance.ssh_connection, "--key", str(instance.key_file)]
    run = [sys.executable, "-m", "vastgui", "run", "quick-check", "--only", "test_ssh", *words]
    with subprocess.Popen(
        [*run, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stderr
        asked = command.stderr.readline()
        other = [sys.executable, "-m", "vastgui", "answer", "last", "trust"]
        subprocess.run(other, check=True, timeout=LIMIT_S, stdout=subprocess.DEVNULL)
        out, _ = command.communicate(timeout=LIMIT_S)
    assert asked.startswith("The run waits for your answer: ")
    assert json.loads(out)["status"] == "completed"


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("trust\n", "trust"),
        ("T", "trust"),
        ("", None),
        ("x", None),
        ("re", None),
        ("retry", "retry"),
    ],
)
def test_the_beginning_of_an_answer_is_enough(typed: str, choice: str | None) -> None:
    assert matching(typed, ("trust", "refuse", "retry")) == choice


def test_a_choice_that_is_another_ones_beginning_can_be_given() -> None:
    assert matching("skip", ("skip", "skip all")) == "skip"
