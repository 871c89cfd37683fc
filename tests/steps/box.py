"""A rented machine in miniature: folders laid out like a Vast box, stand-ins for its programs."""

import contextlib
import importlib.util
import os
import shutil
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from vastgui.config import assets_dir
from vastgui.templates import load_actions
from vastgui.templates.params import step_params
from vastgui.templates.variables import resolve

TORCH = """
__version__ = "2.8.0+cu128"
class version:
    cuda = "12.8"
class cuda:
    @staticmethod
    def is_available():
        return True
    @staticmethod
    def get_device_name(index):
        return "NVIDIA GeForce RTX 4090"
"""
NVIDIA_SMI = """#!/bin/sh
echo "NVIDIA GeForce RTX 4090, 24564"
"""
CIVITDL = {
    "civitdl/__init__.py": "",
    "civitdl/__main__.py": "def main():\n    print('usage: civitdl')\n",
    "civitconfig/__init__.py": "",
    "civitconfig/data/__init__.py": "",
    "civitconfig/data/config/__init__.py": "",
    "civitconfig/data/config/config.py": (
        "DEFAULT_CONFIG = {'version': '1', 'default': {'sorter': 'basic', 'api_key': ''},"
        " 'sorters': [['basic', '', 'basic']], 'aliases': []}\n"
    ),
}


@dataclass(frozen=True)
class Box:
    """One test's machine. It is emptied and built anew for each test."""

    root: Path
    """Holds home, bin (first in PATH), workspace, venv, etc, var and wheels."""

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def ui_home(self) -> Path:
        return self.workspace / "ComfyUI"

    @property
    def venv(self) -> Path:
        return self.root / "venv" / "main"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next((self.venv / "lib").glob("python*")) / "site-packages"

    @property
    def env_file(self) -> Path:
        return self.workspace / ".env"

    @property
    def environment_file(self) -> Path:
        return self.root / "etc" / "environment"

    @property
    def comfyui_log(self) -> Path:
        return self.root / "var" / "log" / "portal" / "comfyui.log"

    @property
    def wheels(self) -> Path:
        return self.root / "wheels"

    @property
    def variables(self) -> dict[str, Any]:
        """The template variables that fit this machine."""
        return {
            "workspace": str(self.workspace),
            "venv": str(self.venv),
            "environment_file": str(self.environment_file),
            "comfyui_log": str(self.comfyui_log),
        }

    def params(
        self, action: str, given: Mapping[str, Any], *, needed: bool = True
    ) -> dict[str, Any]:
        """What a plan for this machine hands to the step: `given`, else the action's defaults."""
        actions = load_actions(assets_dir())
        values = resolve(actions.variables, self.variables)
        return step_params(actions[action], given, values, f"step 1 ({action})", needed=needed)

    def program(self, name: str, text: str) -> Path:
        """Put an executable into the machine's PATH."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def module(self, name: str, text: str) -> Path:
        """Put a package into the machine's Python environment."""
        path = self.site_packages / name / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def wheel(self, name: str, version: str, files: Mapping[str, str], scripts: str = "") -> Path:
        """Make a package that pip can install on this machine (there is no other source)."""
        info = f"{name}-{version}.dist-info"
        entries = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": scripts,
        }
        record = "".join(f"{path},,\n" for path in [*entries, f"{info}/RECORD"])
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for inner, text in {**entries, f"{info}/RECORD": record}.items():
                archive.writestr(inner, text)
        return path

    def build(self) -> None:
        """Make the machine as it is on the first day."""
        for old in self.root.iterdir() if self.root.exists() else ():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        for folder in (self.home, self.bin, self.wheels, self.environment_file.parent):
            folder.mkdir(parents=True)
        self.comfyui_log.parent.mkdir(parents=True)
        self.comfyui_log.touch()
        for name in ("custom_nodes", "output", "models"):
            (self.ui_home / name).mkdir(parents=True)
        (self.ui_home / "main.py").write_text("print('ComfyUI')\n")
        self.environment_file.write_text(f'PATH="{os.environ["PATH"]}"\nLANG="C.UTF-8"\n')
        self.env_file.write_text("HF_HOME=/workspace/hf\n")
        self.program("nvidia-smi", NVIDIA_SMI)
        venv.EnvBuilder(symlinks=True, with_pip=False).create(self.venv)
        _lend_pip(self.site_packages)
        self.module("torch", TORCH)
        self.wheel(
            "civitdl", "2.2.0", CIVITDL, "[console_scripts]\ncivitdl=civitdl.__main__:main\n"
        )

    @classmethod
    def environment(cls, root: Path) -> dict[str, str]:
        """What sshd sets for commands on the machine under `root`."""
        return {
            "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(root / "wheels"),
            "PIP_CONFIG_FILE": os.devnull,
        }


def _lend_pip(site_packages: Path) -> None:
    """The pip of these tests, lent by a link: installing it would take seconds a test."""
    spec = importlib.util.find_spec("pip")
    assert spec, f"{sys.executable} has no pip"
    assert spec.submodule_search_locations
    (site_packages / "pip").symlink_to(next(iter(spec.submodule_search_locations)))


class Civitai(BaseHTTPRequestHandler):
    """Answers /api/v1/models as Civitai does, or with another `status`."""

    status: ClassVar[int] = 200

    def do_GET(self) -> None:
        status = self.status if self.path.startswith("/api/v1/models?") else 404
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"items": []}')

    def log_message(self, *_: object) -> None:
        """Tests stay quiet."""


@contextlib.contextmanager
def civitai(status: int = 200) -> Iterator[str]:
    """The address of a Civitai on loopback."""
    handler = type("Handler", (Civitai,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
