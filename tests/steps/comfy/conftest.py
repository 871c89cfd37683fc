"""`comfy`: one practice ComfyUI. `bench`: runs against it over a real sshd. `local`: without."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd
from tests.steps.comfy.bench import ComfyBench
from vastgui.config import Paths
from vastgui.demo.comfy import PracticeComfy


@pytest.fixture(scope="session")
def the_comfy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeComfy]:
    with PracticeComfy(tmp_path_factory.mktemp("comfy")) as server:
        yield server


@pytest.fixture
def comfy(the_comfy: PracticeComfy) -> PracticeComfy:
    """It runs, and nothing is wrong with it yet."""
    if not the_comfy.pid:
        the_comfy.start()
    the_comfy.clear_faults()
    return the_comfy


@pytest.fixture
def bench(comfy: PracticeComfy, sshd: Sshd, tmp_path: Path) -> ComfyBench:
    paths = Paths.under(tmp_path / "vastgui")
    return ComfyBench.over_ssh(paths, comfy.port, sshd.ssh_connection, sshd.key_file, sshd.host_key)


@pytest.fixture
def local(comfy: PracticeComfy, tmp_path: Path) -> ComfyBench:
    return ComfyBench(Paths.under(tmp_path / "vastgui").ensure(), comfy.port)


@pytest.fixture
def fresh() -> int:
    """A colour nobody used: what was made before is served from ComfyUI's cache."""
    return int.from_bytes(os.urandom(3))
