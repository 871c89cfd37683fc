"""Verifies the environment ComfyUI runs in: python, torch, GPU. Creates it only when asked."""

from typing import Any

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import ask_python, shown

CREATE = r"""
for python in python3 /usr/bin/python3; do
    if command -v "$python" >/dev/null 2>&1; then exec "$python" -m venv -- "$1"; fi
done
if command -v uv >/dev/null 2>&1; then exec uv venv --seed -- "$1"; fi
echo "There is neither python3 nor uv on the instance." >&2
exit 127
"""
LOOK = r"""
facts = dict(version=sys.version.split()[0], venv=sys.prefix != sys.base_prefix, prefix=sys.prefix,
             torch="", cuda=False, cuda_version="", gpu="", why="")
try:
    import torch
    facts["torch"] = str(torch.__version__)
    facts["cuda"] = bool(torch.cuda.is_available())
    facts["cuda_version"] = str(getattr(torch.version, "cuda", "") or "")
    if facts["cuda"]:
        facts["gpu"] = str(torch.cuda.get_device_name(0))
except Exception as error:
    facts["why"] = "%s: %s" % (type(error).__name__, error)
report(**facts)
"""


def run(ctx: StepContext) -> Done:
    venv, python = ctx.params["venv"], ctx.params["python"]
    created = False
    ctx.simple("Looking for the Python environment")
    if not ctx.ssh.run("test", "-x", python).ok:
        if not ctx.params["create"]:
            raise StepFailed(
                f"There is no Python environment: {python} is missing.",
                hint="Check the variables `venv` and `python`, or set `create: true` on this step.",
            )
        _create(ctx, venv)
        created = True
    ctx.simple("Importing torch", python)
    facts = ask_python(ctx, python, LOOK, timeout_s=180)
    message = verdict(facts, python, require_cuda=ctx.params["require_cuda"])
    return Done(f"Created. {message}", facts) if created else nothing_to_do(message, **facts)


def _create(ctx: StepContext, venv: str) -> None:
    ctx.simple("Creating the Python environment", venv)
    ended = ctx.job("venv", CREATE, venv, on_line=lambda line: ctx.simple("Creating", line))
    if ended.exit_code != 0:
        last = shown(ended.tail[-1]) if ended.tail else f"exit code {ended.exit_code}"
        raise StepFailed(
            f"The Python environment {venv} could not be created: {last}",
            hint="The step's log has all of its output.",
        )


def verdict(facts: dict[str, Any], python: str, *, require_cuda: bool) -> str:
    """One sentence on the environment. Raises `StepFailed` when it is not fit for ComfyUI."""
    if not facts.get("venv"):
        raise StepFailed(
            f"{python} works but belongs to no virtual environment.",
            hint="Point the variable `venv` to the environment ComfyUI runs in (/venv/main).",
            details=facts,
        )
    version, torch = facts.get("version"), facts.get("torch")
    if facts.get("cuda"):
        return f"Python {version}, torch {torch} sees {facts.get('gpu') or 'the GPU'}."
    problem = f"torch {torch} sees no GPU" if torch else "torch cannot be imported"
    why = f" ({facts['why']})" if facts.get("why") else ""
    if require_cuda:
        raise StepFailed(
            f"Python {version} works, but {problem}{why}.",
            hint="Rent an image whose CUDA fits the machine's driver, or set `require_cuda: false`.",
            details=facts,
        )
    return f"Python {version}; {problem}{why}."
