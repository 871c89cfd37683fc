"""The parameters of one step: from the template or the action's defaults, resolved and checked."""

from collections.abc import Iterable, Mapping
from typing import Any

from vastgui.state import checks
from vastgui.templates.model import ActionSpec, ParamSpec
from vastgui.templates.variables import checked, references, substitute, used_in_command


def step_params(
    spec: ActionSpec,
    raw: Mapping[str, Any],
    values: Mapping[str, Any],
    where: str,
    *,
    needed: bool = True,
) -> dict[str, Any]:
    """What the runner gets. `where` names the step in errors; a disabled one needs nothing."""
    out = {
        param.name: _resolved(param, raw, values, f"{where} › {param.name}", needed=needed)
        for param in spec.params
        if not param.local
    }
    return _with_environment(spec.params, out, values, f"{where} › environment")


def check_early(
    spec: ActionSpec, raw: Mapping[str, Any], values: Mapping[str, Any], where: str, *, needed: bool
) -> None:
    """Check a template before its user gave values: what waits for one of them is left out."""
    for param in spec.params:
        given = _given(param, raw)
        waits = any(values.get(name, "") is None for name in references(given))
        if not (param.local or waits):
            _resolved(param, raw, values, f"{where} › {param.name}", needed=needed)


def _given(param: ParamSpec, raw: Mapping[str, Any]) -> Any:
    value = raw.get(param.name)
    return param.default if value is None else value


def _resolved(
    param: ParamSpec, raw: Mapping[str, Any], values: Mapping[str, Any], field: str, *, needed: bool
) -> Any:
    value = _given(param, raw)
    if param.kind != "command":  # a shell reads its variables itself, see _with_environment
        value = substitute(value, values, field)
    return checked(param, value, field, needed=needed)


def _with_environment(
    specs: Iterable[ParamSpec], params: dict[str, Any], values: Mapping[str, Any], field: str
) -> dict[str, Any]:
    """Hand the variables that a command reads to it as environment: nothing is pasted into it."""
    used: dict[str, str] = {}
    for param in specs:
        if param.kind == "command" and params[param.name]:
            used |= used_in_command(params[param.name], values)
    if used:
        params["environment"] = checks.check(
            "env_map", used | (params.get("environment") or {}), field
        )
    return params
