"""Clones node packs, installs their requirements, checks that ComfyUI can import them.

Each pack is one line of the checklist and one detached job on the instance. What is there already
and complete is left alone, so a second run, or a retry after a partial success, does only the rest.
A folder that is not the wanted repository is never touched, unless the user asked to rename it.
"""

from collections.abc import Sequence

from vastgui.errors import StepFailed
from vastgui.runner.context import Checklist, Done, StepContext, nothing_to_do
from vastgui.runner.node_pack_scripts import INSTALL, LOOK, import_check
from vastgui.runner.node_packs import (
    Decision,
    Found,
    JobReader,
    Outcome,
    Pack,
    decide,
    read_look,
    wanted,
)

LOOK_AT_ONCE = 40
"""Packs per look: the words of one command must fit into one SSH packet."""


def run(ctx: StepContext) -> Done:
    packs = wanted(ctx.params.get("repos", []))
    if not packs:
        return nothing_to_do("No node packs are wanted.")
    ctx.simple("Looking at the node packs that are there")
    found = _looked_at(ctx, packs)
    rename = bool(ctx.params.get("rename_existing", False))
    plans = [decide(p, f, rename_existing=rename) for p, f in zip(packs, found, strict=True)]
    lines = ctx.checklist([pack.name for pack in packs])
    outcomes = [_done_for(ctx, lines, i, packs[i], found[i], plan) for i, plan in enumerate(plans)]
    return _summed_up(packs, outcomes)


def _looked_at(ctx: StepContext, packs: Sequence[Pack]) -> list[Found]:
    out: list[Found] = []
    for start in range(0, len(packs), LOOK_AT_ONCE):
        part = packs[start : start + LOOK_AT_ONCE]
        words = [word for pack in part for word in (pack.name, pack.commit, pack.requirements)]
        told = ctx.ssh.sh(LOOK, ctx.params["ui_home"], ctx.params["python"], *words, timeout_s=120)
        _check_home(ctx, told.stdout)
        out += read_look(told.stdout, len(part))
        ctx.checkpoint()
    return out


def _check_home(ctx: StepContext, told: str) -> None:
    match told.strip():
        case "home no":
            raise StepFailed(
                f"{ctx.params['ui_home']} on the instance holds no ComfyUI (no main.py).",
                hint="Correct ui_home. On a fresh instance, wait until it has set itself up.",
            )
        case "git no":
            raise StepFailed(
                "The instance has no git.", hint="Choose an image with git, or install it there."
            )
        case "python no":
            raise StepFailed(
                f"There is no Python at {ctx.params['python']} on the instance.",
                hint="Correct the template's `python`, or run the step setup_python_venv first.",
            )


def _done_for(
    ctx: StepContext, lines: Checklist, i: int, pack: Pack, found: Found, plan: Decision
) -> Outcome:
    """Bring one pack to its goal and tell its line of the checklist."""
    ctx.checkpoint()
    if plan.mode == "refuse":
        lines.fail(i, plan.why)
        return Outcome(ok=False, why=plan.why)
    if plan.mode == "nothing":
        lines.done(i, "already there" + (", with local changes" if found.changed else ""))
        return Outcome(ok=True, cloned=True, requirements=True, imported=found.imported)
    lines.start(i, "Starting")
    outcome = _installed(ctx, lines, i, pack, plan.mode)
    if outcome.ok:
        lines.done(i, _good_words(outcome, plan.mode))
    else:
        lines.fail(i, outcome.why)
    return outcome


def _installed(ctx: StepContext, lines: Checklist, i: int, pack: Pack, mode: str) -> Outcome:
    reader = JobReader()

    def take(line: str) -> None:
        if shown := reader.read(line):
            lines.update(i, *shown)

    ctx.say(f"[vastgui] {pack.name}: {mode} {pack.url} {pack.commit}".rstrip())
    variables = ctx.plan.metadata.get("variables", {})
    result = ctx.job(
        f"pack-{pack.name}",
        INSTALL,
        mode,
        ctx.params["ui_home"],
        pack.name,
        pack.url,
        pack.commit,
        pack.requirements,
        ctx.params["python"],
        str(variables.get("environment_file", "")),
        str(variables.get("env_file", "")),
        import_check(),
        on_line=take,
    )
    outcome = reader.outcome(result.exit_code, mode, result.tail)
    if reader.aside:
        ctx.say(f"[vastgui] what was there before is now {reader.aside}")
    return outcome


def _good_words(outcome: Outcome, mode: str) -> str:
    first = {"keep": "already there", "checkout": "set to its commit"}.get(mode, "cloned")
    middle = "requirements installed, " if outcome.changed else ""
    last = "imported" if outcome.imported == "imported" else f"checked: {outcome.why[:120]}"
    return f"{first}, {middle}{last}"


def _summed_up(packs: Sequence[Pack], outcomes: Sequence[Outcome]) -> Done:
    named = list(zip(packs, outcomes, strict=True))
    failed = [(pack.name, outcome) for pack, outcome in named if not outcome.ok]
    details = {
        "packs": {pack.name: outcome.to_json() for pack, outcome in named},
        "failed": {name: outcome.why for name, outcome in failed},
    }
    if not failed:
        changed = sum(outcome.changed for outcome in outcomes)
        if not changed:
            return nothing_to_do(f"{_count(len(packs))} there already.", **details)
        return Done(f"{_count(changed)} installed, {len(packs) - changed} there already.", details)
    words = "; ".join(f"{name}: {outcome.why}" for name, outcome in failed[:3])
    more = f" (and {len(failed) - 3} more)" if len(failed) > 3 else ""
    message = f"{len(failed)} of {_count(len(packs))} failed. {words}{more}."
    raise StepFailed(
        message,
        hint="Correct what is named, then continue: only the failed packs are tried again.",
        details=details,
        partial=len(failed) < len(packs),
        transient=all(outcome.transient for _, outcome in failed),
    )


def _count(number: int) -> str:
    return f"{number} node pack" + ("" if number == 1 else "s")
