"""The practice ComfyUI: a double of the real server's protocol, with nodes that need no model.

It is measured against recordings of a real one (tests/demo/test_comfy_recordings.py). Tests start it
alone with `PracticeComfy`; a practice instance runs it as its ComfyUI.
"""

from vastgui.demo.comfy.process import PracticeComfy

__all__ = ["PracticeComfy"]
