"""192 files with the prompts that ComfyUI's own editor (1.58, in a real browser) made of them."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data" / "conversion"


@cache
def object_info() -> dict[str, Any]:
    return json.loads(gzip.decompress((DATA / "object_info.json.gz").read_bytes()))


@cache
def cases() -> tuple[dict[str, Any], ...]:
    lines = gzip.decompress((DATA / "cases.jsonl.gz").read_bytes()).splitlines()
    return tuple(json.loads(line) for line in lines)


def case(name: str) -> dict[str, Any]:
    return next(c for c in cases() if c["name"] == name)
