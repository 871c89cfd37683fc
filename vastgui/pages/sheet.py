"""A workflow opened as a form: what may be set, what the user has set, what is wrong with it. Pure.

Values are kept as the user typed them: a half-typed number is no error until it is needed.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy.fields import FILE_KINDS, Field
from vastgui.comfy.given import apply_values
from vastgui.errors import InvalidInput
from vastgui.pages.components.form import sentence
from vastgui.pages.present import Json

CONTROLS = ("randomize", "fixed", "increment", "decrement")
SAFE_INT = 2**53
"""Beyond it a browser's number field would round."""
_MAX_SEED = 2**64 - 1
KEPT_CHARS = 20_000
_SLIDERS = {"steps": (1, 60), "cfg": (0, 20), "denoise": (0, 1), "lora_strength": (-1, 2)}
"""What a slider spans: a server allows 10,000 steps, which is of no use to a hand."""
_ORDER = (
    "prompt", "negative", "input", "checkpoint", "seed", "steps", "cfg", "width", "height",
    "denoise", "batch_size", "length",
)  # fmt: skip
"""Roles as they pair up in two columns; a LoRA and its strengths come behind, node by node."""


@dataclass
class Sheet:
    """`typed`, `controls` and `files` hold only what differs from the workflow itself."""

    prompt: Mapping[str, Any]
    """The API prompt as the workflow has it."""
    object_info: Mapping[str, Any]
    fields: tuple[Field, ...]
    typed: dict[str, str] = field(default_factory=dict)
    controls: dict[str, str] = field(default_factory=dict)
    files: dict[str, Json] = field(default_factory=dict)
    """By field id: id, name, size and thumbnail of a file from this computer."""
    pinned: tuple[str, ...] = ()
    knows_instance: bool = False
    """The choices are the instance's own, so that a value outside of them is not there."""
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id = {f.id: f for f in self.fields}
        self.typed = {i: t for i, t in self.typed.items() if i in self._by_id}
        self.controls = {i: c for i, c in self.controls.items() if i in self._by_id}
        self.files = {i: f for i, f in self.files.items() if i in self._by_id}

    def __contains__(self, field_id: object) -> bool:
        return field_id in self._by_id

    def put(self, texts: Mapping[str, str]) -> list[str]:
        """Take what was typed; returns the ids whose error is gone by it."""
        mended = [i for i in texts if self.errors.pop(i, "")]
        for field_id, text in texts.items():
            if one := self._by_id.get(field_id):
                self._put(one, text)
        return mended

    def _put(self, one: Field, text: str) -> None:
        if text == as_text(one.value):
            self.typed.pop(one.id, None)
        else:
            self.typed[one.id] = text

    def put_values(self, values: Mapping[str, Any]) -> None:
        """Take real values (a preset's, an earlier run's)."""
        self.put({i: as_text(v) for i, v in values.items()})

    def control(self, field_id: str, control: str) -> None:
        if field_id in self._by_id and control in CONTROLS:
            self.controls[field_id] = control

    def dice(self, field_id: str) -> None:
        """Draw a number for a seed, and keep it."""
        if one := self._by_id.get(field_id):
            low, high = int(one.min or 0), int(min(one.max or _MAX_SEED, _MAX_SEED))
            self.put({field_id: str(low + secrets.randbelow(high - low + 1))})
            self.controls[field_id] = "fixed"

    def reset(self, field_id: str) -> None:
        for kept in (self.typed, self.files, self.errors):
            kept.pop(field_id, None)

    def clear(self) -> None:
        """Back to the workflow as it is in its file."""
        for kept in (self.typed, self.files, self.errors, self.controls):
            kept.clear()

    def launched(self) -> None:
        """A seed that counts goes on from the run, not again from what was typed."""
        for one in self.fields:
            if self.control_of(one) in ("increment", "decrement"):
                self.typed.pop(one.id, None)

    @property
    def is_changed(self) -> bool:
        return bool(self.typed or self.files or self.controls)

    def kept(self) -> Json:
        """What is worth keeping for the next visit."""
        return {
            "typed": {i: t for i, t in self.typed.items() if len(t) <= KEPT_CHARS},
            "controls": dict(self.controls),
            "files": {i: f["id"] for i, f in self.files.items()},
        }

    def control_of(self, one: Field) -> str:
        """A seed that its workflow says nothing about (API files never do) stays as it is."""
        return self.controls.get(one.id, one.control or ("fixed" if one.role == "seed" else ""))

    def text_of(self, one: Field) -> str:
        return self.typed.get(one.id, as_text(one.value))

    def check(self) -> str:
        """Look at everything that was typed; return the id of the first wrong field."""
        self.errors = {}
        for field_id, text in self._set().items():
            try:
                apply_values(self.prompt, {field_id: text}, self.object_info, any_choice=True)
            except InvalidInput as error:
                self.errors[field_id] = sentence(error)
        return next((one.id for one in self.fields if one.id in self.errors), "")

    def parameters(self) -> dict[str, Any]:
        """What was set, as the values they stand for. Raises `InvalidInput` naming the field."""
        done = apply_values(self.prompt, self._set(), self.object_info, any_choice=True)
        names = {one.id: (one.node_id, one.input) for one in self.fields}
        return {i: done[names[i][0]]["inputs"][names[i][1]] for i in self._set()}

    def seed_controls(self) -> dict[str, str]:
        return {one.id: self.control_of(one) for one in self.fields if self.control_of(one)}

    def _set(self) -> dict[str, str]:
        """What counts of what was typed: a file or a random seed takes the place of a text."""
        drawn = {one.id for one in self.fields if self.control_of(one) == "randomize"}
        return {i: t for i, t in self.typed.items() if i not in self.files and i not in drawn}


def as_text(value: Any) -> str:
    """A value as the form's fields hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < SAFE_INT:
        return str(int(value))
    return "" if value is None else str(value)


def form(sheet: Sheet) -> Json:
    """The whole form. Lists of choices are sent once, however many fields share them."""
    lists: dict[tuple[str, ...], int] = {}
    rows = [row(sheet, one, lists) for one in sorted(sheet.fields, key=_place)]
    return {"rows": rows, "lists": [list(choices) for choices in lists]}


def rows_of(sheet: Sheet, ids: Iterable[str]) -> list[Json]:
    """Some rows anew, with the numbers of the lists as `form` gave them."""
    wanted, lists = set(ids), dict[tuple[str, ...], int]()
    rows = [row(sheet, one, lists) for one in sorted(sheet.fields, key=_place)]
    return [r for r in rows if r["id"] in wanted]


def _place(one: Field) -> tuple[int, str]:
    if one.role in _ORDER:
        return _ORDER.index(one.role), ""
    return len(_ORDER), one.node_id if one.role else ""


def _slider(one: Field, text: str) -> list[float] | None:
    """The ends of a field's slider, stretched to what it holds now."""
    if one.role not in _SLIDERS or one.min is None or one.max is None:
        return None
    low, high = _SLIDERS[one.role]
    try:
        now = float(text)
    except ValueError:
        now = low
    if now != now or abs(now) > SAFE_INT:  # noqa: PLR0124 -- NaN is the one that differs from itself
        return None
    return [max(one.min, min(low, now)), min(one.max, max(high, now))]


def row(sheet: Sheet, one: Field, lists: dict[tuple[str, ...], int]) -> Json:
    """One field as the component shows it."""
    ends = [n for n in (one.min, one.max) if n is not None]
    wide = one.kind == "int" and any(abs(n) > SAFE_INT for n in ends)
    choices = () if one.kind in FILE_KINDS else one.choices
    return {
        "id": one.id,
        "label": one.label,
        "kind": one.kind,
        "node": one.node_title,
        "role": one.role,
        "help": one.help,
        "value": sheet.text_of(one),
        "own": as_text(one.value),
        "min": None if wide else one.min,
        "max": None if wide else one.max,
        "wide": wide,
        "slider": _slider(one, sheet.text_of(one)),
        "step": one.step,
        "list": lists.setdefault(choices, len(lists)) if choices else -1,
        "control": sheet.control_of(one),
        "file": sheet.files.get(one.id),
        "star": one.id in sheet.pinned,
        "error": sheet.errors.get(one.id, ""),
        "missing": sheet.knows_instance and bool(choices) and sheet.text_of(one) not in choices,
    }
