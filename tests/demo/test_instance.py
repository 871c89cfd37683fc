"""A practice instance comes up quickly, anywhere, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.demo.client import Client
from tests.waiting import wait_until
from vastgui.demo import repos
from vastgui.demo.instance import PracticeInstance
from vastgui.errors import StorageError

PROJECT = Path(__file__).resolve().parents[2]


def test_nothing_is_left(tmp_path: Path, client: Client) -> None:
    threads, descriptors = set(threading.enumerate()), psutil.Process().num_fds()
    with PracticeInstance() as own:
        root, processes, port = own.box.root, own.processes, own.box.comfyui_port
        guest = Client(own)
        guest.start("setsid sh -c 'sleep 300' &")
        guest.start("while :; do echo y; done")
        guest.start("trap '' TERM HUP; sleep 300")
        guest.start("env -u PRACTICE_ALIVE python3 -c 'import time; time.sleep(300)'")
        wait_until(lambda: len(processes.living()) >= 4)
    guest.transport.close()
    assert processes.living() == []
    assert not root.exists()
    wait_until(lambda: set(threading.enumerate()) <= threads)
    wait_until(lambda: psutil.Process().num_fds() <= descriptors)
    assert not _listening(port)


def test_a_root_with_spaces_and_signs(tmp_path: Path, client: Client) -> None:
    root = tmp_path / "my practice, (box) ä"
    with PracticeInstance(root) as own:
        own.wait_for_comfyui()
        guest = Client(own)
        with contextlib.closing(guest.transport):
            python, ui_home = own.variables["python"], own.variables["ui_home"]
            assert guest.sh(f"'{python}' -m pip install civitdl").code == 0
            assert guest.sh(f"'{own.variables['venv']}/bin/civitdl' --version").code == 0
            pack = own.node_repos[0]
            clone = f"git clone -- {pack['url']} '{ui_home}/custom_nodes/{pack['name']}'"
            assert guest.sh(clone).code == 0
            assert guest.sh("supervisorctl restart comfyui").code == 0
            assert guest.sh("uptime -s && nvidia-smi").code == 0
            sourced = f". '{own.variables['environment_file']}' && echo $WORKSPACE"
            assert guest.sh(sourced).stdout.strip() == own.variables["workspace"]
        repos_folder = own.box.repos
    assert (root / "workspace").exists()  # the caller's folder is the caller's
    assert not repos_folder.exists()


def test_clones_can_be_slowed_down(client: Client) -> None:
    with PracticeInstance(clone_bytes_per_s=8_000_000) as own:
        guest = Client(own)
        with contextlib.closing(guest.transport):
            url = next(pack["url"] for pack in own.node_repos if "Samples" in pack["name"])
            started = time.monotonic()
            assert guest.sh(f"git clone --quiet --depth 1 -- {url} slow").code == 0
            assert time.monotonic() - started > 0.4  # 5 MB


def test_two_at_once_do_not_meet() -> None:
    with PracticeInstance() as one, PracticeInstance() as other:
        assert one.ssh_port != other.ssh_port
        assert one.secrets != other.secrets
        assert one.instance_id != other.instance_id
        one.go_down()
        assert other.processes.living()
        other.wait_for_comfyui()


def test_works_without_root(tmp_path: Path) -> None:
    """As a user who owns nothing but a temporary folder."""
    script = (
        "import os, sys\n"
        "from vastgui.demo.instance import PracticeInstance\n"
        "assert os.getuid() != 0\n"
        "with PracticeInstance() as own:\n"
        "    own.wait_for_comfyui()\n"
        "print('worked', flush=True)\n"
    )
    command, temporary = [sys.executable, "-c", script], tmp_path
    if os.getuid() == 0:
        python, setpriv = _python_for_all(), shutil.which("setpriv")
        if not python or not setpriv:
            pytest.skip("root, and no setpriv or no Python that others may start")
        temporary = Path(tempfile.mkdtemp(prefix="nobody-", dir="/tmp"))
        os.chown(temporary, 65534, 65534)
        drop = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
        command = [*drop, python, "-c", script]
    modules = tmp_path / "modules"
    if temporary is not tmp_path:  # the project may lie where only root can read
        modules = temporary / "modules"
    copy_modules(modules)
    env = os.environ | {"TMPDIR": str(temporary), "HOME": str(temporary)}
    env["PYTHONPATH"] = str(modules)
    try:
        done = subprocess.run(
            command, env=env, cwd="/", capture_output=True, text=True, timeout=120, check=False
        )
        assert done.stdout == "worked\n", done.stderr
        assert list(temporary.glob("vastgui-practice-*")) == []
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


class TestProgram:
    """`python -m vastgui.demo`"""

    @pytest.fixture
    def program(self, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
        with subprocess.Popen(
            [sys.executable, "-m", "vastgui.demo"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(tmp_path)},
            cwd=PROJECT,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def test_prints_how_to_log_in_and_ends_at_ctrl_c(
        self, program: "subprocess.Popen[str]", tmp_path: Path
    ) -> None:
        told = _first_lines(program)
        assert told[0].startswith("connection:  root@127.0.0.1:")
        assert "-i '" in told[2]
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0
        assert list(tmp_path.iterdir()) == []

    def test_killed_its_comfyui_ends_and_the_next_cleans_up(
        self, program: "subprocess.Popen[str]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _first_lines(program)
        (root,) = tmp_path.glob("vastgui-practice-*")
        comfyui = [c for c in psutil.Process(program.pid).children() if "main.py" in c.cmdline()]
        program.kill()
        program.wait(30)
        psutil.wait_procs(comfyui, timeout=30)
        assert comfyui
        assert not any(process.is_running() for process in comfyui)
        an_hour_ago = time.time() - 3600
        os.utime(root / "run" / "alive", (an_hour_ago, an_hour_ago))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with PracticeInstance():
            assert not root.exists()


def test_no_git_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="git was not found"):
        repos.commit_folder(tmp_path, "x", {"PATH": str(tmp_path)})


def test_start_takes_a_moment_only() -> None:
    started = time.perf_counter()
    with PracticeInstance() as own:
        took_s = time.perf_counter() - started
        own.wait_for_comfyui()
    assert took_s < 5  # measured: 0.4 s; the machines of the tests are busy


def _first_lines(program: "subprocess.Popen[str]") -> list[str]:
    """All that it prints when it has started."""
    assert program.stdout is not None
    return [program.stdout.readline() for _ in range(7)]


def _listening(port: int) -> bool:
    return any(
        link.laddr and link.laddr.port == port and link.status == psutil.CONN_LISTEN
        for link in psutil.net_connections("tcp4")
    )


def copy_modules(target: Path) -> None:
    """What the practice instance imports, where every user can read it."""
    code = (
        "import sys; import vastgui.demo.instance; import vastgui.demo.comfy.start; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    wanted = {name.lower() for name in said.stdout.split()} | {"pillow"}
    wanted -= {"_distutils_hack", "vastgui"}
    target.mkdir(mode=0o755)
    shutil.copytree(PROJECT / "vastgui", target / "vastgui")
    for found in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(found).iterdir():
            name = entry.name.partition("-" if entry.suffix == ".dist-info" else ".")[0]
            if name.lower() in wanted:
                copy = shutil.copytree if entry.is_dir() else shutil.copy
                copy(entry, target / entry.name)
    for entry in [target, *target.rglob("*")]:
        entry.chmod(0o755 if entry.is_dir() else 0o644)


def _python_for_all() -> str | None:
    """A Python of this version that every user may start: root's own may lie in /root."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/local/bin/{version}", f"/usr/bin/{version}"):
        real = Path(python).resolve()
        if real.exists() and all(folder.stat().st_mode & 0o001 for folder in real.parents):
            return str(real)
    return None
