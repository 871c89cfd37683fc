"""From a request to the words of `launch_generate`: where it runs, and which fields are meant."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vastgui.api.models.comfyui import ExecuteWanted, InputFile
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


class Asked:
    """Values, files and seeds by field id. Raises `InvalidInput` naming the request's own places."""

    def __init__(self, wanted: ExecuteWanted, form: Form) -> None:
        self._naming = Naming(form)
        self.places: dict[str, str] = {}
        """Field id to where the request speaks of it."""
        self.parameters = dict(self._parameter(*pair) for pair in wanted.parameters.items())
        self.controls = self._controls(wanted.seed_controls)
        self.inputs = self._inputs(wanted.input_images)

    def words(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "inputs": self.inputs,
            "seed_controls": self.controls,
        }

    def _parameter(self, key: str, value: Any) -> tuple[str, Any]:
        where = f"parameters › {key[:100]}"
        if not isinstance(value, str | int | float):
            raise InvalidInput(where, "must be a text, a number, true or false.")
        field = self._naming.field(where, key)
        self.places[field] = where
        return field, value

    def _inputs(self, images: Iterable[InputFile]) -> dict[str, Path]:
        out: dict[str, Path] = {}
        for i, image in enumerate(images):
            where = f"input_images[{i}]"
            field = self._file(image, where)
            if field in out:
                raise InvalidInput(where, f"is the second file for {field}.")
            out[field] = Path(image.path)
            self.places[field] = where
        return out

    def _file(self, image: InputFile, where: str) -> str:
        if image.field:
            return self._naming.field(f"{where} › field", image.field)
        return self._naming.only_file(
            where, image.path, lambda name: f'{{"path": …, "field": "{name}"}}'
        )

    def _controls(self, given: Mapping[str, str]) -> dict[str, str]:
        """`seed` means every seed there is."""
        out: dict[str, str] = {}
        for key, control in given.items():
            where = f"seed_controls › {key[:100]}"
            naming = self._naming
            fields = naming.seeds if key == "seed" else [naming.field(where, key)]
            if not fields:
                raise InvalidInput(where, "the workflow has no seed: leave it out.")
            out |= dict.fromkeys(fields, control)
            self.places |= dict.fromkeys(fields, where)
        return out


@contextlib.contextmanager
def called(
    wanted: ExecuteWanted, places: Mapping[str, str] = MappingProxyType({})
) -> Iterator[None]:
    """Errors inside name the request's own places instead of the services' fields."""
    try:
        yield
    except InvalidInput as error:
        said = error.message.removeprefix(f"{error.field}: ")
        field = (
            "workflow_file" if error.field == "workflow" and wanted.workflow_file else error.field
        )
        raise InvalidInput(places.get(field, field), said, hint=error.hint) from error
