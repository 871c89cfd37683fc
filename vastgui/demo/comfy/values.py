"""What is wrong with one value of a prompt, in ComfyUI's words."""

import traceback
from collections.abc import Callable
from typing import Any

Error = dict[str, Any]


def said(
    kind: str, message: str, details: str, name: str, config: Any, value: Any, **more: Any
) -> Error:
    extra = {"input_name": name, "input_config": config, "received_value": value, **more}
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def missing(name: str) -> Error:
    return {
        "type": "required_input_missing",
        "message": "Required input is missing",
        "details": name,
        "extra_info": {"input_name": name},
    }


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}


def wrong_value(
    name: str, config: tuple[Any, dict[str, Any]], inputs: dict[str, Any], own: set[str]
) -> Error | None:
    """Convert a value in place and look whether it is allowed."""
    wanted, options = config
    value = inputs[name]
    try:
        if isinstance(value, dict) and "__value__" in value:
            value = inputs[name] = value["__value__"]
        if isinstance(wanted, str) and wanted in _CONVERT:
            value = inputs[name] = _CONVERT[wanted](value)
    except Exception as problem:  # noqa: BLE001 - told to the client, as the real one does
        message = f"Failed to convert an input value to a {wanted} value"
        details = f"{name}, {value}, {problem}"
        return said(
            "invalid_input_type", message, details, name, config, value,
            exception_message=str(problem),
        )  # fmt: skip
    if name in own:
        return None  # the node checks it itself
    if "min" in options and value < options["min"]:
        message = f"Value {value} smaller than min of {options['min']}"
        return said("value_smaller_than_min", message, name, name, config, value)
    if "max" in options and value > options["max"]:
        message = f"Value {value} bigger than max of {options['max']}"
        return said("value_bigger_than_max", message, name, name, config, value)
    if isinstance(wanted, list) and value not in wanted:
        many = len(wanted) > 20
        listed = f"(list of length {len(wanted)})" if many else str(wanted)
        details = f"{name}: '{value}' not in {listed}"
        shown = None if many else config
        return said("value_not_in_list", "Value not in list", details, name, shown, value)
    return None


def fits(given: Any, wanted: Any) -> bool:
    if given == wanted:
        return True
    if not isinstance(given, str) or not isinstance(wanted, str):
        return False
    if "*" in (given, wanted):
        return True
    return set(given.split(",")) <= set(wanted.split(","))


def type_name(problem: BaseException) -> str:
    module = type(problem).__module__
    name = type(problem).__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def trace(problem: BaseException) -> list[str]:
    return traceback.format_tb(problem.__traceback__)
