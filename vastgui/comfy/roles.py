"""Which values of a prompt matter to a person: found by walking from the samplers to their texts."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from vastgui.comfy.fields import FILE_KINDS, Declared, declared, is_link, nodes_of

ROLES = (
    "prompt", "negative", "input", "seed", "steps", "cfg", "denoise", "width", "height",
    "batch_size", "length", "checkpoint", "lora", "lora_strength",
)  # fmt: skip
"""All roles, in the order in which a form shows them."""

Key = tuple[str, str]
"""Node id and input name."""
_MAX_WALK = 2000
_MAX_SIZED = 3
_START = {
    "positive": "prompt",
    "negative": "negative",
    "conditioning": "prompt",
    "cond1": "prompt",
    "cond2": "prompt",
}
_BY_NAME = {
    ("INT", "seed"): "seed",
    ("INT", "noise_seed"): "seed",
    ("INT", "steps"): "steps",
    ("FLOAT", "cfg"): "cfg",
    ("FLOAT", "guidance"): "cfg",
    ("FLOAT", "denoise"): "denoise",
    ("COMBO", "ckpt_name"): "checkpoint",
    ("COMBO", "unet_name"): "checkpoint",
    ("COMBO", "lora_name"): "lora",
    ("STRING", "positive_prompt"): "prompt",
    ("STRING", "negative_prompt"): "negative",
}
_SIZES = {"width": "width", "height": "height", "batch_size": "batch_size", "length": "length"}
_STRENGTHS = ("strength_model", "strength_clip", "strength", "lora_strength")
_NOT_TEXT = ("model", "clip", "vae", "image", "latent", "mask", "control_net", "audio", "video")


class Graph:
    """A prompt with what the server declares of each node."""

    def __init__(self, prompt: Mapping[str, Any], object_info: Mapping[str, Any]) -> None:
        self.nodes = dict(nodes_of(prompt))
        self.declared = {id_: declared(object_info, node) for id_, node in self.nodes.items()}
        self._object_info = object_info

    def value(self, node_id: str, name: str) -> Any:
        return self.nodes[node_id]["inputs"].get(name)

    def links(self, node_id: str) -> Iterator[tuple[str, str, int]]:
        """Input name, node id and output slot of what the node takes from others."""
        for name, value in self.nodes[node_id]["inputs"].items():
            if is_link(value) and value[0] in self.nodes:
                yield str(name), value[0], value[1]

    def outputs(self, node_id: str, key: str = "output") -> list[str]:
        """The types of its outputs, or with `output_name` their names."""
        info = self._object_info.get(str(self.nodes[node_id].get("class_type")))
        listed = info.get(key) if isinstance(info, Mapping) else None
        return [str(o)[:100] for o in listed[:100]] if isinstance(listed, list) else []

    def free(self, node_id: str) -> Iterator[Declared]:
        """The inputs of a node that hold a value of their own."""
        for one in self.declared[node_id].values():
            if one.kind and not is_link(self.value(node_id, one.name)):
                yield one


def find_roles(graph: Graph) -> dict[Key, str]:
    """Role of each input that has one. The walk comes first: what is linked says more than a name."""
    roles: dict[Key, str] = {}
    for role in ("prompt", "negative"):
        for key in _texts(graph, role):
            roles.setdefault(key, role)
    sized = _sized(graph)
    for node_id in graph.nodes:
        for name, role in _named(graph, node_id, sized=node_id in sized):
            if source := _source(graph, node_id, name):
                roles.setdefault(source, role)
    if "prompt" not in roles.values():
        roles = dict(_lone_prompts(graph)) | roles
    return roles


def _texts(graph: Graph, role: str) -> Iterator[Key]:
    """The text inputs reached from inputs called positive (or negative), through conditioning."""
    pending = deque(
        (source, slot)
        for node_id in graph.nodes
        for name, source, slot in graph.links(node_id)
        if _START.get(name) == role and _begins(graph, node_id, name)
    )
    seen: set[str] = set()
    while pending and len(seen) < _MAX_WALK:
        node_id, slot = pending.popleft()
        if node_id in seen or graph.nodes[node_id].get("class_type") == "ConditioningZeroOut":
            continue
        seen.add(node_id)
        if found := list(_own_texts(graph, node_id)):
            yield from found
        else:
            pending.extend(_onwards(graph, node_id, slot, role))


def _begins(graph: Graph, node_id: str, name: str) -> bool:
    """`conditioning` means the prompt at a guider only; elsewhere it is one stop on the way."""
    return name in ("positive", "negative") or "Guider" in str(graph.nodes[node_id]["class_type"])


def _own_texts(graph: Graph, node_id: str) -> Iterator[Key]:
    """The texts of a text encoder: its own, or those of the nodes it takes them from."""
    for one in graph.declared[node_id].values():
        if one.type == "STRING":
            value = graph.value(node_id, one.name)
            if not is_link(value):
                if one.kind == "multiline" or one.name == "text":
                    yield node_id, one.name
            elif value[0] in graph.nodes:
                yield from _text_source(graph, value[0])


def _text_source(graph: Graph, node_id: str) -> Iterator[Key]:
    """The texts behind a linked text: through nodes that only pass or join texts."""
    pending, seen = deque([node_id]), set[str]()
    while pending and len(seen) < _MAX_WALK:
        node_id = pending.popleft()
        if node_id in seen:
            continue
        seen.add(node_id)
        for one in graph.declared[node_id].values():
            value = graph.value(node_id, one.name)
            if one.type == "STRING" and is_link(value) and value[0] in graph.nodes:
                pending.append(value[0])
            elif (
                one.type == "STRING"
                and one.kind
                and (one.kind == "multiline" or _plain(graph, node_id))
            ):
                yield node_id, one.name


def _plain(graph: Graph, node_id: str) -> bool:
    """A node that is just one text, such as PrimitiveString."""
    return len(graph.declared[node_id]) == 1


def _onwards(graph: Graph, node_id: str, slot: int, role: str) -> Iterator[tuple[str, int]]:
    """What a conditioning node takes its conditioning from."""
    links = list(graph.links(node_id))
    sides = {name for name, _, _ in links} & {"positive", "negative"}
    if sides:
        names = graph.outputs(node_id, "output_name")
        side = names[slot] if 0 <= slot < len(names) and names[slot] in sides else ""
        side = side or ("negative" if role == "negative" else "positive")
        yield from ((source, at) for name, source, at in links if name == side)
        return
    for name, source, at in links:
        if _carries_conditioning(graph, node_id, name):
            yield source, at


def _carries_conditioning(graph: Graph, node_id: str, name: str) -> bool:
    if one := graph.declared[node_id].get(name):
        return one.type in ("CONDITIONING", "*") or "CONDITIONING" in one.type
    return not any(word in name.lower() for word in _NOT_TEXT)  # a node the server lacks


def _named(graph: Graph, node_id: str, *, sized: bool) -> Iterator[tuple[str, str]]:
    """Inputs whose name (and node) tells their role."""
    has_lora = "lora_name" in graph.declared[node_id]
    for one in graph.declared[node_id].values():
        if one.kind in FILE_KINDS:
            yield one.name, "input"
        elif role := _BY_NAME.get((one.type, one.name)):
            yield one.name, role
        elif one.type == "INT" and one.name in _SIZES and sized:
            yield one.name, _SIZES[one.name]
        elif has_lora and one.type == "FLOAT" and one.name in _STRENGTHS:
            yield one.name, "lora_strength"


def _sized(graph: Graph) -> set[str]:
    """Nodes whose width and height are the picture's. Where there are many, those of a sampler, or
    the first: the others are parts of a collage.
    """
    found = [n for n in graph.nodes if _gives_size(graph, n)]
    if len(found) > _MAX_SIZED:
        found = [n for n in found if "LATENT" in graph.outputs(n)] or found[:1]
    return set(found)


def _gives_size(graph: Graph, node_id: str) -> bool:
    """Nodes that make or scale pictures; no text encoder or mask."""
    has_both = {"width", "height"} <= graph.declared[node_id].keys()
    return has_both and bool({"LATENT", "IMAGE"} & set(graph.outputs(node_id)))


def _source(graph: Graph, node_id: str, name: str) -> Key | None:
    """The input itself, or the one value of the node it is linked to (a primitive, say)."""
    wanted = graph.declared[node_id][name].kind
    for _ in range(20):
        value = graph.value(node_id, name)
        if not is_link(value):
            return (node_id, name) if graph.declared[node_id][name].kind else None
        node_id = value[0]
        if node_id not in graph.nodes:
            return None
        fitting = [d for d in graph.declared[node_id].values() if d.kind == wanted or d.type == "*"]
        if len(fitting) != 1:
            return None
        name = fitting[0].name
    return None


def _lone_prompts(graph: Graph) -> Iterator[tuple[Key, str]]:
    """Without any sampler: inputs of several lines that are called prompt or text."""
    for node_id in graph.nodes:
        for one in graph.free(node_id):
            if one.kind == "multiline" and (one.name == "text" or "prompt" in one.name.lower()):
                yield (node_id, one.name), "negative" if "negative" in one.name else "prompt"
