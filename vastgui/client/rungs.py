"""Three ways to hear of a run, best first: WebSocket, server-sent events, asking again and again.

Each yields the messages of docs/streams.md, or None for a moment without news. Each starts after
`seq` (None: with a snapshot), ends when there is nothing more to come, and raises `Broken` when its
connection breaks, `Refused` when the app says no.
"""

import contextlib
import json
import random
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import httpx
import websocket

from vastgui.client.errors import Broken, Refused
from vastgui.client.link import CONNECT_S, Link, check

SILENT_S = 25.0
"""The app says something every 10 s; after so long a connection is as good as dead."""
FIRST_POLL_S, LAST_POLL_S = 0.25, 5.0
_NO_MORE = 1000

Told = dict[str, Any]
Rung = Callable[[Link, str, int | None, float], Generator[Told | None]]


def over_websocket(
    link: Link, run_id: str, seq: int | None, tick_s: float
) -> Generator[Told | None]:
    address = f"ws{link.url.removeprefix('http')}/ws/workflows/{run_id}{_from(seq)}"
    try:
        socket = websocket.create_connection(
            address,
            timeout=CONNECT_S,
            header=link.headers,
            suppress_origin=True,
            http_no_proxy=["*"],  # HTTP_PROXY is not for us
        )
        with contextlib.closing(socket):
            socket.settimeout(tick_s)
            yield from _frames(socket)
    except (websocket.WebSocketException, OSError) as error:
        raise Broken(str(error)) from error


def _frames(socket: websocket.WebSocket) -> Generator[Told | None]:
    heard_at = time.monotonic()
    while True:
        try:
            opcode, data = socket.recv_data()
        except websocket.WebSocketTimeoutException:
            if time.monotonic() - heard_at > SILENT_S:
                raise
            yield None
            continue
        heard_at = time.monotonic()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            _closed(int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace"))
            return
        yield json.loads(data)


def _closed(code: int, reason: str) -> None:
    """Return when all was said; codes of the API's own are those of HTTP and 4000."""
    if code > 4000:
        raise Refused(reason, status=code - 4000)
    if code != _NO_MORE:
        raise Broken(f"{code} {reason}")


def over_sse(link: Link, run_id: str, seq: int | None, _tick_s: float) -> Generator[Told | None]:
    url = f"{link.url}/events/workflows/{run_id}{_from(seq)}"
    timeout = httpx.Timeout(SILENT_S, connect=CONNECT_S)
    try:
        with link.http.stream("GET", url, headers=link.headers, timeout=timeout) as answer:
            if answer.status_code >= 400:
                answer.read()
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    raise Broken("All seats are taken.")
                check(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):  # always one line
                    yield json.loads(line[6:])
    except httpx.HTTPError as error:
        raise Broken(str(error)) from error


def by_polling(link: Link, run_id: str, _seq: int | None, tick_s: float) -> Generator[Told | None]:
    """An unchanged run costs the app two looks at files; what changes is asked for more often."""
    etag, delay_s = "", FIRST_POLL_S
    while True:
        answer = link.send(
            "GET", f"/workflows/{run_id}", headers={"If-None-Match": etag} if etag else {}
        )
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            delay_s = min(delay_s * 1.5, LAST_POLL_S)
            yield None
        else:
            etag, delay_s = answer.headers.get("ETag", ""), FIRST_POLL_S
            state = answer.json()
            kind = "end" if state["is_terminal"] else "snapshot"
            yield {"type": kind, "seq": state["seq"], "state": state}
        for wait_s in _parts(delay_s * random.uniform(0.8, 1.2), tick_s):  # noqa: S311 -- no secret
            time.sleep(wait_s)
            yield None


def _parts(whole_s: float, part_s: float) -> Iterator[float]:
    while whole_s > 0:
        yield min(part_s, whole_s)
        whole_s -= part_s


def _from(seq: int | None) -> str:
    return "" if seq is None else f"?from={seq}"


RUNGS: tuple[Rung, ...] = (over_websocket, over_sse, by_polling)
