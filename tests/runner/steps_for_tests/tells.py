"""Lets a secret slip into every text a step can write."""

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    secret = kept.reveal() if (kept := ctx.secret("civitai_token")) else ""
    ctx.say(f"\x1b[31mkey\x1b[0m={secret}")
    ctx.simple(f"using {secret}")
    if ctx.params.get("crash"):
        raise ValueError(f"bad key {secret}")
    raise StepFailed(f"{secret} was refused", hint=f"not {secret}", details={"key": secret})
