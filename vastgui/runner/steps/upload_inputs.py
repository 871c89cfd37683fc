"""Brings a ComfyUI run's input files to the server; the same bytes only once."""

from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.generation import Generation
from vastgui.runner.generation.staging import send_inputs


def run(ctx: StepContext) -> Done:
    gen = Generation.of(ctx)
    if not gen.job.inputs:
        return nothing_to_do("The workflow takes no input files.")
    total, sent = send_inputs(gen)
    files = "1 input file is" if total == 1 else f"{total} input files are"
    if not sent:
        return nothing_to_do(f"{files[0].upper()}{files[1:]} on the server already.", files=total)
    return Done(f"{files[0].upper()}{files[1:]} on the server, verified.", {"sent": sent})
