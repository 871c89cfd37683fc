"""What the Generate page remembers: the workflow shown last, where it ran, what was typed in each."""

from typing import Any

from vastgui.pages.present import Json
from vastgui.services import Memory

KEY = "generate"
MAX_SHEETS = 30


class Drafts:
    """In the app's memory, the newest `MAX_SHEETS` workflows."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        kept = memory.get(KEY)
        self._kept: Json = dict(kept) if isinstance(kept, dict) else {}

    @property
    def last(self) -> str:
        """Key of the workflow that was shown last; empty when the library was."""
        return str(self._kept.get("last") or "")

    @property
    def target(self) -> dict[str, Any]:
        target = self._kept.get("target")
        return target if isinstance(target, dict) else {}

    def sheet(self, key: str) -> dict[str, Any]:
        found = self._sheets().get(key)
        return found if isinstance(found, dict) else {}

    def keep(self, key: str, sheet: Json | None, target: Json) -> None:
        """Raises `StorageError` when the disk refuses it."""
        sheets = {k: v for k, v in self._sheets().items() if k != key}
        if sheet is not None:
            sheets[key] = sheet
        newest = dict(list(sheets.items())[-MAX_SHEETS:])
        self._kept = {"last": key, "target": target, "sheets": newest}
        self._memory.set(KEY, self._kept)

    def _sheets(self) -> dict[str, Any]:
        sheets = self._kept.get("sheets")
        return sheets if isinstance(sheets, dict) else {}
