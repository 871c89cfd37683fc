"""Workflows out of whatever file people have: JSON of all kinds, and what ComfyUI made."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vastgui.comfy.workflow import MAX_JSON_BYTES, read_workflow, to_bytes
from vastgui.errors import InvalidInput

MEDIA = sorted((Path(__file__).parents[2] / "data" / "conversion" / "media").iterdir())
"""Written by ffmpeg 9.0, the way ComfyUI (keys of their own) and VideoHelperSuite (`comment`) do."""

UI: dict[str, Any] = {"nodes": [{"id": 1, "type": "Ünï"}], "links": []}
API: dict[str, Any] = {"1": {"class_type": "EmptyImage", "inputs": {"seed": 2**64 - 1}}}
PICTURE = Image.new("RGB", (8, 8))


def png(info: PngInfo) -> bytes:
    out = io.BytesIO()
    PICTURE.save(out, "PNG", pnginfo=info)
    return out.getvalue()


def plain_png(*, packed: bool = False) -> bytes:
    info = PngInfo()
    info.add_text("prompt", json.dumps(API), zip=packed)
    info.add_text("workflow", json.dumps(UI), zip=packed)
    return png(info)


def international_png(*, packed: bool = False) -> bytes:
    info = PngInfo()
    info.add_itxt("workflow", json.dumps(UI, ensure_ascii=False), lang="de", zip=packed)
    info.add_itxt("prompt", json.dumps(API), zip=packed)
    return png(info)


def with_exif(kind: str) -> bytes:
    """Save the way ComfyUI's SaveAnimatedWEBP does: the prompt in Model, the rest from Make down."""
    exif = PICTURE.getexif()
    exif[0x0110] = f"prompt:{json.dumps(API)}"
    exif[0x010F] = f"workflow:{json.dumps(UI)}"
    out = io.BytesIO()
    PICTURE.save(out, kind, exif=exif)
    return out.getvalue()


def safetensors() -> bytes:
    header = {"__metadata__": {"prompt": json.dumps(API), "workflow": json.dumps(UI)}}
    body = json.dumps(header).encode()
    return struct.pack("<Q", len(body)) + body + b"\0" * 16


def glb() -> bytes:
    body = json.dumps({"asset": {"extras": {"prompt": API, "workflow": json.dumps(UI)}}}).encode()
    head = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(body), len(body), b"JSON")
    return head + body


MADE: dict[str, Callable[[], bytes]] = {
    "png": plain_png,
    "png, zTXt": lambda: plain_png(packed=True),
    "png, iTXt": international_png,
    "png, packed iTXt": lambda: international_png(packed=True),
    "webp": lambda: with_exif("WEBP"),
    "jpeg": lambda: with_exif("JPEG"),
    "latent": safetensors,
    "glb": glb,
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_what_comfyui_made_holds_graph_and_prompt(make: Callable[[], bytes]) -> None:
    read = read_workflow(make(), "some/folder/out_00001_.bin")
    assert (read.kind, read.name) == ("ui", "out_00001_")
    assert read.graph == UI
    assert read.api == API


@pytest.mark.parametrize("path", MEDIA, ids=lambda p: p.name)
def test_films_and_sounds_hold_graph_and_prompt(path: Path) -> None:
    read = read_workflow(path.read_bytes(), path.name)
    assert read.kind == "ui"
    assert read.graph["nodes"][0]["type"] == "EmptyImage"
    assert read.api is not None
    assert read.api["1"]["class_type"] == "EmptyImage"


@pytest.mark.parametrize(
    ("raw", "kind", "graph"),
    [
        (UI, "ui", UI),
        (API, "api", API),
        ({"prompt": API, "client_id": "x"}, "api", API),
        ({"workflow": UI}, "ui", UI),
        ({"prompt": API, "extra_data": {"extra_pnginfo": {"workflow": UI}}}, "ui", UI),
        ({"prompt": json.dumps(API)}, "api", API),
        ({"output": API}, "api", API),
    ],
)
def test_json_of_every_kind(raw: Any, kind: str, graph: Any) -> None:
    read = read_workflow(b"\xef\xbb\xbf" + json.dumps(raw).encode(), "cat.json")
    assert (read.kind, read.graph, read.name) == (kind, graph, "cat")
    assert read_workflow(to_bytes(read), "cat.json").graph == graph


def test_not_a_number_becomes_null() -> None:
    read = read_workflow(b'{"nodes": [NaN, -Infinity, 1e999], "links": []}', "old.json")
    assert read.graph["nodes"] == [None, None, None]


def bomb(kind: bytes) -> bytes:
    packed = zlib.compress(b"0" * (MAX_JSON_BYTES + 1), 1)
    body = b"prompt\0" + (b"\0" if kind == b"zTXt" else b"\1\0\0\0") + packed
    chunk = struct.pack(">I4s", len(body), kind) + body + b"\0" * 4
    return b"\x89PNG\r\n\x1a\n" + chunk


UNUSABLE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a number": lambda: b"5",
    "a list": lambda: b"[]",
    "other json": lambda: b'{"version": 1}',
    "a list of templates": lambda: b'[{"name": "x"}]',
    "half a json": lambda: b'{"nodes": [',
    "binary": lambda: bytes(range(256)),
    "20 MB and one": lambda: b" " * (MAX_JSON_BYTES + 1),
    "100,000 brackets": lambda: b"[" * 100_000,
    "a number of 5,000 digits": lambda: b'{"nodes": [' + b"9" * 5000 + b"]}",
    "a stripped picture": lambda: png(PngInfo()),
    "a zTXt bomb": lambda: bomb(b"zTXt"),
    "an iTXt bomb": lambda: bomb(b"iTXt"),
    "a film without": lambda: b"\0\0\0\x10ftypisom\0\0\0\0",
    "a box as long as none": lambda: b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\1moov" + b"\xff" * 8,
}


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE)
def test_what_holds_no_workflow_says_so(make: Callable[[], bytes]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_workflow(make(), "thing.bin")
    assert caught.value.field == "thing.bin"
    assert caught.value.hint
    assert len(str(caught.value)) < 200


def test_damaged_files_give_a_workflow_or_a_reason() -> None:
    dice = Random(4)
    whole = [make() for make in MADE.values()] + [p.read_bytes() for p in MEDIA]
    for data in whole:
        for _ in range(40):
            damaged = bytearray(data[: dice.randint(1, len(data))])
            for _ in range(dice.randint(0, 4)):
                damaged[dice.randrange(len(damaged))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
            try:
                read_workflow(bytes(damaged), "damaged")
            except InvalidInput as error:
                assert error.field == "damaged"  # noqa: PT017 - both ends are fine
