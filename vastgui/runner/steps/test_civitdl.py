"""Three answers on civitdl, each for itself: the command, the API key, the network."""

import posixpath
from collections.abc import Callable

from vastgui.errors import StepFailed
from vastgui.runner.civitdl import compare_key, has_key
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.remote import ask_python, reason

SECRET = "civitai_token"  # noqa: S105 - the name of a secret, not its value
NETWORK = r"""
import urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"User-Agent": "Mozilla/5.0 (vastgui)"})
try:
    with urllib.request.urlopen(request, timeout=20) as answer:
        answer.read(65536)
        report(status=answer.status, why="")
except urllib.error.HTTPError as error:
    report(status=error.code, why=str(error.reason))
except Exception as error:
    report(status=0, why=str(getattr(error, "reason", error)))
"""

Check = Callable[[StepContext], str]


def run(ctx: StepContext) -> Done:
    checks: dict[str, Check] = {"Command": command, "API key": api_key, "Network": network}
    items = ctx.checklist(list(checks))
    results: dict[str, str] = {}
    failed: dict[str, StepFailed] = {}
    for i, (name, check) in enumerate(checks.items()):
        items.start(i)
        try:
            results[name] = check(ctx)
            items.done(i, results[name])
        except StepFailed as error:
            results[name] = error.message
            failed[name] = error
            items.fail(i, error.message)
    if failed:
        raise StepFailed(
            " ".join(error.message for error in failed.values()),
            hint=next((error.hint for error in failed.values() if error.hint), ""),
            details=results,
            partial="Command" not in failed,
            transient=any(error.transient for error in failed.values()),
        )
    return nothing_to_do("civitdl works: command, API key and network were checked.", **results)


def command(ctx: StepContext) -> str:
    program = posixpath.join(posixpath.dirname(ctx.params["python"]), "civitdl")
    answer = ctx.ssh.run(program, "--help", timeout_s=30)
    if not answer.ok:
        raise StepFailed(
            f"The command civitdl does not start: {reason(answer)}.",
            hint="Run the step setup_civitdl.",
        )
    return "It starts."


def api_key(ctx: StepContext) -> str:
    """A key is wanted only when one is stored: public models need none."""
    python, key = ctx.params["python"], ctx.secret(SECRET)
    if key and compare_key(ctx, python, key):
        return "Yours is set."
    if key:
        raise StepFailed(
            "The instance does not have your Civitai key.", hint="Run the step setup_civitdl."
        )
    if has_key(ctx, python):
        return "The instance has one; none is stored here to compare it with."
    return "None: only public models can be loaded (`vastgui secret set civitai_token` adds one)."


def network(ctx: StepContext) -> str:
    url = ctx.params["civitai_url"].rstrip("/")
    facts = ask_python(ctx, ctx.params["python"], NETWORK, f"{url}/api/v1/models?limit=1")
    status = facts.get("status")
    if status != 200:
        said = f"answers with {status}" if status else "cannot be reached"
        raise StepFailed(
            f"{url} {said} from the instance ({facts.get('why') or 'no reason given'}).",
            hint="Civitai may be down or may block this machine's address: try again later.",
            transient=True,
        )
    return "Civitai answers."
