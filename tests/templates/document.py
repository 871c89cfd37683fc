"""The reference part of docs/templates.md, made from assets/actions.yaml.

`python -m tests.templates.document` rewrites it; a test fails when that was forgotten.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vastgui.config import assets_dir
from vastgui.state.checks import KINDS
from vastgui.templates import Actions, ActionSpec, ParamSpec, load_actions

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
BEGIN = "<!-- made from assets/actions.yaml by `python -m tests.templates.document` -->\n"


def reference(actions: Actions) -> str:
    """Variables, actions with their parameters, kinds."""
    actions_text = (line for spec in actions.values() for line in _action(spec))
    parts = (
        ("", "## Variables every template has", "", *_variables(actions.variables)),
        ("", "## Actions", *actions_text),
        ("", "## Kinds", "", "| kind | good values |", "|---|---|", *_kinds(), ""),
    )
    return "\n".join(line for part in parts for line in part)


def rewritten(page: str, actions: Actions) -> str:
    head, _, _ = page.partition(BEGIN)
    return head + BEGIN + reference(actions)


def _variables(specs: tuple[ParamSpec, ...]) -> Iterator[str]:
    yield from ("| variable | default | kind | meaning |", "|---|---|---|---|")
    for v in specs:
        yield f"| `{v.name}` | `{v.default}` | `{v.kind}` | {v.help} |"


def _action(spec: ActionSpec) -> Iterator[str]:
    silence = spec.silence_timeout_s
    limit = f"Time limit {spec.timeout_s:g} s"
    yield from ("", f"### {spec.action}", "", spec.help, "")
    yield limit + (f", {silence:g} s without any output." if silence else ".")
    if spec.params:
        yield from ("", "| parameter | kind | default | meaning |", "|---|---|---|---|")
    for p in spec.params:
        yield f"| `{p.name}` | `{p.kind}` | {_default(p)} | {p.help} |"


def _default(param: ParamSpec) -> str:
    value: Any = param.default
    if param.required and value in (None, ""):
        return "must be given"
    if value in (None, ""):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


_GOOD = {
    "path": "an absolute path in plain characters, without `..`",
    "relative_path": "a path below a folder, without `..`",
    "repo_url": "the https:// address of a git repository, without user name",
    "env_name": "letters, digits and `_`",
    "env_value": "letters, digits, blanks and `. _ + @ , = : / -`",
    "package": "a Python package, with a version if wanted: `civitdl==2.2.0`",
    "commit": "7 to 40 digits of a commit id",
    "name": "letters, digits and `. _ -`, at most 100",
    "label": "one line of text without shell or HTML signs",
    "text": "any text",
    "command": "a line for sh",
    "boolean": "true or false",
    "integer": "a whole number",
    "seconds": "a duration in seconds, at most 30 days",
    "port": "1 to 65535",
    "url": "an http:// or https:// address",
    "names": "a list of names",
    "packages": "a list of packages",
    "package_map": "module name to package, `cv2: opencv-python-headless`",
    "repos": "a list of node packs, each an address or `{url, name, commit, requirements}`; as one "
    "text: addresses between blanks or commas, `@commit` behind one pins it",
    "links": "a list of `{link, target}`, both relative paths",
    "program": "a program's name, or its absolute path",
    "env_map": "`NAME: value` lines",
    "field_map": "values of a workflow, `NODE.INPUT: value` lines, such as `6.text: a cat`",
}


def _kinds() -> Iterator[str]:
    for kind in KINDS:
        yield f"| `{kind}` | {_GOOD[kind]} |"


if __name__ == "__main__":
    old = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(rewritten(old, load_actions(assets_dir())), encoding="utf-8")
