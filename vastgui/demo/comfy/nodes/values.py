"""Nodes for numbers and words."""

import json
from typing import Any

from vastgui.demo.comfy.kinds import plays


def _as_is(value: Any) -> tuple[Any]:
    return (value,)


for _name in (
    "PrimitiveInt", "PrimitiveFloat", "PrimitiveString", "PrimitiveStringMultiline",
    "PrimitiveBoolean",
):  # fmt: skip
    plays(_name)(_as_is)


@plays("StringConcatenate")
def concatenate(string_a: str, string_b: str, delimiter: str) -> tuple[str]:
    return (delimiter.join((string_a, string_b)),)


@plays("PreviewAny")
def preview(source: Any = None) -> dict[str, Any]:
    if isinstance(source, str):
        text = source
    elif isinstance(source, int | float | bool):
        text = str(source)
    elif source is None:
        text = "None"
    else:
        try:
            text = json.dumps(source)
        except (TypeError, ValueError):
            text = str(source)
    return {"ui": {"text": (text,)}}
