"""Node packs as real git repositories on this disk."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

INIT = "NODE_CLASS_MAPPINGS = {}\n"


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def make_pack(folder: Path, name: str, files: Mapping[str, str | bytes] | None = None) -> str:
    """A repository `name` under `folder` with one commit; returns its file:// address."""
    repo = folder / name
    repo.mkdir(parents=True)
    git(repo, "init", "-q", "-b", "main")
    commit(repo, {"__init__.py": INIT, **(files or {})})
    return repo.as_uri()


def commit(repo: Path, files: Mapping[str, str | bytes]) -> str:
    """One more commit with these files; returns its id."""
    for name, content in files.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "more")
    return git(repo, "rev-parse", "HEAD")
