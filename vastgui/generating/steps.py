"""The steps of a ComfyUI run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.state.plan import PlanStep


@dataclass(frozen=True, slots=True)
class Kind:
    """One step, with the seconds it takes where nothing is known of former runs."""

    action: str
    label: str
    timeout_s: float
    weight_s: float
    silence_timeout_s: float | None = None
    retries: int = 5


KINDS = (
    Kind("preflight", "Check the workflow on the instance", 300, 2),
    Kind("upload_inputs", "Send the input files", 86400, 2, 600),
    Kind("queue_prompt", "Queue the prompt", 300, 1),
    Kind("follow_prompt", "Generate", 0, 40),
    Kind("download_outputs", "Bring the results home", 86400, 5, 600),
    Kind("clean_up", "Remove what was sent", 120, 1),
)
LIMITS_MARGIN_S = 600.0


def steps(
    params: Mapping[str, Any], weights: Mapping[str, float], *, only_preflight: bool = False
) -> tuple[PlanStep, ...]:
    """`weights`: seconds by action, from former runs of the workflow."""
    kinds = KINDS[:1] if only_preflight else KINDS
    waiting_s = float(params["queue_timeout_s"]) + float(params["execution_timeout_s"])
    return tuple(
        PlanStep(
            action=kind.action,
            label=kind.label,
            params=dict(params),
            timeout_s=kind.timeout_s or waiting_s + LIMITS_MARGIN_S,
            silence_timeout_s=kind.silence_timeout_s,
            retries=kind.retries,
            weight=max(weights.get(kind.action, kind.weight_s), 0.1),
        )
        for kind in kinds
    )
