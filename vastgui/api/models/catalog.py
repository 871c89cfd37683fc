"""What can be run: templates, actions, limits."""

from typing import Any

from pydantic import BaseModel, Field

from vastgui.api.models.envelope import Envelope


class Parameter(BaseModel):
    name: str
    kind: str = Field(description="What it takes, such as path, integer or seconds.")
    default: Any = None
    label: str
    help: str
    required: bool
    secret: bool
    choices: list[str]


class TemplateStep(BaseModel):
    action: str
    label: str
    enabled: bool
    params: dict[str, Any]
    timeout_s: float
    silence_timeout_s: float | None
    retries: int
    allow_partial: bool


class TemplateShown(BaseModel):
    """A template; `problem` alone: one that cannot be used, and why."""

    template_id: str
    problem: str | None = None
    hint: str | None = None
    label: str | None = None
    description: str | None = None
    user: bool | None = Field(default=None, description="The user's own.")
    variables: list[Parameter] = Field(default_factory=list)
    steps: list[TemplateStep] = Field(default_factory=list)


class Action(BaseModel):
    action: str
    label: str
    help: str
    timeout_s: float = Field(description="Seconds the whole step may take.")
    silence_timeout_s: float | None = Field(description="Seconds it may be silent.")
    retries: int
    params: list[Parameter]


class Limits(BaseModel):
    max_steps: int = Field(description="Steps of one run.")
    max_body_bytes: int = Field(description="Bytes of a request's body.")
    max_page: int = Field(description="Runs in one answer of GET /workflows.")
    starts_per_minute: int = Field(description="Starts in a minute; 0: no limit.")
    starts_at_once: int
    heartbeat_s: float = Field(description="Seconds between a runner's signs of life.")
    not_responding_after_s: float = Field(description="Seconds of silence.")
    queue_timeout_s: int = Field(description="Seconds in ComfyUI's queue.")
    execution_timeout_s: int = Field(description="Seconds a prompt may execute.")


class CatalogAnswer(Envelope):
    templates: list[TemplateShown]
    actions: list[Action]
    workflows: list[str] = Field(description="Names of the ComfyUI library.")
    limits: Limits
