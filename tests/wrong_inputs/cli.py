"""Wrong command lines: words, standard input, and files that lie in the home meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.wrong_inputs.case import Wrong

NOBODY = "root@127.0.0.1:9"  # nobody listens there
DEEP = "[" * 1_000_000 + "]" * 1_000_000
SETTINGS = "config/settings.yaml"
RUN = ("run", "quick-check", "--detach")
ON = ("--ssh", NOBODY)
MAKE = ("generate", "--detach", "--on")


@dataclass(frozen=True, slots=True)
class Command:
    """`{done}`, `{asks}` and `{home}` in a word stand for runs and the folder of the world."""

    words: tuple[str, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    stdin: str = ""


def cli(
    what: str,
    words: tuple[str, ...],
    named: str,
    fix: str,
    code: int = 2,
    *,
    files: Mapping[str, str | bytes] | None = None,
) -> Wrong:
    return Wrong("cli", what, Command(words, files or {}), named, fix, code)


def setting(what: str, text: str, named: str, fix: str) -> Wrong:
    """A settings.yaml that any launch has to read."""
    return cli(f"settings, {what}", (*RUN, *ON), named, fix, files={SETTINGS: text})


def workflow(what: str, content: str | bytes, named: str, fix: str, code: int = 2) -> Wrong:
    words = ("convert", "{home}/w.json")
    return cli(f"workflow file, {what}", words, named, fix, code, files={"w.json": content})


SSH = {
    "nothing": ("", "paste the line"),
    "spaces": ("  ", "paste the line"),
    "two hosts": ("ssh root@a root@b", "Paste the line"),
    "a remote command": ("ssh root@box reboot", "Paste the line"),
    "a jump host": ("ssh -J root@gate root@box", "only -p, -i, -l"),
    "a proxy command": ("ssh -oProxyCommand=id root@box", "only -p, -i, -l"),
    "a shell line": ("root@box; reboot", "characters that no address has: ';'"),
    "port 0": ("root@box:0", "1 to 65535"),
    "port 65536": ("ssh -p 65536 root@box", "1 to 65535"),
    "a word as port": ("ssh -p ssh root@box", "1 to 65535"),
    "no value after -p": ("ssh root@box -p", "Paste the line"),
    "a bad forward": ("ssh root@box -L 8080", "port:host:port"),
    "open brackets": ("root@[::1:22", "Paste the line"),
    "an unknown name": ("mybox", "Write root@HOST:PORT"),
}  # fmt: skip

VARIABLES = {
    "an unknown variable": ("workspac=/data", "workspac", "Did you mean workspace"),
    "no equals sign": ("workspace", "--set", "KEY=VALUE"),
    "no name": ("=x", "--set", "KEY=VALUE"),
    "a relative path": ("workspace=data", "workspace", "absolute path"),
    "a path that climbs": ("ui_home=/workspace/../etc", "ui_home", "no `..`"),
    "the root": ("workspace=/", "workspace", "must not be `/`"),
    "a port out of range": ("comfyui_port=70000", "comfyui_port", "1 to 65535"),
    "an address without http": ("civitai_url=civitai.com", "civitai_url", "https?://"),
    "a name with a slash": ("supervisor_program=a/b", "supervisor_program", "letters, digits"),
    "a circle": ("workspace=${ui_home}", "workspace", "leads back to itself"),
    "an unknown reference": ("workspace=/x/${hom}", "workspace", "Did you mean ui_home"),
    "a secret": ("workspace=/x?token=abcdefghijklmnop12345", "workspace", "vastgui secret set"),
}

STEPS = {
    "an unknown step": (("--only", "tets_ssh"), "--only", "Did you mean test_ssh"),
    "step 0": (("--only", "0"), "--only", "1 to 3"),
    "a step beyond the last": (("--from", "4"), "--from", "1 to 3"),
    "two ways to choose": (("--only", "1", "--from", "2"), "--from", "not allowed with"),
    "an unknown step to skip": (("--skip", "reboot"), "--skip", "test_ssh"),
    "a word as pause": (("--step-delay", "soon"), "--step-delay", "number of seconds"),
    "a negative pause": (("--step-delay", "-1"), "--step-delay", "0 to 2592000"),
    "NaN as pause": (("--step-delay", "nan"), "--step-delay", "0 to 2592000"),
    "an instance id with a slash": (("--instance-id", "a/b"), "--instance-id", "letters, digits"),
    "a key file that is not there": (("--key", "/nowhere/id"), "--key", "no file /nowhere/id.\n.*private key"),
    "a folder as key file": (("--key", "{home}"), "--key", "is a folder.*\n.*private key"),
    "a key file of nobody": (("--key", "~nobody-here/id"), "--key", "write the whole path"),
    "a promise nobody can keep": (("--accept-new-host-key",), "--accept-new-host-key", "Leave one"),
}  # fmt: skip

PLACES = {
    "no place": ("", (), "--on", "which instance"),
    "another computer's server": ("http://10.0.0.1:8188", (), "--on", "reached over SSH"),
    "a server's port 0": ("http://127.0.0.1:0", (), "--on", "127.0.0.1:PORT"),
    "an unknown place": ("nobox", (), "--on", "root@HOST:PORT"),
    "an unknown workflow": ("local", ("text-to-imag",), "workflow", "Did you mean text-to-image"),
    "a workflow file that is not there": ("local", ("./no.json",), "workflow", "check its path"),
    "an unknown node": ("local", ("colour-card", "--set", "99.x=1"), "99.x", "Known: "),
    "no field": ("local", ("colour-card", "--set", "prompt"), "--set", "FIELD=VALUE"),
    "a role that is not there": ("local", ("colour-card", "--set", "prompt=x"), "--set", "its fields are 1.width"),
    "a word as number": ("local", ("text-to-image", "--set", "steps=many"), "4.steps", "whole number"),
    "too many steps": ("local", ("text-to-image", "--set", "steps=99999"), "4.steps", "10000 is the most"),
    "a file that is not there": ("local", ("image-to-image", "--input", "no.png"), "6.image", "check its path"),
    "a file nobody wants": ("local", ("colour-card", "--input", "x.png"), "--input", "leave .x.png. out"),
    "two files wanted": ("local", ("blend-two-images", "--input", "x.png"), "--input", "Name one: --input"),
    "an unknown seed control": ("local", ("text-to-image", "--seed-control", "random"), "--seed-control", "randomize"),
    "results into a file": ("local", ("colour-card", "--out", "/etc/passwd"), "--out", "name another"),
    "ComfyUI's port": ("local", ("colour-card", "--comfyui-port", "http"), "--comfyui-port", "0 to 65535"),
}  # fmt: skip

RUNS = {
    "an unknown run": (("show", "0123456789"), "0123456789", "vastgui runs", 4),
    "a path as run": (("show", "../../etc/passwd"), "../../etc/passwd", "vastgui runs", 4),
    "an unknown status": (("runs", "--status", "happy"), "--status", "choose from .*completed", 2),
    "an unknown kind": (("runs", "--kind", "train"), "--kind", "choose from .*comfyui", 2),
    "a negative limit": (("runs", "--limit", "-1"), "--limit", "0 or more", 2),
    "a word as limit": (("runs", "--limit", "all"), "--limit", "whole number", 2),
    "the log of an unknown step": (("logs", "{done}", "--step", "7"), "--step", "Use 1 to", 2),
    "stopping what has ended": (("stop", "{done}", "--force", "--after-step"), "--after-step", "not allowed with", 2),
    "pausing what has ended": (("pause", "{done}"), "{done}", "continue", 2),
    "resuming what has ended": (("resume", "{done}"), "{done}", "continue", 2),
    "answering what asks nothing": (("answer", "{done}", "yes"), "{done}", "continue|show", 2),
    "an answer that is none": (("answer", "{asks}", "maybe"), "answer", "one of: Trust", 2),
    "continuing what goes on": (("continue", "{asks}"), "{asks}", "Wait for its end or stop it", 2),
    "continuing at an unknown step": (("continue", "{done}", "--from", "reboot"), "--from", "one of: test_ssh", 2),
    "deleting unasked": (("delete", "{done}"), "--yes", "is needed", 2),
    "deleting what goes on": (("delete", "{asks}", "--yes"), "{asks}", "[Ss]top", 2),
    "freeing memory of no workflow": (("free", "0000"), "0000", "vastgui runs", 4),
}  # fmt: skip

OTHERS = {
    "no such verb": (("rnu",), "VERB", "choose from"),
    "no such flag": (("runs", "--statsu", "failed"), "--statsu", "Did you mean --status"),
    "an app for everybody": (("--host", "0.0.0.0"), "--host", "lan_address"),
    "the app's port": (("--port", "99999"), "--port", "0 to 65535"),
    "the demo's port": (("demo", "--port", "9" * 5000), "--port", "0 to 65535"),
    "a secret without a name": (("secret", "set"), "name", "which secret"),
    "an empty secret": (("secret", "set", "civitai_token"), "civitai_token", "nothing was stored"),
    "an unknown deed": (("secret", "get", "x"), "what", "choose from .*set"),
    "a template file that is not there": (("check", "no.yaml"), "no.yaml", "is not there"),
    "an object_info that is not there": (("convert", "colour-card", "--object-info", "no.json"), "--object-info", "cannot be read"),
    "an object_info that is none": (("convert", "colour-card", "--object-info", "{home}/oi"), "--object-info", "/object_info"),
    "nodes that nobody asked for": (("convert", "colour-card", "--on", NOBODY), "--on", "vastgui preflight"),
    "the ComfyUI of no box": (("comfyui", "--on", "nobox"), "--on", "root@HOST:PORT"),
}  # fmt: skip

SETTING = {
    "no YAML": ("port: [", "settings.yaml", "line 1"),
    "a list": ("- port", "settings.yaml", "name: value"),
    "an unknown key": ("prot: 1", "prot", "Did you mean port"),
    "a word as number": ("port: many", "port", "number"),
    "a port out of range": ("port: 70000", "port", "0 to 65535"),
    "a negative time": ("heartbeat_s: -1", "heartbeat_s", "0 or more"),
    "NaN as a time": ("heartbeat_s: .nan", "heartbeat_s", "number"),
    "half a run": ("keep_runs: 1.5", "keep_runs", "whole number"),
    "a word for true": ("lan_write: maybe", "lan_write", "true or false"),
    "a colour": ("dark: blue", "dark", "true, false or empty"),
    "a list as key": ("ssh_key: [a]", "ssh_key", "text"),
    "a name as address": ("lan_address: myhost", "lan_address", "0.0.0.0"),
    "half of TLS": ("lan_address: 0.0.0.0\nlan_cert: /x.pem", "lan_key", "needs lan_cert and lan_key"),
    "a key given twice": ("port: 1\nport: 2", "port", "given twice"),
    "a tag of Python": ("port: !!python/object/apply:os.system [id]", "settings.yaml", "line 1.*leave it out"),
    "an alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(f"k{i}: &k{i} [{', '.join([f'*k{i-1}' if i else '*b'] * 9)}]\n" for i in range(8)), "settings.yaml", "aliases"),
    "deeper than Python": ("port: " + "[" * 5000, "settings.yaml", "nested too deeply"),
}  # fmt: skip

WORKFLOWS = {
    "nothing": ("", "w.json", "Save it in ComfyUI again"),
    "no JSON": ("{nodes: []}", "w.json", "Save it in ComfyUI again"),
    "a list": ("[]", "w.json", "Save it in ComfyUI again"),
    "a million brackets": (DEEP, "w.json", "Save it in ComfyUI again"),
    "an object without nodes": ('{"a": 1}', "w.json", "Save it in ComfyUI again"),
    "21 MB": (b'{"nodes": "' + b"x" * 21_000_000 + b'"}', "w.json", "larger than 20 MB"),
    "bytes": (b"\x00\xff\xfe", "w.json", "Save it in ComfyUI again"),
    "a picture cut off": (b"\x89PNG\r\n\x1a\n\x00\x00", "w.json", "drop a picture"),
}


def cases() -> Iterator[Wrong]:
    yield cli("run without an address", RUN, "--ssh", "required")
    yield cli(
        "run, almost a template", ("run", "quik-check", *ON), "template", "Did you mean quick-check"
    )
    yield cli("run, no template at all", ("run", "zzz", *ON), "template", "Known: .*comfyui")
    for what, (text, fix) in SSH.items():
        yield cli(f"run --ssh, {what}", (*RUN, "--ssh", text), "--ssh", fix)
    for what, (pair, named, fix) in VARIABLES.items():
        yield cli(f"run --set, {what}", (*RUN, *ON, "--set", pair), named, fix)
    for what, (more, named, fix) in STEPS.items():
        yield cli(f"run, {what}", (*RUN, *ON, *more), named, fix)
    for what, (place, more, named, fix) in PLACES.items():
        yield cli(f"generate, {what}", (*MAKE, place, *(more or ("colour-card",))), named, fix)
    for what, (words, named, fix, code) in RUNS.items():
        yield cli(what, words, named, fix, code)
    for what, (words, named, fix) in OTHERS.items():
        yield cli(what, words, named, fix, files={"oi": "[]"})
    for what, (text, named, fix) in SETTING.items():
        yield setting(what, text, named, fix)
    for what, (content, named, fix) in WORKFLOWS.items():
        yield workflow(what, content, named, fix)
