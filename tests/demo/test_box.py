"""What a step finds on the practice instance, asked over SSH."""

import json
import struct
import zlib
from typing import Any
from urllib.request import urlopen

from tests.demo.client import Client
from tests.waiting import wait_until
from vastgui.demo import pictures
from vastgui.demo.instance import PracticeInstance

NOISY = 3_000_000


def test_folders_of_a_vast_machine(client: Client, instance: PracticeInstance) -> None:
    v = instance.variables
    for path in (v["ui_home"] + "/main.py", v["env_file"], v["environment_file"], v["comfyui_log"]):
        assert client.sh(f"test -f '{path}'").code == 0, path
    sourced = client.sh(f". '{v['environment_file']}'; echo $WORKSPACE").stdout.strip()
    assert sourced == v["workspace"]
    names = client.sh(f"cd '{v['ui_home']}' && git status --porcelain && ls output models").stdout
    assert {"ComfyUI_00001_.png", "2026-11-19", "loras", "Lora", "ESRGAN"} <= set(names.split())


def test_gpu_name_host_name_and_uptime(client: Client) -> None:
    query = "nvidia-smi --query-gpu=name,memory.total --format=csv,noheader"
    assert client.sh(query).stdout == "NVIDIA GeForce RTX 4090, 24564 MiB\n"
    assert client.sh(query + ",nounits").stdout == "NVIDIA GeForce RTX 4090, 24564\n"
    assert client.sh("nvidia-smi --query-gpu=nosuch --format=csv").code == 2
    assert "NVIDIA-SMI" in client.sh("nvidia-smi").stdout
    assert client.sh("hostname").stdout == "vast-practice\n"
    assert client.sh("uptime -s").code == 0


def test_pip_installs_local_wheels_and_nothing_else(
    client: Client, instance: PracticeInstance
) -> None:
    python = f"'{instance.variables['python']}'"
    assert client.sh(f"{python} -m pip install civitdl practice-geometry").code == 0
    assert client.sh(f"{python} -c 'import practice_units'").code == 0
    missing = client.sh(f"{python} -m pip install requests")
    assert missing.code == 1
    assert "No matching distribution found for requests" in missing.stderr


def test_civitdl_keeps_its_key_where_the_real_one_does(
    client: Client, instance: PracticeInstance
) -> None:
    venv = instance.variables["venv"]
    client.sh(f"'{venv}/bin/python' -m pip install civitdl")
    assert client.sh(f"'{venv}/bin/civitdl' --version").stdout == "civitdl v2.1.2\n"
    assert client.sh(f"'{venv}/bin/civitdl' --help").code == 0
    shown = client.sh(f"'{venv}/bin/civitconfig' default --api-key abc123").stdout
    assert "abc123" not in shown
    config = json.loads(client.sh("cat ~/.config/civitdl/config.json").stdout)
    assert config["default"]["api_key"] == "abc123"


def test_torch_sees_a_gpu(client: Client, instance: PracticeInstance) -> None:
    script = "import torch; print(torch.__version__, torch.cuda.is_available(), torch.version.cuda)"
    told = client.sh(f"'{instance.variables['python']}' -c '{script}'").stdout
    assert told == "2.9.1+cu128 True 12.8\n"


def test_packs_are_cloned_imported_and_repaired(client: Client, instance: PracticeInstance) -> None:
    """The road of the whole template: clone, restart, read the log, install by package name."""
    v, custom_nodes = instance.variables, instance.box.ui_home / "custom_nodes"
    for pack in instance.node_repos:
        clone = f"git clone --progress -- '{pack['url']}' '{custom_nodes}/{pack['name']}'"
        ended = client.sh(clone)
        assert ended.code == 0, ended.stderr
        if pack["name"] == "ComfyUI-Practice-Samples":
            assert ended.stderr.count("Receiving objects:") > 50
        if commit := pack.get("commit"):
            assert (
                client.sh(f"git -C '{custom_nodes}/{pack['name']}' checkout -q {commit}").code == 0
            )
        requirements = custom_nodes / pack["name"] / "requirements.txt"
        if requirements.exists():
            pip = f"'{v['python']}' -m pip install -r '{requirements}'"
            assert client.sh(pip).code == 0

    assert (
        client.sh("supervisorctl restart comfyui").stdout == "comfyui: stopped\ncomfyui: started\n"
    )
    instance.wait_for_comfyui()
    log = instance.box.comfyui_log.read_text()
    assert "ModuleNotFoundError: No module named 'cv2'" in log
    assert f"(IMPORT FAILED): {custom_nodes}/ComfyUI-Practice-Vision" in log
    assert log.count("IMPORT FAILED") == 1
    assert f"To see the GUI go to: http://127.0.0.1:{v['comfyui_port']}" in log
    assert "PracticeEdges" not in _object_info(client, v["comfyui_port"])

    package = instance.module_packages["cv2"]
    assert client.sh(f"'{v['python']}' -m pip install {package}").code == 0
    client.sh("supervisorctl restart comfyui")
    instance.wait_for_comfyui()
    assert "IMPORT FAILED" not in instance.box.comfyui_log.read_text()
    assert "IMPORT FAILED" in instance.box.comfyui_log.with_name("comfyui.log.old").read_text()
    found = _object_info(client, v["comfyui_port"])
    assert {"PracticeEdges", "PracticeSample", "PracticeFitSize", "KSampler"} <= set(found)
    assert found["PracticeEdges"]["python_module"] == "custom_nodes.ComfyUI-Practice-Vision"


def _object_info(client: Client, port: str) -> dict[str, Any]:
    channel = client.transport.open_channel(
        "direct-tcpip", ("127.0.0.1", int(port)), ("127.0.0.1", 0)
    )
    channel.settimeout(30)
    channel.sendall(b"GET /object_info HTTP/1.0\r\n\r\n")
    found: dict[str, Any] = json.loads(
        b"".join(iter(lambda: channel.recv(65_536), b"")).split(b"\r\n\r\n", 1)[1]
    )
    return found


class TestSupervisor:
    def test_status_stop_start(self, client: Client, instance: PracticeInstance) -> None:
        assert "RUNNING   pid" in client.sh("supervisorctl status comfyui").stdout
        assert client.sh("supervisorctl stop comfyui").stdout == "comfyui: stopped\n"
        stopped = client.sh("supervisorctl status comfyui")
        assert (stopped.code, "STOPPED" in stopped.stdout) == (3, True)
        assert client.sh("supervisorctl start comfyui").stdout == "comfyui: started\n"
        instance.wait_for_comfyui()

    def test_unknown_program(self, client: Client) -> None:
        assert client.sh("supervisorctl restart nosuch").code == 1

    def test_a_killed_program_comes_back(self, client: Client, instance: PracticeInstance) -> None:
        wait_until(lambda: instance.supervisor.program.pid)
        killed = instance.supervisor.program.pid
        client.sh(f"kill -9 {killed}")
        wait_until(lambda: instance.supervisor.program.pid not in (0, killed))
        instance.wait_for_comfyui()


def test_its_comfyui_makes_pictures_with_a_node_of_a_pack(
    client: Client, instance: PracticeInstance
) -> None:
    pack = next(pack for pack in instance.node_repos if "Text" in pack["name"])
    target = instance.box.ui_home / "custom_nodes" / pack["name"]
    if not target.exists():
        client.sh(f"git clone -q -- '{pack['url']}' '{target}'")
    client.sh("supervisorctl restart comfyui")
    instance.wait_for_comfyui()
    size = {"width": 64, "height": 64}
    prompt = {
        "1": {"class_type": "PracticeJoinText", "inputs": {"first": "sea", "second": "dawn"}},
        "2": {
            "class_type": "PracticeLandscape",
            "inputs": {"text": ["1", 0], "seed": 5, **size},
        },
        "3": {
            "class_type": "SaveImage",
            "inputs": {"images": ["2", 0], "filename_prefix": "made/sea"},
        },
    }
    url = f"http://127.0.0.1:{instance.variables['comfyui_port']}"
    with urlopen(f"{url}/prompt", json.dumps({"prompt": prompt}).encode()) as answer:
        assert json.load(answer)["node_errors"] == {}
    made = instance.box.ui_home / "output" / "made" / "sea_00001_.png"
    wait_until(lambda: made.exists() and made.read_bytes().endswith(b"IEND\xaeB`\x82"))


def test_pictures_are_valid_png() -> None:
    data = pictures.png(20, 10, seed=3)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, rest = {}, data[8:]
    while rest:
        length, kind = struct.unpack(">I4s", rest[:8])
        chunks[kind] = rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length])[0] == zlib.crc32(
            rest[4 : 8 + length]
        )
        rest = rest[12 + length :]
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (20, 10)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 10 * (1 + 3 * 20)
