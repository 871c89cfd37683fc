"""Runs on disks that fill up under them, again and again."""

from pathlib import Path

from tests.chaos.tiny_disk import FILM, fill, tiny_disk
from tests.runner.rig import Rig, step
from vastgui.state import events as ev
from vastgui.state.model import RunState, Status
from vastgui.state.store import RunDir

SIZES = ("64k", "1m")


def full_disks(folder: Path, times: int) -> list[str]:
    """What was wrong with `times` runs whose disk filled up, each on a disk of its own."""
    wrongs = (_full_disk(folder / f"disk-{n}", SIZES[n % 2], n) for n in range(times))
    return [wrong for wrong in wrongs if wrong]


def _full_disk(folder: Path, size: str, number: int) -> str:
    with tiny_disk(folder, size) as disk:
        rig = Rig(disk / "runs")
        try:
            run, state = _flooded(rig) if number % 4 < 2 else _killed(rig, disk)
            if not one_ending(run):
                return f"{size}: {state.status} with no ending, or two"
            if number % 4 < 2 and (state.status, "disk is full" in state.error) != ("failed", True):
                return f"{size}: {state.status}: {state.error}"
            return _usable_again(rig, run, disk, size)
        finally:
            rig.close()


def _flooded(rig: Rig) -> tuple[RunDir, RunState]:
    """The run itself fills its disk."""
    run = rig.start(step("works"), step("works", lines=["z" * 8000], repeat=400))
    return run, rig.end(run)


def _killed(rig: Rig, disk: Path) -> tuple[RunDir, RunState]:
    """The disk fills up beside a run whose runner is killed then."""
    run = rig.start(step("works"), step("hangs", politely=True))
    rig.wait(run, lambda s: s.current_step == 1)
    fill(disk)
    rig.supervisor._children[run.id].kill()
    return run, rig.end(run)


def _usable_again(rig: Rig, run: RunDir, disk: Path, size: str) -> str:
    """With some room a new run works."""
    (disk / FILM).unlink(missing_ok=True)
    for log in run.logs.iterdir():
        log.unlink()
    status = rig.run(step("works")).status
    return "" if status is Status.COMPLETED else f"{size}: the next run ended as {status}"


def one_ending(run: RunDir) -> bool:
    lines = run.events.read_bytes().splitlines()
    return sum(isinstance(ev.decode(line), ev.RunEnded) for line in lines) == 1
