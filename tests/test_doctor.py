"""The doctor sees what is wrong on disk, and finds nothing on a healthy one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from vastgui import doctor
from vastgui.appinfo import AppInfo
from vastgui.config import Paths, Settings
from vastgui.desktop import seat
from vastgui.doctor.keys import check_key
from vastgui.doctor.leaks import leaks_in_files, leaks_in_processes, needles_of
from vastgui.secretstore import SecretStore
from vastgui.ssh.connections import Connection, Connections
from vastgui.state import events as ev
from vastgui.state.ending import finalize_abandoned
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import EventLog, RunDir, create

posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


@pytest.fixture(autouse=True)
def private_files() -> Iterator[None]:
    old = os.umask(0o077)
    yield
    os.umask(old)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path / "home").ensure()


def a_run(paths: Paths, *tape: ev.AnyEvent, ended: bool = True) -> RunDir:
    """A run that nobody works on any more."""
    plan = Plan(workflow_id=new_id(), steps=(PlanStep(action="wait", label="Wait"),))
    run, lock_fd = create(paths.runs, plan)
    with closing(EventLog(run)) as log:
        for event in (ev.RunStarted(), *tape):
            log.append(event)
        if ended:
            log.append(ev.RunEnded(status="completed"))
    os.close(lock_fd)
    return run


def complaints(paths: Paths, settings: Settings | None = None) -> list[str]:
    findings = doctor.examine(paths, settings or Settings())
    return [f.what for f in findings if f.level != "ok"]


def spoil(run: RunDir, lines: str) -> None:
    with run.events.open("a") as file:
        file.write(lines)


def test_a_healthy_home_gets_only_good_words(paths: Paths) -> None:
    a_run(paths)
    SecretStore(paths).set("civitai_token", "canary-3f2a91c0")
    findings = doctor.examine(paths, Settings())
    assert {f.level for f in findings} == {"ok"}
    assert any("Recorded whole: 1 run." in f.what for f in findings)


def test_a_run_without_ending_whose_runner_is_gone_is_named(paths: Paths) -> None:
    a_run(paths, ended=False)
    assert complaints(paths) == ["The run is running, but its runner is gone."]


def test_a_living_run_is_left_alone(paths: Paths) -> None:
    plan = Plan(workflow_id=new_id())
    _, lock_fd = create(paths.runs, plan)
    assert complaints(paths) == []
    os.close(lock_fd)
    assert complaints(paths) == ["The run is starting, but its runner is gone."]


def test_damaged_lines_second_endings_and_late_events_are_counted(paths: Paths) -> None:
    run = a_run(paths)
    late = ev.StepStarted(step=0, seq=3, at=1.0, mono=1.0)
    again = ev.RunEnded(status="crashed", seq=4, at=1.0, mono=1.0)
    spoil(run, (ev.encode(late) + ev.encode(again)).decode() + "garbage\n")
    assert complaints(paths) == [
        "Damaged in events.jsonl and passed over: 1 line.",
        "The run has 2 endings; the first one counts.",
        "After the ending, and ignored: 1 event.",
    ]


def test_endings_that_came_late_are_counted(paths: Paths) -> None:
    run = a_run(paths)
    for status in ("crashed", "failed", "crashed"):
        finalize_abandoned(run, ev.RunEnded(status=status))
    assert complaints(paths) == [
        "Came after the ending and was ignored: 3 endings (2 x crashed, 1 x failed)."
    ]


def test_missing_and_disordered_events_are_told_apart(paths: Paths) -> None:
    gap = a_run(paths, ended=False)
    spoil(gap, ev.encode(ev.RunEnded(status="failed", seq=9, at=1.0, mono=1.0)).decode())
    assert complaints(paths) == ["Missing in events.jsonl: 7 events."]
    two = a_run(paths, ev.RunPaused(), ev.RunResumed(), ended=False)
    spoil(two, ev.encode(ev.RunEnded(status="failed", seq=1, at=1.0, mono=1.0)).decode())
    assert "Out of order: 1 event; two programs wrote at once." in complaints(paths)


def test_a_remote_job_stands_for_one_work_and_one_end(paths: Paths) -> None:
    started = ev.JobStarted(step=0, key="clone", job_id="j1")
    a_run(paths, started, started, ev.JobEnded(step=0, key="clone", job_id="j1", exit_code=0))
    assert complaints(paths) == []
    other = ev.JobStarted(step=0, key="pip", job_id="j1")
    ended = [ev.JobEnded(step=0, key="pip", job_id="j1", exit_code=c) for c in (0, 1)]
    a_run(paths, started, other, *ended)
    assert complaints(paths) == [
        "Remote job j1 was started for 2 different works.",
        "Remote job j1 ended with several exit codes: [0, 1].",
    ]


def test_unreadable_and_newer_plans_are_told_apart(paths: Paths) -> None:
    a_run(paths).spec.write_text("{")
    newer = a_run(paths)
    newer.spec.write_text(
        newer.spec.read_text().replace('"schema_version": 1', '"schema_version": 99')
    )
    levels = [f.level for f in doctor.examine(paths, Settings()) if f.level != "ok"]
    assert sorted(levels) == ["error", "warning"]


def test_unfinished_downloads_drafts_and_foreign_names_are_seen(paths: Paths) -> None:
    a_run(paths)
    part = paths.data / "instances" / "vast-1" / "a.png.part"
    draft = paths.runs / f".{new_id()}.4242"
    draft.mkdir()
    part.parent.mkdir(parents=True)
    part.touch()
    assert complaints(paths) == []  # both may be in the making
    old = time.time() - 7200
    os.utime(draft, (old, old))
    os.utime(part, (old, old))
    (paths.runs / "notes.txt").touch()
    assert complaints(paths) == [
        "A run was never built whole; its launcher was killed.",
        "This is no run.",
        "Unfinished downloads: 1, the first is a.png.part.",
    ]
    doctor.repair(paths)
    assert not draft.exists()
    assert (paths.runs / "notes.txt").exists()
    assert part.exists()


@posix
def test_open_modes_are_named_and_repaired_and_links_left_alone(
    paths: Paths, tmp_path: Path
) -> None:
    run = a_run(paths)
    run.events.chmod(0o644)
    run.path.chmod(0o755)
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (run.outputs / "link").symlink_to(outside)
    assert len(complaints(paths)) == 3
    done = doctor.repair(paths)
    assert {Path(f.where) for f in done} == {run.path, run.events}
    assert complaints(paths) == ["A symbolic link does not belong here: it may lead writes astray."]
    assert outside.stat().st_mode & 0o777 == 0o644


@posix
def test_thousands_of_open_files_are_not_listed_one_by_one(paths: Paths) -> None:
    for number in range(40):
        path = paths.data / f"f{number}"
        path.touch()
        path.chmod(0o644)
    assert len(complaints(paths)) == 21
    assert "Not private either: 20 more." in complaints(paths)


def test_key_files_are_looked_at(paths: Paths, tmp_path: Path) -> None:
    key = tmp_path / "id_ed25519"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    Connections(paths.connections_file).remember(Connection("root@1.2.3.4:22", key_file=str(key)))
    assert complaints(paths) == []
    missing = Settings(ssh_key=str(tmp_path / "gone"))
    assert complaints(paths, missing) == ["The key file is missing (setting ssh_key)."]
    key.write_text("ssh-ed25519 AAAA me\n")
    assert "public half" in check_key(key, "x").what
    key.write_text("hello")
    assert check_key(key, "x").level == "warning"


@posix
def test_a_key_that_others_may_read_is_named(tmp_path: Path) -> None:
    key = tmp_path / "id"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    key.chmod(0o640)
    assert check_key(key, "x").what == "Others may read this key: mode 0640 (x)."


def test_a_secret_in_a_runs_files_is_found_even_across_pieces(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.doctor.leaks._CHUNK_BYTES", 16)
    SecretStore(paths).set("civitai_token", "canary-3f2a91c0")
    run = a_run(paths)
    assert complaints(paths) == []
    run.runner_log.write_text("x" * 11 + "canary-3f2a91c0" + "y" * 40)
    assert complaints(paths) == ["The secret civitai_token stands in this file."]


def test_results_brought_home_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "a.png").write_bytes(b"canary-3f2a91c0")
    assert list(leaks_in_files(needles_of({"token": "canary-3f2a91c0"}), [tmp_path])) == []


@pytest.mark.parametrize("form", ["canary%2F3f2a+91c0", "eDpjYW5hcnkvM2YyYSA5MWMw"])
@pytest.mark.row("S42")
def test_a_secret_is_found_in_every_folder_and_form(paths: Paths, form: str) -> None:
    SecretStore(paths).set("hf_token", "canary/3f2a 91c0")
    for folder in (paths.data, paths.config, paths.state):
        (folder / "notes").write_text(f"begin {form} end")
    assert complaints(paths) == ["The secret hf_token stands in this file."] * 3


@pytest.mark.row("S42")
def test_the_bearer_of_the_running_app_is_looked_for(paths: Paths) -> None:
    with seat(paths) as publish:
        publish(AppInfo(os.getpid(), 1, "bearer-3f2a91c0"))
        assert complaints(paths) == []
        (paths.state / "stdout").write_text("Authorization: Bearer bearer-3f2a91c0")
        assert complaints(paths) == ["The secret of the running app stands in this file."]


@pytest.mark.row("S41")
def test_a_secret_in_the_words_of_a_process_is_named(paths: Paths) -> None:
    SecretStore(paths).set("hf_token", "canary-argv-3f2a91c0")
    wait = "import sys; sys.stdin.read()"
    words = [sys.executable, "-c", wait, "--token", "canary-argv-3f2a91c0"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        found = [f for f in doctor.examine(paths, Settings()) if f.level == "error"]
        process.communicate()
    assert [f.where for f in found] == [f"process {process.pid}"]
    assert found[0].what.startswith("The secret hf_token stands in the command line of python")
    assert list(leaks_in_processes(needles_of({"hf_token": "canary-argv-3f2a91c0"}))) == []


@posix
@pytest.mark.row("S43")
def test_the_start_of_the_app_takes_from_others_what_guards_the_rest(paths: Paths) -> None:
    run = a_run(paths)
    SecretStore(paths).set("hf_token", "canary-3f2a91c0")
    paths.settings_file.touch()
    opened = {
        paths.data: 0o755,
        paths.secrets_file: 0o644,
        paths.settings_file: 0o644,
        paths.state / "session.key": 0o640,
        run.path: 0o755,
    }
    (paths.state / "session.key").touch()
    for path, mode in opened.items():
        path.chmod(mode)
    assert set(doctor.tighten(paths)) == opened.keys()
    assert {path.stat().st_mode & 0o077 for path in opened} == {0}
    assert doctor.tighten(paths) == []


@posix
@pytest.mark.row("S43")
def test_ten_thousand_runs_are_looked_over(paths: Paths) -> None:
    for number in range(10_000):
        (paths.runs / f"{number:026}").mkdir()
    assert doctor.tighten(paths) == []


@pytest.mark.row("S44")
def test_a_file_instead_of_a_keyring_is_honestly_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    home = Paths(tmp_path / "data", tmp_path / "config", tmp_path / "state").ensure()
    (note,) = (f for f in doctor.examine(home, Settings()) if "kept in" in f.what)
    assert note.what == (
        "0 secrets, kept in a file that only you can read, not encrypted "
        "(this system offers no keyring)."
    )
    assert (note.check, note.where) == ("secrets", str(home.secrets_file))


def test_bad_settings_and_damaged_connections_are_errors(paths: Paths) -> None:
    paths.settings_file.write_text("nonsense: 1\n")
    paths.connections_file.write_text("{")
    found = [f for f in doctor.examine(paths, Settings()) if f.level == "error"]
    assert {Path(f.where) for f in found} == {paths.settings_file, paths.connections_file}


def test_folders_that_are_not_there_yet_are_no_error(tmp_path: Path) -> None:
    findings = doctor.examine(Paths.under(tmp_path / "nowhere"), Settings())
    assert {f.level for f in findings} == {"ok", "warning"}
