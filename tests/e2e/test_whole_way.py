"""The whole way of a user: the page or the command line, a real runner, OpenSSH, the end."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Tab
from tests.sshd import Sshd, running_sshd
from vastgui.config import assets_dir
from vastgui.demo.instance import PracticeInstance
from vastgui.templates import Templates, as_text

pytestmark = pytest.mark.e2e


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[PracticeInstance]:
    with PracticeInstance(tmp_path / "box") as made:
        yield made


@pytest.fixture
def real_sshd(instance: PracticeInstance, tmp_path: Path) -> Iterator[Sshd]:
    """OpenSSH whose sessions live in the folders of a Vast machine."""
    with running_sshd(tmp_path / "sshd", home=instance.box.home, env=instance.box.env()) as server:
        yield server


@pytest.mark.own_app
def test_from_the_form_over_the_host_key_to_completed(
    app: App, open_tab: Callable[..., Tab], instance: PracticeInstance, real_sshd: Sshd
) -> None:
    page = open_tab("/").page
    page.get_by_role("textbox", name="SSH connection").fill(real_sshd.ssh_connection)
    page.get_by_role("textbox", name="Key file").fill(str(real_sshd.key_file))
    page.get_by_text("Settings of this template").click()
    values = {**instance.variables, "node_packs": as_text(instance.node_repos)}
    for variable in Templates(assets_dir(), Path("none")).get("comfyui").variables:
        field = page.get_by_role("textbox", name=variable.label, exact=True)
        field.fill(values.get(variable.name, as_text(variable.default)))

    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".vg-ask")).to_contain_text("SHA256:")
    page.get_by_role("button", name="Trust this key").click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()

    note = page.locator(".vg-note", has_text=re.compile("Completed|Failed"))
    expect(note).to_contain_text("Completed", timeout=90_000)
    note.get_by_role("link", name="Details and log").click()
    expect(page.get_by_role("button", name="Run only this step")).to_be_visible()
    page.locator(".vg-step-line", has_text="Test the SSH connection").click()
    expect(page.locator(".vg-step.is-selected .vg-step-msg")).to_contain_text("Connected")
    done = page.locator(".vg-step.is-completed, .vg-step.is-partial")
    expect(done).to_have_count(10)  # the reboot and the first workflow are off


@pytest.mark.own_app
def test_from_the_command_line_it_is_watched_in_the_browser(
    app: App, open_tab: Callable[..., Tab], instance: PracticeInstance, real_sshd: Sshd
) -> None:
    words = [sys.executable, "-m", "vastgui", "run", "quick-check"]
    words += ["--ssh", real_sshd.ssh_connection, "--key", str(real_sshd.key_file)]
    words += [w for name, value in instance.variables.items() for w in ("--set", f"{name}={value}")]
    words += ["--skip", "get_ui_home"]  # a machine that was not set up has none
    words += ["--step-delay", "1", "--accept-new-host-key", "--json"]
    environment = {**os.environ, "VASTGUI_HOME": str(app.paths.data.parent)}
    page = open_tab("/runs").page
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as command:
        try:
            expect(page.locator(".vg-row-status")).to_have_text("Running", timeout=60_000)
            said, _ = command.communicate(timeout=120)
        finally:
            command.kill()
    assert command.returncode == 0, said
    assert json.loads(said)["status"] == "completed"
    expect(page.locator(".vg-row-status")).to_have_text("Completed")
