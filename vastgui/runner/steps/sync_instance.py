"""Brings an instance's output folders home: resumed, verified by size and SHA-256, never twice.

The copies lie under DATA/instances/NAME/outputs, where NAME belongs to the instance and not to the
run, so that a second run finds them. Remote files are deleted only when asked, and only those whose
copy this very run has verified and that are still unchanged.
"""

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.home_index import Copy, HomeIndex, make_folder, sha256_of
from vastgui.runner.remote_files import (
    DELETE,
    LIST,
    LONGEST_LISTING_BYTES,
    RemoteFile,
    read_listing,
)

MAX_FILES = 10_000
KEEP_FREE_BYTES = 1_000_000_000
HASH_BATCH_BYTES = 4_000_000_000
HASH_BATCH_FILES = 50
HASH_SILENCE_S = 600.0
SAVE_EVERY = 25


@dataclass(slots=True)
class _Tally:
    """What became of the files."""

    copied: int = 0
    copied_bytes: int = 0
    verified: list[tuple[RemoteFile, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def run(ctx: StepContext) -> Done:
    home = _home(ctx)
    index = HomeIndex(home)
    files = _listed(ctx)
    new = [f for f in files if not index.has(f.name, f.size_bytes, f.mtime)]
    delete = bool(ctx.params.get("delete_after_verify", False))
    if not new and not (delete and files):
        return nothing_to_do(
            f"All {len(files)} files are at home already." if files else "There are no files yet.",
            files=len(files), folder=str(home),
        )  # fmt: skip
    _check_room(home, sum(f.size_bytes for f in new))
    tally = _Tally()
    sums = _hashed(ctx, files if delete else new)
    try:
        _copy_all(ctx, index, new, sums, tally)
        if delete:
            _verify_known(ctx, index, [f for f in files if f not in set(new)], sums, tally)
    finally:
        index.save()
    deleted = _delete(ctx, tally.verified) if delete else 0
    return _summed_up(len(files), tally, deleted, home)


def _home(ctx: StepContext) -> Path:
    """The folder of this instance's copies, made when missing."""
    address = ctx.ssh.address
    instance = f"vast-{ctx.plan.instance_id}" if ctx.plan.instance_id else ""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", instance or address.alias or address.location)
    folder = ctx.paths.data / "instances" / name / "outputs"
    make_folder(folder)
    return folder


def _listed(ctx: StepContext) -> list[RemoteFile]:
    """All files of the folders. Raises `StepFailed` above 10,000."""
    ui_home, out = ctx.params["ui_home"], list[RemoteFile]()
    for folder in dict.fromkeys(ctx.params.get("folders", ["output"])):
        ctx.simple(f"Listing {folder}")
        words = (f"{ui_home}/{folder}", str(MAX_FILES + 1), str(LONGEST_LISTING_BYTES))
        told = ctx.ssh.sh(LIST, *words, timeout_s=120)
        if not told.ok:
            raise StepFailed(f"{ui_home}/{folder} cannot be listed: {told.stderr.strip()[:200]}")
        out += read_listing(told.stdout, ui_home, folder, MAX_FILES)
    if len(out) > MAX_FILES:
        raise StepFailed(
            f"The folders hold {len(out):,} files; at most {MAX_FILES:,} are brought home at once.",
            hint="Move or delete old results on the instance, or name fewer `folders`.",
        )
    return out


def _check_room(home: Path, needed_bytes: int) -> None:
    room = shutil.disk_usage(home).free - KEEP_FREE_BYTES
    if needed_bytes > room:
        raise StepFailed(
            f"The new files take {_size(needed_bytes)}, but this computer has only "
            f"{_size(max(room, 0))} to give (1 GB stays free).",
            hint=f"Free some space on the disk of {home}, then continue the run.",
        )


def _hashed(ctx: StepContext, files: Sequence[RemoteFile]) -> dict[str, str]:
    """SHA-256 by remote path, as the instance computes it."""
    from vastgui.ssh.transfer import remote_sha256

    sums: dict[str, str] = {}
    done = 0
    for batch in _batches([f for f in files if f.is_readable]):
        ctx.simple(f"Reading checksums on the instance ({done} of {len(files)} files)")
        sums |= remote_sha256(ctx.ssh, [f.path for f in batch], timeout_s=HASH_SILENCE_S)
        done += len(batch)
    return sums


def _batches(files: Iterable[RemoteFile]) -> Iterable[list[RemoteFile]]:
    batch: list[RemoteFile] = []
    for file in files:
        size_bytes = sum(f.size_bytes for f in batch)
        if batch and (len(batch) >= HASH_BATCH_FILES or size_bytes > HASH_BATCH_BYTES):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _copy_all(
    ctx: StepContext,
    index: HomeIndex,
    files: Sequence[RemoteFile],
    sums: dict[str, str],
    tally: _Tally,
) -> None:
    total = sum(f.size_bytes for f in files)
    before = 0
    for number, file in enumerate(files, 1):
        ctx.checkpoint()
        label = f"{number} of {len(files)} files"
        ctx.bytes(before, total, label, file.name)
        if sha := sums.get(file.path, ""):
            _copy_one(ctx, index, file, sha, tally, (before, total, label))
        else:
            tally.failed[file.name] = "it cannot be read on the instance"
        before += file.size_bytes
        if number % SAVE_EVERY == 0:
            index.save()
    ctx.bytes(total, total, f"{len(files)} files")


def _copy_one(
    ctx: StepContext,
    index: HomeIndex,
    file: RemoteFile,
    sha: str,
    tally: _Tally,
    progress: tuple[int, int, str],
) -> None:
    """Bring `file` home, or recognise a copy that is there; a file that changes is no fault."""
    from vastgui.ssh.errors import TransferFailed
    from vastgui.ssh.transfer import download

    before, total, label = progress

    def told(here: int) -> None:
        ctx.bytes(before + here, total, label, file.name)

    local = index.place_for(file.name, file.size_bytes, sha, ctx.checkpoint)
    if not local.exists():
        try:
            download(
                ctx.ssh, file.path, local, file.size_bytes, sha,
                on_bytes=told, checkpoint=ctx.checkpoint,
            )  # fmt: skip
        except TransferFailed as error:
            ctx.say(f"[vastgui] {error}")
            tally.failed[file.name] = error.reason
            return
        tally.copied += 1
        tally.copied_bytes += file.size_bytes
        ctx.say(f"[vastgui] {file.name} → {local.name}, {file.size_bytes} bytes, sha256 {sha}")
    kept = str(local.relative_to(index.folder))
    index.copies[file.name] = Copy(file.size_bytes, file.mtime, sha, kept)
    tally.verified.append((file, sha))


def _verify_known(
    ctx: StepContext,
    index: HomeIndex,
    files: Sequence[RemoteFile],
    sums: dict[str, str],
    tally: _Tally,
) -> None:
    """Copies of earlier runs count for deleting only when they still are what the instance has."""
    for number, file in enumerate(files, 1):
        ctx.simple(f"Verifying earlier copies ({number} of {len(files)})")
        sha = sums.get(file.path, "")
        copy = index.copies[file.name]
        if sha and sha256_of(index.folder / copy.local, ctx.checkpoint) == sha:
            tally.verified.append((file, sha))


def _delete(ctx: StepContext, verified: Sequence[tuple[RemoteFile, str]]) -> int:
    """Delete what was verified and is unchanged; returns how many files that were."""
    deleted = 0
    for start in range(0, len(verified), HASH_BATCH_FILES):
        ctx.simple(f"Deleting verified files on the instance ({start} of {len(verified)})")
        words: list[str] = []
        for file, sha in verified[start : start + HASH_BATCH_FILES]:
            words += [file.path, str(file.size_bytes), file.mtime, sha]
        told = ctx.ssh.sh(DELETE, *words, timeout_s=HASH_SILENCE_S)
        deleted += told.stdout.split().count("deleted")
    return deleted


def _summed_up(files: int, tally: _Tally, deleted: int, home: Path) -> Done:
    details = {
        "files": files,
        "copied": tally.copied,
        "copied_bytes": tally.copied_bytes,
        "deleted": deleted,
        "folder": str(home),
        "failed": tally.failed,
    }
    gone = f" {deleted} were deleted on the instance." if deleted else ""
    if tally.failed:
        name, why = next(iter(tally.failed.items()))
        raise StepFailed(
            f"{len(tally.failed)} of {files} files are not at home: {name[:100]}: {why}.{gone}",
            hint="A file that is still being written is brought home by the next run.",
            details=details,
            partial=len(tally.failed) < files,
        )
    if not tally.copied and not deleted:
        return nothing_to_do(f"All {files} files are at home already.", **details)
    size = _size(tally.copied_bytes)
    return Done(f"{tally.copied} new files ({size}) are at home, verified.{gone}", details)


def _size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"
