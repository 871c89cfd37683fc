"""What can be done with a run's files, from its own page and from the gallery."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from vastgui.errors import VastguiError
from vastgui.generating.gallery import MAX_SENT_BYTES
from vastgui.generating.texts import texts_of
from vastgui.pages.folders import show_folder
from vastgui.pages.live import Live, open_run, show_error

MAX_RECORD_CHARS = 4_000_000
MAX_PROMPT_CHARS = 2000


class FileActs:
    """Answers the lightbox. A refusal is shown as a message."""

    def __init__(self, live: Live) -> None:
        self._live, self._services = live, live.services

    def info(self, run_id: str, number: int) -> list[list[str]]:
        try:
            record = self._services.record(run_id)
        except VastguiError as error:
            return [["Its run", error.message]]
        known = self._services.catalog.shipped().object_info
        texts = texts_of(record.get("workflow_sent"), known)
        return facts(record, {"Prompt": texts.prompt, "Negative prompt": texts.negative}, number)

    def prompt(self, run_id: str) -> str:
        """The words that the run was asked for; empty while they are not known."""
        try:
            with self._services.run(run_id).sent.open("rb") as file:
                sent = json.loads(file.read(MAX_SENT_BYTES))
        except (VastguiError, OSError, ValueError, RecursionError):
            return ""
        known = self._services.catalog.shipped().object_info
        return texts_of(sent, known).prompt[:MAX_PROMPT_CHARS]

    def again(self, run_id: str) -> None:
        try:
            new = self._services.run_again(run_id)
        except VastguiError as error:
            show_error(error)
            return
        self._live.feed.poll_now()
        open_run(new)

    def folder(self, run_id: str, number: int = -1) -> None:
        """The folder of one output, or of all of them."""
        try:
            show_folder(self._folder(run_id, number))
        except VastguiError as error:
            show_error(error)

    def record(self, run_id: str) -> str:
        """Everything that is known of the run, as text. Raises `VastguiError`s."""
        text = json.dumps(self._services.record(run_id), indent=1, ensure_ascii=False)
        if len(text) > MAX_RECORD_CHARS:
            raise VastguiError("The record is too long to be copied.", hint="`vastgui show --json`")
        return text

    def _folder(self, run_id: str, number: int) -> Path:
        run = self._services.run(run_id)
        comfy = run.state().comfy
        outputs = comfy.outputs if comfy else ()
        if 0 <= number < len(outputs) and outputs[number].path:
            return (run.path / outputs[number].path).parent
        folder = run.path / "outputs"
        return folder if folder.is_dir() else run.path


def facts(record: Mapping[str, Any], texts: Mapping[str, str], number: int) -> list[list[str]]:
    """What the lightbox tells of a picture, line by line."""
    seeds = record.get("seeds") or {}
    outputs = record.get("outputs") or []
    output = outputs[number] if 0 <= number < len(outputs) else {}
    rows = [
        *texts.items(),
        *(("Seed" if len(seeds) == 1 else f"Seed {name}", str(s)) for name, s in seeds.items()),
        ("Workflow", str(record.get("workflow_name") or "")),
        ("Made", _clock(record.get("start_time"))),
        ("ComfyUI", str(record.get("server_version") or "")),
        ("File", str(output.get("path") or "")),
    ]
    return [[name, text] for name, text in rows if text]


def _clock(iso: Any) -> str:
    try:
        return datetime.fromisoformat(str(iso)).astimezone().strftime("%d %b %Y, %H:%M")
    except ValueError:
        return ""
