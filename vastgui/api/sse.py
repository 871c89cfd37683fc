"""An answer that goes on: server-sent events until the run has ended or the reader has gone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from vastgui.api.message import Message

SEND_WITHIN_S = 30.0
"""A connection that takes nothing for so long is given up."""
_GONE = (TimeoutError, OSError, WebSocketDisconnect)
"""The reader is gone, or as good as gone."""
_COME_BACK = b"retry: 1000\n\n"


class EventStream(Response):
    """Sends `first`, then what `batches` yields, which is closed here whatever happens."""

    media_type = "text/event-stream"

    def __init__(self, first: list[Message], batches: AsyncGenerator[list[Message]]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._first = first
        self._batches = batches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        try:
            await send(start)
            await first_of(self._sent(send), _left(receive))
        finally:
            await self._batches.aclose()

    async def _sent(self, send: Send) -> None:
        await _send(send, _COME_BACK + _frames(self._first))
        async for messages in self._batches:
            await _send(send, _frames(messages))
        await _send(send, b"", more=False)


def _frames(messages: list[Message]) -> bytes:
    return b"".join(message.frame for message in messages)


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until the first of `works` is done; the others are cancelled. Raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        with contextlib.suppress(*_GONE):
            task.result()


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(SEND_WITHIN_S):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
