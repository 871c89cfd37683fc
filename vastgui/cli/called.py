"""Refusals name the flag that was typed, not what the services call it."""

import contextlib
from collections.abc import Iterator

from vastgui.client.errors import Refused
from vastgui.errors import InvalidInput

_FLAGS = {
    "key_file": "--key",
    "instance_id": "--instance-id",
    "comfyui_port": "--comfyui-port",
    "step_delay_s": "--step-delay",
    "step_delay": "--step-delay",
    "from_step": "--from",
    "from": "--from",
    "only": "--only",
    "enabled": "--skip",
    "output_dir": "--out",
    "server": "--on",
    "target": "--on",
}


@contextlib.contextmanager
def called(connection: str) -> Iterator[None]:
    """`connection` is the flag that gave the SSH connection: `--ssh` or `--on`."""
    flags = _FLAGS | {"ssh_connection": connection}
    try:
        yield
    except (InvalidInput, Refused) as error:
        if not error.field:
            raise
        said = error.message.removeprefix(f"{error.field}: ")
        if error.field.startswith("variable "):
            flag = error.field.replace("variable ", "--set ", 1)
        else:
            flag = flags.get(error.field, error.field)
        raise InvalidInput(flag, said, hint=error.hint) from error
