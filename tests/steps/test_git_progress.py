import subprocess
from pathlib import Path

import pytest

from vastgui.runner.git_progress import GitProgress, binary_size, parse_git_progress

MIB = 1024**2
LINES = {
    "Receiving objects:  43% (430/1000), 2.10 MiB | 800.00 KiB/s": GitProgress(
        "Receiving objects", 43, 430, 1000, round(2.1 * MIB), 800 * 1024
    ),
    "Receiving objects: 100% (1000/1000), 5.33 MiB | 10.20 MiB/s, done.": GitProgress(
        "Receiving objects", 100, 1000, 1000, round(5.33 * MIB), round(10.2 * MIB), finished=True
    ),
    "Receiving objects: 100% (3/3), 212 bytes | 212.00 bytes/s, done.": GitProgress(
        "Receiving objects", 100, 3, 3, 212, 212, finished=True
    ),
    "remote: Counting objects: 100% (9/9), done.        ": GitProgress(
        "Counting objects", 100, 9, 9, finished=True
    ),
    "remote: Enumerating objects: 17, done.": GitProgress(
        "Enumerating objects", done=17, finished=True
    ),
    "Resolving deltas:  50% (1/2)": GitProgress("Resolving deltas", 50, 1, 2),
    "Updating files: 100% (7/7)": GitProgress("Updating files", 100, 7, 7),
}


@pytest.mark.parametrize("line", LINES)
def test_what_git_says(line: str) -> None:
    assert parse_git_progress(line) == LINES[line]


@pytest.mark.parametrize(
    "line",
    ["", "Cloning into 'a'...", "remote: Total 17 (delta 3)", "fatal: 43% (1/2)", "A" * 9999],
)
def test_other_lines(line: str) -> None:
    assert parse_git_progress(line) is None


def test_words_for_people() -> None:
    found = parse_git_progress("Receiving objects:  43% (430/1000), 2.10 MiB | 800.00 KiB/s")
    assert found is not None
    assert found.words == "Receiving 43% · 2.1 MiB · 800 KiB/s"
    assert binary_size(1023) == "1023 bytes"
    assert binary_size(3 * 1024**3) == "3 GiB"


def test_a_real_clone_only_moves_forward(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "-C")
    subprocess.run(["git", "init", "-q", origin], check=True)
    for i in range(30):
        (origin / f"file{i}").write_bytes(bytes(i) * 5000)
    subprocess.run([*git, origin, "add", "."], check=True)
    subprocess.run([*git, origin, "commit", "-qm", "x"], check=True)
    clone = subprocess.run(
        ["git", "clone", "--progress", "--", origin.as_uri(), tmp_path / "copy"],
        check=True, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    lines = clone.stderr.replace("\r", "\n").split("\n")
    seen = [p.overall_percent for line in lines if (p := parse_git_progress(line))]
    assert len(seen) > 20
    assert seen == sorted(p for p in seen if p is not None)
    assert seen[-1] is not None
    assert seen[-1] >= 85
