"""Nodes that misbehave in the ways that nodes of packs do; the recordings were made with these."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from PIL import Image

from vastgui.demo.comfy import containers, painter
from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.nodes.savers import Shown, file_item
from vastgui.demo.comfy.pictures import Batch
from vastgui.demo.comfy.work import Blocker, OutOfMemoryError, here


def _plain(shade: float = 0.5) -> Batch:
    return Batch([Image.new("RGB", (64, 64), (int(255 * shade),) * 3)])


@plays("RigSlowSteps")
def slow_steps(
    steps: int, delay: float, preview: str, seed: int, image: Batch | None = None
) -> tuple[Batch, int]:
    bar = here().bar(steps)
    for step in range(1, steps + 1):
        time.sleep(delay)
        bar.to(step, _preview(preview, step / steps, seed))
    return image or _plain(seed % 100 / 100), steps


def _preview(kind: str, fraction: float, seed: int) -> Any:
    if kind == "none":
        return None
    if kind == "NOISE":
        return "JPEG", painter.noise((512, 512), seed + int(fraction * 1000)), 512
    shade = (int(255 * fraction), seed % 256, 255 - int(255 * fraction))
    return kind, Image.new("RGB", (64, 64), shade), 512


@plays("RigOverProgress")
def over_progress(tag: str, image: Batch | None = None) -> tuple[Batch]:  # noqa: ARG001
    bar = here().bar(3)
    for step in range(1, 7):
        bar.to(step)
        time.sleep(0.02)
    other = here().bar(10)
    for step in range(1, 5):
        other.to(step)
        time.sleep(0.02)
    here().bar(0).to(5)
    return (image or _plain(),)


@plays("RigRaise")
def fail(message: str, after: float, image: Batch | None = None) -> tuple[Batch]:  # noqa: ARG001
    if after:
        time.sleep(after)
    if message == "oom":
        raise OutOfMemoryError("out of memory (made up)")
    raise ValueError(message)


@plays("RigSleep")
def sleep(seconds: float, tag: str, image: Batch | None = None) -> tuple[Batch]:  # noqa: ARG001
    time.sleep(seconds)
    return (image or _plain(),)


@plays("RigSleepOut")
def sleep_out(seconds: float, tag: str, image: Batch | None = None) -> Shown:  # noqa: ARG001
    time.sleep(seconds)
    return {"ui": {"text": [tag]}}


@plays("RigAlwaysChanged", is_changed=lambda _: float("nan"))
def always_changed(tag: str, image: Batch | None = None) -> tuple[Batch]:  # noqa: ARG001
    return (image or _plain(),)


@plays("RigBigFile")
def big_file(mb: int, filename_prefix: str, key: str, image: Batch | None = None) -> Shown:  # noqa: ARG001
    folder, name, number, subfolder = here().folders.numbered(filename_prefix, "output", (0, 0))
    path = folder / f"{name}_{number:05}_.bin"
    with path.open("wb") as file:
        for _ in range(mb):
            file.write(bytes(range(256)) * 4096)
    return {"ui": {key: [file_item(path, subfolder, "output")]}}


@plays("RigVideoLike")
def video_like(
    frames: int, filename_prefix: str, save_output: bool, image: Batch | None = None, **more: str
) -> dict[str, Any]:
    """As VideoHelperSuite: `gifs` for films of any kind, with names of its own counting."""
    wanted = more["format"]
    kind = "output" if save_output else "temp"
    folder, name, _, subfolder = here().folders.numbered(filename_prefix, kind, (64, 64))
    taken = [path.stem[len(name) + 1 :] for path in folder.glob(f"{name}_?????.*")]
    number = max([int(digits) for digits in taken if digits.isdigit()], default=0) + 1
    stem = f"{name}_{number:05}"
    film = _film(frames, image)
    shown: dict[str, Any] = {}
    if wanted in ("gif", "both"):
        path = _gif(folder / f"{stem}.gif", film)
        shown["gifs"] = [
            {
                **file_item(path, subfolder, kind),
                "format": "image/gif",
                "frame_rate": 10.0,
                "workflow": f"{stem}.png",
                "fullpath": str(path),
            }
        ]
    if wanted in ("webp", "both"):
        path = folder / f"{stem}_.webp"
        film[0].save(path, save_all=True, append_images=film[1:], duration=100)
        shown |= {"images": [file_item(path, subfolder, kind)], "animated": [True]}
    if wanted == "mp4":
        path = folder / f"{stem}.mp4"
        path.write_bytes(containers.mp4(film, 10))
        item = file_item(path, subfolder, kind)
        shown["gifs"] = [{**item, "format": "video/h264-mp4", "frame_rate": 10.0}]
    return {"ui": shown, "result": ((save_output, []),)}


def _film(count: int, image: Batch | None) -> Batch:
    if image:
        return image
    shades = [(255 - 200 * n // count, 128, 200 * n // count) for n in range(count)]
    return Batch(Image.new("RGB", (64, 64), shade) for shade in shades)


def _gif(path: Path, film: Batch) -> Path:
    film[0].save(path, save_all=True, append_images=film[1:], duration=100, loop=0)
    film[0].save(path.with_suffix(".png"))
    return path


@plays("RigShowText")
def show_text(
    text: str, unique_id: str, extra_pnginfo: dict[str, Any] | None = None, **_: Any
) -> dict[str, Any]:
    work = here()
    extra = sorted(extra_pnginfo) if extra_pnginfo else None
    work.send("text", (unique_id, f"working on {text}"), work.client_id)
    return {"ui": {"text": [text], "extra": [extra]}, "result": (text,)}


@plays("RigExpand")
def expand(n: int, steps: int) -> dict[str, Any]:
    """A chain of `n` nodes that are in no prompt."""
    prefix = here().prefix
    graph: dict[str, Any] = {}
    for number in range(1, n + 1):
        inputs: dict[str, Any] = {"steps": steps, "delay": 0.02, "preview": "JPEG", "seed": number}
        if number > 1:
            inputs["image"] = [f"{prefix}{number - 1}", 0]
        graph[f"{prefix}{number}"] = {"class_type": "RigSlowSteps", "inputs": inputs}
    return {"expand": graph, "result": ([f"{prefix}{n}", 0],)}


@plays("RigCycleExpand")
def expand_cycle(tag: str) -> dict[str, Any]:  # noqa: ARG001
    one, other = (f"{here().prefix}{number}" for number in (1, 2))
    graph = {
        one: {"class_type": "ImageInvert", "inputs": {"image": [other, 0]}},
        other: {"class_type": "ImageInvert", "inputs": {"image": [one, 0]}},
    }
    return {"expand": graph, "result": ([other, 0],)}


@plays("RigAsyncSleep")
async def sleep_async(seconds: float, tag: str) -> tuple[Batch]:  # noqa: ARG001
    bar = here().bar(4)
    for _ in range(4):
        await asyncio.sleep(seconds / 4)
        bar.step()
    return (_plain(),)


@plays("RigBlock")
def block(message: str) -> tuple[Blocker]:
    return (Blocker(message or None),)


@plays("RigToast")
def toast(text: str, image: Batch | None = None) -> tuple[Batch]:
    here().send("rig.toast", {"text": text}, None)
    return (image or _plain(),)


@plays("RigWidgets")
def widgets(**given: Any) -> dict[str, Any]:
    told = {name: str(value) for name, value in sorted(given.items())}
    seed = given.get("seed", 0)
    return {"ui": {"text": [json.dumps(told)]}, "result": (seed, json.dumps(told))}


@plays("RigForced")
def forced(a: int, forced: int, b: str, seed: int) -> dict[str, Any]:
    return {"ui": {"text": [f"{a} {forced} {b} {seed}"]}, "result": (a,)}
