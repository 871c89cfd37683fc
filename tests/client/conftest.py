"""A home with the API served over it, and clients that reach it through a proxy that can break."""

from collections.abc import Iterator

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.streams.conftest import begin, served, services
from tests.streams.served import Served
from vastgui.client import Client
from vastgui.desktop import AppInfo

__all__ = ["begin", "served", "services"]


@pytest.fixture
def proxy(served: Served) -> Iterator[FaultProxy]:
    with FaultProxy(served.port) as made:
        yield made


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Client]:
    """Its requests go through `proxy`."""
    with Client(lambda: AppInfo(1, proxy.port, "secret")) as made:
        yield made
