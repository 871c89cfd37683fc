"""For folders whose tests run loops of their own, in a process that a browser was used in."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def apart_from_the_browser() -> Iterator[None]:
    """Playwright leaves its loop marked as running in this thread, and ours would not start."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
