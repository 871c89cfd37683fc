"""test_civitdl: three answers, each for itself."""

import pytest

from tests.steps.bench import Ran, StepBench
from tests.steps.box import Box, civitai

KEY = "canary0123456789abcdef0123456789"


def statuses(ran: Ran) -> list[str]:
    return [item.status.value for item in ran.step.progress.items]


def test_all_three(run_step: StepBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    assert run_step("setup_civitdl").ok
    with civitai() as url:
        ran = run_step("test_civitdl", civitai_url=url)
    assert ran.outcome == "nothing_to_do"
    assert ran.details == {
        "Command": "It starts.",
        "API key": "Yours is set.",
        "Network": "Civitai answers.",
    }
    assert statuses(ran) == ["completed"] * 3
    assert KEY.encode() not in ran.everything


def test_each_failure_has_its_own_words(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    with civitai(503) as url:
        ran = run_step("test_civitdl", civitai_url=url)
    assert not ran.ok
    assert "The command civitdl does not start" in ran.details["Command"]
    assert ran.details["API key"] == "The instance does not have your Civitai key."
    assert f"{url} answers with 503" in ran.details["Network"]
    assert statuses(ran) == ["failed"] * 3


def test_no_key_is_no_failure(run_step: StepBench) -> None:
    run_step("setup_civitdl")
    with civitai() as url:
        ran = run_step("test_civitdl", civitai_url=url)
    assert ran.ok
    assert ran.details["API key"].startswith("None: only public models")


def test_a_key_that_only_the_instance_has(
    run_step: StepBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as only_now:
        only_now.setenv("CIVITAI_TOKEN", KEY)
        run_step("setup_civitdl")
    with civitai() as url:
        ran = run_step("test_civitdl", civitai_url=url)
    assert ran.details["API key"].startswith("The instance has one")


def test_a_civitai_that_nobody_hears(run_step: StepBench) -> None:
    run_step("setup_civitdl")
    with civitai() as url:
        pass
    ran = run_step("test_civitdl", civitai_url=url)
    assert not ran.ok
    assert statuses(ran) == ["completed", "completed", "failed"]
    assert f"{url} cannot be reached from the instance" in ran.message
    assert ran.outcome == "partial"
    assert ran.step.attempt == 3  # the network may come back, so it was asked again
