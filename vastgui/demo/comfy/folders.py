"""Where models, inputs and outputs are, and how a saved file is numbered."""

import mimetypes
import os
import re
import shutil
import time
from pathlib import Path

MODEL_FOLDERS = (
    "checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models", "clip_vision",
    "style_models", "embeddings", "diffusers", "vae_approx", "controlnet", "gligen",
    "upscale_models", "custom_nodes", "hypernetworks", "photomaker", "classifiers",
    "model_patches", "audio_encoders",
)  # fmt: skip
_SEVERAL = {
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("unet", "diffusion_models"),
    "controlnet": ("controlnet", "t2i_adapter"),
}
_SAVED = {
    "checkpoints": "checkpoints",
    "loras": "loras",
    "vae": "vae",
    "diffusion_models": "diffusion_models",
    "text_encoders": "clip",
}
"""Models that nodes can save, and where below output/."""
_WEIGHTS = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
_IMAGES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".svg", ".tif", ".tiff"}


class Folders:
    """The folders of one ComfyUI. `base` is where main.py is."""

    def __init__(self, base: Path, **given: str | None) -> None:
        self.base = base
        self.output = Path(given.get("output") or base / "output")
        self.input = Path(given.get("input") or base / "input")
        # the real one puts "temp" below the folder it is given
        self.temp = Path(given.get("temp") or base) / "temp"
        self.user = Path(given.get("user") or base / "user")

    def prepare(self) -> None:
        """Empty temp/ as each start does, and make what is missing."""
        shutil.rmtree(self.temp, ignore_errors=True)
        for folder in (self.output, self.input, self.temp, self.user):
            folder.mkdir(parents=True, exist_ok=True)

    def of_type(self, kind: str) -> Path | None:
        found: Path | None = {"output": self.output, "input": self.input, "temp": self.temp}.get(
            kind
        )
        return found

    def model_paths(self, name: str) -> list[str]:
        """The folders that hold models called `name`, as /internal/folder_paths lists them."""
        if name == "custom_nodes":
            return [str(self.base / "custom_nodes")]
        models = self.base / "models"
        found = [models / folder for folder in _SEVERAL.get(name, (name,))]
        if name in _SAVED:
            found.append(self.output / _SAVED[name])
        return [str(folder) for folder in found]

    def names(self, model_folder: str) -> list[str]:
        """All models below `model_folder`, with their subfolder."""
        found = set()
        for folder in self.model_paths(model_folder):
            for where, _, files in os.walk(folder, followlinks=True):
                for file in files:
                    if Path(file).suffix.lower() in _WEIGHTS:
                        found.add(os.path.relpath(os.path.join(where, file), folder))
        return sorted(found)

    def inputs(self, what: str) -> list[str]:
        """The names in input/ that a loader of `what` ("image", "audio", "files") offers."""
        if not self.input.is_dir():
            return []
        files = [entry.name for entry in self.input.iterdir() if entry.is_file()]
        return sorted(name for name in files if what == "files" or _is(name, what))

    def annotated(self, name: str) -> Path:
        """The file that a loader's value `name` stands for: "a.png", "a.png [temp]"."""
        for kind in ("output", "input", "temp"):
            if name.endswith(f" [{kind}]"):
                return (self.of_type(kind) or self.input) / name.removesuffix(f" [{kind}]")
        return self.input / name

    def numbered(self, prefix: str, kind: str, size: tuple[int, int]) -> tuple[Path, str, int, str]:
        """Folder, name, first free number and subfolder of files saved as `prefix`.

        Raises a plain `Exception`, as the real one does, when the folder would be outside.
        """
        root = self.of_type(kind) or self.output
        prefix = _filled(prefix, size)
        subfolder, name = os.path.split(os.path.normpath(prefix))
        folder = root / subfolder
        if os.path.commonpath([root, os.path.abspath(folder)]) != str(root):
            raise Exception(  # noqa: TRY002 - its type is told to the client
                "**** ERROR: Saving image outside the output folder is not allowed.\n"
                f" full_output_folder: {os.path.abspath(folder)}\n"
                f"         output_dir: {root}\n"
                f"         commonpath: {os.path.commonpath([root, os.path.abspath(folder)])}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        return folder, name, _next_number(folder, name), subfolder


def _is(name: str, what: str) -> bool:
    if what == "image" and Path(name).suffix.lower() in _IMAGES:
        return True
    return (mimetypes.guess_type(name)[0] or "").startswith(f"{what}/")


def _filled(prefix: str, size: tuple[int, int]) -> str:
    now = time.localtime()
    for token, value in {
        "%width%": str(size[0]), "%height%": str(size[1]), "%year%": str(now.tm_year),
        "%month%": f"{now.tm_mon:02d}", "%day%": f"{now.tm_mday:02d}",
        "%hour%": f"{now.tm_hour:02d}", "%minute%": f"{now.tm_min:02d}",
        "%second%": f"{now.tm_sec:02d}",
    }.items():  # fmt: skip
        prefix = prefix.replace(token, value)
    return prefix


def _next_number(folder: Path, name: str) -> int:
    pattern = re.compile(rf"{re.escape(name)}_(\d+)(?:_.*)?")
    found = (pattern.fullmatch(entry.name) for entry in folder.iterdir())
    return max((int(match[1]) for match in found if match), default=0) + 1
