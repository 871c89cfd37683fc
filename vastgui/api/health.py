"""GET /healthz and GET /metrics: how the app is."""

import asyncio
import os
import shutil
import time

from fastapi import Response

from vastgui import __version__
from vastgui.api.answers import Answer, answer
from vastgui.api.core import Core, Has
from vastgui.api.models.envelope import refusals
from vastgui.api.models.health import HealthAnswer
from vastgui.api.strict import strict_router
from vastgui.metrics import Now
from vastgui.state.ending import late_endings
from vastgui.state.index import Summary
from vastgui.state.store import RunDir

router = strict_router("app")
LOW_DISK_BYTES = 1 << 30
SLOW_LOOP_MS = 200.0
_PROBE_S = 0.001


@router.get("/healthz", response_model=HealthAnswer, responses=refusals(), summary="How the app is")
async def health(core: Has) -> Answer:
    """Reads no run. `degraded` when `problems` names something to look after; 200 all the same."""
    lag_ms = await _loop_lag_ms()
    free = _disk_free_bytes(core)
    problems = _problems(core, lag_ms, free)
    return answer(
        "The app is well." if not problems else problems[0],
        status="degraded" if problems else "ok",
        version=__version__,
        pid=os.getpid(),
        uptime_s=round(time.monotonic() - core.began, 1),
        live_runs=len(core.feed.live()),
        loop_lag_ms=round(lag_ms, 1),
        disk_free_bytes=free,
        problems=problems,
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Text."},
        **refusals(),
    },
    summary="Figures for Prometheus",
)
async def metrics(core: Has) -> Response:
    """Prometheus text format; docs/api.md says what each is."""
    runs, late = await asyncio.to_thread(_counted, core)
    audit = core.services.supervisor.audit
    now = Now(
        runs=runs,
        late_endings=late,
        stale_heartbeats=len(audit.not_responding),
        heartbeat_timeouts=audit.timeouts,
    )
    text, kind = core.metrics.text(now)
    return Response(text, media_type=kind)


def _counted(core: Core) -> tuple[list[Summary], int]:
    """All runs, and how many endings came too late for them."""
    history = core.services.history
    found = history.summaries()
    late = sum(len(late_endings(RunDir(history.runs / run.workflow_id))) for run in found)
    return found, late


async def _loop_lag_ms() -> float:
    """How much later than asked for the event loop comes back."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(_PROBE_S)
    return max(loop.time() - began - _PROBE_S, 0.0) * 1000


def _disk_free_bytes(core: Core) -> int | None:
    try:
        return shutil.disk_usage(core.services.paths.data).free
    except OSError:
        return None


def _problems(core: Core, lag_ms: float, free: int | None) -> list[str]:
    found = []
    if free is None:
        found.append(f"{core.services.paths.data} cannot be read.")
    elif free < LOW_DISK_BYTES:
        found.append(f"This computer's disk has only {free >> 20} MB left.")
    if waiting := len(core.services.supervisor.unwritten):
        found.append(f"{waiting} endings could not be written yet.")
    if lag_ms > SLOW_LOOP_MS:
        found.append(f"The app is busy: it answers {lag_ms:.0f} ms late.")
    return found
