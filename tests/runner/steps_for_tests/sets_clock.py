"""Has the computer's clock set while it works: `days` forth, then back again and as far behind."""

import time

from vastgui.runner.context import Done, StepContext

_DAY_S = 86400


def run(ctx: StepContext) -> Done:
    real = time.time
    for number, days in enumerate((ctx.params["days"], -ctx.params["days"], 0)):
        time.time = lambda days=days: real() + days * _DAY_S  # type: ignore[assignment]
        ctx.percent(10 * (number + 1), f"{days} days ahead")
        ctx.sleep(0.3)
    return Done("What time is it?")
