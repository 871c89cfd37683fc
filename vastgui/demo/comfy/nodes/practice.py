"""Nodes of the practice server alone, for what no recording has."""

import time
from typing import Any

from PIL import Image

from vastgui.demo.comfy import painter
from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.nodes.savers import Shown, file_item
from vastgui.demo.comfy.pictures import Batch
from vastgui.demo.comfy.work import OutOfMemoryError, here


@plays("PracticeLandscape")
def landscape(text: str, seed: int, width: int, height: int) -> tuple[Batch]:
    """A picture without any model."""
    return (Batch([painter.paint(text, seed, (width, height))]),)


def _needed(on: bool, if_true: Any = None, if_false: Any = None) -> list[str]:
    name, value = ("if_true", if_true) if on else ("if_false", if_false)
    return [name] if value is None else []


@plays("PracticeLazySwitch", lazy=_needed)
def lazy_switch(on: bool, if_true: Batch | None = None, if_false: Batch | None = None) -> Any:
    """Only the branch that is asked for runs."""
    return (if_true if on else if_false,)


@plays("PracticeManyFiles")
def many_files(count: int, filename_prefix: str) -> Shown:
    folder, name, number, subfolder = here().folders.numbered(filename_prefix, "output", (8, 8))
    shown = []
    for index in range(count):
        path = folder / f"{name}_{number + index:05}_.png"
        Image.new("RGB", (8, 8), (index % 256, index // 256 % 256, 90)).save(path)
        shown.append(file_item(path, subfolder, "output"))
    return {"ui": {"images": shown}}


@plays("PracticeTextFlood")
def text_flood(count: int, seconds: float, unique_id: str) -> Shown:
    """Many text frames in a short time, as some samplers of packs send them."""
    work = here()
    bar = work.bar(count)
    for number in range(1, count + 1):
        work.send("text", (unique_id, f"token {number} of {count}"), work.client_id)
        bar.step()
        time.sleep(seconds / count)
    return {"ui": {"text": [f"{count} tokens"]}}


@plays("PracticeFailAtStep")
def fail_at_step(steps: int, at: int, delay: float, how: str) -> tuple[Batch]:
    bar = here().bar(steps)
    for step in range(1, steps + 1):
        time.sleep(delay)
        bar.to(step)
        if step == at and how == "oom":
            raise OutOfMemoryError("Allocation on device 0 would exceed allowed memory. (made up)")
        if step == at:
            raise RuntimeError(f"failed at step {step} of {steps}")
    return (Batch([Image.new("RGB", (64, 64), (30, 90, 140))]),)
