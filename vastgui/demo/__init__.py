"""The practice instance: a rented machine that is none, on this computer, for tests and demos.

It plays every world outside (SSH, ComfyUI, the Vast API, civitai) and shares no code with the
clients it checks. Start with `vastgui.demo.instance.PracticeInstance`.
"""

import sys

from vastgui.errors import VastguiError

if sys.platform == "win32":
    raise VastguiError(
        "The practice instance needs a system with /bin/sh; Windows has none.",
        hint="Run it inside WSL. Everything else of vastgui works here.",
    )
