"""The practice instance: a rented machine that is none, on this computer, for tests and demos.

It plays every world outside (SSH, ComfyUI, the Vast API, civitai) and shares no code with the
clients it checks. Start with `vastgui.demo.instance.PracticeInstance`.
"""
