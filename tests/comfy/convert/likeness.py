"""Two prompts are alike when a server would do the same with both."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any


def same(one: Mapping[str, Any], other: Mapping[str, Any], object_info: Mapping[str, Any]) -> bool:
    """Compare up to node ids, `_meta` and inputs that `object_info` does not declare."""
    return fingerprint(one, object_info) == fingerprint(other, object_info)


def fingerprint(prompt: Mapping[str, Any], object_info: Mapping[str, Any]) -> Counter[str]:
    """Return one hash a node, made of its class, its values and the hashes of what feeds it."""
    seen: dict[str, str] = {}
    for node_id in prompt:
        _hash(node_id, prompt, object_info, seen)
    return Counter(seen[node_id] for node_id in prompt)


def _hash(
    node_id: str, prompt: Mapping[str, Any], object_info: Mapping[str, Any], seen: dict[str, str]
) -> str:
    if node_id not in seen:
        seen[node_id] = "a circle"
        node = prompt[node_id]
        inputs = {
            name: [_hash(value[0], prompt, object_info, seen), value[1]]
            if isinstance(value, list)
            else {"value": _plain(value)}
            for name, value in node["inputs"].items()
            if name.split(".")[0] in declared(node["class_type"], object_info)
        }
        text = json.dumps([node["class_type"], inputs], sort_keys=True)
        seen[node_id] = hashlib.sha256(text.encode()).hexdigest()
    return seen[node_id]


def _plain(value: object) -> object:
    """Return `value` as JavaScript writes it: there is no difference between 1 and 1.0."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def declared(class_type: str, object_info: Mapping[str, Any]) -> set[str]:
    sections = object_info.get(class_type, {}).get("input", {})
    return {n for part in ("required", "optional") for n in sections.get(part, {})}
