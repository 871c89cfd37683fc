"""Compares UI_HOME in the environment files with the folder it should name."""

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.ui_home import read_ui_home, wrong


def run(ctx: StepContext) -> Done:
    home = ctx.params["ui_home"]
    files = list(dict.fromkeys((ctx.params["env_file"], ctx.params["environment_file"])))
    ctx.simple("Reading UI_HOME")
    found = read_ui_home(ctx, files)
    details = {file: entry.value for file, entry in found.items()}
    if problem := wrong(found, home):
        raise StepFailed(problem, hint="Run the step set_ui_home.", details=details)
    return nothing_to_do(f"UI_HOME is {home} in {' and '.join(files)}.", **details)
