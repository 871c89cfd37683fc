"""Verbs about workflows that need no link: convert, workflows."""

import argparse
import gzip
import json
import sys
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vastgui.cli import exits
from vastgui.cli.desk import Desk
from vastgui.cli.target import target_of
from vastgui.cli.words import clipped, plain, readable_json
from vastgui.comfy.convert import to_api_prompt
from vastgui.comfy.fields import Field
from vastgui.errors import InvalidInput, StorageError
from vastgui.library import Broken, LibraryWorkflow

MAX_OBJECT_INFO_BYTES = 256 << 20
_SAVE_IT = "Save what http://127.0.0.1:8188/object_info answers, or use --on."


def convert(args: argparse.Namespace, desk: Desk) -> int:
    """Print (or write) the API prompt of a workflow; exit 0, or 1 naming what is in the way."""
    workflow = desk.services.library.open(args.workflow)
    prompt = to_api_prompt(workflow.graph, _object_info(args, desk))
    text = readable_json(prompt)
    if args.output in ("", "-"):
        print(text)
        return exits.DONE
    try:
        Path(args.output).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{args.output} cannot be written: {error.strerror}.") from error
    print(f"{args.output}: {len(prompt)} nodes.", file=sys.stderr)
    return exits.DONE


def workflows(args: argparse.Namespace, desk: Desk) -> int:
    """List the library, broken ones with their reason; or the fields of one workflow."""
    if args.workflow:
        return _fields(args, desk)
    found = desk.services.library.all()
    if args.json:
        print(json.dumps([_workflow_json(w) for w in found], indent=1))
        return exits.DONE
    for workflow in found:
        print("\n".join(_workflow_lines(workflow)))
    return exits.DONE


def _fields(args: argparse.Namespace, desk: Desk) -> int:
    queue = target_of(args, desk).queue(desk) if args.on else ""
    form = desk.services.form(args.workflow, queue)
    if args.json:
        found = [asdict(f) for f in form.fields]
        problems = [asdict(p) for p in form.problems]
        print(json.dumps({"fields": found, "problems": problems}, indent=1))
        return exits.DONE
    for problem in form.problems:
        print(f"✗ {plain(str(problem))}")
    for field in form.fields:
        print(_field_line(field))
    return exits.DONE


def _field_line(field: Field) -> str:
    bounds = (str(b) for b in (field.min, field.max) if b is not None)
    words = [field.kind, "-".join(bounds), field.control, field.role and f"[{field.role}]"]
    value = clipped(plain(json.dumps(field.value, ensure_ascii=False)), 50)
    return (
        f"{plain(field.id):<24} {plain(field.label)} = {value}  {' '.join(w for w in words if w)}"
    )


def _workflow_lines(workflow: LibraryWorkflow | Broken) -> list[str]:
    if isinstance(workflow, Broken):
        return [
            f"{plain(workflow.name)}  cannot be used: {plain(workflow.error)}",
            f"    {plain(str(workflow.folder))}",
        ]
    own = "  (yours)" if workflow.user else ""
    return [
        f"{plain(workflow.name)}{own}",
        *([f"    {plain(workflow.summary)}"] if workflow.summary else []),
    ]


def _workflow_json(workflow: LibraryWorkflow | Broken) -> dict[str, Any]:
    known = {"name": workflow.name, "folder": str(workflow.folder), "user": workflow.user}
    if isinstance(workflow, Broken):
        return known | {"error": workflow.error}
    described = {"summary": workflow.summary, "description": workflow.description}
    return known | {"label": workflow.label, **described, "error": None}


def _object_info(args: argparse.Namespace, desk: Desk) -> dict[str, Any]:
    if args.object_info:
        return _read(Path(args.object_info))
    if not args.on:
        return desk.services.catalog.shipped().object_info
    queue = target_of(args, desk).queue(desk)
    if cached := desk.services.catalog.load(queue):
        return cached.object_info
    hint = "`vastgui preflight WORKFLOW --on TARGET` asks it. Without --on the core nodes serve."
    raise InvalidInput("--on", f"nothing is known of the nodes of {args.on} yet.", hint=hint)


def _read(path: Path) -> dict[str, Any]:
    """What `/object_info` answered, as JSON, gzipped or not."""
    try:
        raw = path.read_bytes()
        if raw.startswith(b"\x1f\x8b"):
            with gzip.open(path) as file:
                raw = file.read(MAX_OBJECT_INFO_BYTES)
        content = json.loads(raw)
    except OSError as error:
        raise InvalidInput("--object-info", f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError, EOFError, zlib.error) as error:
        raise InvalidInput("--object-info", f"{path} is no JSON.", hint=_SAVE_IT) from error
    if not isinstance(content, dict):
        raise InvalidInput(
            "--object-info", f"{path} is not what /object_info answers.", hint=_SAVE_IT
        )
    inner = content.get("object_info")
    return inner if isinstance(inner, dict) and "input" not in inner else content
