"""Ends in every way a step should not."""

import faulthandler
import os
import signal
import sys
import threading
import time

from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    match ctx.params["how"]:
        case "exception":
            raise KeyError("who wrote this step?")
        case "memory":
            b"x" * (8 << 30)
        case "sys.exit":
            sys.exit(3)
        case "os._exit":
            os._exit(0)
        case "segfault":
            faulthandler._sigsegv()  # type: ignore[attr-defined]
        case "abort":
            os.abort()
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "wrong result":
            return "done"  # type: ignore[return-value]
        case "thread":
            threading.Thread(target=time.sleep, args=(600,)).start()
        case "fork":
            if os.fork() == 0:  # keeps nothing of the run, though it outlives the runner
                time.sleep(5)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
    return Done("Left a thread behind.")
