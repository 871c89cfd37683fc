"""Values that a person gives for a prompt's inputs: checked by what the server declares."""

import copy
import difflib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from vastgui.comfy.fields import FILE_KINDS, Declared, declared, is_link, title_of
from vastgui.errors import InvalidInput

MAX_TEXT_CHARS = 200_000
_FIELD = re.compile(r"[^.\s][^.]{0,200}\.[^\x00]{1,300}\Z")
_WHOLE = re.compile(r"[+-]?\d{1,40}\Z")
_SWITCH = {"true": True, "yes": True, "on": True, "1": True} | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


def apply_values(
    prompt: Mapping[str, Any],
    values: Mapping[str, Any],
    object_info: Mapping[str, Any],
    *,
    any_choice: bool = False,
) -> dict[str, Any]:
    """A copy of the API prompt with `values` (`{"6.text": ...}`) put in.

    Texts are taken for numbers and switches as a person types them; whole numbers stay exact.
    Raises `InvalidInput` naming the field: unknown, linked, of the wrong type, out of range, or
    not among the choices. Fields that only a chosen option has are known once that is chosen.
    With `any_choice` the choices are not looked at: what is cached may be older than a model.
    """
    out = copy.deepcopy(dict(prompt))
    for field in sorted(values, key=lambda f: str(f).count(".")):  # a choice before its children
        node_id, name = split_field(field)
        node = out.get(node_id)
        if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):
            raise InvalidInput(field, f"there is no node {node_id}. {_near(node_id, out)}")
        node["inputs"][name] = _checked(
            field, name, node, values[field], object_info, any_choice=any_choice
        )
    return out


def split_field(field: str) -> tuple[str, str]:
    """Node id and input of `"6.text"`. Raises `InvalidInput` when it is no such name."""
    if not isinstance(field, str) or not _FIELD.match(field):
        raise InvalidInput(str(field)[:200], "must be NODE.INPUT, such as 6.text.")
    node_id, _, name = field.partition(".")
    return node_id, name


def guessed_kind(value: Any) -> str:
    """The kind of a value whose declaration is unknown; empty when it is none a person can give."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "multiline" if "\n" in value or len(value) > 60 else "text"
        case _:
            return ""


def _checked(
    field: str,
    name: str,
    node: Mapping[str, Any],
    value: Any,
    object_info: Mapping[str, Any],
    *,
    any_choice: bool,
) -> Any:
    inputs = node["inputs"]
    known = declared(object_info, node)
    if not known or (name not in known and name in inputs):
        known = {**_as_they_are(inputs), **known}
    if name not in known:
        title = title_of(node, object_info)
        raise InvalidInput(field, f"{title} has no input {name[:80]!r}. {_near(name, known)}")
    if is_link(inputs.get(name)):
        raise InvalidInput(field, f"is fed by node {inputs[name][0]}: set the value there.")
    if not known[name].kind or known[name].several:
        raise InvalidInput(field, "takes a link from another node, or a list: it cannot be set.")
    one = replace(known[name], choices=()) if any_choice else known[name]
    return _value(field, one, value)


def _as_they_are(inputs: Mapping[str, Any]) -> dict[str, Declared]:
    return {n: Declared(name=n, type="", kind=guessed_kind(v)) for n, v in inputs.items()}


def _value(field: str, one: Declared, value: Any) -> Any:
    match one.kind:
        case "int":
            return _in_range(field, one, _integer(field, value))
        case "float":
            return _in_range(field, one, _float(field, value))
        case "bool":
            return _boolean(field, value)
        case "choice" if one.choices:
            return _choice(field, one, value)
        case kind:
            return _text(field, value, one_line=kind in FILE_KINDS)


def _integer(field: str, value: Any) -> int:
    if isinstance(value, str) and _WHOLE.match(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidInput(field, f"must be a whole number, not {_quoted(value)}.")


def _float(field: str, value: Any) -> int | float:
    if isinstance(value, str) and len(value) < 100:
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, int | float) and not isinstance(value, bool) and _finite(value):
        return value
    raise InvalidInput(field, "must be a number, with a point before the fraction.")


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _in_range(field: str, one: Declared, number: float) -> int | float:
    if one.low is not None and number < one.low:
        raise InvalidInput(field, f"{number} is too small: {one.low} is the least.")
    if one.high is not None and number > one.high:
        raise InvalidInput(field, f"{number} is too big: {one.high} is the most.")
    return number


def _boolean(field: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _SWITCH:
        return _SWITCH[value.strip().lower()]
    raise InvalidInput(field, f"must be true or false, not {_quoted(value)}.")


def _choice(field: str, one: Declared, value: Any) -> Any:
    """The option as the server has it, also when it was given as text."""
    for option in one.choices:
        if option == value and isinstance(option, bool) == isinstance(value, bool):
            return option
    by_text = {str(option): option for option in one.choices}
    if isinstance(value, str) and value in by_text:
        return by_text[value]
    raise InvalidInput(field, f"{_quoted(value)} is not there. {_near(str(value), by_text)}")


def _text(field: str, value: Any, *, one_line: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidInput(field, "must be a text.")
    text = str(value)
    if len(text) > MAX_TEXT_CHARS or "\0" in text or (one_line and "\n" in text):
        raise InvalidInput(field, f"must be a text of at most {MAX_TEXT_CHARS} characters.")
    return text


def _quoted(value: Any) -> str:
    return repr(str(value)[:60])


def _near(word: str, known: Collection[str]) -> str:
    """A sentence that names what may have been meant."""
    few = [str(k)[:80] for k in list(known)[:200]]
    if near := difflib.get_close_matches(word[:80], few, n=3, cutoff=0.5):
        return f"Did you mean {' or '.join(near)}?"
    more = ", ..." if len(known) > 12 else ""
    return f"Known: {', '.join(few[:12])}{more}." if few else "There is none."
