"""The folders and files of a practice instance, laid out as on a Vast.ai ComfyUI machine."""

import json
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from vastgui.demo import pictures

SHIPPED = Path(__file__).resolve().parent / "box"
"""Files that are copied into the instance, kept as they are there."""

MARK = "PRACTICE_ROOT"
"""Environment variable that every process of an instance carries: its root folder."""

_PLAIN = re.compile(r"[A-Za-z0-9._/-]+\Z")
_MODEL_FOLDERS = (
    "checkpoints", "clip", "clip_vision", "controlnet", "diffusion_models", "embeddings",
    "ESRGAN", "Lora", "loras", "text_encoders", "upscale_models", "vae",
)  # fmt: skip
_MODELS = {
    "checkpoints/practice_v1.safetensors": 4096,
    "checkpoints/practice_xl.safetensors": 4096,
    "checkpoints/v1-5-pruned-emaonly-fp16.safetensors": 4096,  # what the shipped workflows name
    "vae/practice_vae.safetensors": 1024,
    "loras/practice_ink.safetensors": 2048,
    "loras/style/practice_moss.safetensors": 1024,
    "Lora/practice_sky.safetensors": 1024,
    "upscale_models/4x_practice.pth": 2048,
}
_PICTURES = {
    "ComfyUI_00001_.png": (96, 64),
    "ComfyUI_00002_.png": (64, 96),
    "ComfyUI_00003_.png": (640, 480),
    "2026-11-18/portrait_00001_.png": (64, 64),
    "2026-11-18/portrait_00002_.png": (80, 64),
    "2026-11-19/landscape_00001_.png": (512, 384),
}


@dataclass(frozen=True, slots=True)
class Box:
    """Where things are. `comfyui_port` is the loopback port of the ComfyUI stand-in."""

    root: Path
    comfyui_port: int
    instance_id: str
    clone_bytes_per_s: int = 0
    repos: Path = field(init=False)

    def __post_init__(self) -> None:
        # a file:// address may hold plain characters only, so an odd root gets a folder elsewhere
        plain = _PLAIN.match(str(self.root))
        object.__setattr__(self, "repos", self.root / "repos" if plain else _plain_folder())

    @property
    def home(self) -> Path:
        return self.root / "home"

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
    def wheels(self) -> Path:
        return self.root / "wheels"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def alive(self) -> Path:
        """Locked while the program that plays the instance lives."""
        return self.run / "alive"

    @property
    def comfyui_log(self) -> Path:
        return self.root / "var" / "log" / "portal" / "comfyui.log"

    @property
    def environment_file(self) -> Path:
        return self.root / "etc" / "environment"

    @property
    def env_file(self) -> Path:
        return self.workspace / ".env"

    @property
    def search_path(self) -> str:
        git = shutil.which("git")
        found = [Path(git).parent] if git else []
        plain = [Path(p) for p in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")]
        folders = dict.fromkeys([self.root / "bin", *plain, *found])
        return os.pathsep.join(map(str, folders))

    def env(self) -> dict[str, str]:
        """The whole environment of a process in the instance: nothing of this computer's."""
        return {
            "HOME": str(self.home),
            "USER": "root",
            "LOGNAME": "root",
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "PATH": self.search_path,
            "TMPDIR": str(self.root / "tmp"),
            "WORKSPACE": str(self.workspace),
            MARK: str(self.root),
            "PRACTICE_PYTHON": str(self.python),
            "PRACTICE_ALIVE": str(self.alive),
            "PRACTICE_CLONE_BYTES_PER_S": str(self.clone_bytes_per_s),
        }

    def mark_boot(self) -> None:
        """Note the moment of a boot, for `uptime`."""
        (self.run / "booted").touch()
        os.utime(self.run / "booted", (time.time(), time.time()))


def lay_out(box: Box) -> None:
    """Make all folders and files but the Python environment and the repositories."""
    for name in ("home", "tmp", "run", "etc", "workspace", "venv", "wheels"):
        (box.root / name).mkdir(exist_ok=True)
    box.comfyui_log.parent.mkdir(parents=True)
    box.repos.mkdir(exist_ok=True)
    for name in ("bin", "lib"):
        shutil.copytree(SHIPPED / name, box.root / name, ignore=_UNWANTED)
    for program in (box.root / "bin").iterdir():
        program.chmod(0o755)
    _lay_out_comfyui(box.ui_home)
    _write_settings(box)
    box.mark_boot()


def _lay_out_comfyui(ui_home: Path) -> None:
    shutil.copytree(SHIPPED / "comfyui", ui_home, ignore=_UNWANTED)
    (ui_home / "gitignore").rename(ui_home / ".gitignore")
    for name in _MODEL_FOLDERS:
        (ui_home / "models" / name).mkdir(parents=True)
    for name, size_bytes in _MODELS.items():
        _write(ui_home / "models" / name, os.urandom(size_bytes))
    for seed, (name, (width, height)) in enumerate(_PICTURES.items()):
        _write(ui_home / "output" / name, pictures.png(width, height, seed))
    _write(ui_home / "output" / "clips" / "practice_00001.mp4", os.urandom(300_000))
    _write(ui_home / "output" / "_output_images_will_be_put_here", b"")
    (ui_home / "input").mkdir()


def _write_settings(box: Box) -> None:
    box.environment_file.write_text(
        f'PATH="{box.search_path}"\n'
        f'WORKSPACE="{box.workspace}"\n'
        f'DATA_DIRECTORY="{box.workspace}/"\n'
        f'VAST_CONTAINERLABEL="C.{box.instance_id}"\n'
        f'COMFYUI_ARGS="--disable-auto-launch --enable-cors-header --port {box.comfyui_port}"\n'
        'PIP_BREAK_SYSTEM_PACKAGES="1"\n'
    )
    box.env_file.write_text("# Variables of this workspace, read by shells and services\n")
    git = "[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n"
    if box.clone_bytes_per_s:
        hook = json.dumps(f"'{box.python}' -I -S '{box.root}/lib/pack-objects.py'")
        git += f"[uploadpack]\n\tpackObjectsHook = {hook}\n"
    (box.home / ".gitconfig").write_text(git)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _plain_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="vastgui-practice-repos-"))


_UNWANTED = shutil.ignore_patterns("__pycache__", "*.pyc")
