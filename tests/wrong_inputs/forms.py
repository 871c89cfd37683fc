"""What the forms of the pages hand to the services when Run is clicked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.wrong_inputs.case import Wrong
from tests.wrong_inputs.cli import DEEP, NOBODY


@dataclass(frozen=True, slots=True)
class Form:
    """`call`: the service's method; `words`: as the page gives them. `{home}` stands in texts."""

    call: str
    words: Mapping[str, Any]
    files: Mapping[str, str | bytes] = field(default_factory=dict)


CONNECTIONS = {
    "nothing": ("", "paste the line"),
    "two words": ("root@a root@b", "Paste the line"),
    "HTML": ("<img src=x onerror=alert(1)>", "characters that no address has"),
    "a sub-shell": ("ssh -p 22 root@$(id)", "characters that no address has"),
    "Arabic": ("root@عنوان", "characters that no address has"),
    "1001 characters": ("a" * 1001, "1000 characters"),
    "no host": ("root@", "no usable host"),
    "no user": ("@box:22", "no usable user"),
    "a web address": ("https://console.vast.ai", "Paste the line"),
    "a path behind it": ("ssh://root@box/etc", "after the host"),
    "half an IPv6": ("root@[fe80::1", "Paste the line"),
    "a port of letters": ("root@box:ssh", "1 to 65535"),
    "a forward to port 0": ("ssh -L 0:localhost:80 root@box", "1 to 65535"),
    "an odd key file": ("ssh -i *.pem root@box", "key file"),
}

VARIABLES = {
    "a relative path": ({"ui_home": "ComfyUI"}, "ui_home", "absolute path"),
    "shell text": ({"ui_home": "/x;reboot"}, "ui_home", "letters, digits"),
    "a payload": ({"ui_home": "/workspace/$(id)"}, "ui_home", "letters, digits"),
    "501 characters": ({"ui_home": "/" + "x" * 500}, "ui_home", "500 characters"),
    "double slashes": ({"workspace": "/a//b"}, "workspace", "without double slashes"),
    "a word as port": ({"comfyui_port": "http"}, "comfyui_port", "whole number"),
    "a user in the address": ({"vast_url": "https://me@vast.ai"}, "vast_url", "https?://"),
    "packs over ssh": ({"node_packs": "git@github.com:a/b"}, "node_packs[0]", "https://"),
    "packs that are no YAML": ({"node_packs": "[a"}, "node_packs", "line 1: a . is not closed"),
    "packs of another shape": ({"node_packs": "{url: x}"}, "node_packs", "must be a list"),
    "a pack's extra key": ({"node_packs": "[{url: 'https://x.org/y', b: 1}]"}, "node_packs[0]", "url, name, commit"),
    "a pack that climbs": ({"node_packs": "https://x.org/../y"}, "node_packs[0]", "https://"),
}  # fmt: skip

FIELDS = {
    "a missing key file": ({"key_file": "/nowhere/id"}, "key_file", "no file /nowhere/id.*private key"),
    "a key file of nobody": ({"key_file": "~nobody-here/id"}, "key_file", "write the whole path"),
    "a key file with a NUL": ({"key_file": "a\0b"}, "key_file", "private key"),
    "a folder as key file": ({"key_file": "/etc"}, "key_file", "private key"),
    "an instance id with a slash": ({"instance_id": "a/b"}, "instance_id", "letters, digits"),
    "an instance id of 101 digits": ({"instance_id": "1" * 101}, "instance_id", "at most 100"),
    "a negative pause": ({"step_delay_s": -1.0}, "step_delay_s", "0 to 2592000"),
    "an endless pause": ({"step_delay_s": float("inf")}, "step_delay_s", "0 to 2592000"),
}  # fmt: skip

GENERATE = {
    "a server elsewhere": ({"server": "http://10.0.0.1:8188"}, "server", "over SSH"),
    "a server's port": ({"server": "http://127.0.0.1:99999"}, "server", "127.0.0.1:PORT"),
    "a word as number": ({"parameters": {"4.steps": "many"}}, "4.steps", "whole number"),
    "too few steps": ({"parameters": {"4.steps": 0}}, "4.steps", "1 is the least"),
    "NaN": ({"parameters": {"4.cfg": "nan"}}, "4.cfg", "must be a number"),
    "a list as prompt": ({"parameters": {"2.text": ["x"]}}, "2.text", "a text"),
    "a linked input": ({"parameters": {"4.model": "x"}}, "4.model", "set the value there"),
    "an unknown input": ({"parameters": {"4.step": 1}}, "4.step", "Did you mean steps"),
    "an unknown node": ({"parameters": {"99.x": 1}}, "99.x", "Known: "),
    "no field at all": ({"parameters": {"steps": 1}}, "steps", "NODE.INPUT"),
    "an unknown seed control": ({"seed_controls": {"4.seed": "dice"}}, "4.seed", "randomize"),
    "a control of no seed": ({"seed_controls": {"9.x": "fixed"}}, "9.x", "no seed"),
    "a file that is gone": ({"inputs": {"2.image": "/nowhere.png"}}, "2.image", "check its path"),
    "results into a file": ({"output_dir": "/etc/passwd"}, "output_dir", "name another"),
    "results of nobody": ({"output_dir": "~nobody-here/x"}, "output_dir", "write the whole path"),
}  # fmt: skip

UPLOADS = {
    "no workflow": ('{"a": 1}', "workflow", "Save it in ComfyUI again"),
    "no JSON": ("nodes", "workflow", "Save it in ComfyUI again"),
    "a million brackets": (DEEP, "workflow", "Save it in ComfyUI again"),
    "a node without a type": ('{"1": {"inputs": {}}}', "workflow", "Save it in ComfyUI again"),
    "nodes as an object": ('{"nodes": {}}', "workflow", "Save it in ComfyUI again"),
    "a picture without one": (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "workflow", "drop a picture"),
}  # fmt: skip


def setup(what: str, words: Mapping[str, Any], named: str, fix: str) -> Wrong:
    given = {"template": "comfyui", "ssh_connection": NOBODY, "recall": False, **words}
    return Wrong("form", f"setup, {what}", Form("launch_setup", given), named, fix, 2)


def generate(what: str, words: Mapping[str, Any], named: str, fix: str) -> Wrong:
    given = {"workflow": "text-to-image", "recall": False, **words}
    if "server" not in given:
        given["ssh_connection"] = NOBODY
    return Wrong("form", f"generate, {what}", Form("launch_generate", given), named, fix, 2)


def cases() -> Iterator[Wrong]:
    for what, (text, fix) in CONNECTIONS.items():
        yield setup(f"connection, {what}", {"ssh_connection": text}, "ssh_connection", fix)
    for what, (variables, named, fix) in VARIABLES.items():
        yield setup(what, {"variables": variables}, named, fix)
    for what, (words, named, fix) in FIELDS.items():
        yield setup(what, words, named, fix)
    for what, (words, named, fix) in GENERATE.items():
        yield generate(what, words, named, fix)
    for what, (content, named, fix) in UPLOADS.items():
        data = content if isinstance(content, bytes) else content.encode()
        yield generate(f"upload, {what}", {"workflow": data}, named, fix)
