"""assets/actions.yaml: every action with its parameters, and the variables all templates share."""

from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput
from vastgui.state.checks import KINDS, boolean, integer, seconds
from vastgui.templates.model import Actions, ActionSpec, ParamSpec
from vastgui.yamlfile import mapping, read, suggest

_PARAM_KEYS = ("kind", "default", "label", "help", "required", "secret", "choices", "local")
_ACTION_KEYS = ("label", "help", "timeout_s", "silence_timeout_s", "weight_s", "retries", "params")


def load_actions(assets: Path) -> Actions:
    """The actions of `assets`/actions.yaml. Raises `InvalidInput` naming action and key."""
    path = assets / "actions.yaml"
    data = mapping(read(path), path.name, ("variables", "actions"), ("actions",))
    actions = Actions(
        (name, _action(name, raw, f"{path.name} › {name}")) for name, raw in data["actions"].items()
    )
    actions.variables = params(data.get("variables"), f"{path.name} › variables")
    return actions


def params(raw: Any, where: str) -> tuple[ParamSpec, ...]:
    """The `name: {kind: …, default: …}` lines of a file; `name: value` alone is a text."""
    if raw is None:
        return ()
    if not isinstance(raw, dict):
        raise InvalidInput(where, "must be a list of `name: {kind: …}` lines.")
    return tuple(_param(name, value, f"{where} › {name}") for name, value in raw.items())


def _action(name: str, raw: Any, where: str) -> ActionSpec:
    data = mapping(raw, where, _ACTION_KEYS, ("label", "help", "timeout_s"))
    silence = data.get("silence_timeout_s")
    return ActionSpec(
        action=name,
        label=data["label"],
        help=data["help"].strip(),
        timeout_s=seconds(data["timeout_s"], f"{where} › timeout_s"),
        silence_timeout_s=silence and seconds(silence, f"{where} › silence_timeout_s"),
        weight_s=seconds(data.get("weight_s", 1), f"{where} › weight_s"),
        retries=integer(data.get("retries", 2), f"{where} › retries"),
        params=params(data.get("params"), f"{where} › params"),
    )


def _param(name: Any, raw: Any, where: str) -> ParamSpec:
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidInput(where, "must be a name of letters, digits and _.")
    data = mapping(raw if isinstance(raw, dict) else {"default": raw}, where, _PARAM_KEYS)
    kind = data.get("kind", "text")
    if kind not in KINDS:
        raise InvalidInput(f"{where} › kind", f"{kind!r} is unknown. {suggest(str(kind), KINDS)}")
    choices = data.get("choices") or ()
    if not isinstance(choices, list | tuple):
        raise InvalidInput(f"{where} › choices", "must be a list.")
    return ParamSpec(
        name=name,
        kind=kind,
        default=data.get("default"),
        label=str(data.get("label") or name.replace("_", " ").capitalize()),
        help=str(data.get("help") or "").strip(),
        choices=tuple(str(c) for c in choices),
        **{key: boolean(data.get(key, False), f"{where} › {key}") for key in _FLAGS},
    )


_FLAGS = ("required", "secret", "local")
