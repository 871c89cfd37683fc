"""Reboots through the Vast.ai API, and is done only when the boot was really seen to change.

"running" right after the request is the old boot: it counts only once Vast.ai said rebooting, its
figures started anew, or the machine itself shows another first process. Then SSH must answer (at
whatever address it now has), then ComfyUI. The run's connection comes back by itself.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.errors import StepFailed, VastguiError
from vastgui.runner.boot_sign import (
    LOOK,
    BootSign,
    Reboot,
    account_changed,
    machine_changed,
    read_sign,
    settle,
)
from vastgui.runner.comfy_service import PROVISIONING_HINT, serves
from vastgui.runner.context import Checklist, Done, StepContext
from vastgui.ssh.errors import AuthFailed, SshError
from vastgui.ssh.reachable import speaks_ssh
from vastgui.state.plan import is_id
from vastgui.state.secret import Secret
from vastgui.state.store import RunDir

if TYPE_CHECKING:  # httpx takes 85 ms: only a run that reboots loads it
    from vastgui.vast.client import VastClient
    from vastgui.vast.models import Instance

WAIT_S = 290.0
"""Patience with each of the three waits; together they fit into the step's 900 s."""
AUTH_PATIENCE_S = 180.0
PING_S = 5.0
API_SPEED = 1.0
MAX_CONTINUED = 20
"""Runs in a row that are searched for a reboot that was asked for."""
ASK, BOOT, SSH, COMFY = range(4)
PHASES = ("Ask Vast.ai", "Boot seen", "SSH", "ComfyUI")


def run(ctx: StepContext) -> Done:
    from vastgui.vast.client import VastClient

    number, key = _instance_id(ctx), _api_key(ctx)
    since = time.monotonic()
    phases = ctx.phases(PHASES)
    with VastClient(ctx.params["vast_url"], key.reveal(), speed=API_SPEED, sleep=ctx.sleep) as vast:
        sign = _boot_seen(ctx, vast, number, _asked(ctx, vast, number, phases), phases)
        address = _ssh_is_back(ctx, vast, number, phases)
    _comfyui_is_back(ctx, phases)
    settle(_note_path(ctx))
    took_s = round(time.monotonic() - since)
    details = {"boot_seen_by": sign, "ssh_address": address, "took_s": took_s}
    return Done(f"The instance rebooted in {took_s} s; ComfyUI answers.", details)


def _instance_id(ctx: StepContext) -> int:
    text = ctx.plan.instance_id
    if not text.isdecimal() or not 0 < int(text) < 10**15:
        raise StepFailed(
            "The reboot goes through the Vast.ai API, and no instance id was given.",
            hint="Give the number Vast.ai shows for the instance (--instance), or switch this step off.",
        )
    return int(text)


def _api_key(ctx: StepContext) -> Secret:
    if key := ctx.secret("vast_api_key"):
        return key
    raise StepFailed(
        "The reboot goes through the Vast.ai API, and no API key is stored.",
        hint="Store your Vast.ai key as the secret `vast_api_key`, or switch this step off.",
    )


def _asked(ctx: StepContext, vast: "VastClient", number: int, phases: Checklist) -> Reboot:
    """Note the signs of the present boot, then ask for the reboot: once, even over retries and
    continued runs.
    """
    from vastgui.vast.errors import Uncertain

    phases.start(ASK, "Noting the present boot")
    old = vast.instance(number)
    if (reboot := _noted(ctx)) is not None:
        reboot.note(_note_path(ctx))
        phases.done(ASK, "asked before, not asked again")
        return reboot
    before = replace(_machine(ctx), start_date=old.start_date, uptime_mins=old.uptime_mins)
    reboot = Reboot(before)
    reboot.note(_note_path(ctx))
    try:
        vast.reboot(number)
    except Uncertain as error:
        ctx.say(f"[vastgui] {error} Watching whether it happens.")
    except BaseException:
        settle(_note_path(ctx))
        raise
    phases.done(ASK, f"asked to reboot instance {number}")
    return reboot


def _noted(ctx: StepContext) -> Reboot | None:
    """The reboot that was asked for and not seen through, by this run or one that it continues."""
    for run in _this_and_continued(ctx):
        if (path := run.path / _note_path(ctx).name).exists():
            return Reboot.noted(path)
    return None


def _this_and_continued(ctx: StepContext) -> Iterator[RunDir]:
    run = ctx.run
    for _ in range(MAX_CONTINUED):
        yield run
        before = ""
        with contextlib.suppress(VastguiError):  # deleted meanwhile, say
            before = run.plan().continues
        if not is_id(before):
            return
        run = RunDir(ctx.run.path.parent / before)


def _note_path(ctx: StepContext) -> Path:
    return ctx.run.path / f"reboot-{ctx.step}.json"


def _machine(ctx: StepContext) -> BootSign:
    """The machine's own signs; a machine that does not answer is a reason to reboot, not a fault."""
    try:
        ctx.ssh.ensure_alive(PING_S)
        address = ctx.ssh.address
        if ctx.ssh.connected or speaks_ssh(address.host, address.port):
            return read_sign(ctx.ssh.sh(LOOK, timeout_s=20).stdout)
    except SshError as error:
        ctx.say(f"[vastgui] no signs over SSH: {error}")
    return BootSign()


def _boot_seen(
    ctx: StepContext, vast: "VastClient", number: int, reboot: Reboot, phases: Checklist
) -> str:
    """Wait until something proves the boot; returns what did. Then until Vast.ai says running."""
    phases.start(BOOT, "Waiting for the reboot")
    deadline = time.monotonic() + WAIT_S
    while True:
        now = _instance(ctx, vast, number)
        if now is not None:
            if not reboot.seen_by and (proof := _proof(ctx, now, reboot.before)):
                reboot = replace(reboot, seen_by=proof)
                reboot.note(_note_path(ctx))
            seen, status = reboot.seen_by, now.actual_status or "starting"
            phases.update(BOOT, f"{status}{f', seen by {seen}' if seen else ''}")
            if seen and status == "running":
                phases.done(BOOT, f"seen by {seen}")
                return seen
        if time.monotonic() > deadline:
            raise _not_in_time(ctx, phases, number, now, reboot.seen_by)
        ctx.sleep(0.2 / API_SPEED)  # the client itself keeps the distance between two questions


def _not_in_time(
    ctx: StepContext, phases: Checklist, number: int, now: "Instance | None", seen: str
) -> StepFailed:
    phases.fail(BOOT, "not in time")
    settle(_note_path(ctx))
    status = now.actual_status if now else "unknown"
    words = "did not come up again" if seen else "was asked to reboot, but did not"
    said = f" Vast.ai says: {now.status_msg[:200]}" if now and now.status_msg else ""
    return StepFailed(
        f"Instance {number} {words} within {WAIT_S:.0f} s (status {status}).{said}",
        hint="Look at the instance on https://cloud.vast.ai/instances/, then continue the run.",
    )


def _proof(ctx: StepContext, now: "Instance", before: BootSign) -> str:
    if now.is_booting or not now.actual_status:
        return f"Vast.ai's status ({now.actual_status or 'starting'})"
    figures = BootSign(start_date=now.start_date, uptime_mins=now.uptime_mins)
    if account_changed(before, figures):
        return "Vast.ai's start time"
    if now.actual_status == "running" and machine_changed(before, _machine_now(ctx, now)):
        return "the machine's first process"
    return ""


def _machine_now(ctx: StepContext, now: "Instance") -> BootSign:
    """The signs, if they can be had without waiting for a machine that is down."""
    with contextlib.suppress(SshError):
        if ctx.ssh.connected or _answering(ctx, now):
            return read_sign(ctx.ssh.sh(LOOK, timeout_s=10).stdout)
    return BootSign()


def _answering(ctx: StepContext, now: "Instance") -> bool:
    """Turn the run's connection to the first address that answers; False when none does."""
    old = ctx.ssh.address
    places = dict.fromkeys([*now.ssh_candidates, (old.host, old.port)])
    for host, port in places:
        ctx.checkpoint()
        if speaks_ssh(host, port):
            if (host, port) != (old.host, old.port):
                ctx.say(f"[vastgui] the instance now answers at {host}:{port}")
                ctx.ssh.address = replace(old, host=host, port=port)
            return True
    return False


def _instance(ctx: StepContext, vast: "VastClient", number: int) -> "Instance | None":
    """The instance as Vast.ai sees it now; None when Vast.ai has no sensible answer."""
    from vastgui.vast.errors import VastError

    try:
        return vast.instance(number)
    except VastError as error:
        if not error.transient:
            raise
        ctx.say(f"[vastgui] {error}")
        return None


def _ssh_is_back(ctx: StepContext, vast: "VastClient", number: int, phases: Checklist) -> str:
    """Connect anew, at the address the instance has now."""
    phases.start(SSH, "Connecting")
    since, why = time.monotonic(), "nothing answers at its addresses"
    now, dropped = None, False
    while (waited_s := time.monotonic() - since) < WAIT_S:
        now = _instance(ctx, vast, number) or now
        try:
            if not dropped:  # a half-dead connection to the old boot must not look alive
                ctx.ssh.drop()
                ctx.expect_boot(AUTH_PATIENCE_S)
                dropped = True
            if now is not None and _answering(ctx, now):
                ctx.ssh.sh("true", timeout_s=20)
                phases.done(SSH, ctx.ssh.address.label)
                return ctx.ssh.address.label
        except SshError as error:
            booting = isinstance(error, AuthFailed) and waited_s < AUTH_PATIENCE_S
            if not (error.transient or booting):
                phases.fail(SSH, error.message)
                raise
            why = error.message.rstrip(".")
        phases.update(SSH, f"Waiting: {why}")
        ctx.sleep(0.5 / API_SPEED)
    phases.fail(SSH, why)
    places = ", ".join(f"{host}:{port}" for host, port in now.ssh_candidates) if now else ""
    raise StepFailed(
        f"SSH did not come back within {WAIT_S:.0f} s after the reboot: {why}.",
        hint=f"Vast.ai gives these addresses now: {places or 'none'}. Connect to one of them.",
    )


def _comfyui_is_back(ctx: StepContext, phases: Checklist) -> None:
    phases.start(COMFY, "Waiting for ComfyUI")
    since = time.monotonic()
    while not serves(ctx, int(ctx.params["comfyui_port"])):
        waited_s = time.monotonic() - since
        if waited_s > WAIT_S:
            phases.fail(COMFY, "not in time")
            raise StepFailed(
                f"The instance rebooted, but ComfyUI did not answer within {WAIT_S:.0f} s.",
                hint=PROVISIONING_HINT,
            )
        phases.update(COMFY, f"Waiting for ComfyUI ({waited_s:.0f} s)")
        ctx.sleep(0.5)
    phases.done(COMFY, "answers")
