"""A data folder that belongs to somebody else is named, and nothing is half-started."""

import codecs
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.rig import SETTINGS, plan, step
from vastgui.config import Paths
from vastgui.errors import VastguiError
from vastgui.state import store
from vastgui.state.events import RunStarted
from vastgui.state.store import EventLog
from vastgui.supervisor import Supervisor

NOBODY = 65534


def as_nobody(action: Callable[[], object]) -> str:
    """What a user who owns nothing here is told."""
    if os.geteuid() != 0:
        pytest.skip("needs root: acts as another user")
    codecs.lookup("ascii")  # nobody may not even read Python's own files
    said, saying = os.pipe()
    if (child := os.fork()) == 0:
        text = ""
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            text = f"done: {action()}"
        except VastguiError as error:
            text = f"{type(error).__name__}: {error} {error.hint}"
        except BaseException as error:  # noqa: BLE001 -- it is shown by the failing test
            text = f"another error: {error!r}"
        finally:
            os.write(saying, text.encode())
            os._exit(0)
    os.close(saying)
    os.waitpid(child, 0)
    with open(said, encoding="utf-8") as pipe:
        return pipe.read()


@pytest.fixture
def open_tmp(tmp_path: Path) -> Path:
    """pytest's folders are closed to others: here each of them may be entered."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


@pytest.mark.row("R13")
def test_the_folder_is_named_at_start(open_tmp: Path) -> None:
    home = open_tmp / "home"
    Paths.under(home).ensure()
    home.chmod(0o755)
    said = as_nobody(Paths.under(home).ensure)
    assert said.startswith(f"StorageError: {home / 'data'}")
    assert "Permission denied" in said
    assert "VASTGUI_HOME" in said


@pytest.mark.row("R13")
@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["others may look", "others may not"])
def test_nothing_is_launched_there(open_tmp: Path, mode: int) -> None:
    open_tmp.chmod(mode)
    supervisor = Supervisor(open_tmp, settings=SETTINGS)
    said = as_nobody(lambda: supervisor.launch(plan(step("works"))))
    assert said.startswith(f"StorageError: {open_tmp}")
    assert list(open_tmp.iterdir()) == []


@pytest.mark.row("R13")
def test_a_dead_run_there_is_shown_and_left_as_it_is(open_tmp: Path) -> None:
    run, lock_fd = store.create(open_tmp, plan(step("works")))
    log = EventLog(run)
    log.append(RunStarted(pid=1, create_time=1.0))
    log.close()
    os.close(lock_fd)
    before = run.events.read_bytes()
    run.path.chmod(0o755)
    for file in (run.events, run.spec):
        file.chmod(0o644)

    def look() -> str:
        supervisor = Supervisor(open_tmp, settings=SETTINGS)
        return f"{supervisor.sweep()} {list(supervisor.unwritten)}"

    assert as_nobody(look) == f"done: [] {[run.id]}"
    assert run.events.read_bytes() == before
