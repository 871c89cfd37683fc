"""Refusals name the flag that was typed, not what the services call it."""

import contextlib
from collections.abc import Iterator, Mapping

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
    except InvalidInput as error:
        flag = _flag(flags, error.field)
        raise InvalidInput(flag, _said(error), hint=error.hint) from error
    except Refused as error:
        if not error.field:
            raise
        flag = _flag(flags, error.field)
        text = f"{flag}: {_said(error)}"
        raise Refused(text, status=error.status, hint=error.hint, field=flag) from error


def _flag(flags: Mapping[str, str], field: str) -> str:
    if field.startswith("variable "):
        return field.replace("variable ", "--set ", 1)
    return flags.get(field, field)


def _said(error: InvalidInput | Refused) -> str:
    return error.message.removeprefix(f"{error.field}: ")
