"""GET /config/workflow: what can be run, and within which limits."""

from typing import Any

from vastgui.api.answers import Answer, answer
from vastgui.api.core import BURST, Core, Has
from vastgui.api.models.catalog import CatalogAnswer
from vastgui.api.models.envelope import refusals
from vastgui.api.strict import MAX_BODY_BYTES, strict_router
from vastgui.templates import ActionSpec, BrokenTemplate, ParamSpec, Template, TemplateStep
from vastgui.templates.parse import MAX_STEPS

router = strict_router("app", "/config")
MAX_PAGE = 200


@router.get(
    "/workflow", response_model=CatalogAnswer, responses=refusals(), summary="What can be run"
)
async def workflow_config(core: Has) -> Answer:
    """Templates with their variables and steps, all actions with their parameters, limits."""
    templates = core.services.templates
    found = [_template(t) for t in templates.all()]
    return answer(
        f"{len(found)} templates, {len(templates.actions)} actions.",
        templates=found,
        actions=[_action(spec) for spec in templates.actions.values()],
        workflows=core.services.library.names(),
        limits=_limits(core),
    )


def _template(found: Template | BrokenTemplate) -> dict[str, Any]:
    if isinstance(found, BrokenTemplate):
        return {"template_id": found.id, "problem": found.error, "hint": found.hint or None}
    return {
        "template_id": found.id,
        "label": found.label,
        "description": found.description,
        "user": found.user,
        "variables": [_param(spec) for spec in found.variables],
        "steps": [_step(step) for step in found.steps],
    }


def _step(step: TemplateStep) -> dict[str, Any]:
    return {
        "action": step.action,
        "label": step.label,
        "enabled": step.enabled,
        "params": dict(step.params),
        "timeout_s": step.timeout_s,
        "silence_timeout_s": step.silence_timeout_s,
        "retries": step.retries,
        "allow_partial": step.allow_partial,
    }


def _action(spec: ActionSpec) -> dict[str, Any]:
    return {
        "action": spec.action,
        "label": spec.label,
        "help": spec.help,
        "timeout_s": spec.timeout_s,
        "silence_timeout_s": spec.silence_timeout_s,
        "retries": spec.retries,
        "params": [_param(param) for param in spec.params],
    }


def _param(spec: ParamSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "kind": spec.kind,
        "default": spec.default,
        "label": spec.label,
        "help": spec.help,
        "required": spec.required,
        "secret": spec.secret,
        "choices": list(spec.choices),
    }


def _limits(core: Core) -> dict[str, Any]:
    settings = core.services.settings
    return {
        "max_steps": MAX_STEPS,
        "max_body_bytes": MAX_BODY_BYTES,
        "max_page": MAX_PAGE,
        "starts_per_minute": settings.starts_per_minute,
        "starts_at_once": BURST,
        "heartbeat_s": settings.heartbeat_s,
        "not_responding_after_s": settings.not_responding_after_s,
        "queue_timeout_s": settings.queue_timeout_s,
        "execution_timeout_s": settings.execution_timeout_s,
    }
