"""From a request to the words of `launch_generate`: where it runs, and which fields are meant."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vastgui.api.models.comfyui import ExecuteWanted
from vastgui.errors import InvalidInput
from vastgui.generating import Form, checked_server, server_queue
from vastgui.generating.naming import Naming
from vastgui.services import Services
from vastgui.ssh.connections import Connection

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Where:
    """Either `server` or `connection`."""

    connection: Connection
    server: str = ""

    @classmethod
    def of(cls, wanted: ExecuteWanted) -> "Where":
        if wanted.target and wanted.ssh_connection:
            raise InvalidInput("target", "stands beside ssh_connection: give one of them.")
        if wanted.target:
            text = "localhost" if wanted.target.strip() == LOCAL else wanted.target
            return cls(Connection(""), checked_server(text))
        return cls(
            Connection(
                wanted.ssh_connection or "",
                wanted.key_file or "",
                wanted.use_agent,
                wanted.instance_id or "",
            )
        )

    def queue(self, services: Services) -> str:
        """The key under which its nodes are kept."""
        if self.server:
            return server_queue(self.server)
        return services.queue_of(services.checked_connection(self.connection))

    def words(self) -> dict[str, Any]:
        if self.server:
            return {"server": self.server}
        known = self.connection
        return {
            "ssh_connection": known.ssh_connection,
            "key_file": known.key_file,
            "use_agent": known.use_agent,
            "instance_id": known.instance_id,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """Values, files and seeds by field id."""

    parameters: dict[str, Any]
    inputs: dict[str, Path]
    seed_controls: dict[str, str]

    @classmethod
    def of(cls, wanted: ExecuteWanted, form: Form) -> "Asked":
        naming = Naming(form)
        return cls(_parameters(wanted, naming), _inputs(wanted, naming), _controls(wanted, naming))

    def words(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "inputs": self.inputs,
            "seed_controls": self.seed_controls,
        }


@contextlib.contextmanager
def called(wanted: ExecuteWanted) -> Iterator[None]:
    """Errors inside name the request's own places instead of the services' fields."""
    try:
        yield
    except InvalidInput as error:
        said = error.message.removeprefix(f"{error.field}: ")
        raise InvalidInput(_place(wanted, error.field), said, hint=error.hint) from error


def _place(wanted: ExecuteWanted, field: str) -> str:
    if field == "workflow" and wanted.workflow_file:
        return "workflow_file"
    if field in wanted.parameters:
        return f"parameters › {field}"
    if field in wanted.seed_controls:
        return f"seed_controls › {field}"
    files = [i for i, image in enumerate(wanted.input_images) if image.field == field]
    return f"input_images[{files[0]}]" if files else field


def _parameters(wanted: ExecuteWanted, naming: Naming) -> dict[str, Any]:
    out = {}
    for key, value in wanted.parameters.items():
        where = f"parameters › {key}"
        if not isinstance(value, str | int | float):
            raise InvalidInput(where, "must be a text, a number, true or false.")
        out[naming.field(where, key)] = value
    return out


def _inputs(wanted: ExecuteWanted, naming: Naming) -> dict[str, Path]:
    out: dict[str, Path] = {}
    for i, image in enumerate(wanted.input_images):
        where = f"input_images[{i}]"
        if image.field:
            field = naming.field(f"{where} › field", image.field)
        else:
            field = naming.only_file(where, image.path, lambda name: f'{{"field": "{name}"}}')
        if field in out:
            raise InvalidInput(where, f"is the second file for {field}.")
        out[field] = Path(image.path)
    return out


def _controls(wanted: ExecuteWanted, naming: Naming) -> dict[str, str]:
    """`seed` means every seed there is."""
    out: dict[str, str] = {}
    for key, control in wanted.seed_controls.items():
        where = f"seed_controls › {key}"
        fields = naming.seeds if key == "seed" else [naming.field(where, key)]
        if not fields:
            raise InvalidInput(where, "the workflow has no seed: leave it out.")
        out |= dict.fromkeys(fields, control)
    return out
