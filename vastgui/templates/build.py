"""A template plus the user's choices becomes a plan: every value resolved and checked."""

import time
from collections.abc import Mapping
from typing import Any

from vastgui.errors import InvalidInput
from vastgui.state import checks
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.templates.model import ActionSpec, Template, TemplateStep
from vastgui.templates.params import step_params
from vastgui.templates.variables import resolve
from vastgui.yamlfile import suggest


def build_plan(  # noqa: PLR0913 - each choice of the user is one keyword
    template: Template,
    actions: Mapping[str, ActionSpec],
    *,
    ssh_connection: str,
    instance_id: str = "",
    variables: Mapping[str, Any] | None = None,
    enabled: Mapping[int, bool] | Mapping[str, bool] | None = None,
    only: int | str | None = None,
    from_step: int | str | None = None,
    step_delay_s: float = 0.0,
    metadata: Mapping[str, Any] | None = None,
    workflow_id: str = "",
) -> Plan:
    """The run that `template` describes. Raises `InvalidInput` naming variable, or step › key.

    A step is named by its index (an int, 0-based), or by what a person types: its action, or
    its number as text ("3" is the third). `only` runs a step even when it is disabled.
    """
    values = resolve(template.variables, variables or {})
    if only is not None and from_step is not None:
        raise InvalidInput("from", "cannot be combined with `only`.")
    on = _enabled(template, enabled or {})
    chosen = None if only is None else _index(template, only, "only")
    if chosen is not None:
        on[chosen] = True
    return Plan(
        workflow_id=workflow_id or new_id(),
        label=template.label,
        template_id=template.id,
        ssh_connection=ssh_connection,
        instance_id=checks.name(instance_id, "instance_id") if instance_id else "",
        steps=tuple(
            _plan_step(_where(template, i), step, actions[step.action], values, enabled=on[i])
            for i, step in enumerate(template.steps)
        ),
        step_delay_s=checks.seconds(step_delay_s, "step_delay_s"),
        start_from=0 if from_step is None else _index(template, from_step, "from"),
        only=chosen,
        created_at=time.time(),
        metadata={**(metadata or {}), "variables": values},
    )


def _where(template: Template, index: int) -> str:
    """What errors call a step: as its author sees it, in a file or in a list given as data."""
    if not template.id:
        return f"steps[{index}] › params"
    return f"step {index + 1} ({template.steps[index].action})"


def _plan_step(
    where: str, step: TemplateStep, spec: ActionSpec, values: Mapping[str, Any], *, enabled: bool
) -> PlanStep:
    return PlanStep(
        action=step.action,
        label=step.label,
        params=step_params(spec, step.params, values, where, needed=enabled),
        enabled=enabled,
        timeout_s=step.timeout_s,
        silence_timeout_s=step.silence_timeout_s,
        retries=step.retries,
        allow_partial=step.allow_partial,
        weight=spec.weight_s,
    )


def _enabled(template: Template, wanted: Mapping[int, bool] | Mapping[str, bool]) -> list[bool]:
    on = [step.enabled for step in template.steps]
    for key, value in wanted.items():
        for index in _matching(template, key, "enabled"):
            on[index] = checks.boolean(value, f"enabled › {key}")
    return on


def _index(template: Template, key: int | str, field: str) -> int:
    found = _matching(template, key, field)
    if len(found) > 1:
        numbers = " and ".join(str(i + 1) for i in found)
        raise InvalidInput(field, f"{key} is there more than once: give a number, {numbers}.")
    return found[0]


def _matching(template: Template, key: int | str, field: str) -> list[int]:
    """The indexes of the steps that `key` names: an index, a number as text, or an action."""
    count = len(template.steps)
    if isinstance(key, str) and key.isascii() and key.isdigit():
        found = [int(key) - 1] if len(key) < 9 and 1 <= int(key) <= count else []
    elif isinstance(key, str):
        found = [i for i, step in enumerate(template.steps) if step.action == key]
    else:
        whole = isinstance(key, int) and not isinstance(key, bool)
        found = [key] if whole and 0 <= key < count else []
    if not found:
        known = list(dict.fromkeys(step.action for step in template.steps))
        numbers = f"1 to {count}" if isinstance(key, str) else f"index 0 to {count - 1}"
        said = f"{template.id or 'the list'} has no step {key!r} ({numbers})."
        raise InvalidInput(field, f"{said} {suggest(str(key), known)}")
    return found
