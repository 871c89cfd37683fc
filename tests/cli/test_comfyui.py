"""comfyui, free and clean, with real runners against a practice ComfyUI."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.sshd import Sshd
from vastgui.config import Paths
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.ssh.address import parse_address
from vastgui.ssh.connections import Connection, Connections
from vastgui.ssh.hostkeys import HostKeys

Vastgui = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server(tmp_path: Path, sshd: Sshd, paths: Paths) -> "PracticeComfy":
    address = parse_address(sshd.ssh_connection)
    connection = Connection(sshd.ssh_connection, key_file=str(sshd.key_file), label="box")
    Connections(paths.connections_file).remember(connection)
    HostKeys(paths.host_keys_file).trust(connection.host_key_name(address), sshd.host_key)
    return PracticeComfy(tmp_path / "comfyui")


def test_comfyui_is_open_until_ctrl_c(server: PracticeComfy, home: Path, vastgui: Vastgui) -> None:
    with server:
        words = ["comfyui", "--on", "box", "--no-browser", "--comfyui-port", str(server.port)]
        command = [sys.executable, "-u", "-m", "vastgui", *words]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"VASTGUI_HOME": str(home)}
        ) as shell:
            assert shell.stdout is not None
            said = iter(shell.stdout.readline, "")
            line = next(line for line in said if "http://localhost:" in line)
            address = re.search(r"http://localhost:\d+", line)
            assert address
            assert "exec_info" in json.load(urlopen(f"{address[0]}/prompt", timeout=10))
            code, again, _ = vastgui(*words)
            assert (code, address[0] in again) == (0, True)
            shell.send_signal(signal.SIGINT)
            assert shell.wait(15) == 0
        with pytest.raises(OSError, match=r"refused|reset|closed connection"):
            urlopen(f"{address[0]}/prompt", timeout=10)
        code, said_then, _ = vastgui("show", "last", "--json")
        assert json.loads(said_then)["status"] == "cancelled"


def test_what_is_no_comfyui_run(vastgui: Vastgui, make_run: Callable[..., object]) -> None:
    make_run()
    code, _, wrong = vastgui("free", "last")
    assert (code, "no run of ComfyUI" in wrong) == (2, True)


def test_a_comfyui_of_this_computer_needs_no_port(vastgui: Vastgui) -> None:
    code, said, _ = vastgui("comfyui", "--on", "local", "--no-browser")
    assert (code, said) == (0, "ComfyUI: http://127.0.0.1:8188\n")
