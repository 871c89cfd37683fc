"""Makes assets/comfyui/object_info.json.gz from what a ComfyUI without packs says.

`python -m tests.library.make_object_info OBJECT_INFO.json[.gz] VERSION`
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from vastgui.config import assets_dir

CORE = ("nodes", "comfy_extras.", "comfy_api_nodes.")
UPLOADS = {"image_upload", "video_upload", "audio_upload", "file_upload"}


def core_only(object_info: dict[str, Any]) -> dict[str, Any]:
    """The nodes that come with ComfyUI, without the files that happened to be on that computer."""
    core = {k: v for k, v in sorted(object_info.items()) if v["python_module"].startswith(CORE)}
    for info in core.values():
        for section in info["input"].values():
            for spec in section.values():
                _forget_files(spec)
    return core


def _forget_files(spec: list[Any]) -> None:
    options = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
    if UPLOADS & options.keys():
        if isinstance(spec[0], list):
            spec[0] = []
        elif "options" in options:
            options["options"] = []


def main(source: Path, version: str) -> None:
    raw = source.read_bytes()
    object_info = json.loads(gzip.decompress(raw) if source.suffix == ".gz" else raw)
    core = core_only(object_info)
    content = {"version": version, "saved_at": 0, "object_info": core}
    packed = gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 9, mtime=0)
    target = assets_dir() / "comfyui" / "object_info.json.gz"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(packed)
    print(f"{target}: {len(core)} nodes, {len(packed)} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
