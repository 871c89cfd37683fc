"""Named histories: events in, a state out. A bug report becomes one more entry."""

from vastgui.state.events import (
    AnyEvent,
    CommandAcknowledged,
    ItemChanged,
    ItemsListed,
    JobEnded,
    JobStarted,
    LinkLost,
    LinkRestored,
    RunAnswered,
    RunBlocked,
    RunEnded,
    RunPaused,
    RunQueued,
    RunResumed,
    RunStarted,
    StepCarriedOver,
    StepErred,
    StepFinished,
    StepProgressed,
    StepRetryScheduled,
    StepSkipped,
    StepStarted,
    StopRequested,
    UnknownEvent,
)

STARTED = RunStarted(pid=7, create_time=5.0, boot_id="b")
ASKED = RunBlocked(ask_id="q", kind="colour", question="Which?", choices=("red", "blue"))
BUSY = StepStarted(step=0, mono=10.0)

TAPES: dict[str, tuple[list[AnyEvent], dict[str, object]]] = {
    "nothing said yet": ([], {"status": "starting", "percent": 0.0}),
    "queued": ([RunQueued(position=2)], {"status": "queued"}),
    "started": ([STARTED], {"status": "running", "pid": 7}),
    "half a step": (
        [STARTED, BUSY, StepProgressed(step=0, kind="percentage", percent=50)],
        {"steps": ["in_progress", "pending"], "percent": 25.0},
    ),
    "bytes": (
        [STARTED, BUSY, StepProgressed(step=0, kind="bytes", done=25, total=100)],
        {"percent": 12.5},
    ),
    "a checklist": (
        [
            STARTED,
            BUSY,
            ItemsListed(step=0, labels=("a", "b")),
            ItemsListed(step=0, offset=2, labels=("c", "d")),
            ItemChanged(step=0, item=0, status="completed"),
            ItemChanged(step=0, item=1, status="failed", message="no"),
            ItemChanged(step=0, item=3, status="active", percent=40),
        ],
        {"percent": 30.0, "items": ["completed", "failed", "pending", "active"]},
    ),
    "percent never goes back": (
        [STARTED, BUSY, StepProgressed(step=0, percent=80), StepProgressed(step=0, percent=10)],
        {"percent": 40.0},
    ),
    "percent stays below 100 until the end": (
        [STARTED, BUSY, StepFinished(step=0), StepFinished(step=1)],
        {"percent": 99.0, "steps": ["completed", "completed"]},
    ),
    "completed": (
        [
            STARTED,
            BUSY,
            StepFinished(step=0, mono=12.5),
            StepSkipped(step=1, reason="Disabled."),
            RunEnded(status="completed"),
        ],
        {"status": "completed", "percent": 100.0, "steps": ["completed", "skipped"]},
    ),
    "failed": (
        [STARTED, BUSY, StepErred(step=0, error="no", hint="do"), RunEnded(status="failed")],
        {"status": "failed", "steps": ["failed", "pending"]},
    ),
    "a retry": (
        [STARTED, BUSY, StepRetryScheduled(step=0, attempt=2, error="lost", at=100, delay_s=4)],
        {"steps": ["in_progress", "pending"], "retry_at": 104.0},
    ),
    "paused and resumed": ([STARTED, RunPaused(), RunResumed()], {"status": "running"}),
    "paused": ([STARTED, RunPaused()], {"status": "paused"}),
    "blocked": ([STARTED, BUSY, ASKED], {"status": "blocked", "question": "q"}),
    "answered": (
        [STARTED, BUSY, ASKED, RunAnswered(ask_id="q", answer="red")],
        {"status": "running", "question": None},
    ),
    "stopping a blocked run takes the question back": (
        [STARTED, BUSY, ASKED, StopRequested(mode="now")],
        {"status": "stopping", "question": None},
    ),
    "acknowledged": (
        [STARTED, CommandAcknowledged(command_id="c")],
        {"status": "running", "acknowledged": ("c",)},
    ),
    "link lost": ([STARTED, LinkLost(reason="silent", attempt=2)], {"link": "silent"}),
    "link restored": ([STARTED, LinkLost(), LinkRestored()], {"link": ""}),
    "an open job": (
        [STARTED, BUSY, JobStarted(step=0, key="k", job_id="j")],
        {"jobs": ["j"]},
    ),
    "a job ended": (
        [STARTED, JobStarted(step=0, key="k", job_id="j"), JobEnded(step=0, key="k", job_id="j")],
        {"jobs": []},
    ),
    "crashed in a step": (
        [STARTED, BUSY, RunEnded(status="crashed", cause="killed")],
        {"status": "crashed", "steps": ["failed", "pending"]},
    ),
    "the first ending wins": (
        [STARTED, RunEnded(status="crashed"), RunEnded(status="completed"), STARTED],
        {"status": "crashed"},
    ),
    "an ending of an unknown kind is a crash": (
        [STARTED, RunEnded(status="splendid")],
        {"status": "crashed"},
    ),
    "an ending that is none is a crash": (
        [STARTED, RunEnded(status="running")],
        {"status": "crashed"},
    ),
    "carried over": (
        [STARTED, StepCarriedOver(step=0, from_run="r", message="m")],
        {"steps": ["completed", "pending"], "percent": 50.0},
    ),
    "an event of a newer vastgui": (
        [STARTED, UnknownEvent(name="RunTeleported")],
        {"status": "running", "unknown": 1},
    ),
    "steps that do not exist": (
        [
            STARTED,
            StepStarted(step=99),
            StepProgressed(step=-1, percent=50),
            ItemChanged(step=7, item=3),
            StepFinished(step=2),
            StepErred(step=-5),
        ],
        {"status": "running", "steps": ["pending", "pending"]},
    ),
    "items that do not exist": (
        [STARTED, BUSY, ItemChanged(step=0, item=0), ItemsListed(step=0, offset=-4, labels=("a",))],
        {"items": ["pending"]},
    ),
}
