"""Proves that commands run on the instance, and says what machine it is."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import pairs, reason
from vastgui.ssh.session import Completed

LOOK = r"""
made=no
if [ ! -e "$HOME/.no_auto_tmux" ]; then : > "$HOME/.no_auto_tmux" && made=yes; fi
echo "marker=$1"
echo "made=$made"
echo "host=${VAST_CONTAINERLABEL:-$(hostname 2>/dev/null || uname -n)}"
[ -r /proc/uptime ] && echo "up_s=$(cut -d. -f1 /proc/uptime)"
df -Pk -- "$2" 2>/dev/null | awk 'NR == 2 { print "free_kb=" $4 }'
if command -v nvidia-smi >/dev/null 2>&1; then
    limit=; command -v timeout >/dev/null 2>&1 && limit="timeout 10"
    $limit nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits 2>/dev/null |
        head -n 32 | sed 's/^/gpu=/'
fi
exit 0
"""


def run(ctx: StepContext) -> Done:
    ctx.simple("Connecting")
    found = _look(ctx)
    details = facts(found)
    text = summary(details)
    if found.get("made") == ["yes"]:
        return Done(f"Connected: {text}.", {**details, "tmux": "switched off for logins"})
    return nothing_to_do(f"Connected, nothing to change: {text}.", **details)


def _look(ctx: StepContext) -> dict[str, list[str]]:
    """Two tries: on some images tmux swallows the first command, which then switched it off."""
    answer: Completed | None = None
    for _ in range(2):
        marker = secrets.token_hex(8)
        answer = ctx.ssh.sh(LOOK, marker, ctx.params["workspace"], timeout_s=20)
        ctx.say(answer.stdout)
        found = pairs(answer)
        if marker in found.get("marker", ()):
            return found
    raise StepFailed(
        f"Commands do not run on the instance: {reason(answer) if answer else 'no answer'}",
        hint="Log in once by hand and run `touch ~/.no_auto_tmux`, then try again.",
    )


def facts(found: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The machine in numbers, from the `name=value` lines of LOOK; what it hides is left out."""
    out: dict[str, Any] = {"host": (found.get("host") or ["?"])[0][:80]}
    if gpus := [gpu for line in found.get("gpu", ()) if (gpu := _gpu(line))]:
        out["gpus"] = gpus
    for name, key, factor in (("free_bytes", "free_kb", 1024), ("up_s", "up_s", 1)):
        if (number := (found.get(key) or [""])[0]).isdecimal() and len(number) < 16:
            out[name] = int(number) * factor
    return out


def summary(details: Mapping[str, Any]) -> str:
    """`c.27491003 · RTX 4090 24 GB · 812 GB free · up 3 h`"""
    gpus = details.get("gpus", [])
    parts = [details["host"]]
    parts += [f"{n} × {g}" if (n := gpus.count(g)) > 1 else g for g in dict.fromkeys(gpus)]
    if not gpus:
        parts.append("no NVIDIA GPU seen")
    if "free_bytes" in details:
        parts.append(f"{details['free_bytes'] / 1e9:.0f} GB free")
    if "up_s" in details:
        parts.append(f"up {_duration(details['up_s'])}")
    return " · ".join(parts)


def _gpu(line: str) -> str:
    name, _, mebibytes = line.rpartition(",")
    name = name.replace("NVIDIA", "").replace("GeForce", "").strip()[:60]
    size = mebibytes.strip()
    return f"{name} {round(int(size) / 1024)} GB" if size.isdecimal() and len(size) < 9 else name


def _duration(seconds: int) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
