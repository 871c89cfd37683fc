"""What a fault does to a node that runs."""

import os
import signal
import time

from vastgui.demo.comfy.faults import Fault
from vastgui.demo.comfy.work import Interrupt, OutOfMemoryError


def interfere(fault: Fault, interrupt: Interrupt) -> None:
    """Let `fault` happen here and now, in the worker's thread."""
    match fault.do:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "error":
            raise RuntimeError(fault.text("message", "made to fail"))
        case "oom":
            raise OutOfMemoryError(fault.text("message", "Allocation on device 0 would exceed"))
        case "sleep":
            time.sleep(fault.number("seconds", 1))
        case "interrupt":
            interrupt.ask()
            interrupt.check()
