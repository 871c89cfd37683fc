"""Fifty readers of one busy run for a minute: exactly once, how late, and what it costs the app."""

from pathlib import Path

import psutil
import pytest

from tests.app.scribe import Scribe
from tests.bench.stream_load import stream_load
from tests.e2e.conftest import App
from vastgui.desktop import read_info

pytestmark = pytest.mark.bench
SECONDS = 60.0
MAX_GROWTH_MIB = 16


def test_fifty_readers_for_a_minute(tmp_path: Path) -> None:
    app = App(tmp_path / "home")
    app.start()
    try:
        process, info = (
            psutil.Process(app._process.pid if app._process else 0),
            read_info(app.paths),
        )
        assert info
        stream_load(Scribe(app.paths.runs, "warm", "a@b:1"), app.port, info.secret, seconds=3)
        before_mib, cpu = process.memory_info().rss / 2**20, process.cpu_times()
        load = stream_load(
            Scribe(app.paths.runs, "busy", "a@b:1"), app.port, info.secret, seconds=SECONDS
        )
        after_mib, used = process.memory_info().rss / 2**20, process.cpu_times()
    finally:
        assert app.end() == 0
    cpu_s = used.user + used.system - cpu.user - cpu.system
    print(f"\n{load}; app {before_mib:.0f} -> {after_mib:.0f} MiB, {cpu_s / SECONDS:.0%} of a core")
    assert load.faults == []
    assert after_mib - before_mib < MAX_GROWTH_MIB
