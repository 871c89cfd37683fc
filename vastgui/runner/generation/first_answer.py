"""The first word of a ComfyUI, which may still be starting."""

import posixpath
from typing import TYPE_CHECKING

from vastgui.comfy.answers import ServerInfo
from vastgui.comfy.errors import ComfyError
from vastgui.errors import StepFailed, VastguiError
from vastgui.ssh.errors import ComfyNotFound

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

NOTHING_QUEUED = "Nothing was queued."
START_PATIENCE_S = 20.0
"""A ComfyUI that was just restarted opens its port when its packs are loaded."""
LOOK_EVERY_S = 0.5
VAST_LOG = "/var/log/portal/comfyui.log"
LAST_LINES = r"""
for file; do
  if [ -f "$file" ] && [ -s "$file" ]; then tail -c 4000 -- "$file" | tail -n 15; exit; fi
done
"""


def first_answer(gen: "Generation") -> ServerInfo:
    """What the server says of itself. Raises `StepFailed`, with its log, when it says nothing."""
    waited_s = 0.0
    while True:
        try:
            return gen.server.client.system_stats()
        except (ComfyError, ComfyNotFound) as error:
            if not _may_be_starting(error):
                raise StepFailed(f"{error} {NOTHING_QUEUED}", hint=error.hint) from error
            if waited_s >= START_PATIENCE_S:
                raise _absent(gen, error) from error
            gen.ctx.simple("Waiting for ComfyUI to answer", str(error))
        gen.rest(LOOK_EVERY_S)
        waited_s += LOOK_EVERY_S


def _may_be_starting(error: VastguiError) -> bool:
    return error.transient and isinstance(error, ComfyError | ComfyNotFound)


def _absent(gen: "Generation", error: VastguiError) -> StepFailed:
    lines = _log_of(gen)
    for line in lines:
        gen.say(f"[comfyui] {line}")
    last = f" Its log ends with: {lines[-1]}" if lines else ""
    return StepFailed(f"{error} {NOTHING_QUEUED}", hint=f"{error.hint}{last}")


def _log_of(gen: "Generation") -> list[str]:
    """The end of ComfyUI's log file on the instance, [] when there is none to be had."""
    if gen.job.server:
        return []
    from vastgui.runner.remote import lines

    home = gen.job.ui_home or "/workspace/ComfyUI"
    logs = (VAST_LOG, posixpath.join(home, "user", "comfyui.log"))
    try:
        return lines(gen.ctx.ssh.sh(LAST_LINES, *logs, timeout_s=10))
    except VastguiError:
        return []
