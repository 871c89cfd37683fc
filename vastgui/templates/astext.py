"""Values of variables as the text a person types, and back: flags and form fields have only text."""

import re
from typing import Any

import yaml

from vastgui.yamlfile import parse

_STRUCTURED = ("repos", "links", "package_map", "env_map", "field_map")


def as_text(value: Any) -> str:
    """One line an entry for plain lists, `address@commit` for node packs, YAML for the rest."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        lines = [_line(entry) for entry in value]
        return _yaml(list(value)) if None in lines else "\n".join(map(str, lines))
    return _yaml(value) if isinstance(value, dict) else str(value)


def from_text(kind: str, value: Any, field: str) -> Any:
    """The entries in `value` when it is a text for a `kind` that has some; else `value` itself."""
    if kind not in _STRUCTURED or not isinstance(value, str):
        return value
    text = value.strip()
    if kind == "repos" and not text.startswith(("[", "{", "- ")):
        return [_pack(word) for word in re.split(r"[\s,]+", text) if word]
    return parse(text, field)


def _line(entry: Any) -> str | None:
    """An entry as one line; None for one that needs YAML."""
    if not isinstance(entry, dict):
        return str(entry)
    url, commit = str(entry.get("url", "")), entry.get("commit")
    plain = {"url": url, "name": url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")}
    if {**plain, **entry} != (plain | {"commit": commit} if commit else plain):
        return None
    return f"{url}@{commit}" if commit else url


def _pack(word: str) -> dict[str, str]:
    address, at, commit = word.rpartition("@")
    pinned = at and re.fullmatch(r"[0-9a-f]{7,40}", commit)
    return {"url": address, "commit": commit} if pinned else {"url": word}


def _yaml(value: Any) -> str:
    return str(
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    ).strip()
