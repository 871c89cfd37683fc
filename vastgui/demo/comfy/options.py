"""The command line of ComfyUI, as far as the practice one follows it."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = "0.3.64"
FRONTEND = "1.27.10"
TEMPLATES = "0.1.95"


@dataclass(kw_only=True)
class Options:
    """What a start was told. `argv` is shown by /system_stats."""

    base: Path
    port: int = 8188
    listen: str = "127.0.0.1"
    version: str = VERSION
    cors: str | None = None
    max_upload_mb: float = 100.0
    compress: bool = False
    metadata: bool = True
    multi_user: bool = False
    cache: str = "classic"
    """"classic", "none" or "lru"."""
    lru_size: int = 0
    previews: bool = False
    """Whether samplers send preview pictures."""
    folders: dict[str, str | None] = field(default_factory=dict)
    argv: list[str] = field(default_factory=lambda: ["main.py"])
    speed: float = 0.0
    """1: samplers take the time of a small GPU; 0: none. Delays that a node is told are kept."""
    newer: bool = False
    """Play a server of autumn 2026: /api/jobs, canonical prompt ids."""
    faults: Path | None = None
    """A JSON file with faults to begin with."""
    record: Path | None = None
    """A file that gets a line for each thing done with a prompt."""
    system: dict[str, Any] = field(default_factory=dict)
    devices: list[dict[str, Any]] = field(default_factory=list)


def parse(words: Sequence[str], base: Path) -> Options:
    """Read `words`; those that it does not know are left alone, as they concern the GPU."""
    given, _ = _parser().parse_known_args(words)
    return Options(
        base=Path(given.base_directory or base).resolve(),
        port=given.port,
        listen=given.listen or "127.0.0.1",
        cors=given.enable_cors_header,
        max_upload_mb=given.max_upload_size,
        compress=given.enable_compress_response_body,
        metadata=not given.disable_metadata,
        multi_user=given.multi_user,
        cache="none" if given.cache_none else "lru" if given.cache_lru else "classic",
        lru_size=given.cache_lru,
        previews=given.preview_method not in (None, "none"),
        folders={
            "output": given.output_directory,
            "input": given.input_directory,
            "temp": given.temp_directory,
            "user": given.user_directory,
        },
        argv=["main.py", *words],
        speed=given.practice_speed,
        newer=given.practice_newer,
        faults=given.practice_faults,
        record=given.practice_record,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--listen", default="127.0.0.1", nargs="?")
    parser.add_argument("--port", type=int, default=8188)
    parser.add_argument("--base-directory")
    for name in ("output", "input", "temp", "user"):
        parser.add_argument(f"--{name}-directory")
    parser.add_argument("--enable-cors-header", nargs="?", const="*")
    parser.add_argument("--max-upload-size", type=float, default=100)
    parser.add_argument("--preview-method")
    parser.add_argument("--cache-lru", type=int, default=0)
    for flag in ("cache-none", "multi-user", "disable-metadata", "enable-compress-response-body"):
        parser.add_argument(f"--{flag}", action="store_true")
    speed = float(os.environ.get("PRACTICE_COMFYUI_SPEED") or 0)
    parser.add_argument("--practice-speed", type=float, default=speed)
    parser.add_argument("--practice-newer", action="store_true")
    parser.add_argument("--practice-faults", type=Path)
    parser.add_argument("--practice-record", type=Path)
    return parser
