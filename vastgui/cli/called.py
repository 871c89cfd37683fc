"""Refusals name the flag that was typed, not what the services call it."""

import contextlib
from collections.abc import Iterator

from vastgui.client import Refused
from vastgui.errors import InvalidInput

_FLAGS = {
    "key_file": "--key",
    "instance_id": "--instance-id",
    "comfyui_port": "--comfyui-port",
    "step_delay_s": "--step-delay",
    "step_delay": "--step-delay",
    "from": "--from",
    "from_step": "--from",
    "only": "--only",
    "enabled": "--skip",
    "output_dir": "--out",
    "server": "--on",
    "target": "--on",
    "template_id": "template",
    "workflow_file": "workflow",
    "input_images": "--input",
}
"""By what the services call it, or the API of the running app."""
_IN_FRONT = {
    "variable ": "--set ",
    "variables › ": "--set ",
    "parameters › ": "",
    "seed_controls › ": "",
}


@contextlib.contextmanager
def called(connection: str) -> Iterator[None]:
    """`connection` is the flag that gave the SSH connection: `--ssh` or `--on`."""
    try:
        yield
    except (InvalidInput, Refused) as error:
        if not error.field:
            raise
        said = error.message.removeprefix(f"{error.field}: ")
        raise InvalidInput(_flag(error.field, connection), said, hint=error.hint) from error


def _flag(field: str, connection: str) -> str:
    for words, flag in _IN_FRONT.items():
        if field.startswith(words):
            return flag + field.removeprefix(words)
    name, arrow, rest = field.partition(" › ")
    flags = _FLAGS | {"ssh_connection": connection}
    return flags.get(name.partition("[")[0], name) + arrow + rest
