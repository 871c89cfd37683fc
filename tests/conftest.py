"""Fixtures shared by all tests: a real OpenSSH server on loopback and sessions to it."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.sshd import Sshd, running_sshd
from vastgui.ssh.address import Address
from vastgui.ssh.hostkeys import HostKeys
from vastgui.ssh.session import Session

# timings are never pass or fail: these machines are busy
hypothesis.settings.register_profile(
    "vastgui", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("vastgui")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One server for the whole suite; its HOME is shared, so use names of your own in it."""
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def other_sshd(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """The same user key and HOME, but another host key: "the address was reused"."""
    folder = tmp_path_factory.mktemp("other_sshd")
    with running_sshd(folder, home=sshd.home, key_file=sshd.key_file) as server:
        yield server


@pytest.fixture
def make_session(sshd: Sshd, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """`make_session(port=..., **options)`: sessions to the real sshd, closed after the test.

    The server's host key is trusted, unless `host_keys` is given.
    """
    with contextlib.ExitStack() as opened:

        def make(port: int | None = None, **options: Any) -> Session:
            address = Address("127.0.0.1", port or sshd.port, sshd.user)
            known = HostKeys(tmp_path / "host_keys")
            known.trust("test", sshd.host_key)
            defaults = {
                "key_file": str(sshd.key_file),
                "host_keys": known,
                "host_key_name": "test",
            }
            return opened.enter_context(Session(address, **(defaults | options)))

        yield make


@pytest.fixture
def session(make_session: Callable[..., Session]) -> Session:
    return make_session()


@pytest.fixture
def fault_proxy(sshd: Sshd) -> Iterator[FaultProxy]:
    """A TCP proxy in front of the real sshd that can break in every way a network does."""
    with FaultProxy(sshd.port) as proxy:
        yield proxy


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rows", default="", help="only tests of these rows of docs/reliability.md: R12,S3"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if rows := set(filter(None, config.getoption("--rows").split(","))):
        chosen = [item for item in items if rows & rows_of(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def rows_of(item: pytest.Item) -> set[str]:
    """Those that its markers name, and those its parameters' ids begin with."""
    marked = {row for mark in item.iter_markers("row") for row in mark.args}
    ids = getattr(getattr(item, "callspec", None), "id", "")
    return marked | set(re.findall(r"(?:^|-)([RS]\d+)\b", ids))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: a missing program fails the run instead of hiding tests."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
