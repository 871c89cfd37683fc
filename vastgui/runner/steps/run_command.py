"""The user's own line on the instance, its output shown live."""

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import shown

RUN = r"""
folder=$1
for file in "$2" "$3"; do
    # tried in a shell of its own first: a fault in the file would end this one
    if [ -r "$file" ] && (. "$file") </dev/null >/dev/null 2>&1; then
        set -a
        . "$file" </dev/null >/dev/null 2>&1
        set +a
    fi
done
shift 3
cd "$folder" || exit 1
exec env -- "$@"
"""
"""The folder, two environment files, then NAME=value words and `sh -c LINE`."""


def run(ctx: StepContext) -> Done:
    folder, unless = ctx.params["folder"], ctx.params["unless"]
    if not ctx.ssh.run("test", "-d", folder).ok:
        raise StepFailed(
            f"The folder {folder} is not on the instance.", hint="Check the parameter `folder`."
        )
    if unless:
        ctx.simple("Checking whether it is needed", unless)
        if ctx.ssh.sh(RUN, *_words(ctx, unless)).ok:
            return nothing_to_do(f"`{shown(unless, 80)}` says that nothing is to be done.")
    command = ctx.params["command"]
    title = shown(command, 100)
    ctx.simple(title)
    ended = ctx.job(
        "command", RUN, *_words(ctx, command), on_line=lambda line: ctx.simple(title, shown(line))
    )
    last = shown(ended.tail[-1]) if ended.tail else ""
    if ended.exit_code != 0:
        raise StepFailed(
            f"The command ended with code {ended.exit_code}" + (f": {last}" if last else "."),
            hint="The step's log has all of its output.",
            details={"exit_code": ended.exit_code, "command": title},
        )
    return Done(last or "The command ended well.", {"exit_code": 0, "command": title})


def _words(ctx: StepContext, line: str) -> list[str]:
    """The arguments of RUN that run `line`."""
    files = [ctx.params["environment_file"], ctx.params["env_file"]]
    environment = [f"{name}={value}" for name, value in ctx.params["environment"].items()]
    return [ctx.params["folder"], *files, *environment, "sh", "-c", line]
