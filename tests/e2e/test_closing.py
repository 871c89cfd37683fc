"""The tab is closed in the middle of a run."""

from collections.abc import Callable

import psutil
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Tab
from tests.runner.rig import ENTRY, SETTINGS, plan, step
from tests.waiting import wait_until
from vastgui.state.model import Status
from vastgui.supervisor import Supervisor

pytestmark = pytest.mark.e2e


@pytest.mark.row("R1")
def test_a_run_goes_on_without_a_tab(app: App, open_tab: Callable[..., Tab]) -> None:
    supervisor = Supervisor(app.paths.runs, runner_command=ENTRY, settings=SETTINGS)
    run = supervisor.launch(plan(step("works", wait_for="go"), step("works"), label="Goes on"))
    try:
        page = open_tab(f"/run/{run.id}").page
        expect(page.locator(".vg-step.is-in_progress")).to_be_visible()
        pid = run.state().pid
        page.close()
        before = run.heartbeat.read_bytes()
        wait_until(lambda: run.heartbeat.read_bytes() != before)
        assert run.state().status is Status.RUNNING
        assert psutil.pid_exists(pid or 0)
        (run.outputs / "go").touch()
        wait_until(lambda: supervisor.sweep() == [run.id] or run.state().is_terminal)
        back = open_tab(f"/run/{run.id}").page
        expect(back.locator(".vg-head")).to_contain_text("Completed")
    finally:
        supervisor.stop(run.id, "force")
        wait_until(lambda: not run.is_alive)
