"""Waits until every output is on this disk, verified."""

from vastgui.runner.context import Done, StepContext
from vastgui.runner.generation import Generation
from vastgui.runner.generation.homecoming import all_home


def run(ctx: StepContext) -> Done:
    gen = Generation.of(ctx)
    return all_home(gen)
