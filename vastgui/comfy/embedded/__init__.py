"""Workflows inside the files that ComfyUI saves: pictures, films, sounds, models.

ComfyUI writes two JSON texts, `prompt` and `workflow`, wherever the kind of file has room for
texts. Only the places that may hold them are read; nothing is decoded.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vastgui.comfy.embedded import audio, exif, isobmff, matroska, models, png
from vastgui.comfy.embedded.limits import MAX_TEXT_BYTES, Unreadable

__all__ = ["MAX_TEXT_BYTES", "Unreadable", "find"]

KEYS = ("prompt", "workflow")
Reader = Callable[[bytes], Iterator[tuple[str, str]]]


def find(data: bytes) -> Mapping[str, Any] | None:
    """Return what a file carries under `prompt` and `workflow`; None when its kind is unknown.

    Raises Unreadable when the kind is known and nothing usable is inside.
    """
    reader = _reader(data)
    if reader is None:
        return None
    found: dict[str, Any] = {}
    size = 0
    for key, text in reader(data):
        size += len(text)
        if size > MAX_TEXT_BYTES:
            raise Unreadable(f"has texts larger than {MAX_TEXT_BYTES // 10**6} MB.")
        for name, value in _named(key.lower(), text):
            found.setdefault(name, value)
    if not found:
        raise Unreadable("carries no workflow (some sites and programs remove it).")
    return found


def _reader(data: bytes) -> Reader | None:
    kinds: tuple[tuple[bool, Reader], ...] = (
        (data.startswith(png.MAGIC), png.texts),
        (data[:4] == b"RIFF" and data[8:12] == b"WEBP", exif.webp_texts),
        (data.startswith(b"\xff\xd8\xff"), exif.jpeg_texts),
        (data[4:8] == b"ftyp", isobmff.texts),
        (data.startswith(matroska.MAGIC), matroska.texts),
        (data.startswith(b"fLaC"), audio.flac_texts),
        (data.startswith(b"OggS"), audio.ogg_texts),
        (data.startswith(b"ID3"), audio.id3_texts),
        (data.startswith(b"glTF"), models.glb_texts),
        (models.is_safetensors(data), models.safetensors_texts),
    )
    return next((reader for fits, reader in kinds if fits), None)


def _named(key: str, text: str) -> Iterator[tuple[str, Any]]:
    """Yield the texts under their names. VideoHelperSuite packs both into one `comment`."""
    if key in KEYS:
        yield key, text
    if key != "comment":
        return
    try:
        packed = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name in KEYS:
        if isinstance(packed, dict) and name in packed:
            yield name, packed[name]
