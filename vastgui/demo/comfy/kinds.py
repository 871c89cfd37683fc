"""The node types that the server has: the practice one's own, and those of node packs."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from typing import Any, TypeVar

from vastgui.demo.comfy.folders import Folders
from vastgui.demo.comfy.logs import LOG

Info = dict[str, Any]
"""A node type as /object_info shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One node type. `run` takes the inputs by name and returns outputs, or a dict with `ui`."""

    name: str
    info: Callable[[], Info]
    run: Callable[..., Any]
    is_changed: Callable[..., Any] | None = None
    validate: Callable[..., Any] | None = None
    lazy: Callable[..., Any] | None = None
    """Names the lazy inputs that it needs after all."""
    is_output: bool = False
    input_is_list: bool = False
    outputs: tuple[Any, ...] = ()
    output_is_list: tuple[bool, ...] = ()
    not_idempotent: bool = False
    hidden: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.run)


Plays = dict[str, dict[str, Any]]
"""What `run` and its companions are, by node type."""

PLAYED: Plays = {}


_Play = TypeVar("_Play", bound=Callable[..., Any])


def plays(name: str, **more: Any) -> Callable[[_Play], _Play]:
    """Let the decorated function play the node type `name` of nodes.json.

    `more`: other fields of `Kind`; `validate` and `is_changed` are given the folders first.
    """

    def keep(run: _Play) -> _Play:
        PLAYED[name] = {"run": run, **more}
        return run

    return keep


class Kinds(Mapping[str, Kind]):
    """All node types by name. Packs do not replace what is there."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._kinds: dict[str, Kind] = {}
        text = resources.files("vastgui.demo.comfy.nodes").joinpath("nodes.json").read_text("utf-8")
        self._defined: dict[str, Info] = json.loads(text)
        for name, info in self._defined.items():
            if play := PLAYED.get(name):
                self._kinds[name] = self._own(name, info, play)

    def _own(self, name: str, info: Info, play: dict[str, Any]) -> Kind:
        parts: dict[str, Any]
        parts = {
            part: partial(value, self._folders) if part in ("validate", "is_changed") else value
            for part, value in play.items()
        }
        parts["info"] = lambda: self._with_choices(info)
        return Kind(
            name=name,
            is_output=info["output_node"],
            outputs=tuple(info["output"]),
            output_is_list=tuple(info["output_is_list"]),
            hidden=info["input"].get("hidden", {}),
            **parts,
        )

    def add_classes(self, classes: Mapping[str, Any], titles: Mapping[str, str]) -> None:
        """Take the NODE_CLASS_MAPPINGS of node packs."""
        for name, node_class in classes.items():
            if name not in self._kinds:
                self._kinds[name] = _of_class(name, node_class, titles.get(name, name))

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def all_info(self) -> dict[str, Info]:
        found = {}
        for name, kind in self._kinds.items():
            try:
                found[name] = kind.info()
            except Exception:  # noqa: BLE001 - one pack's fault hides its node only
                LOG.exception(
                    "[ERROR] An error occurred while retrieving information for the '%s' node.",
                    name,
                )
        return found

    def _with_choices(self, info: Info) -> Info:
        groups = {
            group: {name: self._chosen(config) for name, config in inputs.items()}
            if group != "hidden"
            else inputs
            for group, inputs in info["input"].items()
        }
        return info | {"input": groups}

    def _chosen(self, config: list[Any]) -> list[Any]:
        if isinstance(config[0], str) and config[0].startswith("$"):
            return [self._choices(config[0]), *config[1:]]
        if len(config) > 1 and str(config[1].get("options", "")).startswith("$"):
            options = self._choices(config[1]["options"])
            return [config[0], config[1] | {"options": options}, *config[2:]]
        return config

    def _choices(self, source: str) -> list[str]:
        match source:
            case "$images":
                return self._folders.inputs("image")
            case "$audio":
                return self._folders.inputs("audio")
            case "$files":
                return self._folders.inputs("files")
            case "$latents":
                return [n for n in self._folders.inputs("files") if n.endswith(".latent")]
            case "$vaes":
                return [*self._folders.names("vae"), "pixel_space"]
            case _:
                return self._folders.names(source.removeprefix("$"))


def inputs_of(info: Info) -> dict[str, tuple[str, tuple[Any, dict[str, Any]]]]:
    """Every input but the hidden ones: its group, and its type with its options."""
    found = {}
    for group in ("required", "optional"):
        for name, config in info["input"].get(group, {}).items():
            options = config[1] if len(config) > 1 else {}
            found[name] = (group, (config[0], options))
    return found


def _of_class(name: str, node_class: Any, title: str) -> Kind:
    """A node type from a class of a pack, as packs for ComfyUI are written."""
    function = getattr(node_class, "FUNCTION", "run")
    method = getattr(node_class, function)
    outputs = tuple(getattr(node_class, "RETURN_TYPES", ()))
    inputs = node_class.INPUT_TYPES()

    def call(*args: Any, **inputs: Any) -> Any:
        return getattr(node_class(), function)(*args, **inputs)

    async def call_async(**inputs: Any) -> Any:
        return await getattr(node_class(), function)(**inputs)

    lazy = hasattr(node_class, "check_lazy_status")
    return Kind(
        name=name,
        info=lambda: _class_info(name, node_class, title),
        run=call_async if inspect.iscoroutinefunction(method) else call,
        is_changed=getattr(node_class, "IS_CHANGED", None),
        validate=getattr(node_class, "VALIDATE_INPUTS", None),
        lazy=(lambda **given: node_class().check_lazy_status(**given)) if lazy else None,
        is_output=getattr(node_class, "OUTPUT_NODE", False) is True,
        input_is_list=getattr(node_class, "INPUT_IS_LIST", False),
        outputs=outputs,
        output_is_list=tuple(getattr(node_class, "OUTPUT_IS_LIST", [False] * len(outputs))),
        not_idempotent=getattr(node_class, "NOT_IDEMPOTENT", False),
        hidden=inputs.get("hidden", {}),
    )


def _class_info(name: str, node_class: Any, title: str) -> Info:
    inputs = node_class.INPUT_TYPES()
    outputs = list(getattr(node_class, "RETURN_TYPES", ()))
    return {
        "input": inputs,
        "input_order": {group: list(names) for group, names in inputs.items()},
        "output": outputs,
        "output_is_list": list(getattr(node_class, "OUTPUT_IS_LIST", [False] * len(outputs))),
        "output_name": list(getattr(node_class, "RETURN_NAMES", outputs)),
        "name": name,
        "display_name": title,
        "description": getattr(node_class, "DESCRIPTION", ""),
        "python_module": getattr(node_class, "RELATIVE_PYTHON_MODULE", "nodes"),
        "category": getattr(node_class, "CATEGORY", "sd"),
        "output_node": getattr(node_class, "OUTPUT_NODE", False) is True,
    }
