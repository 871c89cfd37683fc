"""What is to be done for a node pack, and what its job said: without a machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vastgui.errors import InvalidInput, StepFailed
from vastgui.runner.node_pack_scripts import import_check
from vastgui.runner.node_packs import (
    Found,
    JobReader,
    Pack,
    decide,
    read_look,
    same_repository,
    wanted,
    without_login,
)

URL = "https://github.com/ltdrdata/ComfyUI-Manager"
PACK = Pack("m", URL)
PINNED = Pack("m", URL, commit="abcdef1")
FULL = "abcdef1" + "0" * 33
THERE = Found("git", URL, FULL, FULL, requirements=True, imported="imported")

DECISIONS = {
    "absent": (PACK, Found(), "clone"),
    "empty folder": (PACK, Found("empty"), "clone"),
    "there": (PACK, THERE, "nothing"),
    "there, pinned": (PINNED, THERE, "nothing"),
    "another commit": (PINNED, Found("git", URL, "f" * 40, FULL), "checkout"),
    "the commit is not known yet": (PINNED, Found("git", URL, "f" * 40), "checkout"),
    "requirements are due": (PACK, Found("git", URL, FULL), "keep"),
    "the import failed": (PACK, Found("git", URL, FULL, requirements=True), "keep"),
    "no clone": (PACK, Found("foreign"), "refuse"),
    "a file": (PACK, Found("file"), "refuse"),
    "another remote": (PACK, Found("git", "https://github.com/other/m"), "refuse"),
    "no remote": (PACK, Found("git", ""), "refuse"),
    "changed and to be moved": (PINNED, Found("git", URL, "f" * 40, changed=True), "refuse"),
}


@pytest.mark.parametrize(("pack", "found", "mode"), DECISIONS.values(), ids=DECISIONS)
def test_decide(pack: Pack, found: Found, mode: str) -> None:
    decision = decide(pack, found)
    assert decision.mode == mode
    assert bool(decision.why) == (mode == "refuse")
    renamed = decide(pack, found, rename_existing=True).mode
    assert renamed == ("replace" if mode == "refuse" else mode)


@pytest.mark.parametrize(
    "other", [f"{URL}.git", f"{URL}/", URL.lower(), URL.replace("//", "//user:token@")]
)
def test_the_same_repository_in_other_letters(other: str) -> None:
    assert same_repository(URL, other)
    assert not same_repository(URL, f"{other}2".replace(".git2", "2.git").replace("/2", "2/"))


def test_a_login_in_a_remote_is_not_shown() -> None:
    decision = decide(PACK, Found("git", "https://me:ghp_secret@github.com/other/m"))
    assert "ghp_secret" not in decision.why
    assert without_login("git@github.com:a/b") == "git@github.com:a/b"


def test_wanted_packs_are_checked() -> None:
    assert wanted([URL]) == [Pack("ComfyUI-Manager", URL)]
    with pytest.raises(InvalidInput, match=r"repos\[1\].*same folder"):
        wanted([URL, {"url": "https://example.org/x/comfyui-manager"}])
    with pytest.raises(InvalidInput, match="repos"):
        wanted(["ext::sh -c touch% /tmp/x"])


def test_a_look_must_be_whole() -> None:
    text = "banner\npack 0 state git\npack 0 remote u\npack 0 imported yes\npack 7 state git\nend\n"
    assert read_look(text, 1) == [Found("git", "u")]
    for bad in ("", "end\n", text.replace("end", ""), "pack x state git\nend\n"):
        with pytest.raises(StepFailed):
            read_look(bad, 1)


OUTPUT = """@vastgui phase clone
Receiving objects:  50% (5/10), 2.00 MiB | 1.00 MiB/s
@vastgui cloned
@vastgui phase requirements
@vastgui installing
Collecting colour
Progress 500 of 1000
@vastgui installed
@vastgui phase import
noise Receiving objects: 50% (5/10)
@vastgui import {"status": "imported", "reason": ""}
"""


def test_a_jobs_output_is_followed() -> None:
    reader = JobReader()
    shown = [what for line in OUTPUT.splitlines() if (what := reader.read(line))]
    assert shown == [
        ("Cloning", 0.0),
        ("Receiving 50% · 2 MiB · 1 MiB/s", 27.0),
        ("Installing requirements", 60.0),
        ("Collecting colour", None),
        ("Downloading 50% of 1000 bytes", None),
        ("Checking the import", 85.0),
    ]
    outcome = reader.outcome(0, "clone", [])
    assert (outcome.ok, outcome.changed, outcome.imported) == (True, True, "imported")
    assert not JobReader().outcome(0, "keep", []).changed


ENDINGS = {
    "git": (10, ["fatal: repository 'x' not found", "fatal: Could not read"], "repository 'x' not", False),
    "private": (10, ["fatal: could not read Username for 'x'"], "or it is private", False),
    "network": (10, ["fatal: unable to access 'x': Could not resolve host: github.com"], "resolve", True),
    "pip": (20, ["ERROR: No matching", "ERROR: No matching distribution found for x"], "for x", False),
    "no words": (20, ["uv said this"], "uv said this", False),
    "somebody was faster": (11, ["fatal: x"], "appeared meanwhile", False),
    "odd code": (137, [], "ended with code 137", False),
}  # fmt: skip


@pytest.mark.parametrize(("code", "tail", "words", "transient"), ENDINGS.values(), ids=ENDINGS)
def test_endings(code: int, tail: list[str], words: str, transient: bool) -> None:
    reader = JobReader()
    for line in tail:
        reader.read(line)
    outcome = reader.outcome(code, "clone", tail)
    assert words in outcome.why
    assert outcome.ok is False
    assert outcome.transient is transient


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"status": 1, "reason": 2}', "{" * 9999])
def test_a_report_that_makes_no_sense(text: str) -> None:
    reader = JobReader()
    assert reader.read(f"@vastgui import {text}") is None
    assert reader.outcome(30, "clone", []).why == "it cannot be imported"


def test_the_import_check_reports_whatever_the_pack_prints(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "__init__.py").write_text("from . import sub\nprint('x' * 10)\n")
    (pack / "sub.py").write_text("import threading, time\n" + FOREVER)
    done = subprocess.run(
        [sys.executable, "-c", import_check(), str(tmp_path), str(pack)],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    (line,) = [line for line in done.stdout.splitlines() if line]
    assert json.loads(line.removeprefix("@vastgui import ")) == {"status": "imported", "reason": ""}


FOREVER = "threading.Thread(target=time.sleep, args=(9999,)).start()\n"
