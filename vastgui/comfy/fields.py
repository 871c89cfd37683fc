"""What a node's inputs may hold, by the server's object_info; whatever that says, it is bounded."""

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_INPUTS = 400
"""Inputs looked at in one node."""
MAX_CHOICES = 5000
MAX_CHOICE_CHARS = 500
MAX_DEPTH = 4
"""Levels of inputs that only a chosen option of another input has."""
FILE_KINDS = ("image", "video", "audio", "file")
_WIDEST = 2**128
"""A bound beyond that is none: the server means no limit, or no good."""
_SCALARS = {"INT": "int", "FLOAT": "float", "BOOLEAN": "bool", "STRING": "text"}
_COMBOS = ("COMBO", "COMFY_DYNAMICCOMBO_V3")
_UPLOADS = {
    "image_upload": "image",
    "animated_image_upload": "image",
    "video_upload": "video",
    "audio_upload": "audio",
    "file_upload": "file",
}
_LOADERS = {
    ("LoadImage", "image"): "image",
    ("LoadImageMask", "image"): "image",
    ("LoadVideo", "file"): "video",
    ("LoadAudio", "audio"): "audio",
    ("VHS_LoadVideo", "video"): "video",
    ("VHS_LoadVideoFFmpeg", "video"): "video",
    ("VHS_LoadAudioUpload", "audio"): "audio",
}
"""Nodes whose upload flag is set by their pack's JavaScript, or was in older servers."""

Choice = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of a prompt that a person may set. `id` is `"<node_id>.<input>"`."""

    id: str
    node_id: str
    input: str
    node_title: str
    label: str
    kind: str
    """text, multiline, int, float, bool, choice; image, video, audio, file are files to send."""
    value: Any = None
    min: int | float | None = None
    max: int | float | None = None
    """Exact: an int may have 64 bits, which a browser's number input would round."""
    step: int | float | None = None
    choices: tuple[str, ...] = ()
    """Empty for a choice whose options are unknown: then any text may be given."""
    role: str = ""
    """What it is to the user, see `vastgui.comfy.roles.ROLES`; empty for the rest."""
    control: str = ""
    """Of a seed: fixed, increment, decrement or randomize."""
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One input as object_info declares it. `kind` is empty for a socket, which holds no value."""

    name: str
    type: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    several: bool = False
    """A list of choices rather than one."""

    @property
    def low(self) -> int | float | None:
        return _number(self.options.get("min"))

    @property
    def high(self) -> int | float | None:
        return _number(self.options.get("max"))


def declared(object_info: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Declared]:
    """The inputs of an API prompt's node by name; `{}` for a type that the server lacks.

    Inputs that belong to a chosen option come behind it as `choice.child`.
    """
    class_type, values = str(node.get("class_type")), node.get("inputs")
    info = object_info.get(class_type)
    if not isinstance(info, Mapping):
        return {}
    chosen = values if isinstance(values, Mapping) else {}
    return dict(_declared(class_type, info.get("input"), chosen, "", 0))


def shown(text: Any, longest: int = 200) -> str:
    """A text from a server or a file as one line that only shows."""
    line = " ".join(str(text)[: longest * 2].split())
    clean = "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def is_link(value: Any) -> bool:
    """Whether an input's value is `[node id, output slot]`."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
    )


def nodes_of(prompt: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The nodes of an API prompt that have inputs; anything else in it is passed over."""
    for node_id, node in prompt.items():
        if isinstance(node, Mapping) and isinstance(node.get("inputs"), Mapping):
            yield str(node_id), node


def title_of(node: Mapping[str, Any], object_info: Mapping[str, Any]) -> str:
    """The title its author gave it, else the type's display name, else the type."""
    meta = node.get("_meta")
    info = object_info.get(str(node.get("class_type")))
    titles = (
        meta.get("title") if isinstance(meta, Mapping) else None,
        info.get("display_name") if isinstance(info, Mapping) else None,
        node.get("class_type"),
    )
    return next((t for title in titles if isinstance(title, str) and (t := shown(title, 80))), "?")


def _declared(
    class_type: str, given: Any, values: Mapping[str, Any], prefix: str, depth: int
) -> Iterator[tuple[str, Declared]]:
    for name, spec in _specs(given):
        one = _one(class_type, prefix + name, spec)
        yield one.name, one
        if one.type == _COMBOS[1] and depth < MAX_DEPTH:
            inner = _inputs_of_option(one.options, values.get(one.name))
            yield from _declared(class_type, inner, values, f"{one.name}.", depth + 1)


def _specs(given: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        return
    count = 0
    for section in ("required", "optional"):
        inputs = given.get(section)
        for name, spec in inputs.items() if isinstance(inputs, Mapping) else ():
            if (count := count + 1) > MAX_INPUTS:
                return
            if isinstance(name, str) and len(name) <= 200:
                yield name, spec


def _one(class_type: str, name: str, spec: Any) -> Declared:
    parts = spec if isinstance(spec, list | tuple) else [spec]
    kind_of = parts[0] if parts else ""
    options = parts[1] if len(parts) > 1 and isinstance(parts[1], Mapping) else {}
    listed = kind_of if isinstance(kind_of, list | tuple) else None
    type_ = "COMBO" if listed is not None else str(kind_of)[:200]
    wanted = options.get("widgetType")
    choices = _choices(listed if listed is not None else options.get("options"), type_)
    return Declared(
        name=name,
        type=type_,
        kind=_kind(class_type, name, wanted if isinstance(wanted, str) else type_, options),
        options=options,
        choices=choices if type_ in _COMBOS else (),
        several=bool(options.get("multiselect") or options.get("multi_select")),
    )


def _kind(class_type: str, name: str, type_: str, options: Mapping[str, Any]) -> str:
    if options.get("forceInput") is True:
        return ""
    if type_ in _COMBOS:
        return _file_kind(class_type, name, options) or "choice"
    kind = _SCALARS.get(type_, "")
    return "multiline" if kind == "text" and options.get("multiline") is True else kind


def _file_kind(class_type: str, name: str, options: Mapping[str, Any]) -> str:
    if options.get("image_folder") in ("output", "temp"):
        return ""  # picks among the server's own files: nothing can be sent there
    flagged = next((kind for flag, kind in _UPLOADS.items() if options.get(flag) is True), "")
    return flagged or _LOADERS.get((class_type, name), "")


def _choices(options: Any, type_: str) -> tuple[Choice, ...]:
    if not isinstance(options, list | tuple):
        return ()
    listed = (_key(o) if type_ == _COMBOS[1] else o for o in options[:MAX_CHOICES])
    return tuple(o for o in listed if _is_choice(o))


def _is_choice(option: Any) -> bool:
    if isinstance(option, float):
        return math.isfinite(option)
    return isinstance(option, int) or (isinstance(option, str) and len(option) <= MAX_CHOICE_CHARS)


def _key(option: Any) -> Any:
    return option.get("key") if isinstance(option, Mapping) else option


def _inputs_of_option(options: Mapping[str, Any], chosen: Any) -> Any:
    listed = options.get("options")
    for option in listed[:MAX_CHOICES] if isinstance(listed, list) else ():
        if isinstance(option, Mapping) and option.get("key") == chosen:
            return option.get("inputs")
    return None


def _number(value: Any) -> int | float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return value if good and -_WIDEST <= value <= _WIDEST else None
