"""A home with two runs, to which wrong inputs are given in the way each kind arrives."""

import contextlib
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tests.app.scribe import Scribe
from tests.wrong_inputs.case import Answer, Wrong, faults
from tests.wrong_inputs.cli import Command
from tests.wrong_inputs.forms import Form
from tests.wrong_inputs.served import Served
from tests.wrong_inputs.templates import TemplateFile
from vastgui.cli.main import main
from vastgui.config import Paths, Settings
from vastgui.errors import InvalidInput, VastguiError
from vastgui.services import Services
from vastgui.state import events as ev

NO_RUNNER = [sys.executable, "-S", "-c", "pass"]
REFUSED, UNHEARD = 2, 0
LIMIT_S = 0.1


class World:
    """Run `done` has ended, run `asks` waits for an answer. `VASTGUI_HOME` is set meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.paths = Paths.under(self.home).ensure()
        self._left = contextlib.ExitStack()
        self._left.enter_context(_environment(self.home))
        self.services = Services(self.paths, Settings(), runner_command=NO_RUNNER)
        self._left.callback(self.services.close)
        done, asks = (Scribe(self.paths.runs, name, "root@box:22") for name in ("Done", "Asks"))
        self._left.callback(asks.close)
        done.end("failed", "It broke.")
        asks.write(ev.RunBlocked(ask_id="q1", question="New host key", choices=("Trust", "Stop")))
        self.words = {"done": done.id, "asks": asks.id, "home": str(self.home)}
        self.served = Served(self.services)
        self._left.callback(self.served.close)

    def ask(self, case: Wrong, tries: int = 1) -> Answer:
        """Give the input; again, up to `tries` times, while only the answer's time is wrong."""
        answer = self._asked(case)
        while answer.ok and answer.time_s > LIMIT_S and (tries := tries - 1) > 0:
            answer = min(answer, self._asked(case), key=lambda a: (a.ok, a.time_s))
        return answer

    def meant(self, case: Wrong) -> Wrong:
        """With the ids of runs in what it must name."""
        return replace(case, field=self.filled(case.field))

    def runs(self) -> dict[str, int]:
        """Every file of every run with its size: a refused input leaves no trace."""
        folders = (f for f in self.paths.runs.iterdir() if not f.name.startswith("."))
        files = (p for folder in folders for p in folder.rglob("*") if p.is_file())
        return {str(p): p.stat().st_size for p in files}

    def close(self) -> None:
        self._left.close()

    def _asked(self, case: Wrong) -> Answer:
        before = self.runs()
        code, text, time_s = self._given(case)
        wrong = faults(self.meant(case), code, text)
        if self.runs() != before:
            wrong.append("started or changed a run")
        return Answer(case.name, text, time_s, tuple(wrong))

    def _given(self, case: Wrong) -> tuple[int, str, float]:
        given = case.given
        if isinstance(given, Command):
            with self._lying(given.files):
                return _command([self.filled(word) for word in given.words], given.stdin)
        if isinstance(given, TemplateFile):
            with self._lying({"mine.yaml": given.content, **given.beside}):
                return _command(["check", str(self.home / "mine.yaml")], "")
        if isinstance(given, Form):
            return self._clicked(given)
        return self.served.ask(given, self.filled)

    def _clicked(self, form: Form) -> tuple[int, str, float]:
        began = time.perf_counter()
        try:
            getattr(self.services, form.call)(**form.words)
            code, text = UNHEARD, "accepted"
        except InvalidInput as error:
            code, text = REFUSED, f"{error} {error.hint}"
        except VastguiError as error:
            code, text = UNHEARD, f"names no field: {error} {error.hint}"
        except Exception as error:  # noqa: BLE001 -- what must not happen is to be told as well
            code, text = UNHEARD, f"Traceback: {error!r}"
        return code, text, time.perf_counter() - began

    @contextlib.contextmanager
    def _lying(self, files: Mapping[str, str | bytes]) -> Iterator[None]:
        """The files lie in the home while something is asked."""
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (self.home / name).write_bytes(data)
        try:
            yield
        finally:
            for name in files:
                (self.home / name).unlink()

    def filled(self, text: str) -> str:
        for name, value in self.words.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def _command(words: list[str], stdin: str) -> tuple[int, str, float]:
    out, err, old = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(stdin)
    began = time.perf_counter()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        time_s = time.perf_counter() - began
        sys.stdin = old
    return code, out.getvalue() + err.getvalue(), time_s


@contextlib.contextmanager
def _environment(home: Path) -> Iterator[None]:
    """`main` takes the home from the environment, and keeps what it writes private."""
    old, mask = os.environ.get("VASTGUI_HOME"), os.umask(0o077)
    os.environ["VASTGUI_HOME"] = str(home)
    try:
        yield
    finally:
        os.umask(mask)
        if old is None:
            del os.environ["VASTGUI_HOME"]
        else:
            os.environ["VASTGUI_HOME"] = old
