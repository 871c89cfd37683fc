"""Frames of the socket: what a real server sent, and what a hostile one might."""

import json
import struct

import pytest

from vastgui.comfy.frames import KNOWN_TYPES, parse_binary, parse_text
from vastgui.comfy.messages import Message, NodeText, Preview

JPEG = b"\xff\xd8\xff\xe0picture"


def numbered(kind: int, head: bytes, rest: bytes) -> bytes:
    return struct.pack(">II", kind, len(head)) + head + rest


def test_a_message_of_comfyui_is_told_from_those_of_packs() -> None:
    assert parse_text('{"type":"executing","data":{"node":null}}') == Message(
        "executing", {"node": None}
    )
    assert parse_text('{"type":"crystools.monitor","data":{}}') is None
    assert all(parse_text(json.dumps({"type": kind, "data": {}})) for kind in KNOWN_TYPES)


@pytest.mark.parametrize("text", [
    "", "[]", "null", '"status"', '{"type":"status"}', '{"type":"status","data":[]}',
    '{"type":["status"],"data":{}}', '{"type":7,"data":{}}', '{"type":"status","data":', "[" * 100_000,
])  # fmt: skip
def test_what_is_no_message_is_none(text: str) -> None:
    assert parse_text(text) is None


def test_previews_say_their_kind_and_whose_they_are() -> None:
    assert parse_binary(struct.pack(">II", 1, 1) + JPEG) == Preview("jpeg", JPEG)
    assert parse_binary(struct.pack(">II", 1, 2) + b"png") == Preview("png", b"png")
    metadata = {
        "node_id": "9.0",
        "display_node_id": "9",
        "prompt_id": "p",
        "image_type": "image/png",
    }
    assert parse_binary(numbered(4, json.dumps(metadata).encode(), JPEG)) == Preview(
        "png", JPEG, "9", "p"
    )
    assert parse_binary(numbered(3, "nöde".encode(), b"half way")) == NodeText("nöde", "half way")


@pytest.mark.parametrize("data", [
    b"", b"\0\0\0\1", struct.pack(">II", 1, 1), struct.pack(">II", 1, 3) + JPEG,
    struct.pack(">II", 2, 1) + JPEG, struct.pack(">II", 4, 0xFFFFFFFF) + JPEG,
    numbered(4, b"no json", JPEG), numbered(4, b"[]", JPEG), numbered(4, b"{}", JPEG),
    numbered(4, b'{"image_type":["image/png"]}', JPEG), numbered(4, b'{"image_type":"image/svg+xml"}', JPEG),
    numbered(4, b'{"image_type":"image/png"}', b""), struct.pack(">II", 3, 9) + b"abc",
    struct.pack(">II", 99, 0) + JPEG,
])  # fmt: skip
def test_what_is_no_preview_is_none(data: bytes) -> None:
    assert parse_binary(data) is None


def test_ids_of_a_preview_are_words_of_bounded_length() -> None:
    head = json.dumps({"image_type": "image/png", "node_id": "n" * 9999, "prompt_id": {"a": 1}})
    assert parse_binary(numbered(4, head.encode(), JPEG)) == Preview("png", JPEG, "n" * 200, "")
