"""A TCP proxy that delays every byte: a far away instance, on this computer."""

import asyncio
import contextlib
import threading
from typing import Self

_PIECE = 1 << 18
_AHEAD = 256 << 20


class FarLink:
    """Forwards 127.0.0.1:`port` to `target_port`; a round trip takes `round_trip_s` longer."""

    def __init__(self, target_port: int, round_trip_s: float) -> None:
        self.port = 0
        self._target_port = target_port
        self._delay_s = round_trip_s / 2
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="far-link")

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_PIECE)
        server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port = int(server.sockets[0].getsockname()[1])
        self._server = server
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _shut(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(
            "127.0.0.1", self._target_port, limit=_PIECE
        )
        there, back = self._carry(reader, far_writer), self._carry(far_reader, writer)
        with contextlib.suppress(
            OSError, asyncio.CancelledError
        ):  # asyncio prints what leaves here
            await asyncio.gather(there, back)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Each piece leaves `delay_s` after it came; what is on its way does not wait for it."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_AHEAD // _PIECE)
        arriving = asyncio.create_task(self._arrive(underway, writer))
        try:
            while data := await reader.read(_PIECE):
                await underway.put((self._loop.time() + self._delay_s, data))
            await underway.put((self._loop.time() + self._delay_s, b""))
            await arriving
        finally:
            arriving.cancel()
            writer.close()

    async def _arrive(
        self, underway: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        while True:
            at, data = await underway.get()
            if (left_s := at - self._loop.time()) > 0:
                await asyncio.sleep(left_s)
            if not data:
                return
            writer.write(data)
            await writer.drain()
