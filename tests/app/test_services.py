"""What a click or a command may ask for: checked first, refused in words, never half done."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from vastgui.applog import keep_log, log_file
from vastgui.config import Paths, Settings
from vastgui.deeds import by
from vastgui.errors import InvalidInput, RunBusy, RunNotFound
from vastgui.services import Memory, Services
from vastgui.ssh.connections import Connection

IDLE = [sys.executable, "-c", "import sys; sys.stdin.read()"]
"""A runner that ends at once: these tests are about what is launched, not about running it."""


@pytest.fixture
def services(paths: Paths) -> Iterator[Services]:
    made = Services(paths, Settings(), runner_command=IDLE)
    yield made
    made.close()


@pytest.mark.skipif(os.name != "posix", reason="file modes")
@pytest.mark.row("S43")
def test_a_start_warns_of_open_files_and_fixes_them(paths: Paths, services: Services) -> None:
    services.secrets.set("hf_token", "canary-51aa")
    paths.secrets_file.chmod(0o644)
    with keep_log(paths, services.redactor):
        services.tidy()
        services.tidy()
    assert paths.secrets_file.stat().st_mode & 0o777 == 0o600
    (line,) = (json.loads(text) for text in log_file(paths).read_text().splitlines())
    assert (line["event"], line["level"], line["count"]) == ("modes_fixed", "warning", 1)
    assert line["files"] == [str(paths.secrets_file)]


def test_what_is_asked_of_a_run_is_logged_with_ids_alone(services: Services, paths: Paths) -> None:
    with keep_log(paths, services.redactor), by("api"):
        run_id = services.launch_setup("quick-check", ssh_connection="root@example:22")
        services.stop(run_id, "after_step")
        wait_until(lambda: services.supervisor.sweep() or services.state(run_id).is_terminal)
        again = services.continue_run(run_id)
        services.delete(run_id)
        services.restore(run_id)
    told = [json.loads(text) for text in log_file(paths).read_text().splitlines()]
    asked = [t for t in told if t.get("by") == "api"]
    assert [(t["event"], t["run_id"]) for t in asked] == [
        ("run_launched", run_id),
        ("run_stop_asked", run_id),
        ("run_launched", again),
        ("run_deleted", run_id),
        ("run_restored", run_id),
    ]
    assert asked[2]["continues"] == run_id
    (ended,) = (t for t in told if t["event"] == "run_ended_by_sweep" and t["run_id"] == run_id)
    assert ended["cause"].startswith("never started")
    assert "example" not in log_file(paths).read_text()


def test_launch_remembers_the_connection_and_writes_the_plan(
    services: Services, tmp_path: Path
) -> None:
    key = tmp_path / "id"
    key.touch()
    run_id = services.launch_setup(
        "quick-check",
        ssh_connection=" ssh -p 2838 root@104.189.178.116 ",
        key_file=str(key),
        instance_id="27491003",
        variables={"workspace": "/data"},
    )
    plan = services.run(run_id).plan()
    assert plan.ssh_connection == "ssh -p 2838 root@104.189.178.116"
    assert plan.metadata["variables"]["workspace"] == "/data"
    assert str(key) not in services.run(run_id).spec.read_text()
    known = services.connections.find(plan.ssh_connection)
    assert known is not None
    assert (known.key_file, known.instance_id) == (str(key), "27491003")
    assert known.variables == {"workspace": "/data"}


def test_a_pasted_key_file_stays_out_of_the_run(services: Services, tmp_path: Path) -> None:
    key = tmp_path / "id"
    key.touch()
    run_id = services.launch_setup("quick-check", ssh_connection=f"ssh -i {key} -p 2838 root@box")
    run = services.run(run_id)
    assert run.plan().ssh_connection == "ssh -p 2838 root@box"
    assert str(tmp_path) not in run.spec.read_text()
    known = services.connections.find("ssh -p 2838 root@box")
    assert known is not None
    assert known.key_file == str(key)


REFUSED = {
    "no connection": ({"ssh_connection": ""}, "ssh_connection"),
    "a command for an address": ({"ssh_connection": "root@x; rm -rf /"}, "ssh_connection"),
    "a missing key file": ({"key_file": "/nowhere/id"}, "key_file"),
    "an unknown variable": ({"variables": {"nonsense": "1"}}, "nonsense"),
    "a hostile path": ({"variables": {"ui_home": "/x; reboot"}}, "ui_home"),
    "an unknown step": ({"only": "fly"}, "only"),
}


@pytest.mark.parametrize(("wrong", "field"), REFUSED.values(), ids=REFUSED)
def test_wrong_input_names_the_field_and_starts_nothing(
    services: Services, wrong: dict[str, object], field: str
) -> None:
    choice: dict[str, object] = {"ssh_connection": "root@box:22", **wrong}
    with pytest.raises(InvalidInput) as refusal:
        services.launch_setup("quick-check", **choice)  # type: ignore[arg-type]
    assert field in refusal.value.field
    assert services.history.ids() == []
    assert services.connections.all() == []


def test_an_unknown_template_is_refused(services: Services) -> None:
    with pytest.raises(InvalidInput, match="template"):
        services.launch_setup("nope", ssh_connection="root@box:22")


def test_what_was_used_last_is_recalled_unless_the_form_says_otherwise(
    services: Services,
) -> None:
    services.connections.remember(Connection("root@box:22", instance_id="1"))
    given = Connection("root@box:22")
    assert services.checked_connection(given).instance_id == "1"
    assert services.checked_connection(given, recall=False).instance_id == ""


def test_continue_and_again_make_new_runs_and_leave_the_old(
    services: Services, begin: Callable
) -> None:
    old = begin()
    with pytest.raises(RunBusy):
        services.continue_run(old.id)
    old.end("failed", "no")
    before = old.run.events.read_bytes()
    continued = services.run(services.continue_run(old.id)).plan()
    assert (continued.continues, continued.attempt) == (old.id, 2)
    again = services.run(services.run_again(old.id, only=1)).plan()
    assert (again.continues, again.attempt, again.only) == ("", 1, 1)
    assert old.run.events.read_bytes() == before
    with pytest.raises(InvalidInput):
        services.run_again(old.id, only=9)


def test_a_step_that_was_left_out_runs_when_it_alone_is_asked_for(services: Services) -> None:
    run_id = services.launch_setup(
        "quick-check", ssh_connection="root@127.0.0.1:2838", enabled={0: False}
    )
    wait_until(lambda: services.supervisor.sweep() == [run_id])
    again = services.run(services.run_again(run_id, only=0)).plan()
    assert (again.only, again.steps[0].enabled) == (0, True)


def test_requests_for_runs_that_are_not_there(services: Services) -> None:
    for ask in (services.stop, services.pause, services.delete, services.state):
        with pytest.raises(RunNotFound):
            ask("0" * 26)  # type: ignore[operator]


def test_the_newest_log_of_a_step_is_shown(services: Services, begin: Callable) -> None:
    run = begin()
    first = run.run.step_log(0, "test_ssh")
    first.write_text("attempt 1\n")
    assert services.step_log(run.log.state, 0) == first


def test_memory_survives_a_start_and_a_damaged_file(tmp_path: Path) -> None:
    Memory(tmp_path / "ui.json").set("dark", True)
    assert Memory(tmp_path / "ui.json").get("dark") is True
    (tmp_path / "ui.json").write_text("{torn")
    damaged = Memory(tmp_path / "ui.json")
    assert damaged.get("dark") is None
    damaged.set("dark", False)
    assert json.loads((tmp_path / "ui.json").read_text()) == {"dark": False}
