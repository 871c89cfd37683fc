"""The workflow that the Generate page shows: from the library, a dropped file, or an earlier run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vastgui.comfy.convert import Problem, missing_types
from vastgui.comfy.workflow import Workflow
from vastgui.errors import InvalidInput, VastguiError
from vastgui.generating import Choices, Form
from vastgui.library import LibraryWorkflow
from vastgui.pages.present import Json
from vastgui.pages.sheet import Sheet, as_text
from vastgui.pages.target_card import Target
from vastgui.pages.uploads import Uploads, is_picture
from vastgui.pages.words import size
from vastgui.services import Services

LIBRARY, UPLOAD, RUN = "library", "upload", "run"


@dataclass
class Opened:
    """`key` is `library:NAME`, `upload:ID` or `run:ID`; `given` is what a launch gets."""

    key: str
    name: str
    label: str
    note: str
    given: str | Path | bytes = field(repr=False)
    preview: str
    sheet: Sheet
    workflow: Workflow
    problems: tuple[Problem, ...]
    made_of: tuple[str, float]
    """Version and age of the nodes' description that the form was made from."""
    from_file: bool = False
    """It may be kept in the library."""
    target: Json = field(default_factory=dict)
    """Where an earlier run ran, as the target card keeps it."""

    @property
    def kind(self) -> str:
        return self.key.partition(":")[0]

    @cached_property
    def missing(self) -> tuple[Problem, ...]:
        """Nodes that the instance has not; none while it has not told which ones it has."""
        if self.problems or not self.sheet.knows_instance:
            return ()
        return tuple(missing_types(self.workflow.graph, dict(self.sheet.object_info)))

    @property
    def liked_as(self) -> str:
        """The name that presets and favourites are kept under."""
        return self.name if self.kind != UPLOAD else self.key


class Opener:
    """Opens workflows by key, for the nodes that one instance is known to have."""

    def __init__(self, services: Services, uploads: Uploads) -> None:
        self._services, self._uploads = services, uploads

    def open(self, key: str, queue: str, kept: Mapping[str, Any]) -> Opened:
        """`kept` is what the user had set before. Raises `VastguiError`s."""
        kind, _, name = key.partition(":")
        if kind == RUN:
            return self._of_run(name, queue, kept)
        if kind == UPLOAD:
            return self._of_upload(name, queue, kept)
        return self._of_library(name, queue, kept)

    def path_of(self, file: Json) -> Path:
        """The file behind what a field shows."""
        kind, _, rest = str(file["id"]).partition(":")
        if kind == RUN:
            run_id, _, field_id = rest.partition(":")
            if path := self._services.choices(run_id).inputs.get(field_id):
                return path
            raise InvalidInput(field_id, "The run's file is gone: choose another one.")
        return self._uploads.find(kind).path

    def launch(self, opened: Opened, target: Target, *, only_preflight: bool) -> str:
        """Start a run of what is open, as it is set; return its id. Raises `VastguiError`s."""
        sheet = opened.sheet
        return self._services.launch_generate(
            opened.given,
            name=opened.name,
            ssh_connection=target.ssh_connection,
            server=target.server,
            key_file=target.key_file,
            instance_id=target.instance_id,
            parameters=sheet.parameters(),
            inputs={i: self.path_of(f) for i, f in sheet.files.items()},
            seed_controls=sheet.seed_controls(),
            only_preflight=only_preflight,
            metadata={"initiated_from": "gui"},
        )

    def file(self, upload_id: str) -> Json:
        """A dropped file as a field shows it."""
        return self._uploads.find(upload_id).shown()

    def data(self, upload_id: str) -> tuple[str, bytes]:
        """Name and bytes of a dropped file, to be kept in the library."""
        upload = self._uploads.find(upload_id)
        return upload.name, upload.path.read_bytes()

    def _of_library(self, name: str, queue: str, kept: Mapping[str, Any]) -> Opened:
        found: LibraryWorkflow = self._services.library.get(name)
        form = self._services.form(name, queue)
        preview = f"/previews/{name}" if found.preview else ""
        key = f"{LIBRARY}:{name}"
        return self._made(key, name, found.label, found.summary, name, preview, form, kept)

    def _of_upload(self, upload_id: str, queue: str, kept: Mapping[str, Any]) -> Opened:
        upload = self._uploads.find(upload_id)
        form = self._services.form(upload.path, queue, upload.path.stem)
        shown = upload.shown()
        note = "Used once. Keep it to find it in the library again."
        made = self._made(
            f"{UPLOAD}:{upload_id}", upload.path.stem, upload.name, note, upload.path,
            str(shown["src"]), form, kept,
        )  # fmt: skip
        made.from_file = True
        return made

    def _of_run(self, run_id: str, queue: str, kept: Mapping[str, Any]) -> Opened:
        choices = self._services.choices(run_id)
        name = choices.workflow_name
        form = self._services.form(choices.workflow, queue, name)
        made = self._made(
            f"{RUN}:{run_id}", name, name, "As an earlier run had it.", choices.workflow, "", form,
            kept,
        )  # fmt: skip
        made.target = _target(choices)
        if not kept:  # else it is a reload in the middle of changing it
            made.sheet.put_values(choices.parameters)
            made.sheet.controls.update(choices.seed_controls)
            made.sheet.files.update(_run_files(run_id, choices.inputs))
        return made

    def _made(
        self,
        key: str,
        name: str,
        label: str,
        note: str,
        given: str | Path | bytes,
        preview: str,
        form: Form,
        kept: Mapping[str, Any],
    ) -> Opened:
        sheet = Sheet(form.prompt, form.cached.object_info, form.fields)
        sheet.knows_instance = not form.cached.is_shipped
        made_of = (form.cached.version, form.cached.saved_at)
        opened = Opened(
            key, name, label, note, given, preview, sheet, form.workflow, form.problems, made_of
        )
        sheet.pinned = self._services.library.preferences.pinned(opened.liked_as)
        self._take_up(sheet, kept)
        return opened

    def _take_up(self, sheet: Sheet, kept: Mapping[str, Any]) -> None:
        sheet.put(_texts(kept.get("typed")))
        for field_id, control in _texts(kept.get("controls")).items():
            sheet.control(field_id, control)
        for field_id, file_id in _texts(kept.get("files")).items():
            if field_id in sheet and (file := self._file(file_id)):
                sheet.files[field_id] = file

    def _file(self, file_id: str) -> Json | None:
        try:
            kind, _, rest = file_id.partition(":")
            if kind == RUN:
                run_id, _, field_id = rest.partition(":")
                inputs = self._services.choices(run_id).inputs
                return _run_files(run_id, inputs).get(field_id)
            return self.file(file_id)
        except VastguiError:
            return None


def fixed_seeds(opened: Opened, seeds: Mapping[str, Any]) -> None:
    """The seeds that a picture was made with, and the same ones again."""
    for field_id, seed in seeds.items():
        if field_id in opened.sheet:
            opened.sheet.put({field_id: as_text(seed)})
            opened.sheet.control(field_id, "fixed")


def _target(choices: Choices) -> Json:
    if choices.server:
        return {"target": "local", "server": choices.server}
    ssh = choices.ssh_connection
    return {"target": ssh, "connection": ssh, "instance_id": choices.instance_id}


def _run_files(run_id: str, inputs: Mapping[str, Path]) -> dict[str, Json]:
    return {
        i: {
            "id": f"{RUN}:{run_id}:{i}",
            "name": p.name,
            "size": size(p.stat().st_size),
            "src": f"/files/{run_id}/input/{quote(p.name)}" if is_picture(p) else "",
        }
        for i, p in inputs.items()
        if p.is_file()
    }


def _texts(values: Any) -> dict[str, str]:
    pairs = values.items() if isinstance(values, dict) else ()
    return {k: v for k, v in pairs if isinstance(k, str) and isinstance(v, str)}
