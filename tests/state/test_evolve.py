"""A copy with changes, as `dataclasses.replace` makes it."""

from dataclasses import replace

import pytest

from vastgui.state.evolve import evolved
from vastgui.state.model import Progress, RunState, StepState


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (RunState(workflow_id="a", kind="setup"), {"label": "x", "current_step": 3}),
        (StepState(index=1, action="wait", label="Wait"), {"attempt": 2, "progress": Progress()}),
        (Progress(), {}),
    ],
)
def test_it_equals_replace(value: object, changes: dict[str, object]) -> None:
    made = evolved(value, **changes)
    assert made == replace(value, **changes)  # type: ignore[type-var]
    assert type(made) is type(value)


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="Progress has no percents"):
        evolved(Progress(), percents=3)
