"""setup_python_venv: verified, and created only when asked."""

import shutil

from tests.steps.bench import StepBench
from tests.steps.box import TORCH, Box


def test_the_environment_is_as_it_should_be(run_step: StepBench) -> None:
    ran = run_step("setup_python_venv")
    assert ran.outcome == "nothing_to_do"
    assert ran.message.endswith("torch 2.8.0+cu128 sees NVIDIA GeForce RTX 4090.")
    assert ran.details["cuda_version"] == "12.8"


def test_torch_without_gpu(run_step: StepBench, box: Box) -> None:
    box.module("torch", TORCH.replace("return True", "return False"))
    ran = run_step("setup_python_venv")
    assert not ran.ok
    assert "torch 2.8.0+cu128 sees no GPU" in ran.message
    assert "driver" in ran.result.hint
    assert run_step("setup_python_venv", require_cuda=False).ok


def test_torch_that_breaks(run_step: StepBench, box: Box) -> None:
    box.module("torch", "raise OSError('libcudart.so.12: cannot open')\n")
    ran = run_step("setup_python_venv")
    assert not ran.ok
    assert "torch cannot be imported (OSError: libcudart.so.12" in ran.message


def test_python_outside_of_any_environment(run_step: StepBench, box: Box) -> None:
    base = (box.python).resolve()
    ran = run_step("setup_python_venv", python=str(base))
    assert not ran.ok
    assert "belongs to no virtual environment" in ran.message


def test_a_missing_environment_is_not_made_up(run_step: StepBench, box: Box) -> None:
    shutil.rmtree(box.venv)
    ran = run_step("setup_python_venv")
    assert not ran.ok
    assert f"{box.python} is missing" in ran.message
    assert "create: true" in ran.result.hint
    assert not box.venv.exists()


def test_it_is_created_when_asked(run_step: StepBench, box: Box) -> None:
    shutil.rmtree(box.venv)
    box.program("python3", f'#!/bin/sh\nexec {box.root}/python "$@" --without-pip\n')
    (box.root / "python").symlink_to(shutil.which("python3") or "/usr/bin/python3")
    first = run_step("setup_python_venv", create=True, require_cuda=False)
    assert first.outcome == "done"
    assert first.message.startswith("Created. Python 3.")
    second = run_step("setup_python_venv", create=True, require_cuda=False)
    assert second.outcome == "nothing_to_do"


def test_a_failed_creation_says_why(run_step: StepBench, box: Box) -> None:
    shutil.rmtree(box.venv)
    box.program("python3", "#!/bin/sh\necho 'ensurepip is not available' >&2\nexit 1\n")
    ran = run_step("setup_python_venv", create=True)
    assert not ran.ok
    assert "could not be created: ensurepip is not available" in ran.message


def test_python_that_answers_nonsense(run_step: StepBench, box: Box) -> None:
    box.python.unlink()
    box.python.write_text("#!/bin/sh\necho 'vastgui-facts:[[['\n")
    box.python.chmod(0o755)
    ran = run_step("setup_python_venv")
    assert not ran.ok
    assert "could not answer" in ran.message
