"""Git repositories on this disk that play node packs on GitHub."""

import os
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vastgui.errors import StorageError

PINNED = "ComfyUI-Practice-Palette"
"""This pack has a newer commit than the one that the list of packs names."""
_LARGE = "ComfyUI-Practice-Samples"
_SAMPLES = 160
_SAMPLE_BYTES = 32_768


def make_all(sources: Path, into: Path, env: dict[str, str]) -> list[dict[str, Any]]:
    """Turn each folder of `sources` into a repository; return them as `install_custom_nodes` takes them."""
    packs = sorted(path for path in sources.iterdir() if path.is_dir())
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda pack: _make(pack, into / pack.name, env), packs))


def commit_folder(folder: Path, message: str, env: dict[str, str]) -> str:
    """Commit all files of `folder` (a repository or not yet one); return the commit's id."""
    if not (folder / ".git").exists():
        _git(folder, env, "init", "--quiet")
    _git(folder, env, "add", "--all")
    _git(folder, env, "commit", "--quiet", "--message", message)
    return _git(folder, env, "rev-parse", "HEAD")


def _make(source: Path, target: Path, env: dict[str, str]) -> dict[str, Any]:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    if source.name == _LARGE:
        _add_samples(target / "samples")
    first = commit_folder(target, f"Start {source.name}", env)
    pack: dict[str, Any] = {"url": target.as_uri(), "name": source.name}
    if source.name == PINNED:
        (target / "CHANGES.md").write_text("A commit that the pinned list does not want.\n")
        commit_folder(target, "Change the palette", env)
        pack["commit"] = first
    return pack


def _add_samples(folder: Path) -> None:
    """Data that no compression makes smaller, in many files: git counts objects, not bytes."""
    folder.mkdir()
    noise = random.Random(folder.parent.name)  # noqa: S311 - noise, not a secret
    for number in range(_SAMPLES):
        (folder / f"sample_{number:03d}.bin").write_bytes(noise.randbytes(_SAMPLE_BYTES))


def _git(folder: Path, env: dict[str, str], *words: str) -> str:
    settings = ("core.compression=0", "gc.auto=0", "init.defaultBranch=main", "core.autocrlf=false")
    flags = [part for setting in settings for part in ("-c", setting)]
    identity = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (
            ("NAME", "Practice"),
            ("EMAIL", "practice@example.invalid"),
            ("DATE", "2026-11-01T12:00:00Z"),
        )
    }
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *flags, "-C", str(folder), *words],  # noqa: S607 - the user's own git
            env=env | identity | plain, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise StorageError("git was not found.", hint="Install git and try again.") from error
    if done.returncode:
        raise StorageError(f"git {words[0]} failed in {folder}: {done.stderr.strip()}")
    return done.stdout.strip()
