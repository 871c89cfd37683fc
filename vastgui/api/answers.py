"""The one envelope of all answers: `success`, `message`, and what was asked for beside them."""

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

DEEPEST = 50


class Answer(Response):
    """JSON that always comes out, whatever a stranger's machine made us record."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        try:
            text = json.dumps(content, allow_nan=False)
        except (ValueError, TypeError, RecursionError):
            text = json.dumps(plain(content), allow_nan=False)
        return text.encode("ascii")  # a lone surrogate stays an escape


def answer(
    message: str, *, code: int = 200, headers: Mapping[str, str] | None = None, **content: Any
) -> Answer:
    """A request that was carried out."""
    return Answer({"success": True, "message": message, **content}, code, headers)


def refusal(
    status: int,
    message: str,
    *,
    hint: str = "",
    field: str = "",
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A request that was not carried out; only what there is to say is said."""
    said = {"hint": hint, "field": field, "errors": errors}
    content = {"success": False, "message": message, **{k: v for k, v in said.items() if v}}
    return Answer(content, status, headers)


def plain(value: Any, deepest: int = DEEPEST) -> Any:
    """`value` as JSON can hold it: no NaN, not endlessly deep, keys of text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if deepest == 0:
        return "…"
    if isinstance(value, Mapping):
        return {str(k): plain(v, deepest - 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, deepest - 1) for v in value]
    return str(value)
