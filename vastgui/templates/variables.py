"""`${name}` in templates: found, followed and put in as values, never as shell text."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from vastgui.errors import InvalidInput
from vastgui.state import checks
from vastgui.templates import secrets
from vastgui.templates.astext import from_text
from vastgui.templates.model import ParamSpec
from vastgui.yamlfile import suggest

_REFERENCE = re.compile(r"\$(?P<escaped>\$)?\{(?P<name>[^{}$]*)\}")
_IN_COMMAND = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def resolve(
    specs: Iterable[ParamSpec],
    given: Mapping[str, Any],
    *,
    needed: bool = True,
    where: str = "variable",
) -> dict[str, Any]:
    """Every variable's value: given or default, `${others}` put in, checked by its kind.

    Raises `InvalidInput` for an unknown name, a wrong value, a circle, and, when `needed`,
    for a required variable without a value.
    """
    by_name = {spec.name: spec for spec in specs}
    separator = " " if where == "variable" else " › "
    for name in given:
        if name not in by_name:
            raise InvalidInput(f"{where}{separator}{name}", f"is unknown. {suggest(name, by_name)}")
    values: dict[str, Any] = {}

    def value_of(name: str, path: tuple[str, ...]) -> Any:
        field = f"{where}{separator}{name}"
        if name in path:
            raise InvalidInput(field, f"leads back to itself: {' → '.join([*path, name])}.")
        if name not in values:
            spec = by_name[name]
            raw = given.get(name, spec.default)
            inner = {
                used: value_of(used, (*path, name)) for used in references(raw) if used in by_name
            }
            value = substitute(raw, inner, field, by_name)
            values[name] = checked(spec, value, field, needed=needed)
        return values[name]

    for name in by_name:
        value_of(name, ())
    return values


def checked(spec: ParamSpec, value: Any, field: str, *, needed: bool = True) -> Any:
    """`value` as `spec` wants it; None and empty text mean "not given"."""
    if value is None or value == "":
        if spec.required and needed:
            raise InvalidInput(field, "is needed: give it a value.")
        return value
    secrets.refuse(value, field)
    good = checks.check(spec.kind, from_text(spec.kind, value, field), field)
    if spec.choices and str(good) not in spec.choices:
        raise InvalidInput(field, f"must be one of {', '.join(spec.choices)}.")
    return good


def substitute(raw: Any, values: Mapping[str, Any], field: str, known: Collection[str] = ()) -> Any:
    """`raw` with its `${names}` replaced; a text that is one reference becomes the value itself.

    `known`: names to suggest for an unknown one, when there are more than `values` has.
    """
    if isinstance(raw, Mapping):
        return {k: substitute(v, values, f"{field} › {k}", known) for k, v in raw.items()}
    if isinstance(raw, list | tuple):
        return [substitute(v, values, f"{field}[{i}]", known) for i, v in enumerate(raw)]
    if not isinstance(raw, str):
        return raw
    whole = _REFERENCE.fullmatch(raw)
    if whole and not whole["escaped"]:
        return _lookup(whole["name"], values, field, known)
    return _REFERENCE.sub(lambda match: _part(match, values, field, known), raw)


def used_in_command(command: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The variables a shell line reads as `$name` or `${name}`: they travel in its environment."""
    names = dict.fromkeys(_IN_COMMAND.findall(command))
    return {
        n: str(values[n]) for n in names if n in values and isinstance(values[n], str | int | float)
    }


def references(raw: Any) -> list[str]:
    """The variables that `raw` refers to as `${name}`, at any depth."""
    if isinstance(raw, Mapping):
        return [name for value in raw.values() for name in references(value)]
    if isinstance(raw, list | tuple):
        return [name for value in raw for name in references(value)]
    if not isinstance(raw, str):
        return []
    return [match["name"] for match in _REFERENCE.finditer(raw) if not match["escaped"]]


def _part(
    match: re.Match[str], values: Mapping[str, Any], field: str, known: Collection[str]
) -> str:
    if match["escaped"]:
        return match[0][1:]
    value = _lookup(match["name"], values, field, known)
    if isinstance(value, list | dict):
        raise InvalidInput(field, f"${{{match['name']}}} is a list and must stand alone.")
    return "" if value is None else str(value)


def _lookup(name: str, values: Mapping[str, Any], field: str, known: Collection[str]) -> Any:
    if name not in values:
        near = suggest(name, known or values)
        raise InvalidInput(field, f"uses ${{{name}}}, which is unknown. {near}")
    return values[name]
