"""Why a runner is gone, in the user's words."""

import contextlib
import os
import signal
from pathlib import Path

from vastgui.state.model import RunState

_TAIL_BYTES = 8192
_CRASHES = {
    "SIGSEGV": "segmentation fault, see runner.log",
    "SIGBUS": "bus error, see runner.log",
    "SIGABRT": "aborted, see runner.log",
    "SIGKILL": "killed by signal 9 (SIGKILL): killed by hand or out of memory",
}


def cause_of(
    state: RunState, *, exit_code: int | None, log_tail: str, boot_id: str, oom: bool
) -> str:
    """`exit_code` as Popen has it, None for a runner that was no child of this process."""
    if state.started_at is None:
        how = "" if exit_code is None else f" ({of_exit_code(exit_code, oom)})"
        return f"never started{how}: see runner.log"
    if state.boot_id and boot_id and state.boot_id != boot_id:
        return "the computer was restarted"
    if exit_code is not None:
        return of_exit_code(exit_code, oom)
    if "Fatal Python error: Segmentation fault" in log_tail:
        return _CRASHES["SIGSEGV"]
    if "Fatal Python error: Aborted" in log_tail:
        return _CRASHES["SIGABRT"]
    return "out of memory" if oom else "killed by hand, or out of memory"


def of_exit_code(code: int, oom: bool = False) -> str:
    if code == 0:
        return "left with code 0 without an ending"
    if code > 0:
        return f"left with code {code} without an ending, see runner.log"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"killed by signal {-code}"
    if name == "SIGKILL" and oom:
        return "killed by signal 9 (SIGKILL): this computer ran out of memory"
    return _CRASHES.get(name, f"killed by signal {-code} ({name})")


def tail_of(path: Path) -> str:
    """The last lines of `runner.log`; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def oom_kills() -> int:
    """How often the kernel has killed a process for memory since boot; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
