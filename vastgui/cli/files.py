"""Verbs about files on this computer: templates, check, doctor."""

import argparse
import json
from pathlib import Path
from typing import Any

from vastgui import doctor as doctors
from vastgui.cli import exits
from vastgui.cli.desk import Desk
from vastgui.cli.words import plain
from vastgui.config import assets_dir
from vastgui.errors import InvalidInput
from vastgui.templates import (
    BrokenTemplate,
    Template,
    Templates,
    load_actions,
    load_template,
)

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


def templates(args: argparse.Namespace, desk: Desk) -> int:
    """List the templates, broken ones with their reason."""
    found = Templates(assets_dir(), desk.paths.user_setups).all()
    if args.json:
        print(json.dumps([_template_json(t) for t in found], indent=1))
        return exits.DONE
    for template in found:
        print("\n".join(_template_lines(template)))
    return exits.DONE


def check(args: argparse.Namespace, _desk: Desk) -> int:
    """Check one template file; exit 0 when it can be used, 2 when not."""
    path = Path(args.file)
    if not path.is_file():
        raise InvalidInput("file", f"{path} is not there.")
    template = load_template(path, load_actions(assets_dir()))
    print(f"{path}: good. Template {template.id}, {doctors.counted(len(template.steps), 'step')}.")
    return exits.DONE


def doctor(args: argparse.Namespace, desk: Desk) -> int:
    """Print the findings, worst first; exit 0 without errors, 1 with."""
    fixed = doctors.repair(desk.paths) if args.fix else []
    findings = doctors.worst_first(desk.services.doctor())
    if args.json:
        print(json.dumps(doctors.report(desk.paths, findings, fixed), indent=1))
    else:
        for finding in [*fixed, *findings]:
            print("\n".join(finding_lines(finding)))
    return exits.FAILED if any(f.level == "error" for f in findings) else exits.DONE


def finding_lines(finding: doctors.Finding) -> list[str]:
    where = f"  [{plain(finding.where)}]" if finding.where else ""
    lines = [f"{SIGNS[finding.level]} {finding.level:<7} {plain(finding.what)}{where}"]
    return [*lines, f"          {plain(finding.fix)}"] if finding.fix else lines


def _template_lines(template: Template | BrokenTemplate) -> list[str]:
    if isinstance(template, BrokenTemplate):
        return [f"{template.id}  cannot be used: {plain(template.error)}", f"    {template.path}"]
    own = "  (yours)" if template.user else ""
    head = f"{template.id}  {plain(template.label)}, {doctors.counted(len(template.steps), 'step')}{own}"
    names = ", ".join(f"{i + 1} {step.action}" for i, step in enumerate(template.steps))
    return [head, f"    {names}"]


def _template_json(template: Template | BrokenTemplate) -> dict[str, Any]:
    if isinstance(template, BrokenTemplate):
        return {"id": template.id, "path": str(template.path), "error": template.error}
    return {
        "id": template.id,
        "label": template.label,
        "description": template.description,
        "path": str(template.path),
        "variables": [
            {"name": v.name, "kind": v.kind, "default": v.default, "required": v.required}
            for v in template.variables
        ],
        "steps": [
            {"action": s.action, "label": s.label, "enabled": s.enabled} for s in template.steps
        ],
        "error": None,
    }
