"""One template, from its file or from data: parsed, and what needs no variables checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput
from vastgui.state import checks
from vastgui.templates import secrets
from vastgui.templates.actions import params as parse_params
from vastgui.templates.model import Actions, ActionSpec, ParamSpec, Template, TemplateStep
from vastgui.templates.nodelist import read_repos
from vastgui.templates.params import check_early
from vastgui.templates.variables import resolve
from vastgui.yamlfile import mapping, read, suggest

_KEYS = ("id", "label", "description", "variables", "steps")
_STEP_KEYS = (
    "action", "label", "enabled", "params", "timeout_s", "silence_timeout_s", "retries",
    "allow_partial",
)  # fmt: skip
MAX_STEPS = 200


def load_template(path: Path, actions: Mapping[str, ActionSpec]) -> Template:
    """The template in `path`. Raises `InvalidInput` naming file › step › key."""
    data = mapping(read(path), path.name, _KEYS, ("label", "steps"))
    secrets.refuse(data.get("variables"), f"{path.name} › variables")
    variables = _variables(data.get("variables"), actions, f"{path.name} › variables")
    steps = data["steps"]
    if not isinstance(steps, list) or not 1 <= len(steps) <= MAX_STEPS:
        raise InvalidInput(f"{path.name} › steps", f"must be a list of 1 to {MAX_STEPS} steps.")
    values = resolve(variables, {}, needed=False, where=f"{path.name} › variables")
    return Template(
        id=checks.name(data.get("id") or path.stem, f"{path.name} › id"),
        label=checks.label(data["label"], f"{path.name} › label"),
        description=checks.text(
            data.get("description") or "", f"{path.name} › description"
        ).strip(),
        path=path,
        variables=variables,
        steps=tuple(
            _step(raw, actions, values, f"{path.name} › step {i}", folder=path.parent)
            for i, raw in enumerate(steps, 1)
        ),
    )


def template_of_steps(
    steps: Sequence[Any], actions: Mapping[str, ActionSpec], *, label: str, folder: Path
) -> Template:
    """A template that stands in no file: `steps` as one has them. `folder`: where its files lie.

    Raises `InvalidInput` naming `steps[2] › params › ui_home`; the first step is `steps[0]`.
    """
    if not 1 <= len(steps) <= MAX_STEPS:
        raise InvalidInput("steps", f"must be a list of 1 to {MAX_STEPS} steps.")
    variables = _variables(None, actions, "variables")
    values = resolve(variables, {}, needed=False)
    return Template(
        id="",
        label=label,
        description="",
        path=folder / "steps",
        variables=variables,
        steps=tuple(
            _step(raw, actions, values, f"steps[{i}]", says_action=False)
            for i, raw in enumerate(steps)
        ),
    )


def _variables(raw: Any, actions: Mapping[str, ActionSpec], where: str) -> tuple[ParamSpec, ...]:
    """The variables all templates share, with this template's defaults, then its own."""
    shared = actions.variables if isinstance(actions, Actions) else ()
    known = {spec.name: spec for spec in shared}
    if isinstance(raw, dict):
        # `ui_home: /workspace/x` changes a shared variable's default and keeps its kind
        raw = {k: _with_kind(known.get(str(k)), v) for k, v in raw.items()}
    for spec in parse_params(raw, where):
        known[spec.name] = spec
    return tuple(known.values())


def _with_kind(shared: ParamSpec | None, raw: Any) -> Any:
    if shared is None:
        return raw
    given = raw if isinstance(raw, dict) else {"default": raw}
    return {"kind": shared.kind, "label": shared.label, "help": shared.help} | given


def _step(
    raw: Any,
    actions: Mapping[str, ActionSpec],
    values: Mapping[str, Any],
    where: str,
    *,
    folder: Path | None = None,
    says_action: bool = True,
) -> TemplateStep:
    """`folder`: where the step's files lie; None for a step that stands in no file."""
    if isinstance(raw, str):
        raw = {"action": raw}
    data = mapping(raw, where, _STEP_KEYS, ("action",))
    spec = actions.get(str(data["action"]))
    if spec is None:
        wrong = str(data["action"])[:100]
        raise InvalidInput(f"{where} › action", f"{wrong!r} is unknown. {suggest(wrong, actions)}")
    where = f"{where} ({spec.action})" if says_action else where
    params_at = f"{where} › params"
    enabled = checks.boolean(data.get("enabled", True), f"{where} › enabled")
    params = _params(folder, data.get("params"), spec, params_at)
    check_early(spec, params, values, where if says_action else params_at, needed=enabled)
    silence = data.get("silence_timeout_s", spec.silence_timeout_s)
    return TemplateStep(
        action=spec.action,
        label=checks.label(data.get("label") or spec.label, f"{where} › label"),
        enabled=enabled,
        params=params,
        timeout_s=_limit(data.get("timeout_s", spec.timeout_s), f"{where} › timeout_s"),
        silence_timeout_s=None
        if silence is None
        else _limit(silence, f"{where} › silence_timeout_s"),
        retries=_retries(data.get("retries", spec.retries), f"{where} › retries"),
        allow_partial=checks.boolean(data.get("allow_partial", False), f"{where} › allow_partial"),
    )


def _params(folder: Path | None, raw: Any, spec: ActionSpec, where: str) -> dict[str, Any]:
    known: Sequence[str] = [p.name for p in spec.params]
    values = dict(mapping(raw or {}, where, known))
    secrets.refuse(values, where)
    if name := values.pop("list_file", None):
        if "repos" in values:
            raise InvalidInput(f"{where} › list_file", "stands beside `repos`: give one of them.")
        if folder is None:
            raise InvalidInput(f"{where} › list_file", "needs a template file: give `repos`.")
        values["repos"] = read_repos(folder, name, f"{where} › list_file")
    return values


def _limit(value: Any, field: str) -> float:
    """A time limit: above zero, at most 30 days."""
    if (limit := checks.seconds(value, field)) <= 0:
        raise InvalidInput(field, "must be more than 0 seconds.")
    return limit


def _retries(value: Any, field: str) -> int:
    if not 0 <= (count := checks.integer(value, field)) <= 100:
        raise InvalidInput(field, "must be 0 to 100.")
    return count
