"""`vastgui generate` and `vastgui preflight`: a ComfyUI workflow on an instance, or its check."""

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vastgui.cli import exits, through
from vastgui.cli.asked import Asked
from vastgui.cli.called import called
from vastgui.cli.desk import Desk
from vastgui.cli.lines import check_lines
from vastgui.cli.run import left, watched
from vastgui.cli.target import Target, target_of
from vastgui.cli.words import plain, size
from vastgui.errors import InvalidInput
from vastgui.state.comfy import Check
from vastgui.state.model import RunState
from vastgui.state.store import RunDir


def generate(args: argparse.Namespace, desk: Desk) -> int:
    """Run a workflow; exit 0 completed, 1 ended otherwise, 3 with --detach, 130 on Ctrl-C."""
    if args.detach and args.accept_new_host_key:
        hint = "Leave one of them out; `vastgui answer` answers the question of a detached run."
        raise InvalidInput("--accept-new-host-key", "does not work with --detach.", hint=hint)
    run_id = _launch(args, desk)
    if args.detach:
        return left(args, desk, run_id)
    run, state = watched(args, desk, run_id)
    files = list(files_of(run, state, args.out))
    if args.json:
        known = desk.json(run, state) | {"files": [str(path) for path in files]}
        print(json.dumps(known, indent=1))
        return exits.of_state(state)
    for path in files:
        print(f"{plain(str(path))}  ({size(path.stat().st_size)})")
    return exits.of_state(state)


def preflight(args: argparse.Namespace, desk: Desk) -> int:
    """Check a workflow on an instance; exit 0 when it can run, 1 when something is red."""
    run, state = watched(args, desk, _launch(args, desk, only_preflight=True))
    checks = state.comfy.checks if state.comfy else ()
    good = exits.of_state(state) == exits.DONE and all(c.level != "red" for c in checks)
    if args.json:
        print(json.dumps(_report(run, state, checks, good=good), indent=1))
    else:
        print("\n".join(line for check in checks for line in check_lines(check)))
    return exits.DONE if good else exits.FAILED


def files_of(run: RunDir, state: RunState, out: str) -> Iterator[Path]:
    """The outputs on this disk; where `out` was asked for, the file there that is the same."""
    folder = Path(out).expanduser().absolute() if out else None
    for output in state.comfy.outputs if state.comfy else ():
        path = run.path / output.path
        if output.downloaded and path.is_file():
            yield (_same(path, folder, output.sha256) if folder else None) or path


def _same(path: Path, folder: Path, sha256: str) -> Path | None:
    """The file of `folder` that has the name (or `name (2)`) and the content of `path`."""
    for other in (folder / path.name, *sorted(folder.glob(f"{path.stem} (*){path.suffix}"))):
        if not other.is_file():
            continue
        if other.samefile(path):
            return other
        with other.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                return other
    return None


def _launch(args: argparse.Namespace, desk: Desk, *, only_preflight: bool = False) -> str:
    with called("--on"):
        return _launched(args, desk, only_preflight=only_preflight)


def _launched(args: argparse.Namespace, desk: Desk, *, only_preflight: bool) -> str:
    target = target_of(args, desk)
    asked = Asked(desk.services.form(args.workflow, target.queue(desk)))
    parameters, inputs = asked.parameters(args.set), asked.inputs(args.input)
    words: dict[str, Any] = {
        "ssh_connection": target.connection.ssh_connection,
        "key_file": target.connection.key_file,
        "use_agent": target.connection.use_agent,
        "instance_id": target.connection.instance_id,
        "parameters": parameters,
        "seed_controls": asked.controls(args.seed_control),
        "output_dir": "" if only_preflight else args.out,
        "comfyui_port": args.comfyui_port or 0,
        "run_rest": getattr(args, "run_rest", False),
        "only_preflight": only_preflight,
    }
    about = {"initiated_from": "cli", "user_agent": through.AGENT}
    return through.launched(
        desk,
        lambda app, run_id: app.execute(_body(args, target, words, inputs, run_id)),
        lambda: desk.services.launch_generate(
            args.workflow, **words, server=target.server, inputs=inputs, metadata=about
        ),
    )


def _body(
    args: argparse.Namespace,
    target: Target,
    words: Mapping[str, Any],
    inputs: Mapping[str, Path],
    run_id: str,
) -> dict[str, Any]:
    """The same as the API takes it; the app works in another folder, so all paths are whole."""
    files = [
        {"field": field, "path": through.absolute(str(p), "--input")} for field, p in inputs.items()
    ]
    workflow = args.workflow
    return {
        **words,
        "ssh_connection": words["ssh_connection"] or None,
        "target": target.server or None,
        "workflow_file": through.absolute(workflow, "workflow")
        if Path(workflow).is_file()
        else workflow,
        "input_images": files,
        "key_file": through.absolute(words["key_file"], "--key"),
        "output_dir": through.absolute(words["output_dir"], "--out"),
        "comfyui_port": words["comfyui_port"] or None,
        "workflow_id": run_id,
    }


def _report(
    run: RunDir, state: RunState, checks: tuple[Check, ...], *, good: bool
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "good": good,
        "status": state.status.value,
        "error": state.error or None,
        "checks": [
            {"name": c.name, "level": c.level, "message": c.message, "fix": c.fix or None}
            for c in checks
        ],
    }
