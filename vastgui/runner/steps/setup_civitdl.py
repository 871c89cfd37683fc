"""Installs civitdl into the Python environment and gives it the user's API key."""

import re

from vastgui.errors import StepFailed
from vastgui.runner.civitdl import compare_key, write_key
from vastgui.runner.context import Checklist, Done, StepContext, nothing_to_do
from vastgui.runner.remote import ask_python, shown

SECRET = "civitai_token"  # noqa: S105 - the name of a secret, not its value
VERSION = r"""
import importlib.metadata as metadata
try:
    version = metadata.version(sys.argv[1])
except metadata.PackageNotFoundError:
    version = ""
report(version=version)
"""
INSTALL = r"""
if "$1" -m pip --version >/dev/null 2>&1; then
    exec "$1" -m pip install --no-input --disable-pip-version-check --root-user-action=ignore \
        --progress-bar off -- "$2"
elif command -v uv >/dev/null 2>&1; then
    exec uv pip install --python "$1" -- "$2"
fi
echo "There is neither pip nor uv for $1." >&2
exit 127
"""


def run(ctx: StepContext) -> Done:
    parts = ctx.phases(["Install", "API key"])
    parts.start(0)
    before = _version(ctx)
    wanted = not before or not _satisfied(before, ctx.params["package"])
    if wanted:
        _install(ctx, parts)
    version = _version(ctx) if wanted else before
    if not version:
        raise StepFailed("civitdl was installed, but this Python environment does not have it.")
    parts.done(0, f"civitdl {version}")
    parts.start(1)
    changed, key_text = _set_key(ctx)
    parts.done(1, key_text)
    details = {"version": version, "api_key": key_text}
    if version != before:  # pip may have found that the one there fits a range
        return Done(f"civitdl {version} was installed; {key_text}.", details)
    message = f"civitdl {version} is there; {key_text}."
    return Done(message, details) if changed else nothing_to_do(message, **details)


def _version(ctx: StepContext) -> str:
    name = re.split(r"[\[=<>~!]", ctx.params["package"], maxsplit=1)[0]
    return str(ask_python(ctx, ctx.params["python"], VERSION, name).get("version") or "")


def _satisfied(version: str, package: str) -> bool:
    """Whether `version` fits `package`: an exact pin is compared, any other is pip's business."""
    _, pinned, exact = package.partition("==")
    return version == exact if pinned else not re.search(r"[<>~!]", package)


def _install(ctx: StepContext, parts: Checklist) -> None:
    package = ctx.params["package"]
    parts.update(0, f"Installing {package}")
    ended = ctx.job(
        "install", INSTALL, ctx.params["python"], package,
        on_line=lambda line: parts.update(0, shown(line)),
    )  # fmt: skip
    if ended.exit_code != 0:
        last = shown(ended.tail[-1]) if ended.tail else f"exit code {ended.exit_code}"
        raise StepFailed(
            f"{package} could not be installed: {last}",
            hint="The step's log has pip's whole output. Is the instance connected to the internet?",
        )


def _set_key(ctx: StepContext) -> tuple[bool, str]:
    """Whether the key's file was changed, and the words for it."""
    key = ctx.secret(SECRET)
    if not key:
        return False, "no API key is stored (add it with `vastgui secret set civitai_token`)"
    python = ctx.params["python"]
    if compare_key(ctx, python, key):
        return False, "its API key is set"
    write_key(ctx, python, key)
    if not compare_key(ctx, python, key):
        raise StepFailed("civitdl's API key was written, but read back it differs.")
    return True, "its API key was written"
