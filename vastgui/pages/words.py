"""Words and numbers for people. Pure."""

from vastgui.state.model import Status, StepState, StepStatus

STATUS_WORDS = {
    Status.QUEUED: ("Queued", "wait"),
    Status.STARTING: ("Starting", "run"),
    Status.RUNNING: ("Running", "run"),
    Status.PAUSED: ("Paused", "wait"),
    Status.BLOCKED: ("Needs your answer", "wait"),
    Status.STOPPING: ("Stopping", "wait"),
    Status.COMPLETED: ("Completed", "ok"),
    Status.FAILED: ("Failed", "bad"),
    Status.CANCELLED: ("Stopped", "off"),
    Status.CRASHED: ("Crashed", "bad"),
}
"""A word and a tone per status: never colour alone."""

VERBS = {
    StepStatus.PENDING: "is next",
    StepStatus.IN_PROGRESS: "is running",
    StepStatus.COMPLETED: "is done",
    StepStatus.FAILED: "failed",
    StepStatus.SKIPPED: "is skipped",
}


def size(count: float) -> str:
    """Bytes as a person reads them: 940 B, 12.3 MB, 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """0.4 s, 12 s, 2 m 05 s, 1 h 02 m, 3 d 4 h."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def where_it_is(step: StepState, total: int) -> str:
    """`step 3 of 8 is running`, counted as people do."""
    return f"step {step.index + 1} of {total} {VERBS[step.status]}"


def short_connection(connection: str) -> str:
    """The connection, short enough for a list: options and port forwards left out."""
    words = [w for w in connection.split() if w != "ssh"]
    target = next((w for w in words if "@" in w), words[0] if words else "")
    port = next((words[i + 1] for i, w in enumerate(words[:-1]) if w == "-p"), "")
    return f"{target}:{port}" if port else target
