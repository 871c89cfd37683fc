"""`box`: a machine of this test's own. `run_step`: one step for real, over SSH to that machine.
`shell`: a session to it whose scripts run in dash, bash or busybox.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd, running_sshd
from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.config import Paths
from vastgui.ssh.address import Address
from vastgui.ssh.hostkeys import HostKeys
from vastgui.ssh.session import Session

SHELLS = {"dash": ("dash",), "bash": ("bash",), "busybox": ("busybox", "sh")}
APPLETS = (
    "awk", "basename", "cat", "chmod", "cmp", "cp", "cut", "date", "df", "dirname", "env", "grep",
    "head", "ln", "mkdir", "mktemp", "mv", "readlink", "rm", "rmdir", "sed", "tr", "uname", "wc",
)  # fmt: skip


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


@pytest.fixture(params=SHELLS)
def shell(
    request: pytest.FixtureRequest, box: Box, box_sshd: Sshd, tmp_path: Path
) -> Iterator[Session]:
    """With busybox not only the shell but all small programs are busybox's."""
    words = SHELLS[request.param]
    found = shutil.which(words[0])
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{words[0]} is not installed")
    for applet in APPLETS if request.param == "busybox" else ():
        (box.bin / applet).symlink_to(str(found))
    known = HostKeys(tmp_path / "host_keys")
    known.trust("box", box_sshd.host_key)
    address = Address("127.0.0.1", box_sshd.port, box_sshd.user)
    key_file = str(box_sshd.key_file)
    with Session(
        address, key_file=key_file, host_keys=known, host_key_name="box", shell=words
    ) as session:
        yield session
