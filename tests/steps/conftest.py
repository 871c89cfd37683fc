"""`box`: a machine of this test's own. `run_step`: one step for real, over SSH to that machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd, running_sshd
from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.config import Paths


@pytest.fixture(scope="session")
def box_sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One sshd for all boxes: HOME and PATH of its commands are the box's."""
    root = tmp_path_factory.mktemp("box")
    home = root / "home"
    home.mkdir()
    folder = tmp_path_factory.mktemp("box_sshd")
    with running_sshd(folder, home=home, env=Box.environment(root)) as server:
        yield server


@pytest.fixture
def box(box_sshd: Sshd) -> Box:
    """Fresh for each test: ComfyUI, a Python environment with torch and pip, a GPU that is none."""
    box = Box(box_sshd.home.parent)
    box.build()
    return box


@pytest.fixture
def run_step(
    box: Box, box_sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StepBench:
    """`run_step("set_ui_home", ui_home="/x")` → Ran: .ok .outcome .message .details .state .log"""
    for name in ("CIVITAI_TOKEN", "VAST_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    bench = StepBench(box, box_sshd, Paths.under(tmp_path / "vastgui"))
    bench.prepare()
    return bench
