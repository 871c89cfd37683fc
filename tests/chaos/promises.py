"""What vastgui promises, measured now: `python -m tests.chaos.promises [--quick] [P1 P2 ...]`.

Prints each sentence with its figure, the gate it must pass and whether it holds; exits 1 when one
does not. Each is measured in a process of its own, two at a time; those that are about time alone.
The README says nothing else (tests/test_promises_in_readme.py).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos import measures
from tests.chaos.figures import Figure

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 600


@dataclass(frozen=True)
class Promise:
    """`measure(folder, quick)` may write to `folder`, which is `VASTGUI_HOME` too."""

    sentence: str
    gate: str
    measure: Callable[[Path, bool], Figure]
    alone: bool = False


PROMISES = {
    "P1": Promise(
        "Closing, killing or restarting the app never stops or repeats a run.",
        "0 wrong, 4 of 4 deaths",
        measures.p1,
    ),
    "P2": Promise(
        "A crashed run is shown as crashed within 1 second.",
        "p95 1.0 s, max 2.0 s",
        measures.p2,
        alone=True,
    ),
    "P3": Promise("A finished state never changes again.", "0 changed", measures.p3),
    "P4": Promise(
        "Any single I/O error, full disk or torn write leaves a readable, ended run.",
        "0 wrong",
        measures.p4,
    ),
    "P5": Promise(
        "A damaged log never breaks the app: 10,000 corruptions, every byte prefix.",
        "0 errors, 0 wrong endings",
        measures.p5,
    ),
    "P6": Promise(
        "Your setup steps survive network loss: each remote command runs once, with full output "
        "and exit code.",
        "0 wrong",
        measures.p6,
    ),
    "P7": Promise(
        "A dead connection is noticed within 5 s and retried; nothing waits for ever.",
        "max 5.0 s",
        measures.p7,
        alone=True,
    ),
    "P8": Promise(
        "Stop works while the network hangs: local within 5 s; what could not be stopped remotely "
        "is said.",
        "max 5.0 s, 0 processes left",
        measures.p8,
        alone=True,
    ),
    "P9": Promise(
        "A file in the output folder is complete and verified.",
        "0 wrong, 1.05 times the bytes",
        measures.p9,
    ),
    "P10": Promise(
        "Other web pages and other users of your computer cannot reach the app.",
        "all refused",
        measures.p10,
    ),
    "P11": Promise(
        "Nothing from a rented machine can run code in your browser or write outside the output "
        "folder.",
        "0 run, 0 escaped",
        measures.p11,
    ),
    "P12": Promise(
        "Secrets are in your keyring (or a 0600 file), never in logs, run files or command lines.",
        "0 found elsewhere",
        measures.p12,
    ),
    "P13": Promise(
        "Every wrong input gets an answer that names the field and the fix.",
        "all, within 100 ms, no traceback",
        measures.p13,
        alone=True,
    ),
    "P14": Promise(
        "10,000 runs in the history: listed within 250 ms, the app is there within 2 s.",
        "250 ms, 2.0 s",
        measures.p14,
        alone=True,
    ),
    "P15": Promise(
        "Full disk: the reason is recorded and the app stays usable.", "0 wrong", measures.p15
    ),
}


def measured(name: str, *, quick: bool) -> Figure:
    """One promise, in a process of its own."""
    words = [sys.executable, "-m", "tests.chaos.promises", "--here", name]
    with tempfile.TemporaryDirectory(prefix=f"promise-{name}-", ignore_cleanup_errors=True) as home:
        done = subprocess.run(
            [*words, *(["--quick"] if quick else [])],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=PATIENCE_S,
            env={**os.environ, "VASTGUI_HOME": home, "TMPDIR": home},
        )
    said = done.stdout.rstrip().rpartition("\n")[2]
    if done.returncode == 0:
        return Figure(**json.loads(said))
    return Figure(
        f"not measured: {(done.stderr or done.stdout).rstrip().rpartition(chr(10))[2]}", holds=False
    )


def all_measured(names: Iterable[str], *, quick: bool) -> Iterator[tuple[str, Figure]]:
    """Each figure as soon as it is there; what is about time comes first, one by one."""
    alone, rest = [], []
    for name in names:
        (alone if PROMISES[name].alone else rest).append(name)
    for name in alone:
        yield name, measured(name, quick=quick)
    with ThreadPoolExecutor(2) as pool:
        yield from zip(rest, pool.map(lambda name: measured(name, quick=quick), rest), strict=True)


def line(name: str, figure: Figure) -> str:
    promise = PROMISES[name]
    verdict = "holds" if figure.holds else "DOES NOT HOLD"
    return f"{name:4}{promise.sentence}\n    {figure.text}  (gate: {promise.gate})  {verdict}"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="promises", description="Measure what vastgui promises.")
    parser.add_argument("names", nargs="*", help="P1 to P15; all when none is given")
    parser.add_argument("--quick", action="store_true", help="a short version of each")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    names = [name.upper() for name in args.names] or list(PROMISES)
    if unknown := [name for name in names if name not in PROMISES]:
        parser.error(f"there is no promise {unknown[0]}; they are P1 to P{len(PROMISES)}")
    if args.here:
        figure = PROMISES[names[0]].measure(Path(os.environ["VASTGUI_HOME"]), args.quick)
        print("\n" + json.dumps(asdict(figure)))
        return 0
    began, broken = time.monotonic(), []
    for name, figure in all_measured(names, quick=args.quick):
        print(line(name, figure), flush=True)
        broken += [] if figure.holds else [name]
    print(
        f"\n{len(names) - len(broken)} of {len(names)} hold, in {time.monotonic() - began:.0f} s."
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
