"""Every recorded socket of a real ComfyUI, played again to the listener over a real WebSocket."""

import base64
import json
import uuid
from typing import Any

import pytest

from tests.comfy.client.servers import Line, Server, frame, recording, recordings
from tests.waiting import wait_until
from vastgui.comfy.dial import local_dial
from vastgui.comfy.frames import KNOWN_TYPES
from vastgui.comfy.listener import Listener
from vastgui.comfy.messages import Message, NodeText, Preview


def sockets(name: str) -> dict[str, list[dict[str, Any]]]:
    """The frames the server sent, per socket of the recording."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in recording(name):
        if row["kind"] == "ws":
            found.setdefault(row["ws"], []).append(row)
    return found


def as_said(row: dict[str, Any]) -> bytes:
    """The frame; of pictures only the first bytes were recorded, the rest is made up."""
    if "json" in row:
        return frame(json.dumps(row["json"]))
    said = row["bin"]
    if "full_b64" in said:
        return frame(base64.b64decode(said["full_b64"]))
    start = base64.b64decode(said["header_b64"]) + base64.b64decode(said["payload_first_b64"])
    return frame(start + b"\0" * (said["len"] - len(start)))


def is_for_us(row: dict[str, Any]) -> bool:
    return "bin" in row or row["json"]["type"] in KNOWN_TYPES


def heard_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """What should come out of the listener for this frame."""
    if "json" in row:
        return row["json"]["type"], row["json"]["data"]
    said = row["bin"]
    if said["event"] == 3:
        return ("text",)
    metadata = said.get("metadata", {})
    kind = metadata.get("image_type") or {1: "image/jpeg", 2: "image/png"}[said["image_type"]]
    return "preview", kind, metadata.get("prompt_id", "")


def summary(message: Message | Preview | NodeText) -> tuple[Any, ...]:
    match message:
        case Message(type=kind, data=data):
            return kind, data
        case Preview(image_type=kind, prompt_id=prompt_id):
            return "preview", f"image/{kind}", prompt_id
    return ("text",)


def said_to_a_listener(rows: list[dict[str, Any]], count: int) -> list[tuple[Any, ...]]:
    """Play `rows` to a listener until it heard `count` messages."""
    heard: list[Message | Preview | NodeText] = []

    def serve(line: Line) -> None:
        line.shake_hands()
        assert json.loads(line.heard()[1])["type"] == "feature_flags"
        for row in rows:
            line.say(as_said(row))
        line.wait_for_goodbye()

    with Server(serve) as server:
        dial = local_dial("127.0.0.1", server.port)
        with Listener(dial, str(uuid.uuid4()), heard.append) as listener:
            wait_until(lambda: len(heard) >= count, every_s=0.002, what="all was heard")
            assert listener.connections == 1
    return [summary(message) for message in heard]


@pytest.mark.parametrize("name", [name for name in recordings() if sockets(name)])
def test_a_recorded_socket_is_heard_to_its_end(name: str) -> None:
    for rows in sockets(name).values():
        wanted = [heard_of(row) for row in rows if is_for_us(row)]
        assert said_to_a_listener(rows, len(wanted)) == wanted
