"""A TCP proxy that breaks the way networks do; told from the test what to do and when.

    with FaultProxy(sshd.port) as proxy:
        ... connect to 127.0.0.1:proxy.port ...
        proxy.reset()          # RST on every live connection
        proxy.vanish()         # live ones go silent for ever (half-open), new ones work
        proxy.stall()          # nothing moves, new ones are accepted and say nothing
        proxy.refuse()         # live ones are reset, new ones refused
        proxy.cut_after(5000)  # RST once that many more bytes came from the server
        proxy.heal()           # as new again (what vanished stays gone)

`losses` counts the connections that were broken.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

FAULTS = ("reset", "vanish", "stall", "refuse", "cut_after")
_PIECE = 65536


class FaultProxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target_port` from a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.losses = 0
        self.accepted = 0
        self.forwarded_bytes = 0
        self._pairs: set[_Pair] = set()
        self._cut_after: int | None = None
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen)
        self.heal()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._shut)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def live(self) -> int:
        """Connections that still forward."""
        return sum(not pair.is_gone for pair in tuple(self._pairs))

    def reset(self) -> None:
        self._do(self._reset)

    def vanish(self) -> None:
        self._do(self._vanish)

    def stall(self) -> None:
        self._do(self._stall)

    def refuse(self) -> None:
        self._do(self._refuse)

    def cut_after(self, server_bytes: int) -> None:
        """RST one connection, and only one, after `server_bytes` more from the server."""
        self._cut_after = server_bytes

    def give_up(self) -> None:
        """The far side has waited long enough for what vanished: RST on all there is."""
        self._do(self._give_up)

    def heal(self) -> None:
        self._do(self._heal)

    def break_somehow(self, chance: random.Random) -> str:
        """One fault by chance; returns its name. `heal` it later."""
        fault = chance.choice(FAULTS)
        if fault == "cut_after":
            self.cut_after(chance.randrange(20_000))
        else:
            getattr(self, fault)()
        return fault

    # -- below: inside the loop's thread

    def _do(self, action: Callable[[], object]) -> None:
        async def call() -> None:
            result = action()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    def _close_door(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _shut(self) -> None:
        self._close_door()
        for pair in tuple(self._pairs):
            pair.abort()
        self._open.set()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reset(self) -> None:
        for pair in tuple(self._pairs):
            if not pair.is_gone:
                self.losses += 1
                pair.abort()

    def _vanish(self) -> None:
        for pair in self._pairs:
            if not pair.is_gone:
                self.losses += 1
                pair.is_gone = True

    def _stall(self) -> None:
        self._vanish()  # a client that notices will connect anew: for it this is a loss
        for pair in self._pairs:
            pair.is_gone = False
        self._open.clear()

    def _refuse(self) -> None:
        self._close_door()
        self._reset()

    def _give_up(self) -> None:
        self._close_door()
        for pair in tuple(self._pairs):
            pair.abort()

    async def _heal(self) -> None:
        self._cut_after = None
        self._open.set()
        await self._listen()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        pair = _Pair([writer])
        self._pairs.add(pair)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            pair.writers.append(far_writer)
            up = self._pump(pair, reader, far_writer, from_server=False)
            down = self._pump(pair, far_reader, writer, from_server=True)
            await asyncio.gather(up, down)
        except (OSError, asyncio.CancelledError):
            pass  # broken on purpose, or the test is over
        finally:
            pair.abort()
            self._pairs.discard(pair)

    async def _pump(
        self, pair: "_Pair", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *,
        from_server: bool,
    ) -> None:  # fmt: skip
        while data := await reader.read(_PIECE):
            await self._open.wait()
            while pair.is_gone:
                await asyncio.sleep(3600)
            if from_server:
                data = self._cut(pair, data)
                self.forwarded_bytes += len(data)
            writer.write(data)
            await writer.drain()
            if pair.is_cut:
                pair.abort()
                return
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    def _cut(self, pair: "_Pair", data: bytes) -> bytes:
        left = self._cut_after
        if left is None:
            return data
        if len(data) < left:
            self._cut_after = left - len(data)
            return data
        self._cut_after = None
        self.losses += 1
        pair.is_cut = True
        return data[:left]


class _Pair:
    """A forwarded connection: its two writers."""

    def __init__(self, writers: list[asyncio.StreamWriter]) -> None:
        self.writers = writers
        self.is_gone = False
        self.is_cut = False

    def abort(self) -> None:
        """RST both sides."""
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
