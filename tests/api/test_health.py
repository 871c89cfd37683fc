"""/healthz and /metrics: what a watcher of the app sees."""

import os
import signal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import Api, Begin, waits
from vastgui.errors import StorageError
from vastgui.metrics import Metrics, Now, cause_kind, success_ratio
from vastgui.state.model import RunState, Status

pytestmark = pytest.mark.anyio


async def figures(api: Api) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels."""
    text = (await api.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_app_is_well(api: Api, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    api.feed.poll_now()
    told = (await api.get("/healthz")).json()
    assert (told["status"], told["problems"], told["live_runs"]) == ("ok", [], 1)
    assert told["pid"] == os.getpid()
    assert told["disk_free_bytes"] > 0
    monkeypatch.setattr("vastgui.api.health.LOW_DISK_BYTES", 1 << 60)
    told = (await api.get("/healthz")).json()
    assert (told["status"], "disk has only" in told["problems"][0]) == ("degraded", True)


async def test_figures_of_runs_and_of_the_api(api: Api, begin: Begin) -> None:
    begin().end()
    begin().end("failed")
    run_id = await api.started(waits())
    seen = await figures(api)
    assert seen["vastgui_runs", "completed"] == seen["vastgui_runs", "failed"] == 1
    assert seen["vastgui_success_ratio",] == 0.5
    assert seen["vastgui_api_request_seconds_count", "POST", "/workflow/start", "201"] == 1
    await api.post("/workflow/stop", {"workflow_id": run_id})
    await api.ask("BREW", "/workflows/a-run-of-nobody")
    seen = await figures(api)
    assert seen["vastgui_state_io_seconds_count", "control_append"] == 1
    assert not any("nobody" in part for key in seen for part in key), "no raw path is a label"
    assert not any("BREW" in key for key in seen)


def run(status: str, **changes: float | str) -> RunState:
    return RunState(workflow_id="x", kind="setup", status=Status(status), **changes)  # type: ignore[arg-type]


def counted(metrics: Metrics) -> dict[tuple[str, ...], float]:
    now = Now(runs=[], stale_heartbeats=1, heartbeat_timeouts=3, late_endings=2)
    text = metrics.text(now)[0].decode()
    return {
        (s.name, *s.labels.values()): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def test_what_transitions_count() -> None:
    metrics = Metrics()
    metrics.observe(
        run("queued", created_at=10.0), run("starting", created_at=10.0, last_event_at=13.0)
    )
    killed = "killed by signal 9 (SIGKILL): killed by hand or out of memory"
    crashed = run("crashed", started_at=1.0, ended_at=31.0, cause=killed)
    metrics.observe(run("running"), crashed)
    metrics.observe(crashed, crashed)
    seen = counted(metrics)
    assert seen["vastgui_queue_wait_seconds_sum",] == 3
    assert seen["vastgui_abrupt_exits_total", "killed"] == 1
    assert seen["vastgui_run_duration_seconds_sum", "setup", "crashed"] == 30
    assert seen["vastgui_stale_heartbeats",] == 1
    assert (seen["vastgui_heartbeat_timeouts_total",], seen["vastgui_late_endings_total",]) == (
        3,
        2,
    )
    assert counted(metrics)["vastgui_late_endings_total",] == 2, "counted once"


def test_of_the_last_hundred() -> None:
    runs = [run("failed", ended_at=float(i)) for i in range(50)]
    runs += [run("completed", ended_at=100.0 + i) for i in range(75)]
    assert success_ratio(runs) == 0.75
    assert success_ratio([run("running")]) != success_ratio([run("running")]), "NaN"


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("killed by signal 9 (SIGKILL): this computer ran out of memory", "out_of_memory"),
        ("killed by hand, or out of memory", "killed"),
        ("out of memory", "out_of_memory"),
        ("the computer was restarted", "restart"),
        ("segmentation fault, see runner.log", "fault"),
        ("left with code 3 without an ending, see runner.log", "exit_code"),
        ("killed by signal 15 (SIGTERM)", "signal"),
        ("never started (left with code 1 …): see runner.log", "never_started"),
        ("", "unknown"),
    ],
)
def test_kinds_of_causes(cause: str, kind: str) -> None:
    assert cause_kind(cause) == kind


async def test_an_ending_that_waits_for_the_disk_is_a_problem(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await api.started(waits())
    await api.until(run_id, lambda s: s["status"] == "running")

    def full(*_: object) -> None:
        raise StorageError("No room.")

    monkeypatch.setattr("vastgui.supervisor.finalizer.finalize_abandoned", full)
    os.kill(api.services.state(run_id).pid or 0, signal.SIGKILL)
    assert (await api.ended(run_id))["status"] == "crashed"
    assert "could not be written" in (await api.get("/healthz")).json()["problems"][0]
