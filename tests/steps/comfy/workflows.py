"""API prompts that a ComfyUI without models can run."""

import io
from typing import Any

from PIL import Image

Prompt = dict[str, dict[str, Any]]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": f"My {kind}"}}


def card(color: int = 0x3366CC, *, size: int = 64, prefix: str = "card") -> Prompt:
    """One picture."""
    return {
        "1": node("EmptyImage", width=size, height=size, batch_size=1, color=color),
        "2": node("SaveImage", images=["1", 0], filename_prefix=prefix),
    }


def two_cards(color: int = 1) -> Prompt:
    """Two pictures, the second through a further node (9) that a test can let fail or sleep."""
    return {
        **card(color, prefix="first"),
        "9": node("ImageInvert", image=["1", 0]),
        "10": node("SaveImage", images=["9", 0], filename_prefix="second"),
    }


def from_picture(name: str = "example.png") -> Prompt:
    return {
        "5": node("LoadImage", image=name),
        "6": node("ImageInvert", image=["5", 0]),
        "7": node("SaveImage", images=["6", 0], filename_prefix="inverted"),
    }


def picture(color: int = 7) -> bytes:
    """A small PNG to be uploaded."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (color % 256, color // 256 % 256, color >> 16)).save(file, "PNG")
    return file.getvalue()
