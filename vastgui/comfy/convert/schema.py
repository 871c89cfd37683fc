"""Node types as `/object_info` declares them: which inputs are widgets, in which order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

WIDGET_TYPES = frozenset(
    [
        "INT",
        "FLOAT",
        "BOOLEAN",
        "STRING",
        "COMBO",
        "MARKDOWN",
        "TEXTAREA",
        "COLOR",
        "CURVE",
        "RANGE",
        "CHART",
        "GALLERIA",
        "IMAGECOMPARE",
        "IMAGECROP",
        "BOUNDING_BOX",
        "BOUNDING_BOXES",
        "PAINTER",
        "COLORS",
        "SELECTBUTTON",
        "MULTISELECT",
        "TREESELECT",
        "COMFY_DYNAMICCOMBO_V3",
        "COMFY_DYNAMICGROUP_V3",
    ]
)
BROWSER_TYPES = frozenset(["WEBCAM", "AUDIO_RECORD", "LOAD_3D", "LOAD_3D_ANIMATION"])
"""Inputs only a browser can fill: a camera, a microphone, a rendered view."""
_WIDGETS = WIDGET_TYPES | BROWSER_TYPES
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"
DYNAMIC_GROUP = "COMFY_DYNAMICGROUP_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"
UPLOADS = ("image_upload", "video_upload", "animated_image_upload", "audio_upload")
SEEDS = ("seed", "noise_seed")
MAX_NESTING = 8
MAX_ROWS = 100
EMPTY: Mapping[str, Any] = {}
_ZERO: Mapping[str, Any] = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}


@dataclass(frozen=True, slots=True)
class Input:
    """One declared input. `type` is "COMBO" for every kind of list."""

    name: str
    type: str
    options: Mapping[str, Any]
    choices: tuple[Any, ...] = ()
    required: bool = True
    forced: bool = False
    """It may only be linked, though its type is a widget's."""
    is_widget: bool = False

    @property
    def control_slots(self) -> int:
        """Values after this widget's own that steer it between runs: seed control, list filter."""
        flag = self.options.get("control_after_generate")
        if self.type == "COMBO":
            return 2 if flag and not self.options.get("multi_select") else 0
        if self.type != "INT":
            return 0
        return 1 if flag or (flag is None and self.name in SEEDS) else 0

    @property
    def remote_slots(self) -> int:
        """Values of the switch and the button beside a list that the browser fetches."""
        remote = self.options.get("remote")
        if self.type != "COMBO" or not isinstance(remote, dict):
            return 0
        return 2 if remote.get("refresh_button") else 1

    @property
    def default(self) -> Any:
        if self.options.get("multi_select"):
            return self.options.get("default", [])
        if self.type == DYNAMIC_GROUP:
            return self.options.get("min", 0)
        if "default" in self.options:
            return self.options["default"]
        if self.type == "COMBO":
            return self.choices[0] if self.choices else None
        if self.type == DYNAMIC_COMBO:
            return next((o.get("key") for o in self.choices if isinstance(o, dict)), None)
        return _ZERO.get(self.type, "")

    @property
    def sent(self) -> bool:
        """False for a row count, which only says how many values follow."""
        return self.type != DYNAMIC_GROUP

    def children(self, chosen: object) -> tuple["Input", ...]:
        """Return the inputs that the value `chosen` adds right after this one.

        A dynamic list adds `parent.child`, a dynamic group of n rows `parent.0.child` and so on.
        """
        if self.type == DYNAMIC_COMBO and isinstance(chosen, (str, int, float)):
            for option in self.choices:
                if isinstance(option, dict) and option.get("key") == chosen:
                    return tuple(_declared({"input": option.get("inputs")}, f"{self.name}."))
        if self.type == DYNAMIC_GROUP and isinstance(chosen, (int, float)):
            rows = range(MAX_ROWS if chosen >= MAX_ROWS else int(chosen) if chosen > 0 else 0)
            template = {"input": self.options.get("template")}
            return tuple(i for row in rows for i in _declared(template, f"{self.name}.{row}."))
        return ()

    def grown(self, name: str) -> "Input":
        """Return the input of a growing group that a file calls `name`."""
        template = mapping(self.options.get("template"))
        inner = tuple(_declared(template))
        tail = name.removeprefix(f"{self.name}.")
        found = next((i for i in inner if tail.startswith(i.name)), inner[0] if inner else None)
        if found is None:
            return Input(name, "*", EMPTY)
        return replace(found, name=name, required=False)


@dataclass(frozen=True, slots=True)
class NodeType:
    """One class of the server's `/object_info`."""

    name: str
    display_name: str
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    saves: bool = False
    """It is an output node: a server runs it, and what it needs, whenever it is in a prompt."""

    @property
    def forced(self) -> tuple[Input, ...]:
        """Inputs that look like widgets but may only be linked."""
        return tuple(i for i in self.inputs if i.forced and i.type in WIDGET_TYPES)


class NodeTypes:
    """The server's node types, read when they are first asked for."""

    def __init__(self, object_info: Mapping[str, Any]) -> None:
        self._info = object_info
        self._known: dict[str, NodeType | None] = {}

    def get(self, name: str) -> NodeType | None:
        """Return the type, or None when the server does not have it."""
        if name not in self._known:
            raw = self._info.get(name)
            self._known[name] = read_type(name, raw) if isinstance(raw, dict) else None
        return self._known[name]


def read_type(name: str, raw: Mapping[str, Any]) -> NodeType:
    """Read one entry of `/object_info`; what is malformed in it is left out."""
    inputs = tuple(_declared(raw))
    outputs = raw.get("output")
    return NodeType(
        name=name,
        display_name=text(raw.get("display_name")) or name,
        inputs=inputs,
        outputs=tuple(slot_type(o) for o in outputs) if isinstance(outputs, list) else (),
        saves=raw.get("output_node") is True,
    )


def _declared(raw: Mapping[str, Any], prefix: str = "") -> Iterator[Input]:
    sections, order = mapping(raw.get("input")), mapping(raw.get("input_order"))
    for section in ("required", "optional"):
        specs = mapping(sections.get(section))
        listed = order.get(section)
        names = [n for n in listed if isinstance(n, str)] if isinstance(listed, list) else []
        for name in dict.fromkeys([*names, *specs]):
            if isinstance(name, str) and name in specs:
                yield _read_input(prefix + name, specs[name], required=section == "required")


def _read_input(name: str, spec: object, *, required: bool) -> Input:
    parts = spec if isinstance(spec, list) and spec else [spec]
    options = mapping(parts[1]) if len(parts) > 1 else EMPTY
    kind = parts[0]
    listed = kind if isinstance(kind, list) else options.get("options")
    choices = tuple(listed) if isinstance(listed, list) else ()
    if kind == MATCH_TYPE:
        kind = mapping(options.get("template")).get("allowed_types")
    override = options.get("widgetType")
    type_ = override if isinstance(override, str) else slot_type(kind)
    forced = options.get("forceInput") is True
    return Input(name, type_, options, choices, required, forced, not forced and type_ in _WIDGETS)


def slot_type(raw: object) -> str:
    """Return a socket's type as one word: a list of choices is "COMBO", 0 and "" are "*"."""
    if isinstance(raw, list):
        return "COMBO"
    return raw if isinstance(raw, str) and raw not in ("", MATCH_TYPE) else "*"


def mapping(raw: object) -> Mapping[str, Any]:
    """Return `raw` if it is an object, else an empty one."""
    return raw if isinstance(raw, dict) else EMPTY


def text(raw: object) -> str:
    """Return `raw` if it is a string, else an empty one."""
    return raw if isinstance(raw, str) else ""
