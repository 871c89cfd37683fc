from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.rig import Rig


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path))
    rig = Rig(tmp_path / "data" / "runs")
    yield rig
    rig.close()
