"""`vastgui` without a verb serves the app once per home."""

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

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
    with opener.open(first[0], timeout=LIMIT_S) as page:
        assert b"vastgui" in page.read()
    again = subprocess.run(COMMAND, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    second = link_of(again.stdout)
    assert second[1] == first[1]  # the same app
    assert second[0] != first[0]  # a link of its own


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(app: "subprocess.Popen[str]", number: signal.Signals) -> None:
    assert app.stdout
    app.stdout.readline()
    app.send_signal(number)
    _, err = app.communicate(timeout=LIMIT_S)
    assert (app.returncode, err) == (0, "")
