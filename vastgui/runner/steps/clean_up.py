"""Removes the input files a run put on the server, once all of its outputs are at home."""

from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.generation import Generation
from vastgui.runner.generation.homecoming import tidy_server


def run(ctx: StepContext) -> Done:
    gen = Generation.of(ctx)
    return tidy_server(gen) or nothing_to_do("Nothing was left on the server.")
