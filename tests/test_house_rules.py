"""Rules of the house that no linter knows: each was once a hole in somebody's tool."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [p for p in (ROOT / "vastgui").rglob("*") if p.suffix in (".py", ".js")]
FORBIDDEN = {
    "shell=True": r"shell\s*=\s*True",
    "a host key is trusted unseen": r"AutoAddPolicy|StrictHostKeyChecking[= ]no",
    "HTML from outside": r"sanitize\s*=\s*False|html\s*=\s*True|v-html|innerHTML",
    "JavaScript from an f-string": r"run_javascript\(\s*f[\"']",
    "a page that never ends": r"add_body_html\(\s*f[\"']",
    "unsafe YAML or pickle": r"yaml\.load\(|import pickle|pickle\.loads",
    "recursive delete on the instance": r"rm\s+-[a-z]*[rR][a-z]*f|rm\s+-f[a-z]*[rR]",
    "a POSIX lock": r"lockf\(",
    "an image route that vanishes": r"ui\.(interactive_)?image\(\s*Path",
}


@pytest.mark.row("S32")
@pytest.mark.parametrize("rule", FORBIDDEN)
def test_nowhere(rule: str) -> None:
    pattern = re.compile(FORBIDDEN[rule])
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not hits, hits


ENDLESS = re.compile(r"\.(?:wait|join|recv_exit_status)\(\)|open_sftp\(")
ENDS_ALL_THE_SAME = {
    "ssh/pour.py": "threads that end with their channels, which the pinger closes",
    "ssh/forward.py": "a pump that looks several times a second whether the other one ended",
    "runner/later.py": "a thread of calls that all have their own limits",
    "runner/thumbnails.py": "an alarm that was cancelled, and a child that was killed",
}


@pytest.mark.row("R27")
def test_nothing_waits_for_the_outside_without_end() -> None:
    """paramiko and threads wait for ever unless told otherwise: promise P7."""
    outside = [p for p in SOURCES if p.parts[-2] in ("ssh", "comfy", "vast") or "runner" in p.parts]
    hits = {
        path.relative_to(ROOT / "vastgui").as_posix()
        for path in outside
        if path.suffix == ".py" and "demo" not in path.parts
        if ENDLESS.search(path.read_text(encoding="utf-8"))
    }
    assert hits == set(ENDS_ALL_THE_SAME)


SINKS = {
    "state/sink.py": "the type every text file is appended to through: it redacts",
    "applog.py": "the log: its formatter redacts",
    "state/store.py": "events: the runner's journal redacts, the app writes endings of fixed words",
    "state/ending.py": "status and cause of an ending that the journal has redacted",
    "state/index.py": "a cache made of run states, which are made of redacted events",
    "state/control.py": "verbs, ids and the user's choice among those offered",
    "generating/gallery.py": "an index of ids and file names",
    "supervisor/spawn.py": "the runner's stderr: it redacts itself, see runner/faults.py",
}
"""Modules that open a file to append text to it, and why no secret gets there."""
OPENS_A_SINK = re.compile(
    r"open\([^)]*[\"']a[bt+]*[\"']|O_APPEND|FileHandler\b|StreamHandler\(|logging\.basicConfig"
)


@pytest.mark.row("S42")
def test_text_is_appended_through_a_type_that_redacts_and_in_no_other_way() -> None:
    package = ROOT / "vastgui"
    outside = package / "demo"  # plays the instance: it holds no secret of the user
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if outside not in path.parents and OPENS_A_SINK.search(path.read_text(encoding="utf-8"))
    }
    assert found == SINKS.keys()


def test_a_run_is_ended_in_one_place() -> None:
    """Everybody else makes an ending; `finalize` alone writes it."""
    written = re.compile(r"append\((?:\w+\.)?(?:ending|RunEnded)\b")
    sources = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8") for p in SOURCES}
    assert [path for path, text in sources.items() if written.search(text)] == [
        "vastgui/state/ending.py"
    ]


def test_nothing_refers_to_the_shared_folder() -> None:
    shared = re.compile(r"\.\./shared|/work/")
    names = ("vastgui/**/*.py", "tests/**/*.py", "Makefile", ".ci/run", "assets/**/*.yaml")
    files = [p for name in names for p in ROOT.glob(name) if p != Path(__file__)]
    assert files
    assert [str(p) for p in files if shared.search(p.read_text(encoding="utf-8"))] == []
