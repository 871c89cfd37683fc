"""What is wrong with a value, in the words of people: pydantic's own are for programmers."""

from collections.abc import Collection, Sequence
from typing import Any

from vastgui.yamlfile import suggest

_PLAIN = {
    "missing": "is missing.",
    "string_type": "must be a text.",
    "string_unicode": "must be a text of whole characters.",
    "int_type": "must be a whole number.",
    "int_parsing": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "int_parsing_size": "must be a smaller whole number.",
    "float_type": "must be a number.",
    "float_parsing": "must be a number.",
    "finite_number": "must be a finite number.",
    "bool_type": "must be true or false.",
    "bool_parsing": "must be true or false.",
    "list_type": "must be a list.",
    "dict_type": "must be an object.",
    "model_type": "must be an object.",
    "model_attributes_type": "must be an object.",
}
_TYPES = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}
"""What pydantic adds to the place of a value that may be of several types."""
_WITH = {
    "greater_than_equal": "must be {ge} or more.",
    "greater_than": "must be more than {gt}.",
    "less_than_equal": "must be {le} or less.",
    "less_than": "must be less than {lt}.",
    "literal_error": "must be {expected}.",
    "enum": "must be {expected}.",
    "string_too_long": "is longer than {max_length} characters.",
    "string_too_short": "must have {min_length} characters or more.",
    "too_long": "must have at most {max_length} entries.",
    "too_short": "must have {min_length} entries or more.",
}


def sentence(error: dict[str, Any], known: Collection[str]) -> str:
    """`error`: one of pydantic's. `known`: the names there are where it happened."""
    kind, details = str(error.get("type", "")), error.get("ctx") or {}
    if kind == "extra_forbidden":
        return f"is unknown. {suggest(str(error['loc'][-1])[:100], known)}"
    if kind == "union":
        return f"must be {' or '.join(details['wanted'])}."
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _WITH:
        return _WITH[kind].format_map(details).replace("'", "")
    if kind.startswith(("datetime", "date", "timezone")):
        return "must be a time such as 2026-11-29T16:00:00Z."
    return "is not usable here."


def merged(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """One error for a value that fits none of several types: pydantic tells each of them."""
    out: dict[tuple[str | int, ...], dict[str, Any]] = {}
    for error in errors:
        loc, kind = tuple(error["loc"]), "union"
        if len(loc) > 2 and loc[-1] in _TYPES:
            loc = loc[:-1]
            before = out.get(loc, {"ctx": {"wanted": []}})["ctx"]["wanted"]
            wanted = [*before, _TYPES[error["loc"][-1]]]
            out[loc] = {"type": kind, "loc": loc, "ctx": {"wanted": wanted}}
        else:
            out[loc] = error
    return list(out.values())


def where(loc: Sequence[str | int]) -> str:
    """`steps[2] › timeout_s`; the body itself is `body`."""
    parts = list(loc)
    if parts and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:] or [parts[0]]
    out = ""
    for part in parts:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            out += f" › {part[:100]}" if out else part[:100]
    return out or "body"
