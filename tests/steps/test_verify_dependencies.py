"""ComfyUI is really restarted, over a real sshd, and its log is really read."""

import os
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.steps.bench import Ran, StepBench
from tests.steps.box import Box
from tests.steps.comfyui_box import ComfyBox, comfy_box
from vastgui.runner import comfy_service
from vastgui.runner.comfy_log import ImportReport, PackImport
from vastgui.runner.comfy_service import Facts, read_facts

ACTION = "verify_dependencies"


@pytest.fixture
def comfy(box: Box) -> Iterator[ComfyBox]:
    machine = comfy_box(box)
    yield machine
    machine.stop()


@pytest.fixture
def verify(run_step: StepBench, comfy: ComfyBox) -> Any:
    def run(**params: Any) -> Ran:
        return run_step(ACTION, comfyui_port=comfy.port, **params)

    return run


def items(ran: Ran) -> dict[str, tuple[str, str]]:
    return {i.label: (i.status.value, i.message) for i in ran.step.progress.items}


def age(*packs: Any) -> None:
    """As if they had been installed a minute ago."""
    for pack in packs:
        os.utime(pack, (time.time() - 60,) * 2)


def test_comfyui_is_restarted_once_and_then_left_alone(comfy: ComfyBox, verify: Any) -> None:
    age(comfy.pack("one", "X = 1\n"), comfy.pack("two", "X = 2\n"))
    first = verify()
    assert first.ok, first.log
    assert first.message == "2 node packs imported; ComfyUI was restarted."
    assert items(first)["one"][0] == "completed"
    assert comfy.asked == ["restart comfyui"]
    pid = comfy.pid

    second = verify()
    assert second.outcome == "nothing_to_do", second.message
    assert (comfy.asked, comfy.pid) == (["restart comfyui"], pid)


def test_a_pack_installed_just_now_is_covered_too(comfy: ComfyBox, verify: Any) -> None:
    comfy.pack("one", "X = 1\n")
    assert verify().outcome == "done"
    assert verify().outcome == "nothing_to_do"


def test_a_new_pack_needs_a_restart(comfy: ComfyBox, verify: Any) -> None:
    age(comfy.pack("one", ""))
    assert verify().ok
    age(comfy.pack("two", ""))  # old enough, but the running ComfyUI has not listed it
    assert verify().outcome == "done"
    assert len(comfy.asked) == 2


def test_prompts_are_not_lost_to_a_restart(
    comfy: ComfyBox, verify: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verify().ok
    pid = comfy.pid
    comfy.pack("one", "")
    comfy.has_prompts(2)
    monkeypatch.setattr(comfy_service, "PROMPTS_WAIT_S", 1.0)
    ran = verify()
    assert (ran.ok, comfy.pid, len(comfy.asked)) == (False, pid, 1)
    assert "at work on 2 prompts, which would be lost" in ran.message
    assert "when ComfyUI's queue is empty" in ran.result.hint


def test_a_restart_waits_until_the_prompts_are_done(comfy: ComfyBox, verify: Any) -> None:
    assert verify().ok
    comfy.pack("one", "")
    comfy.has_prompts(1)
    done = threading.Timer(1.5, comfy.has_prompts, (0,))
    done.start()
    since = time.monotonic()
    assert verify().ok
    assert time.monotonic() - since > 1.4
    assert len(comfy.asked) == 2
    done.join()


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", "[" * 50_000, '{"exec_info": {"queue_remaining": true}}',
     '{"exec_info": {"queue_remaining": -1}}', '{"exec_info": {"queue_remaining": NaN}}'],
)  # fmt: skip
def test_an_odd_answer_about_prompts_is_no_reason_to_wait(said: str) -> None:
    ctx: Any = SimpleNamespace(ssh=SimpleNamespace(http_get=lambda *_, **__: (200, said.encode())))
    assert comfy_service.prompts_left(ctx, 18188) == 0


def test_a_missing_package_is_installed_by_its_own_name(
    box: Box, comfy: ComfyBox, verify: Any
) -> None:
    box.wheel("opencv_python_headless", "4.1", {"cv2/__init__.py": ""})
    box.wheel("practice_colour", "1.0", {"colour/__init__.py": "", "colour/models.py": ""})
    age(
        comfy.pack("camera", "import cv2\n"),
        comfy.pack("colours", "from colour import models\nimport cv2\n"),
        comfy.pack("good", ""),
    )
    ran = verify(packages={"colour": "practice-colour"})
    assert ran.ok, ran.log
    assert ran.details["installed"] == ["opencv-python-headless", "practice-colour"]
    assert comfy.asked == ["restart comfyui"] * 2
    assert {status for status, _ in items(ran).values()} == {"completed"}
    assert verify().outcome == "nothing_to_do"


def test_what_cannot_be_cured_names_pack_and_module(comfy: ComfyBox, verify: Any) -> None:
    age(
        comfy.pack("lost", "import nowhere_at_all\n"),
        comfy.pack("broken", "raise RuntimeError('no GPU today')\n"),
        comfy.pack("good", ""),
    )
    ran = verify()
    assert not ran.ok
    assert ran.outcome == "partial"
    assert ran.details["failed"] == {
        "lost": "No module named 'nowhere_at_all'",
        "broken": "no GPU today",
    }
    assert ran.details["missing"] == ["nowhere_at_all"]
    assert "lost: No module named 'nowhere_at_all'" in ran.message
    assert items(ran)["lost"] == ("failed", "No module named 'nowhere_at_all'")
    assert "Could not find a version" in ran.log


def test_nothing_is_installed_when_not_wanted(comfy: ComfyBox, verify: Any) -> None:
    age(comfy.pack("lost", "import cv2\n"))
    ran = verify(install=False)
    assert ran.outcome == "failed"
    assert comfy.asked == ["restart comfyui"]
    assert "pip" not in ran.log


def test_a_comfyui_that_does_not_start(box: Box, comfy: ComfyBox, verify: Any) -> None:
    (box.ui_home / "main.py").write_text("raise SystemExit('ImportError: no torch here')\n")
    ran = verify()
    assert not ran.ok
    assert "ComfyUI did not start" in ran.message
    assert "FATAL" in ran.message
    assert ran.details["last_log_line"] == "ImportError: no torch here"


def test_a_service_of_another_name(verify: Any, box: Box) -> None:
    box.program("supervisorctl", '#!/bin/sh\necho "$2: ERROR (no such process)"; exit 1\n')
    assert "ComfyUI did not start: comfyui: ERROR (no such process)" in verify().message


def test_no_packs_at_all(comfy: ComfyBox, verify: Any) -> None:
    assert verify().message == "0 node packs imported; ComfyUI was restarted."


def test_facts_are_read_from_what_the_instance_says() -> None:
    text = "status comfyui   RUNNING   pid 7, uptime 0:01\nstart 50\nnow 99\nlog 12 345\nentry 40 a b\nentry  c\njunk"
    facts = read_facts(text)
    assert facts == Facts(
        "comfyui RUNNING pid 7, uptime 0:01", 50, 99, (12, 345), {"a b": 40, "c": 0}
    )
    report = ImportReport((PackImport("/x/a b", True), PackImport("/x/c", True)), listed=True)
    assert facts.is_covered_by(report)
    assert not read_facts(text.replace("start 50", "start 40")).is_covered_by(report)
    assert not read_facts(text.replace("start 50", "")).is_covered_by(report)
    assert not read_facts(text.replace("RUNNING", "FATAL")).is_covered_by(report)
    assert not facts.is_covered_by(ImportReport(report.packs[:1], listed=True))
    assert read_facts("") == Facts()
