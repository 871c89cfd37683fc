"""Links below ComfyUI's folder: what is there is moved into the target, nothing is deleted."""

import posixpath
import time
from dataclasses import dataclass, field
from typing import Any

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import lines, reason, shown

LOOK = r"""
cd "$1" || exit 1
shift
while [ $# -ge 2 ]; do
    if [ -L "$1" ] && [ -d "$2" ] && [ ! -L "$2" ] && [ "$1" -ef "$2" ]; then echo right
    else echo todo; fi
    shift 2
done
"""
MERGE = r"""
base=$(cd "$1" && pwd -P) || exit 1
link=$base/$2 target=$base/$3 points_to=$4 stamp=$5

refuse() { echo "refused: $1" >&2; exit 3; }
there() { [ -e "$1" ] || [ -L "$1" ]; }

# The nearest folder that exists above $1 must be inside the base, links followed.
inside() {
    up=$1
    while ! there "$up"; do up=${up%/*}; done
    real=$(cd "$up" 2>/dev/null && pwd -P) || refuse "$up is not a folder"
    case $real/ in "$base"/*) ;; *) refuse "$up leads out of $base" ;; esac
}

# Rename $1 to a name beside $2 that is free.
aside() {
    free=$2.bak-$stamp
    n=1
    while there "$free"; do free=$2.bak-$stamp-$n; n=$((n + 1)); done
    mv -n "$1" "$free" && ! there "$1" || refuse "$1 could not be renamed"
    echo "aside ${free#"$base"/}"
}

move() {
    mv -n "$1" "$2" && ! there "$1" || refuse "$1 could not be moved"
    echo "moved ${2#"$base"/}"
}

merge() { # every entry of folder $1 into folder $2
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        there "$entry" || continue
        new=$2/${entry##*/}
        if ! there "$new"; then move "$entry" "$new"
        elif [ -d "$entry" ] && [ ! -L "$entry" ] && [ -d "$new" ] && [ ! -L "$new" ]; then
            ( merge "$entry" "$new" ) || exit 3
            rmdir "$entry" || refuse "$entry is not empty"
        elif [ -f "$entry" ] && [ ! -L "$entry" ] && [ -f "$new" ] && [ ! -L "$new" ] &&
            cmp -s "$entry" "$new"; then
            mv -f "$entry" "$new" || refuse "$entry could not be moved"
            echo "same ${new#"$base"/}"
        else aside "$entry" "$new"; fi
    done
}

inside "${link%/*}"
inside "$target"
mkdir -p "${link%/*}" "$target" || refuse "the folders could not be made"
[ -L "$target" ] && refuse "$target is a link itself"
if [ -d "$link" ] && [ ! -L "$link" ]; then
    merge "$link" "$target"
    rmdir "$link" || refuse "$link is not empty"
elif there "$link" && ! [ "$link" -ef "$target" ]; then aside "$link" "$link"; fi
if ! there "$link"; then ln -s "$points_to" "$link" || refuse "$link could not be made"; fi
[ "$link" -ef "$target" ] || refuse "$link does not lead to $target"
echo linked
"""


_SHOWN = 8
"""Names of files put aside that the result lists; the log has all."""


@dataclass(slots=True)
class Tally:
    """What became of the files, counted; the names only of those that were put aside."""

    moved: int = 0
    same: int = 0
    aside: list[str] = field(default_factory=list)

    def count(self, line: str) -> None:
        word, _, name = line.partition(" ")
        if word == "moved":
            self.moved += 1
        elif word == "same":
            self.same += 1
        elif word == "aside":
            self.aside.append(shown(name))

    @property
    def details(self) -> dict[str, Any]:
        shortened = self.aside[:_SHOWN]
        return {"moved": self.moved, "same": self.same, "aside": shortened}

    @property
    def words(self) -> str:
        parts = [f"{self.moved} moved", f"{self.same} found twice"]
        if self.aside:
            parts.append(f"{len(self.aside)} that differed kept aside ({self.aside[0]})")
        return ", ".join(part for part in parts if not part.startswith("0 "))


def run(ctx: StepContext) -> Done:
    home, links = ctx.params["ui_home"], ctx.params["links"]
    for link in links:
        _refuse_nesting(link["link"], link["target"])
    todo = _look(ctx, home, links)
    if not todo:
        return nothing_to_do(f"All {len(links)} links are there.", links=len(links))
    tally = Tally()
    items = ctx.checklist([f"{link['link']} → {link['target']}" for link in links])
    for i, link in enumerate(links):
        items.start(i)
        if i in todo:
            _make(ctx, i, link, tally)
        items.done(i, "made" if i in todo else "was there")
    message = f"{len(todo)} of {len(links)} links made"
    details = {"links": len(todo), **tally.details}
    return Done(f"{message}; files: {tally.words}." if tally.words else f"{message}.", details)


def _refuse_nesting(link: str, target: str) -> None:
    if f"{link}/".startswith(f"{target}/") or f"{target}/".startswith(f"{link}/"):
        raise StepFailed(
            f"{link} and {target} lie in each other.", hint="Check the parameter `links`."
        )


def _look(ctx: StepContext, home: str, links: list[dict[str, str]]) -> list[int]:
    """The indexes of the links that are not right yet."""
    words = [word for link in links for word in (link["link"], link["target"])]
    answer = ctx.ssh.sh(LOOK, home, *words)
    said = [line for line in lines(answer) if line in ("right", "todo")]
    if not answer.ok or len(said) != len(links):
        raise StepFailed(f"{home} cannot be entered: {reason(answer)}")
    return [i for i, line in enumerate(said) if line == "todo"]


def _make(ctx: StepContext, i: int, link: dict[str, str], tally: Tally) -> None:
    """Files are moved, and compared where names meet, by a job that survives a lost link."""
    points_to = posixpath.relpath(link["target"], posixpath.dirname(link["link"]) or ".")
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    words = (ctx.params["ui_home"], link["link"], link["target"], points_to, stamp)
    ended = ctx.job(f"link-{i}", MERGE, *words, on_line=tally.count)
    if ended.exit_code != 0:
        last = shown(ended.tail[-1]) if ended.tail else f"exit code {ended.exit_code}"
        raise StepFailed(
            f"{link['link']} could not be linked to {link['target']}: {last}",
            hint="Nothing was deleted; the step's log lists what was moved.",
            details=tally.details,
        )
