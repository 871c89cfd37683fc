"""The user's own line on the instance, its output shown live."""

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import shown

RUN = r"""
cd "$1" || exit 1
shift
exec env -- "$@"
"""
"""$1 is the folder; the rest are NAME=value words, then `sh -c LINE`."""


def run(ctx: StepContext) -> Done:
    folder, unless = ctx.params["folder"], ctx.params["unless"]
    if not ctx.ssh.run("test", "-d", folder).ok:
        raise StepFailed(
            f"The folder {folder} is not on the instance.", hint="Check the parameter `folder`."
        )
    environment = [f"{name}={value}" for name, value in ctx.params["environment"].items()]
    if unless:
        ctx.simple("Checking whether it is needed", unless)
        if ctx.ssh.sh(RUN, folder, *environment, "sh", "-c", unless).ok:
            return nothing_to_do(f"`{shown(unless, 80)}` says that nothing is to be done.")
    return _run_line(ctx, folder, environment)


def _run_line(ctx: StepContext, folder: str, environment: list[str]) -> Done:
    command = ctx.params["command"]
    title = shown(command, 100)
    ctx.simple(title)
    ended = ctx.job(
        "command", RUN, folder, *environment, "sh", "-c", command,
        on_line=lambda line: ctx.simple(title, shown(line)),
    )  # fmt: skip
    last = shown(ended.tail[-1]) if ended.tail else ""
    if ended.exit_code != 0:
        raise StepFailed(
            f"The command ended with code {ended.exit_code}" + (f": {last}" if last else "."),
            hint="The step's log has all of its output.",
            details={"exit_code": ended.exit_code, "command": title},
        )
    return Done(last or "The command ended well.", {"exit_code": 0, "command": title})
