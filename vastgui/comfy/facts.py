"""What is known before a run, and the lines a preflight makes of it."""

from dataclasses import dataclass
from typing import Literal

from vastgui.comfy.choices import Choice

Level = Literal["green", "amber", "red"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line: a full `message`, and in `fix` what to do about it (empty when green)."""

    name: str
    level: Level
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class MissingType:
    """A node type the instance does not have; `pack` brings it, as far as that is known."""

    node_type: str
    pack: str = ""
    nodes: int = 1


@dataclass(frozen=True, slots=True)
class MissingInput:
    """An input file that is neither given nor on the instance. `field` is "10.image"."""

    field: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known before a run. None: not known. Sizes in bytes, times in seconds."""

    total_nodes: int = 0
    missing_types: tuple[MissingType, ...] = ()
    choices: tuple[Choice, ...] = ()
    missing_inputs: tuple[MissingInput, ...] = ()
    inputs: int = 0
    """Input files the workflow uses."""
    ui_only_nodes: tuple[str, ...] = ()
    """Nodes that need an open browser (a webcam, a 3D viewer)."""
    server_version: str = ""
    queue_length: int | None = None
    """Prompts that run or wait on the server now."""
    free_here_bytes: int | None = None
    free_there_bytes: int | None = None
    upload_bytes: int = 0
    expected_output_bytes: int | None = None
    vram_total_bytes: int | None = None
    vram_free_bytes: int | None = None
    vram_need_bytes: int | None = None
    median_s: float | None = None
    """Median seconds of earlier runs of this workflow (`measured_runs` of them)."""
    measured_runs: int = 0
