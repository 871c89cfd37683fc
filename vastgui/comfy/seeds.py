"""Seeds as the user meant them: drawn here when the control says "randomize", exact always."""

import random
from collections.abc import Mapping
from typing import Any

from vastgui.comfy import values
from vastgui.errors import InvalidInput

MAX_SEED = 2**64 - 1
"""What ComfyUI's own samplers take."""
MAX_DRAWN = 2**50
"""As ComfyUI's own page draws them: numbers over 2**53 would change when reopened in a browser."""


def resolve(
    prompt: Mapping[str, Any],
    controls: Mapping[str, str],
    rng: random.Random,
    object_info: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, int]]:
    """The prompt with every controlled seed as a whole number, and `{"3.seed": used}`.

    `controls` maps a field to randomize, fixed, increment or decrement; only randomize changes
    the value (stepping is done where the last value is known). A field that is linked, or not in
    the prompt, is left alone. Raises `InvalidInput` naming a field that holds no whole number.
    """
    sent = dict(prompt)
    used: dict[str, int] = {}
    for name, control in controls.items():
        node_id, _, key = name.partition(".")
        node = values.mapping(sent.get(node_id))
        inputs = values.mapping(node.get("inputs"))
        if key not in inputs or isinstance(inputs[key], list):
            continue
        low, high = limits(object_info or {}, str(node.get("class_type")), key)
        seed = _drawn(rng, low, high) if control == "randomize" else _exact(name, inputs[key])
        used[name] = seed
        sent[node_id] = {**node, "inputs": {**inputs, key: seed}}
    return sent, used


def stepped(value: int, control: str, low: int = 0, high: int = MAX_SEED) -> int:
    """The value after `value`: increment and decrement go round at the ends of the range."""
    step = {"increment": 1, "decrement": -1}.get(control, 0)
    if not step:
        return value
    return low + (value + step - low) % (high - low + 1)


def limits(object_info: Mapping[str, Any], node_type: str, key: str) -> tuple[int, int]:
    """The smallest and largest seed of an input, 0 and 2**64 - 1 where the server says nothing."""
    inputs = values.mapping(values.mapping(object_info.get(node_type)).get("input"))
    for part in ("required", "optional"):
        spec = values.items(values.mapping(inputs.get(part)).get(key))
        if len(spec) > 1:
            low, high = (_whole(values.mapping(spec[1]).get(end)) for end in ("min", "max"))
            low, high = 0 if low is None else low, MAX_SEED if high is None else high
            if low <= high:
                return low, high
    return 0, MAX_SEED


def _drawn(rng: random.Random, low: int, high: int) -> int:
    safe_low, safe_high = max(low, -MAX_DRAWN), min(high, MAX_DRAWN)
    return rng.randint(safe_low, safe_high) if safe_low <= safe_high else rng.randint(low, high)


def _exact(name: str, value: Any) -> int:
    if (seed := _whole(value)) is None:
        raise InvalidInput(
            name,
            "a seed is a whole number.",
            hint="Enter a whole number, or let the seed be drawn at random.",
        )
    return seed


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() and len(value) < 40:
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None
