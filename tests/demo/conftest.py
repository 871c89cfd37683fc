"""One practice instance for the tests that leave it as it is, and a client for each test."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.demo.client import Client
from vastgui.demo.instance import PracticeInstance


@pytest.fixture(scope="session")
def instance() -> Iterator[PracticeInstance]:
    with PracticeInstance() as running:
        running.wait_for_comfyui()
        yield running


@pytest.fixture
def client(instance: PracticeInstance) -> Iterator[Client]:
    connected = Client(instance)
    with contextlib.closing(connected.transport):
        yield connected
