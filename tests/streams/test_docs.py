"""What a reader may meet is written down."""

import re
from pathlib import Path

import pytest

from vastgui.api import hub, reader, stream
from vastgui.client import Client

TEXT = (Path(__file__).parents[2] / "docs" / "streams.md").read_text(encoding="utf-8")
CODES = (
    stream.NORMAL, stream.TOO_BIG, stream.RESTARTS, stream.LATER, stream.NOT_FOUND,
    stream.UNREADABLE, stream.WRONG,
)  # fmt: skip


def test_every_message_and_every_code_is_documented() -> None:
    rows = re.findall(r"^\| `?(\w+)`? \|", TEXT, flags=re.MULTILINE)
    types = {"snapshot", "diff", "end", "ping", "dropped", "gone"}
    heads = {"type", "WebSocket", "method"}
    assert {*types, *map(str, CODES)} == set(rows) - heads
    assert f"({reader.MAX_WAITING} messages piled up)" in TEXT
    assert f"too many streams ({hub.MAX_READERS})" in TEXT


@pytest.mark.parametrize("name", [n for n in vars(Client) if not n.startswith("_")])
def test_every_method_of_the_client_is_documented(name: str) -> None:
    assert re.search(rf"`?\b{name}\b", TEXT) or name == "close"
