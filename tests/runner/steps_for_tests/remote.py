"""Runs a job on the instance that counts its own starts."""

from vastgui.runner.context import Done, StepContext

SCRIPT = """
echo started >> "$1/starts"; echo $$ > "$1/pid"
i=0
while [ ! -e "$1/go" ] && [ $i -lt 3000 ]; do i=$((i+1)); sleep 0.02; done
echo "line one"; printf 'half\\r'; echo "line two" >&2
exit "$2"
"""


def run(ctx: StepContext) -> Done:
    heard: list[str] = []
    folder, code = ctx.params["folder"], str(ctx.params.get("code", 0))
    result = ctx.job("count", SCRIPT, folder, code, on_line=heard.append)
    return Done("The job ended.", {"code": result.exit_code, "tail": result.tail, "heard": heard})
