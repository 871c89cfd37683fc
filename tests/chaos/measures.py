"""One function a promise: (folder, quick) -> its figure. See promises.py for the sentences."""

import json
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chaos import (
    deaths,
    full_disks,
    io_faults,
    kill_driver,
    long_history,
    lost_files,
    stalls,
)
from tests.chaos.attacks import ATTACKS
from tests.chaos.browser_kills import kills_in_browser
from tests.chaos.figures import ROOT, Figure, ran, rows
from tests.chaos.rebinding import launch
from tests.payloads import SHELL
from tests.steps.comfy.test_hostile import NAMES


def p1(folder: Path, quick: bool) -> Figure:
    found = {death: deaths.outlived(folder / death, death) for death in deaths.DEATHS}
    survived = [death for death, wrong in found.items() if not wrong]
    report = kill_driver.drive(folder, 12 if quick else 300)
    text = (
        f"{len(survived)} of {len(found)} deaths survived; {report.violations} wrong in "
        f"{report.kills.total()} kills of apps and runners ({sum(report.outcomes.values())} runs, "
        f"seed {report.seed})"
    )
    return Figure(text, holds=not report.violations and len(survived) == len(found))


def p2(folder: Path, quick: bool) -> Figure:
    with sync_playwright() as playwright, launch(playwright) as browser:
        seconds = sorted(kills_in_browser(2 if quick else 40, folder, browser))
    p95_s, max_s = seconds[int(0.95 * (len(seconds) - 1))], seconds[-1]
    text = (
        f"median {statistics.median(seconds):.2f} s, p95 {p95_s:.2f} s, max {max_s:.2f} s over "
        f"{len(seconds)} kills, to the word in a browser"
    )
    return Figure(text, holds=p95_s <= 1.0 and max_s <= 2.0)


def p3(folder: Path, quick: bool) -> Figure:
    report = kill_driver.drive(folder, 8 if quick else 100)
    changed = len(report.changed_after_its_end) + len(report.ended_twice)
    text = f"{changed} of {report.ended} endings changed by {report.kills.total()} more kills"
    return Figure(text, holds=not changed and report.ended > 0)


def p4(folder: Path, quick: bool) -> Figure:
    programs = ["sweep"] if quick else list(io_faults.PROGRAMS)
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.io_faults", *programs],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [case for case in cases if case["wrong"]]
    kinds = Counter(case["fault"] for case in cases)
    text = f"{len(wrong)} wrong in {len(cases)} single faults of {len(kinds)} kinds"
    return Figure(text, holds=not wrong and len(kinds) == len(io_faults.FAULTS))


def p5(folder: Path, quick: bool) -> Figure:
    corruptions, prefixes = ("2000", "clean") if quick else ("10000", "clean, every one")
    store = "tests/state/test_store.py::test_"
    tests = ran(
        folder,
        f"{store}a_damaged_log_never_breaks_the_reader[{corruptions}]",
        f"{store}every_prefix_of_a_log_gets_exactly_one_ending[{prefixes}]",
        f"{store}every_prefix_of_a_log_gets_exactly_one_ending[a page of NULs]",
    )
    wrong = f"{len(tests.failed)} wrong" if tests.failed else "0 wrong"
    lengths = int(sum(tests.figures.get("prefixes", [])))
    text = f"{wrong} in {int(corruptions):,} corruptions and {lengths:,} prefixes"
    return Figure(text, holds=tests.hold)


def p6(folder: Path, quick: bool) -> Figure:
    survive = "tests/chaos/test_jobs_survive.py::test_"
    tests = ran(folder, survive + ("3_jobs" if quick else "24_jobs_100_link_losses"))
    jobs, losses = (int(sum(tests.figures.get(name, []))) for name in ("jobs", "losses"))
    text = f"{'some' if tests.failed else 0} wrong of {jobs} jobs over {losses} losses of the link"
    return Figure(text, holds=tests.hold)


def p7(folder: Path, quick: bool) -> Figure:
    found = stalls.noticed_s(folder)
    unnoticed = [name for name, seconds in found.items() if seconds is None]
    seconds = [s for s in found.values() if s is not None]
    text = (
        f"{len(found)} kinds of calls on a stalled link: {min(seconds):.1f} to {max(seconds):.1f} s"
    )
    text += f", never noticed: {unnoticed}" if unnoticed else ""
    return Figure(text, holds=not unnoticed and max(seconds) <= 5.0)


def p8(folder: Path, quick: bool) -> Figure:
    which = "stop_works_while" if quick else "stop_works_while or stop_while or traps or in_time"
    tests = ran(folder, "tests/ssh/test_job.py", "tests/runner/test_jobs.py", "-k", which)
    local_s = tests.figures.get("stopped_here_s", [99.0])
    text = f"{tests.text}: here after {max(local_s):.1f} s at most, no process left over there"
    return Figure(text, holds=tests.hold and max(local_s) <= 5.0)


def p9(folder: Path, quick: bool) -> Figure:
    files, size_bytes = (2, 8_000_000) if quick else (8, 25_000_000)
    report = lost_files.brought_home(folder, files, size_bytes, seed=4)
    times = report.moved / report.wanted
    text = (
        f"{len(report.wrong)} wrong of {report.files} files over {report.losses} losses of the "
        f"link, {times:.3f} times the bytes"
    )
    # few bytes weigh the handshakes of the losses too much
    return Figure(text, holds=not report.wrong and report.losses > 0 and (quick or times <= 1.05))


def p10(folder: Path, quick: bool) -> Figure:
    tests = ran(folder, "tests/e2e/test_guard.py", "-k", "attack")
    refused = len(ATTACKS) if tests.hold else "not all"
    text = f"{refused} of {len(ATTACKS)} attacks got the expected refusal: {tests.text}"
    return Figure(text, holds=tests.hold)


def p11(folder: Path, quick: bool) -> Figure:
    names = ["S34"] if quick else ["S21", "S30", "S34", "S35", "S38", "S39", "S40"]
    tests = rows(folder, names)
    text = f"{len(NAMES)} file names, {len(SHELL)} shell texts, pages full of HTML: {tests.text}"
    return Figure(text, holds=tests.hold)


def p12(folder: Path, quick: bool) -> Figure:
    tests = rows(folder, ["S41", "S42", "S43", "S44"])
    return Figure(f"6 canaries through a whole setup and more: {tests.text}", holds=tests.hold)


def p13(folder: Path, quick: bool) -> Figure:
    from tests.wrong_inputs import run_all  # it takes the whole app in

    answers = run_all(folder, tries=1 if quick else 3)
    wrong = [answer.wrong for answer in answers if not answer.ok]
    slowest_s = max(answer.time_s for answer in answers)
    text = f"{len(answers) - len(wrong)} of {len(answers)}, slowest {slowest_s * 1000:.0f} ms"
    text += f", wrong: {wrong[:3]}" if wrong else ""
    return Figure(text, holds=not wrong and len(answers) >= 200 and slowest_s <= 0.1)


def p14(folder: Path, quick: bool) -> Figure:
    runs = 2_000 if quick else 10_000
    found = long_history.measured(folder, runs, starts=1 if quick else 2)
    text = f"{runs:,} runs: listed in {found.list_s * 1000:.0f} ms, there in {found.start_s:.2f} s"
    return Figure(text, holds=found.list_s <= 0.25 and found.start_s <= 2.0)


def p15(folder: Path, quick: bool) -> Figure:
    times = 2 if quick else 20
    wrong = full_disks.full_disks(folder, times)
    text = f"{times - len(wrong)} of {times} runs on disks of 64 KB and 1 MB ended as they should"
    return Figure(text + (f": {wrong[:2]}" if wrong else ""), holds=not wrong)
