"""What a user likes about a workflow: named sets of parameters, and fields pinned to the front."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput
from vastgui.state.private import PrivateJson

MAX_PRESETS = 100
MAX_PINNED = 50
MAX_VALUES = 500
MAX_NAME_CHARS = 80


class Preferences:
    """By workflow name, in one 0600 file. Raises `StorageError` when the disk refuses it."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateJson(path, "Presets and pinned fields")

    def presets(self, workflow: str) -> dict[str, dict[str, Any]]:
        """Name to values, `{"fast": {"3.steps": 8}}`, by name."""
        found = self._of(self._file.read(), workflow).get("presets")
        sets = found if isinstance(found, dict) else {}
        return {n: dict(v) for n, v in sets.items() if isinstance(v, dict)}

    def save_preset(self, workflow: str, preset: str, values: Mapping[str, Any]) -> None:
        """Keep `values` under `preset`, in place of what that name had."""
        name = " ".join(preset.split())
        if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
            raise InvalidInput("preset", f"needs a name of 1 to {MAX_NAME_CHARS} characters.")
        if len(values) > MAX_VALUES:
            raise InvalidInput("preset", f"holds more than {MAX_VALUES} values.")
        with self._file.lock:
            sets = self.presets(workflow)
            if name not in sets and len(sets) >= MAX_PRESETS:
                raise InvalidInput("preset", f"{MAX_PRESETS} are kept: delete one first.")
            self._store(workflow, presets=sets | {name: dict(values)})

    def delete_preset(self, workflow: str, preset: str) -> None:
        with self._file.lock:
            sets = self.presets(workflow)
            sets.pop(preset, None)
            self._store(workflow, presets=sets)

    def pinned(self, workflow: str) -> tuple[str, ...]:
        """Ids of the fields that a form shows first, in the order they were pinned."""
        found = self._of(self._file.read(), workflow).get("pinned")
        return tuple(f for f in found if isinstance(f, str)) if isinstance(found, list) else ()

    def pin(self, workflow: str, field: str, pinned: bool = True) -> None:
        with self._file.lock:
            kept = [f for f in self.pinned(workflow) if f != field]
            if pinned and len(kept) >= MAX_PINNED:
                raise InvalidInput(field, f"{MAX_PINNED} fields are pinned: unpin one first.")
            self._store(workflow, pinned=[*kept, field] if pinned else kept)

    def _store(self, workflow: str, **changed: Any) -> None:
        content = self._file.read()
        content[workflow] = self._of(content, workflow) | changed
        self._file.write(content)

    def _of(self, content: dict[str, Any], workflow: str) -> dict[str, Any]:
        found = content.get(workflow)
        return found if isinstance(found, dict) else {}
