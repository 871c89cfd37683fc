"""However its app dies, a run goes on."""

from pathlib import Path

import pytest

from tests.chaos.deaths import DEATHS, outlived


@pytest.mark.row("R2")
@pytest.mark.parametrize("death", DEATHS)
def test_a_run_outlives_its_app(
    death: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    assert outlived(tmp_path / "runs", death) == ""
