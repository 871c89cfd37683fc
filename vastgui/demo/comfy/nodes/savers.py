"""Nodes that save or show pictures, latents and files."""

import json
import struct
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.pictures import Batch, Latent, each
from vastgui.demo.comfy.work import here

Shown = dict[str, Any]


def metadata(prompt: Any, extra_pnginfo: Any) -> dict[str, str]:
    """What is written into a file: the prompt, and the workflow if the client sent it."""
    if not here().options.metadata:
        return {}
    found = {"prompt": json.dumps(prompt)} if prompt is not None else {}
    return found | {key: json.dumps(value) for key, value in (extra_pnginfo or {}).items()}


def file_item(path: Path, subfolder: str, kind: str) -> dict[str, str]:
    return {"filename": path.name, "subfolder": subfolder, "type": kind}


def _save_pngs(images: Batch, prefix: str, kind: str, texts: dict[str, str], level: int) -> Shown:
    work = here()
    folder, name, number, subfolder = work.folders.numbered(prefix, kind, images.size)
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    shown = []
    for index, picture in enumerate(images):
        stem = name.replace("%batch_num%", str(index))
        path = folder / f"{stem}_{number:05}_.png"
        picture.save(path, pnginfo=info, compress_level=level)
        shown.append(file_item(path, subfolder, kind))
        number += 1
    return {"ui": {"images": shown}}


@plays("SaveImage")
def save(
    images: Batch, filename_prefix: str, prompt: Any = None, extra_pnginfo: Any = None
) -> Shown:
    texts = metadata(prompt, extra_pnginfo)
    return _save_pngs(images, filename_prefix, "output", texts, 4)


@plays("PreviewImage")
def preview(images: Batch, prompt: Any = None, extra_pnginfo: Any = None) -> Shown:
    prefix = "ComfyUI" + here().temp_suffix()
    return _save_pngs(images, prefix, "temp", metadata(prompt, extra_pnginfo), 1)


@plays("MaskPreview")
def preview_mask(mask: Batch, prompt: Any = None, extra_pnginfo: Any = None) -> Shown:
    return preview(Batch(each(mask)), prompt, extra_pnginfo)


@plays("SaveImageWebsocket", is_changed=lambda *_: float("nan"))
def save_over_socket(images: Batch) -> Shown:
    """The pictures travel as preview frames; nothing is stored."""
    bar = here().bar(len(images))
    for index, picture in enumerate(images):
        bar.to(index, ("PNG", picture, None))
    return {}


@plays("SaveAnimatedWEBP")
def save_webp(
    images: Batch,
    fps: float,
    filename_prefix: str,
    lossless: bool,
    quality: int,
    method: str,
    prompt: Any = None,
    extra_pnginfo: Any = None,
) -> Shown:
    work = here()
    folder, name, number, subfolder = work.folders.numbered(filename_prefix, "output", images.size)
    path = folder / f"{name}_{number:05}_.webp"
    exif = Image.Exif()
    texts = metadata(prompt, extra_pnginfo)
    if "prompt" in texts:
        exif[0x0110] = "prompt:" + texts.pop("prompt")
    for tag, (key, text) in enumerate(texts.items()):
        exif[0x010F - tag] = f"{key}:{text}"
    images[0].save(
        path, save_all=True, duration=int(1000 / fps), append_images=images[1:], exif=exif,
        lossless=lossless, quality=quality, method={"default": 4, "fastest": 0}.get(method, 6),
    )  # fmt: skip
    animated = (len(images) != 1,)
    return {"ui": {"images": [file_item(path, subfolder, "output")], "animated": animated}}


@plays("SaveAnimatedPNG")
def save_apng(
    images: Batch,
    fps: float,
    compress_level: int,
    filename_prefix: str,
    prompt: Any = None,
    extra_pnginfo: Any = None,
) -> Shown:
    work = here()
    folder, name, number, subfolder = work.folders.numbered(filename_prefix, "output", images.size)
    path = folder / f"{name}_{number:05}_.png"
    info = PngInfo()
    for key, text in metadata(prompt, extra_pnginfo).items():
        info.add(b"comf", key.encode("latin-1") + b"\0" + text.encode("latin-1"), after_idat=True)
    images[0].save(
        path, pnginfo=info, compress_level=compress_level, save_all=True,
        duration=int(1000.0 / fps), append_images=images[1:],
    )  # fmt: skip
    return {"ui": {"images": [file_item(path, subfolder, "output")], "animated": (True,)}}


@plays("SaveLatent")
def save_latent(
    samples: Latent, filename_prefix: str, prompt: Any = None, extra_pnginfo: Any = None
) -> Shown:
    """A safetensors file with zeros in the shape of the latent."""
    work = here()
    folder, name, number, subfolder = work.folders.numbered(filename_prefix, "output", (0, 0))
    path = folder / f"{name}_{number:05}_.latent"
    shape = [samples.count, 4, max(1, samples.size[1] // 8), max(1, samples.size[0] // 8)]
    size = 4 * shape[0] * shape[1] * shape[2] * shape[3]
    head: dict[str, Any] = {"__metadata__": metadata(prompt, extra_pnginfo)}
    if not head["__metadata__"]:
        del head["__metadata__"]
    head["latent_tensor"] = {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}
    head["latent_format_version_0"] = {"dtype": "F32", "shape": [0], "data_offsets": [size, size]}
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))
    return {"ui": {"latents": [file_item(path, subfolder, "output")]}}
