"""What templates are made of. Values in `params` and `default` may still hold `${variables}`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """A parameter of an action, or a variable of a template."""

    name: str
    kind: str
    """A key of `vastgui.state.checks.KINDS`: which values are good."""
    default: Any = None
    label: str = ""
    help: str = ""
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    local: bool = False
    """Resolved on this computer (a file beside the template); the runner never sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """What the app knows of an action; the code is `vastgui/runner/steps/<action>.py`."""

    action: str
    label: str
    help: str
    timeout_s: float
    silence_timeout_s: float | None = None
    weight_s: float = 1.0
    retries: int = 2
    params: tuple[ParamSpec, ...] = ()


class Actions(dict[str, ActionSpec]):
    """All actions by name, and the variables that every template has."""

    variables: tuple[ParamSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateStep:
    """One step as a template has it: `params` are raw, empty fields mean the action's own."""

    action: str
    label: str
    enabled: bool = True
    params: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float
    silence_timeout_s: float | None = None
    retries: int = 2
    allow_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A named list of steps, and the variables the user may set before it runs."""

    id: str
    label: str
    description: str
    path: Path
    variables: tuple[ParamSpec, ...]
    steps: tuple[TemplateStep, ...]
    user: bool = False
    """The user's own, from the config folder."""
    overrides: bool = False
    """The user's own, used in place of a shipped one of the same id."""


@dataclass(frozen=True, slots=True)
class BrokenTemplate:
    """A template file that cannot be used, and why. It is listed, never hidden."""

    id: str
    path: Path
    error: str
    hint: str = ""


class NoSuchTemplate(InvalidInput):
    """No template has this id."""
