"""The app is killed, then the runner: the page tells the truth, and Continue takes up the work."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Tab
from vastgui.config import Settings
from vastgui.demo.instance import PracticeInstance
from vastgui.services import Services
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import Status, StepStatus

pytestmark = [pytest.mark.e2e, pytest.mark.own_app]
SLOW_CLONES_BPS = 600_000
"""The app must be there again before the packs are, also on a busy machine."""
BEFORE = ("test_ssh", "setup_python_venv", "set_ui_home", "get_ui_home", "configure_links")
LEFT_OUT = ("setup_civitdl", "test_civitdl", "verify_dependencies")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[PracticeInstance]:
    with PracticeInstance(tmp_path / "box", clone_bytes_per_s=SLOW_CLONES_BPS) as made:
        yield made


@pytest.fixture
def services(
    app: App, instance: PracticeInstance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    monkeypatch.setenv("VASTGUI_HOME", str(app.paths.data.parent))
    made = Services(app.paths, Settings())
    port = instance.ssh_connection.rpartition(":")[2]
    HostKeys(app.paths.host_keys_file).trust(f"[127.0.0.1]:{port}", instance.host_key)
    yield made
    made.close()


@pytest.mark.row("R4", "R8")
def test_kill_the_app_then_the_runner_then_continue(
    app: App, open_tab: Callable[..., Tab], instance: PracticeInstance, services: Services
) -> None:
    run_id = services.launch_setup(
        "comfyui",
        ssh_connection=instance.ssh_connection,
        key_file=str(instance.key_file),
        variables={**instance.variables, "node_packs": instance.node_repos},
        enabled=dict.fromkeys(LEFT_OUT, False),
    )
    tab = open_tab(f"/run/{run_id}")
    page = tab.page
    cloning = page.locator(".vg-step.is-in_progress", has_text="ComfyUI-Practice-Geometry")
    expect(cloning).to_be_visible(timeout=60_000)

    app.end(signal.SIGKILL)
    app.start()
    expect(page.get_by_text("Reconnected: step 8 of 12 is running.")).to_be_visible()
    assert services.state(run_id).status is Status.RUNNING
    tab.faults = [f for f in tab.faults if "ERR_CO" not in f and "WebSocket" not in f]

    pid = services.state(run_id).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    expect(page.locator(".vg-head")).to_contain_text("Crashed")
    print(f"SIGKILL -> Crashed in the page: {(time.monotonic() - killed) * 1000:.0f} ms")
    assert "killed" in services.state(run_id).cause

    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".vg-head")).to_contain_text("Completed", timeout=90_000)
    second = services.state(services.history.ids()[0])
    assert (second.continues, second.attempt) == (run_id, 2)
    carried = [s.action for s in second.steps if s.result and s.result.outcome == "carried_over"]
    assert carried == list(BEFORE)
    assert second.steps[7].status is StepStatus.COMPLETED
    assert services.state(run_id).status is Status.CRASHED  # the old run stays as it was
