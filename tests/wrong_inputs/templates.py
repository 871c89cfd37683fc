"""Wrong setup templates, as `vastgui check FILE` answers them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.wrong_inputs.case import Wrong

GOOD = "label: Mine\nsteps:\n  - test_ssh\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdef", "bcdefg", strict=True)
)


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """`content` of mine.yaml, and of files `beside` it."""

    content: str | bytes
    beside: Mapping[str, str | bytes] = field(default_factory=dict)


FILES = {
    "nothing in it": ("", "mine.yaml", "name: value"),
    "a text": ("just words", "mine.yaml", "name: value"),
    "a list": ("- test_ssh", "mine.yaml", "name: value"),
    "no YAML": ("label: [Mine", "mine.yaml", "line 1: a . is not closed"),
    "a tab": ("label: Mine\nsteps:\n\t- test_ssh\n", "mine.yaml", "line 3: a tab: indent with spaces"),
    "an open quote": ("label: 'Mine\n", "mine.yaml", "line 2: a quote is not closed"),
    "two documents": (GOOD + "---\n" + GOOD, "mine.yaml", "line 4.*leave `---` out"),
    "a key twice": ("label: A\nlabel: B\nsteps: [test_ssh]\n", "`label`", "line 2.*given twice"),
    "a tag of Python": ("label: !!python/object/apply:os.system [id]\nsteps: [test_ssh]\n", "mine.yaml", "line 1.*leave it out"),
    "an unknown tag": ("label: !mine x\nsteps: [test_ssh]\n", "mine.yaml", "line 1.*leave it out"),
    "an unknown alias": ("label: *x\nsteps: [test_ssh]\n", "mine.yaml", "line 1.*with & before"),
    "an alias bomb": (BOMB, "mine.yaml", "more than 50000 values"),
    "21 MB": (b"#" * 21_000_000, "mine.yaml", "larger than 1 MB"),
    "deeper than Python": ("label: " + "[" * 5000, "mine.yaml", "nested too deeply"),
    "not UTF-8": (b"label: M\xe4ine\n", "mine.yaml", "UTF-8"),
    "a NUL": ("label: A\0B\n", "mine.yaml", "line 1|character"),
    "no label": ("steps: [test_ssh]", "label", "add it"),
    "no steps": ("label: Mine", "steps", "add it"),
    "an unknown key": ("labl: x\n" + GOOD, "labl", "Did you mean label"),
    "HTML as label": ("label: <b>\nsteps: [test_ssh]", "label", "must not contain < >"),
    "two lines as label": ('label: "a\\nb"\nsteps: [test_ssh]', "label", "one line"),
    "a number as description": ("description: 7\n" + GOOD, "description", "must be a text"),
    "a path as id": ("id: ../x\n" + GOOD, "id", "letters, digits"),
    "steps as an object": ("label: Mine\nsteps: {a: 1}", "steps", "1 to 200 steps"),
    "no step": ("label: Mine\nsteps: []", "steps", "1 to 200 steps"),
    "201 steps": ("label: Mine\nsteps: [" + "test_ssh, " * 201 + "]", "steps", "1 to 200 steps"),
}  # fmt: skip

STEPS = {
    "almost an action": ("tets_ssh", "step 1 › action", "Did you mean test_ssh"),
    "no action": ("{label: x}", "step 1 › action", "add it"),
    "a step as a number": ("7", "step 1", "name: value"),
    "a step as a list": ("[test_ssh]", "step 1", "name: value"),
    "a list as action": ("{action: [test_ssh]}", "step 1 › action", "Did you mean test_ssh"),
    "an unknown key": ("{action: test_ssh, timeout: 5}", "step 1 › timeout", "Did you mean timeout_s"),
    "an unknown parameter": ("{action: test_ssh, params: {workspac: /x}}", "workspac", "Did you mean workspace"),
    "parameters as a list": ("{action: test_ssh, params: [a]}", "params", "name: value"),
    "NaN as time": ("{action: test_ssh, timeout_s: .nan}", "timeout_s", "0 to 2592000"),
    "endless time": ("{action: test_ssh, timeout_s: .inf}", "timeout_s", "0 to 2592000"),
    "no time": ("{action: test_ssh, timeout_s: 0}", "timeout_s", "more than 0"),
    "a word as time": ("{action: test_ssh, silence_timeout_s: soon}", "silence_timeout_s", "number of seconds"),
    "101 retries": ("{action: test_ssh, retries: 101}", "retries", "0 to 100"),
    "half a retry": ("{action: test_ssh, retries: 1.5}", "retries", "whole number"),
    "a word for true": ("{action: test_ssh, enabled: maybe}", "enabled", "true or false"),
    "partly partial": ("{action: test_ssh, allow_partial: 2}", "allow_partial", "true or false"),
    "a relative path": ("{action: test_ssh, params: {workspace: data}}", "workspace", "absolute path"),
    "a number as path": ("{action: test_ssh, params: {workspace: 7}}", "workspace", "must be a text"),
    "an unknown variable": ("{action: test_ssh, params: {workspace: '${worksp}'}}", "workspace", "Did you mean workspace"),
    "an empty command": ("{action: run_command, params: {command: ' '}}", "command", "give the command"),
    "no command": ("{action: run_command}", "command", "give it a value"),
    "a command with a token": ("{action: run_command, params: {command: 'x --token abcdefghijklmnopqrst'}}", "command", "vastgui secret set"),
    "a wrong environment name": ("{action: run_command, params: {command: id, environment: {a-b: x}}}", "environment › a-b", "letters, digits"),
    "a wrong environment value": ("{action: run_command, params: {command: id, environment: {A: 'x;y'}}}", "environment › A", "may hold letters"),
    "half of a link": ("{action: configure_links, params: {links: [{link: a}]}}", "links[0]", "exactly `link` and `target`"),
    "a link that climbs": ("{action: configure_links, params: {links: [{link: a, target: ../b}]}}", "links[0] › target", "below its folder"),
    "a repository over git:": ("{action: install_custom_nodes, params: {repos: ['git://x/y']}}", "repos[0]", "https://"),
    "a repository with a password": ("{action: install_custom_nodes, params: {repos: ['https://me:pw@x.org/y']}}", "repos[0]", "https://"),
    "a repository's bad commit": ("{action: install_custom_nodes, params: {repos: [{url: 'https://x.org/y', commit: main}]}}", "commit", "7 to 40 digits"),
    "a repository's extra key": ("{action: install_custom_nodes, params: {repos: [{url: 'https://x.org/y', branch: x}]}}", "repos[0]", "url, name, commit"),
    "one repository for a list": ("{action: install_custom_nodes, params: {repos: {url: 'https://x.org/y'}}}", "repos", "must be a list"),
    "a list file elsewhere": ("{action: install_custom_nodes, params: {list_file: ../x.csv}}", "list_file", "beside the template"),
    "a list file that is not there": ("{action: install_custom_nodes, params: {list_file: x.csv}}", "list_file", "no file x.csv"),
    "a list and a list file": ("{action: install_custom_nodes, params: {list_file: x.csv, repos: []}}", "list_file", "one of them"),
    "a wrong package": ("{action: verify_dependencies, params: {packages: {yaml: 'a b'}}}", "packages › yaml", "package name"),
    "packages as a list": ("{action: verify_dependencies, params: {packages: [a]}}", "packages", "module: package"),
    "a port out of range": ("{action: verify_dependencies, params: {comfyui_port: 0}}", "comfyui_port", "1 to 65535"),
    "folders that climb": ("{action: sync_instance, params: {folders: [../etc]}}", "folders[0]", "letters, digits"),
    "a day too long": ("{action: wait, params: {duration_s: 2592001}}", "duration_s", "0 to 2592000"),
    "a parameter without a dot": ("{action: execute_comfyui_workflow, params: {workflow: x, parameters: {text: y}}}", "parameters › text", "NODE.INPUT"),
    "a list as a value": ("{action: execute_comfyui_workflow, params: {workflow: x, parameters: {6.text: [y]}}}", "parameters › 6.text", "a text, a number"),
}  # fmt: skip

VARIABLES = {
    "variables as a list": ("[a]", "variables", "name: "),
    "an unknown kind": ("{a: {kind: pth}}", "variables › a › kind", "Did you mean path"),
    "an unknown key": ("{a: {knd: path}}", "variables › a › knd", "Did you mean kind"),
    "a name with a hyphen": ("{a-b: 1}", "a-b", "letters, digits"),
    "a default of another kind": ("{a: {kind: port, default: x}}", "variables › a", "whole number"),
    "choices as a text": ("{a: {choices: x}}", "choices", "must be a list"),
    "a default outside of them": ("{a: {choices: [x, y], default: z}}", "variables › a", "one of x, y"),
    "a word for required": ("{a: {required: perhaps}}", "required", "true or false"),
    "two that mean each other": ("{a: '${b}', b: '${a}'}", "variables › a", "leads back to itself"),
    "a secret's name": ("{civitai_token: x}", "civitai_token", "vastgui secret set"),
    "a shared one of another kind": ("{workspace: 7}", "variables › workspace", "must be a text"),
}  # fmt: skip

LISTS = {
    "an empty list": ("x.csv", "", "x.csv", "columns Name and RepoUrl"),
    "other columns": ("x.csv", "a,b\n1,2\n", "x.csv", "columns Name and RepoUrl"),
    "a wrong address": ("x.csv", "Name,RepoUrl\nA,ftp://x/y\n", "repos[0]", "https://"),
    "no list": ("x.yaml", "a: 1\n", "x.yaml", "list of node packs"),
    "another kind of file": ("x.txt", "x", "list_file", ".csv, .yaml"),
}


def template(
    what: str,
    content: str | bytes,
    field: str,
    fix: str,
    beside: Mapping[str, str | bytes] | None = None,
) -> Wrong:
    return Wrong("template", what, TemplateFile(content, beside or {}), field, fix, 2)


def cases() -> Iterator[Wrong]:
    for what, (content, named, fix) in FILES.items():
        yield template(f"file, {what}", content, named, fix)
    for what, (step, named, fix) in STEPS.items():
        yield template(f"step, {what}", f"label: Mine\nsteps:\n  - {step}\n", named, fix)
    for what, (variables, named, fix) in VARIABLES.items():
        yield template(f"variable, {what}", f"variables: {variables}\n{GOOD}", named, fix)
    for what, (name, content, named, fix) in LISTS.items():
        step = f"{{action: install_custom_nodes, params: {{list_file: {name}}}}}"
        text = f"label: Mine\nsteps:\n  - {step}\n"
        yield template(f"node list, {what}", text, named, fix, {name: content})
