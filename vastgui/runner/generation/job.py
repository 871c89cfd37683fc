"""What a ComfyUI run is asked to do: the parameters that all of its steps share."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any, Self

from vastgui.errors import InvalidInput

CONTROLS = ("fixed", "increment", "decrement", "randomize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A field of the prompt is named `"<node id>.<input>"`. Times are seconds."""

    workflow_name: str = ""
    workflow_file: str = "workflow.json"
    """The workflow as given, inside the run's folder."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Field to a file inside the run's folder (`inputs/<name>`), which is uploaded."""
    seed_controls: Mapping[str, str] = field(default_factory=dict)
    """Field to fixed, increment, decrement or randomize; it wins over the workflow's own."""
    server: str = ""
    """Empty: over SSH. Else the address of a ComfyUI that this computer reaches itself."""
    comfyui_port: int = 0
    """Port inside the instance; 0: it is looked for."""
    ui_home: str = ""
    output_dir: str = ""
    """A folder of this computer that gets the outputs too."""
    queue_timeout_s: float = 1800.0
    execution_timeout_s: float = 86400.0
    keep_remote: bool = False
    run_rest: bool = False
    """Outputs that the server leaves out as invalid are no reason not to run the others."""

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Self:
        """Raises `InvalidInput` naming the parameter. Others than ours are ignored."""
        usual = cls()
        given = [f.name for f in fields(cls) if params.get(f.name) is not None]
        job = cls(**{name: _typed(name, params[name], getattr(usual, name)) for name in given})
        job._check()
        return job

    def _check(self) -> None:
        _below_the_run("workflow_file", self.workflow_file)
        for name in self.inputs.values():
            _below_the_run("inputs", name)
        for where, control in self.seed_controls.items():
            if control not in CONTROLS:
                raise InvalidInput(f"seed_controls › {where}", f"must be one of {_listed()}.")
        if not 0 <= self.comfyui_port <= 65535:
            raise InvalidInput("comfyui_port", "must be a port, 0 to 65535.")


def _typed(name: str, value: Any, usual: Any) -> Any:
    """`value` when it is of the kind of `usual`; templates may give a number as text."""
    match usual:
        case dict():
            return _mapping(name, value, texts_only=name in ("inputs", "seed_controls"))
        case bool():
            if isinstance(value, bool):
                return value
            raise InvalidInput(name, "must be true or false.")
        case int() | float():
            return _number(name, value, whole=isinstance(usual, int))
    if isinstance(value, str) and "\0" not in value:
        return value
    raise InvalidInput(name, "must be a text.")


def _mapping(name: str, value: Any, *, texts_only: bool) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(name, "must hold `field: value` pairs.")
    for key, item in value.items():
        if not isinstance(key, str) or (texts_only and not isinstance(item, str)):
            raise InvalidInput(f"{name} › {key}", "must be a text.")
    return dict(value)


def _number(name: str, value: Any, *, whole: bool) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        number: float = int(value or 0) if whole else float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(name, "must be a number.") from None
    if number < 0 or not math.isfinite(number):
        raise InvalidInput(name, "must be a number, 0 or more.")
    return number


def _below_the_run(field_name: str, name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise InvalidInput(field_name, f"{name!r} is no file of the run's folder.")


def _listed() -> str:
    return f"{', '.join(CONTROLS[:-1])} and {CONTROLS[-1]}"
