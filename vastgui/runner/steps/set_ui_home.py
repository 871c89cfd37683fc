"""Writes one line UI_HOME into the environment files, keeping every other line."""

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import reason
from vastgui.runner.ui_home import read_ui_home, wrong
from vastgui.state import checks

WRITE = r"""
set -eu
file=$1 line=$2
export LC_ALL=C
folder=$(cd "$(dirname "$file")" && pwd -P)
# a link stays a link: the file it leads to is replaced
if [ -L "$file" ]; then
    real=$(readlink -f "$file")
    folder=${real%/*}
else
    real=$folder/$(basename "$file")
fi
others() { grep -Evc '^[[:space:]]*(export[[:space:]]+)?UI_HOME[[:space:]]*=' "$1" || true; }
new=$(mktemp "$folder/.vastgui-XXXXXX")
trap 'rm -f "$new"' EXIT
trap 'exit 1' HUP INT TERM PIPE  # a cut link ends the shell: it still tidies up
chmod 644 "$new"
before=0
if [ -e "$real" ]; then
    before=$(others "$real")
    cp -p "$real" "$new"
    LINE=$line awk '
        /^[ \t]*(export[ \t]+)?UI_HOME[ \t]*=/ {
            if (!written) print ENVIRON["LINE"]
            written = 1
            next
        }
        { print }
        END { if (!written) print ENVIRON["LINE"] }' "$real" > "$new"
else
    printf '%s\n' "$line" > "$new"
fi
if [ "$(others "$new")" != "$before" ]; then
    echo "other lines of $file would have been lost, so it was left as it is" >&2
    exit 1
fi
mv -f "$new" "$real"
"""


def run(ctx: StepContext) -> Done:
    home = checks.path(ctx.params["ui_home"], "ui_home")  # a shell will read the line written
    files = list(dict.fromkeys((ctx.params["env_file"], ctx.params["environment_file"])))
    if not ctx.ssh.run("test", "-f", f"{home}/main.py").ok:
        raise StepFailed(
            f"{home} is not ComfyUI's folder: it holds no main.py.",
            hint="Check the variable `ui_home`.",
        )
    found = read_ui_home(ctx, files)
    todo = [file for file in files if not found[file].is_exactly(home)]
    if not todo:
        return nothing_to_do(f"UI_HOME is {home} already.", ui_home=home, files=files)
    for done, file in enumerate(todo):
        ctx.percent(100 * done / len(todo), f"Writing {file}")
        written = ctx.ssh.sh(WRITE, file, f'UI_HOME="{home}"')
        if not written.ok:
            raise StepFailed(
                f"{file} could not be written: {reason(written)}",
                hint="Log in as root, or name a file that this user may write.",
            )
    if problem := wrong(read_ui_home(ctx, files), home):
        raise StepFailed(f"Written, but read back {problem}")
    return Done(f"UI_HOME is now {home}.", {"ui_home": home, "files": todo})
