"""`vastgui` without a verb serves the app once per home."""

import re
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import psutil
import pytest

from vastgui import desktop
from vastgui.cli.main import main
from vastgui.config import Paths

LIMIT_S = 60
COMMAND = [sys.executable, "-m", "vastgui", "--no-window", "--port", "0"]
LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/_enter\?code=\S+")


@pytest.fixture
def app(paths: Paths) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as app:
        yield app
        app.kill()


def link_of(text: str) -> re.Match[str]:
    found = LINK.search(text)
    assert found, text
    return found


@pytest.mark.row("R17")
def test_it_prints_a_link_that_opens_the_app_and_a_second_call_finds_it(
    app: "subprocess.Popen[str]",
) -> None:
    assert app.stdout
    first = link_of(app.stdout.readline())
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
    )
    opener.open(first[0], timeout=LIMIT_S).close()
    with opener.open(f"http://127.0.0.1:{first[1]}/runs", timeout=LIMIT_S) as page:
        assert b"vastgui" in page.read()
    again = subprocess.run(COMMAND, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    second = link_of(again.stdout)
    assert second[1] == first[1]  # the same app
    assert second[0] != first[0]  # a link of its own


def test_scripts_find_the_secret_in_a_file_while_the_app_runs(
    app: "subprocess.Popen[str]", paths: Paths
) -> None:
    assert app.stdout
    url = link_of(app.stdout.readline())
    file = desktop.secret_file(paths)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    bearer = {"Authorization": f"Bearer {file.read_text()}"}
    ping = urllib.request.Request(f"http://127.0.0.1:{url[1]}/_ping", headers=bearer)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ping, timeout=30) as got:
        assert b"pid" in got.read()
    app.send_signal(signal.SIGTERM)
    app.wait(LIMIT_S)
    assert not file.exists()


@pytest.mark.row("S50")
def test_the_app_listens_on_127_0_0_1_only(
    app: "subprocess.Popen[str]", capsys: pytest.CaptureFixture[str]
) -> None:
    """No flag opens it to others, and who tries one is told of the settings that do."""
    assert app.stdout
    port = int(link_of(app.stdout.readline())[1])
    listening = {
        (c.laddr.ip, c.laddr.port)
        for c in psutil.Process(app.pid).net_connections(kind="tcp")
        if c.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", port)}
    for words in (["--host", "0.0.0.0"], ["--host"], ["--host=10.0.0.2", "--no-window"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert "127.0.0.1 only" in said
        assert "lan_address" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(app: "subprocess.Popen[str]", number: signal.Signals) -> None:
    assert app.stdout
    app.stdout.readline()
    app.send_signal(number)
    _, err = app.communicate(timeout=LIMIT_S)
    assert (app.returncode, err) == (0, "")
