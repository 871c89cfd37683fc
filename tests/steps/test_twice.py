"""The shipped template on a fresh machine, twice: the second time there is nothing to do."""

import pytest

from tests.steps.bench import StepBench
from tests.steps.box import Box, civitai
from vastgui.config import assets_dir
from vastgui.state.model import StepStatus
from vastgui.templates import Templates, build_plan

SIMPLE = (
    "test_ssh", "setup_python_venv", "set_ui_home", "get_ui_home", "setup_civitdl", "test_civitdl",
    "configure_links",
)  # fmt: skip
"""The steps that need no ComfyUI that runs; the others have tests of their own."""


def test_a_second_run_changes_nothing(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", "canary0123456789abcdef0123456789")
    templates = Templates(assets_dir(), box.root)
    template = templates.get("comfyui")
    others = {step.action: False for step in template.steps if step.action not in SIMPLE}
    with civitai() as url:
        plan = build_plan(
            template, templates.actions, ssh_connection="", enabled=others,
            variables={**box.variables, "civitai_url": url},
        )  # fmt: skip
        first = run_step.run(*plan.steps)
        second = run_step.run(*plan.steps)
    done = [s for s in first.state.steps if s.status is StepStatus.COMPLETED]
    assert [s.action for s in done] == list(SIMPLE)
    assert {s.action for s in done if s.result and s.result.outcome == "done"} == {
        "test_ssh", "set_ui_home", "setup_civitdl", "configure_links",
    }  # fmt: skip
    results = [s.result for s in second.state.steps if s.action in SIMPLE]
    assert [r.outcome for r in results if r] == ["nothing_to_do"] * len(SIMPLE)
