"""The window as it is really opened: a Chromium in app mode that is started without the code."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.chaos.rebinding import CHROMIUM
from tests.e2e.conftest import App
from vastgui import desktop
from vastgui.desktop import windows
from vastgui.desktop.redirect import redirect_file, was_used

pytestmark = pytest.mark.e2e
WRAPPER = """#!/bin/sh
echo $$ >"{home}/pid.new"
for word; do echo "$word"; done >"{home}/words"
mv "{home}/pid.new" "{home}/pid"
exec "{chromium}" --headless --no-sandbox --disable-gpu --disable-background-networking "$@"
"""


@pytest.fixture
def chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Browser) -> Iterator[Path]:
    """A real Chromium on PATH that also writes down its pid and the words it was started with."""
    home = tmp_path / "bin"
    home.mkdir()
    script = home / "chromium"
    script.write_text(WRAPPER.format(home=home, chromium=CHROMIUM))
    script.chmod(0o700)
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":none")
    monkeypatch.setattr(windows, "find_spec", lambda _: None)  # no pywebview: the next rung
    yield home
    with suppress(OSError, ValueError):
        os.killpg(int((home / "pid").read_text()), signal.SIGKILL)


def test_the_code_is_in_no_command_line(app: App, chromium: Path) -> None:
    url = app.sign_in_url()
    (code,) = parse_qs(urlsplit(url).query)["code"]
    said: list[str] = []
    desktop.open_window(url, app.paths, said.append)
    assert said == [
        "vastgui is open in a window of chromium."
    ]  # and it signed in: no link is shown
    words = (chromium / "words").read_text()
    assert "--app=file://" in words
    assert code not in words
    cmdline = Path(f"/proc/{(chromium / 'pid').read_text().strip()}/cmdline")
    if cmdline.exists():
        assert code.encode() not in cmdline.read_bytes()
    assert list(app.paths.state.glob("enter-*")) == []


def test_a_browser_that_cannot_read_the_file_leaves_a_link_for_the_user(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(windows.webbrowser, "open", lambda url: not opened.append(url))
    monkeypatch.setattr(windows, "ASK_USER_AFTER_S", 0.05)
    monkeypatch.setattr(windows, "LIFE_S", 0.1)
    said: list[str] = []
    url = app.sign_in_url()
    desktop.open_browser(url, app.paths, said.append)
    assert opened[0].startswith("file://")
    assert said[0] == "vastgui is open in your browser."
    assert said[1] == f"If no page of vastgui came up, open this link within a minute: {url}"
    assert list(app.paths.state.glob("enter-*")) == []


def test_the_file_is_private_and_tells_nothing_by_its_name(tmp_path: Path) -> None:
    url = desktop.link(5, "s3cret-code", "/runs?a=1&b=\"'<")
    with redirect_file(url, tmp_path) as file:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "s3cret" not in file.name
        assert "<script" not in file.read_text()
        assert not was_used(file, within_s=0)
        desktop.forget_redirect(tmp_path, "another code")
        assert file.exists()
        desktop.forget_redirect(tmp_path, "s3cret-code")
        assert was_used(file, within_s=0)
    (tmp_path / "enter-left.html").touch()
    desktop.sweep_redirects(tmp_path)
    assert list(tmp_path.iterdir()) == []
