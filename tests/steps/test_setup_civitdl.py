"""setup_civitdl: installed into the environment, the key in a file for its owner only."""

import json
import stat
from pathlib import Path

import pytest

from tests.steps.bench import StepBench
from tests.steps.box import CIVITDL, Box

KEY = "canary0123456789abcdef0123456789"


def config(box: Box) -> Path:
    return box.home / ".config" / "civitdl" / "config.json"


def test_installed_with_its_key_then_nothing_to_do(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    first = run_step("setup_civitdl")
    assert first.outcome == "done"
    assert first.message == "civitdl 2.2.0 was installed; its API key was written."
    assert (box.venv / "bin" / "civitdl").exists()
    stored = json.loads(config(box).read_text())
    assert stored["default"] == {"sorter": "basic", "api_key": KEY}
    assert stored["sorters"] == [["basic", "", "basic"]]
    assert stat.S_IMODE(config(box).stat().st_mode) == 0o600
    assert [item.status.value for item in first.step.progress.items] == ["completed"] * 2

    second = run_step("setup_civitdl")
    assert second.outcome == "nothing_to_do"
    assert second.message == "civitdl 2.2.0 is there; its API key is set."
    assert KEY.encode() not in first.everything + second.everything


def test_the_key_is_never_an_argument(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    words = box.root / "words"
    real = box.python.resolve()
    box.python.unlink()
    box.python.write_text(f'#!/bin/sh\necho "$0 $@" >> {words}\nexec -a "$0" {real} "$@"\n')
    box.python.write_text(
        f'#!/bin/bash\necho "$0 $@" >> {words}\nenv >> {words}\nexec -a "$0" {real} "$@"\n'
    )
    box.python.chmod(0o755)
    assert run_step("setup_civitdl").ok
    assert "api_key" in words.read_text()
    assert KEY not in words.read_text()


def test_without_a_key_it_is_installed_and_says_what_is_missing(
    run_step: StepBench, box: Box
) -> None:
    ran = run_step("setup_civitdl")
    assert ran.outcome == "done"
    assert "no API key is stored (add it with `vastgui secret set civitai_token`)" in ran.message
    assert not config(box).exists()
    assert run_step("setup_civitdl").outcome == "nothing_to_do"


def test_a_new_key_replaces_the_old_and_the_rest_stays(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(box).parent.mkdir(parents=True)
    config(box).write_text(json.dumps({"version": "1", "default": {"api_key": "old", "max": 3}}))
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    assert run_step("setup_civitdl").ok
    assert json.loads(config(box).read_text()) == {
        "version": "1",
        "default": {"api_key": KEY, "max": 3},
    }


def test_a_key_others_may_read_is_closed(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    run_step("setup_civitdl")
    config(box).chmod(0o644)
    assert run_step("setup_civitdl").outcome == "done"
    assert stat.S_IMODE(config(box).stat().st_mode) == 0o600


@pytest.mark.parametrize("broken", ["{", "[]", '{"default": 3}', "\0"])
def test_a_broken_configuration_is_kept_aside(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    config(box).parent.mkdir(parents=True)
    config(box).write_text(broken)
    monkeypatch.setenv("CIVITAI_TOKEN", KEY)
    assert run_step("setup_civitdl").ok
    (aside,) = config(box).parent.glob("config.json.bak-*")
    assert aside.read_text() == broken


def test_a_key_that_is_none(run_step: StepBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", "a\x1bb" * 9)
    ran = run_step("setup_civitdl")
    assert not ran.ok
    assert "characters that no key has" in ran.message


def test_a_pinned_version_is_installed_over_another(run_step: StepBench, box: Box) -> None:
    run_step("setup_civitdl")
    box.wheel("civitdl", "2.1.2", CIVITDL, "[console_scripts]\ncivitdl=civitdl.__main__:main\n")
    assert run_step("setup_civitdl", package="civitdl==2.1.2").details["version"] == "2.1.2"
    assert run_step("setup_civitdl", package="civitdl==2.1.2").outcome == "nothing_to_do"


def test_a_range_that_fits_is_nothing_to_do(run_step: StepBench) -> None:
    assert run_step("setup_civitdl", package="civitdl>=1").outcome == "done"
    again = run_step("setup_civitdl", package="civitdl>=1")
    assert again.outcome == "nothing_to_do", again.message


def test_a_failing_install_says_why(run_step: StepBench) -> None:
    ran = run_step("setup_civitdl", package="civitdl==9.9")
    assert not ran.ok
    assert "civitdl==9.9 could not be installed: ERROR: No matching distribution" in ran.message


def test_without_pip_and_uv(run_step: StepBench, box: Box) -> None:
    (box.site_packages / "pip").unlink()
    ran = run_step("setup_civitdl")
    assert not ran.ok
    assert "neither pip nor uv" in ran.message


def test_without_pip_uv_does_it(run_step: StepBench, box: Box) -> None:
    lent = (box.site_packages / "pip").resolve()
    (box.site_packages / "pip").unlink()
    box.program(
        "uv",
        f'#!/bin/sh\nshift 3; export PYTHONPATH={lent.parent}\nexec "$1" -m pip install "$3"\n',
    )
    assert run_step("setup_civitdl").ok
