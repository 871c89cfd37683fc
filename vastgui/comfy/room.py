"""Checks of room and time: disks, GPU memory, how long it will take."""

from collections.abc import Iterator

from vastgui.comfy.facts import CheckResult, Facts, Level

RESERVE_BYTES = 1_000_000_000
"""Kept free on this computer: what would go below it is not fetched."""
LEAST_THERE_BYTES = 100_000_000


def room(facts: Facts) -> Iterator[CheckResult]:
    yield from _disk_there(facts)
    yield from _disk_here(facts)
    yield from _vram(facts)
    yield from _time(facts)


def _disk_there(facts: Facts) -> Iterator[CheckResult]:
    free, need = facts.free_there_bytes, facts.upload_bytes + (facts.expected_output_bytes or 0)
    if free is not None:
        fix = "Delete files there, or rent an instance with a bigger disk."
        level = _level(free, least=need + LEAST_THERE_BYTES, good=2 * need + 5 * RESERVE_BYTES)
        yield CheckResult("disk_there", level, _disk("The instance", free, need), _for(level, fix))


def _disk_here(facts: Facts) -> Iterator[CheckResult]:
    free, need = facts.free_here_bytes, facts.expected_output_bytes or 0
    if free is not None:
        fix = "Delete files here, or move vastgui's data to a bigger disk."
        least = need + RESERVE_BYTES
        level = _level(free, least=least, good=2 * need + 3 * RESERVE_BYTES)
        said = _disk("This computer", free, need)
        said += f" {size(RESERVE_BYTES)} of it stays reserved." if level == "red" else ""
        yield CheckResult("disk_here", level, said, _for(level, fix))


def _disk(where: str, free: int, need: int) -> str:
    wants = f", about {size(need)} of it needed for this run" if need else ""
    return f"{where} has {size(free)} of free disk{wants}."


def _level(free: int, *, least: int, good: int) -> Level:
    if free < least:
        return "red"
    return "green" if free >= good else "amber"


def _for(level: Level, fix: str) -> str:
    return "" if level == "green" else fix


def _vram(facts: Facts) -> Iterator[CheckResult]:
    need, free, total = facts.vram_need_bytes, facts.vram_free_bytes, facts.vram_total_bytes
    if not total or total <= 0:
        return
    has = f"The GPU has {size(total)} of memory"
    has += f", {size(free)} of it free" if free is not None else ""
    if need is None:
        yield CheckResult("vram", "green", f"{has}.")
    elif need > total:
        # Not red: ComfyUI moves what does not fit into main memory, slowly, and often gets by.
        fix = "Use a smaller size, batch or model, or rent a bigger GPU."
        yield CheckResult("vram", "amber", f"{has}; the run needs about {size(need)}.", fix)
    elif free is not None and need > free:
        fix = "Free the GPU's memory first; ComfyUI may do so by itself."
        yield CheckResult("vram", "amber", f"{has}; the run needs about {size(need)}.", fix)
    else:
        yield CheckResult("vram", "green", f"{has}; the run needs about {size(need)}.")


def _time(facts: Facts) -> Iterator[CheckResult]:
    if facts.median_s is None or not 0 <= facts.median_s < 1e8:
        return
    runs = "1 earlier run" if facts.measured_runs == 1 else f"{facts.measured_runs:,} earlier runs"
    said = f"It should take about {_duration(facts.median_s)}, judged by {runs}."
    yield CheckResult("time", "green", said)


def size(size_bytes: int) -> str:
    size = max(size_bytes, 0)
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "1 s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
