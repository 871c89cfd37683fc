"""Canaries in tracebacks, log lines and addresses of real processes are found nowhere."""

import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.chaos.canaries import (
    BEARER,
    ENVIRONMENT,
    Watch,
    find,
    in_processes,
    own_files,
    plant,
    with_bearer,
)
from tests.runner.rig import Rig, step
from tests.waiting import wait_until
from vastgui import desktop
from vastgui.appinfo import read_info
from vastgui.applog import log_file
from vastgui.cli.desk import Desk
from vastgui.cli.main import main
from vastgui.config import Paths
from vastgui.state.model import Status
from vastgui.state.redact import MASK

APP = [sys.executable, str(Path(__file__).with_name("faulty_app.py")), ENVIRONMENT.upper()]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    for name in ("CIVITAI_TOKEN", "VAST_API_KEY", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Paths.from_env().ensure()


@pytest.fixture
def canaries(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    return plant(paths, monkeypatch.setenv)


FORMS = {
    "plain": lambda v: v,
    "in a URL": lambda v: quote(v, safe=""),
    "in base64": lambda v: base64.b64encode(v.encode()).decode(),
    "in a Basic header": lambda v: base64.b64encode(f"user:{v}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_a_canary_in_every_form(
    canaries: dict[str, str], tmp_path: Path, form: str
) -> None:
    for name, value in canaries.items():
        (tmp_path / "deep").mkdir(exist_ok=True)
        file = tmp_path / "deep" / "file"
        file.write_text(f"before {FORMS[form](value)} after")
        assert find(canaries, [tmp_path / "deep"], processes=False) == [f"{name} in {file}"]
        assert find(canaries, [tmp_path / "deep"], own=[file], processes=False) == []


@pytest.mark.row("S41")
def test_the_search_finds_a_canary_in_the_words_of_a_process(canaries: dict[str, str]) -> None:
    assert in_processes(canaries) == []
    words = [sys.executable, "-c", "import sys; sys.stdin.read()", canaries["hf_token"]]
    with Watch(canaries) as watch, subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        wait_until(lambda: watch.seen)
        assert in_processes(canaries) == [f"hf_token in the words of {process.pid}"]
        process.communicate()
    assert watch.seen == {f"hf_token in the words of {process.pid}"}


@pytest.mark.row("S42")
def test_a_runner_that_fails_with_secrets_in_its_traceback(
    canaries: dict[str, str], paths: Paths
) -> None:
    with contextlib.closing(Rig(paths.runs)) as rig, Watch(canaries) as watch:
        run = rig.start(step("tells", crash=True))
        assert rig.end(run).status is Status.FAILED
    traceback = run.runner_log.read_text()
    assert f"ValueError: bad key {MASK}" in traceback
    assert watch.seen == set()
    assert find(canaries, [paths.data, paths.config, paths.state], own=own_files(paths)) == []


@pytest.fixture
def app(canaries: dict[str, str], paths: Paths) -> Iterator[int]:
    """The port of a real app whose loops fail with secrets in their texts; ended at the end."""
    with (
        (paths.state / "console").open("wb") as console,
        subprocess.Popen(APP, stdout=console, stderr=console, cwd=Path(__file__).parents[2]) as app,
    ):
        wait_until(lambda: app.poll() is not None or desktop.sign_in_url(paths))
        info = read_info(paths)
        assert info is not None, (paths.state / "console").read_text()
        yield info.port
        app.terminate()
        assert app.wait(30) == 0


@pytest.mark.row("S42")
def test_an_app_that_fails_with_secrets_in_its_texts_and_addresses(
    app: int, canaries: dict[str, str], paths: Paths
) -> None:
    """The one in the environment alone is known by its looks: `ghp_…`."""
    known = with_bearer(canaries, paths)
    link = desktop.sign_in_url(paths) or ""
    with httpx.Client(base_url=f"http://127.0.0.1:{app}", trust_env=False) as browser:
        assert browser.get(link).status_code == 200
        for name, value in known.items():
            browser.get("/", params={"token": value, name: value})
            browser.get(f"/{quote(value)}", headers={"Authorization": f"Bearer {value}"})
            browser.get("/_enter", params={"code": value})
        session = next(iter(browser.cookies.values()))
    told = log_file(paths)
    wait_until(lambda: told.exists() and told.read_text().count("Traceback") > 1)
    lines = [json.loads(line) for line in told.read_text().splitlines() if line]
    assert {line["event"] for line in lines} >= {"app_started", "problem"}
    assert any(f"token={MASK}" in line.get("message", "") for line in lines)
    assert any("ValueError: bad: [" in line.get("traceback", "") for line in lines)
    code = httpx.URL(link).params["code"]
    everything = {**known, "one-time code": code, "session": session}
    folders = [paths.data, paths.config, paths.state]
    assert find(everything, folders, own=own_files(paths)) == []
    own = {f"{BEARER} in {paths.state / name}" for name in ("app.json", "api.secret")}
    assert set(find({BEARER: known[BEARER]}, [paths.state], processes=False)) == own


@pytest.mark.row("S42")
def test_a_command_that_fails_with_secrets_in_its_traceback(
    canaries: dict[str, str],
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(_: Desk) -> None:
        raise ZeroDivisionError(f"{list(canaries.values())}")

    monkeypatch.setattr(Desk, "history", property(broken))
    assert main(["runs"]) == 1
    assert "ZeroDivisionError: ['•••'" in (paths.state / "vastgui.log").read_text()
    assert "canary" not in "".join(capsys.readouterr())
    assert find(canaries, [paths.state], processes=False) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes")
@pytest.mark.row("S43")
def test_secrets_and_logs_of_a_real_app_are_private(app: int, paths: Paths) -> None:
    folders = (paths.data, paths.config, paths.state)
    files = [p for folder in folders for p in (folder, *folder.rglob("*"))]
    opened = [p for p in files if p.stat().st_mode & 0o077 and p.name != "console"]
    assert {"secrets.json", "app.json", "log.jsonl", "session.key"} <= {p.name for p in files}
    assert opened == []
