"""Many readers of one run in a process of its own: `python -m tests.bench.stream_readers` PORT RUN
WS SSE, the secret on stdin. Prints, for each reader, what came and when, once all have their end.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

import aiohttp

Came = list[tuple[str, int, float]]
"""Type, number and wall time of each message."""


async def over_websocket(session: aiohttp.ClientSession, url: str) -> AsyncIterator[str]:
    async with session.ws_connect(url.replace("http", "ws", 1), max_msg_size=0) as socket:
        async for message in socket:
            yield message.data


async def over_sse(session: aiohttp.ClientSession, url: str) -> AsyncIterator[str]:
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=None)) as answer:
        rest = b""
        async for piece in answer.content.iter_any():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    yield line[6:].decode()


async def read(told: AsyncIterator[str]) -> Came:
    came: Came = []
    async for text in told:
        at = time.time()
        message = json.loads(text)
        if message["type"] != "ping":
            came.append((message["type"], message.get("seq"), at))
        if message["type"] == "snapshot":
            print("joined", flush=True)
    return came


async def main(port: str, run_id: str, sockets: str, streams: str) -> None:
    base = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {sys.stdin.readline().strip()}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        readers = [
            *(
                over_websocket(session, f"{base}/ws/workflows/{run_id}")
                for _ in range(int(sockets))
            ),
            *(over_sse(session, f"{base}/events/workflows/{run_id}") for _ in range(int(streams))),
        ]
        print(json.dumps(await asyncio.gather(*(read(told) for told in readers))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
