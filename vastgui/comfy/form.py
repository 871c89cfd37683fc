"""The form of a prompt: which values a person may set, and setting them checked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vastgui.comfy.fields import Declared, Field, is_link, shown, title_of
from vastgui.comfy.given import apply_values, guessed_kind
from vastgui.comfy.roles import ROLES, Graph, find_roles

__all__ = ["Field", "apply_values", "fields"]

MAX_FIELDS = 3000
_LABELS = {
    "prompt": "Prompt",
    "negative": "Negative prompt",
    "seed": "Seed",
    "steps": "Steps",
    "denoise": "Denoise",
    "width": "Width",
    "height": "Height",
    "batch_size": "Batch size",
    "length": "Length",
    "checkpoint": "Checkpoint",
    "lora": "LoRA",
}
_BLOCKS = (("width", "height", "batch_size", "length"), ("lora", "lora_strength"))
_WORDS = {"cfg": "CFG", "vae": "VAE", "clip": "CLIP", "unet": "UNET", "lora": "LoRA", "fps": "FPS"}


def fields(
    prompt: Mapping[str, Any],
    object_info: Mapping[str, Any],
    controls: Mapping[str, str] | None = None,
) -> tuple[Field, ...]:
    """The values of an API prompt that may be set; those with a role first, as `ROLES` has them.

    Linked inputs are left out. Nodes that object_info lacks get fields by what they hold now.
    `controls` are the seed controls of the workflow, `{"3.seed": "randomize"}`.
    """
    graph = Graph(prompt, object_info)
    roles = find_roles(graph)
    found = [
        _field(node_id, node, one, title_of(node, object_info), roles, controls or {})
        for node_id, node in graph.nodes.items()
        for one in _settable(graph, node_id)
    ]
    places = {node_id: i for i, node_id in enumerate(graph.nodes)}
    return _told_apart(sorted(found[:MAX_FIELDS], key=lambda f: _place(f, places)))


def _place(field: Field, places: Mapping[str, int]) -> tuple[int, int, int]:
    """By role; width and height of one node stay together, and so do a LoRA and its strength."""
    if not field.role:
        return len(ROLES), 0, 0
    role = ROLES.index(field.role)
    block = next((b for b in _BLOCKS if field.role in b), ())
    return (ROLES.index(block[0]), places[field.node_id], role) if block else (role, 0, 0)


def _settable(graph: Graph, node_id: str) -> list[Declared]:
    inputs = graph.nodes[node_id]["inputs"]
    if known := graph.declared[node_id]:
        return [d for d in graph.free(node_id) if d.name in inputs and not d.several]
    return [
        Declared(name=str(name), type="", kind=kind)
        for name, value in list(inputs.items())[:100]
        if not known and (kind := guessed_kind(value)) and not is_link(value)
    ]


def _field(
    node_id: str,
    node: Mapping[str, Any],
    one: Declared,
    title: str,
    roles: Mapping[tuple[str, str], str],
    controls: Mapping[str, str],
) -> Field:
    id_ = f"{node_id}.{one.name}"
    role = roles.get((node_id, one.name), "")
    step = one.options.get("step")
    return Field(
        id=id_,
        node_id=node_id,
        input=one.name,
        node_title=title,
        label=_label(one.name, role),
        kind=one.kind,
        value=node["inputs"].get(one.name),
        min=one.low,
        max=one.high,
        step=step if isinstance(step, int | float) and 0 < step < 1e12 else None,
        choices=tuple(str(c) for c in one.choices),
        role=role,
        control=str(controls.get(id_, "")),
        help=shown(one.options.get("tooltip") or "", 500),
    )


def _label(name: str, role: str) -> str:
    if role in _LABELS:
        return _LABELS[role]
    if role == "lora_strength":
        return "LoRA strength on CLIP" if "clip" in name else "LoRA strength"
    words = shown(name, 60).replace(".", " ").split("_")
    first, *rest = (_WORDS.get(w.lower(), w) for w in words if w) if any(words) else ("?",)
    return " ".join([first[:1].upper() + first[1:], *rest])


def _told_apart(found: list[Field]) -> tuple[Field, ...]:
    """Labels that occur twice get the node's title, and its id where that does not help."""
    labels = Counter(f.label for f in found)
    named = [
        replace(f, label=f"{f.label} ({f.node_title})") if labels[f.label] > 1 else f for f in found
    ]
    again = Counter(f.label for f in named)
    return tuple(
        replace(f, label=f"{f.label} #{shown(f.node_id, 40)}") if again[f.label] > 1 else f
        for f in named
    )
