"""Why a server did not accept a prompt, per node and field. Pure, total."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy import values
from vastgui.comfy.choices import MEDIA_FILES, MODEL_FILES, listed_options
from vastgui.comfy.errors import NodeProblem
from vastgui.comfy.explained import (
    Action,
    FieldProblem,
    listed,
    node_name,
    sentence,
    shown,
    title_of,
)

MAX_PROBLEMS = 200
_MISSING_FILE = re.compile(r"Invalid (\w+) file:\s*(.+)", re.DOTALL)
_PLAIN_TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})


@dataclass(frozen=True, slots=True)
class Case:
    """One problem with what is known around it."""

    problem: NodeProblem
    prompt: Mapping[str, Any]
    object_info: Mapping[str, Any]

    @property
    def node(self) -> str:
        return node_name(self.prompt, self.problem.node_id, self.problem.node_type)

    @property
    def name(self) -> str:
        """The input's name: newer and older servers put it into different places."""
        return values.text(self.problem.input_name or self.problem.details.split(",")[0], 100)

    @property
    def spec(self) -> list[Any]:
        """The input's declaration, `[type, options]`; empty when nobody has it."""
        if given := values.items(self.problem.extra_info.get("input_config")):
            return given
        node_type = self.problem.node_type
        inputs = values.mapping(values.mapping(self.object_info.get(node_type)).get("input"))
        parts = (values.mapping(inputs.get(part)) for part in ("required", "optional"))
        return next((values.items(p[self.name]) for p in parts if self.name in p), [])

    @property
    def choices(self) -> list[str]:
        options, _ = listed_options(self.spec)
        return list(options or ())[:20_000]

    @property
    def received(self) -> Any:
        extra = self.problem.extra_info
        if "received_value" in extra:
            return extra["received_value"]
        node = values.mapping(self.prompt.get(self.problem.node_id))
        return values.mapping(node.get("inputs")).get(self.name)


def field_problems(
    problems: Iterable[NodeProblem], prompt: Mapping[str, Any], object_info: Mapping[str, Any]
) -> tuple[FieldProblem, ...]:
    """The problems in words, each once, at most MAX_PROBLEMS."""
    found: dict[FieldProblem, None] = {}
    for problem in problems:
        if len(found) >= MAX_PROBLEMS:
            break
        found[_worded(Case(problem, prompt, object_info))] = None
    return tuple(found)


def _worded(case: Case) -> FieldProblem:
    words = _WORDS.get(case.problem.kind, _other)
    message, action = words(case)
    node_inputs = values.mapping(
        values.mapping(case.prompt.get(case.problem.node_id)).get("inputs")
    )
    # An error inside a node's source carries the name of its consumer's input.
    known = case.name in node_inputs or case.problem.kind == "required_input_missing"
    name = case.name if known else _linked_input(case)
    field = f"{case.problem.node_id}.{name}" if name else ""
    title = title_of(case.prompt, case.problem.node_id, case.problem.node_type)
    return FieldProblem(
        case.problem.node_id,
        case.problem.node_type,
        title,
        values.text(field, 400),
        message,
        action,
    )


def _missing_input(case: Case) -> tuple[str, Action]:
    kind = case.spec[0] if case.spec else ""
    link = isinstance(kind, str) and kind and kind.upper() == kind and kind not in _PLAIN_TYPES
    lacks = "is not connected" if link else "has no value"
    return f"{case.node}: “{case.name}” {lacks}, but the node needs it.", "edit"


def _not_in_list(case: Case) -> tuple[str, Action]:
    value, choices = case.received, case.choices
    name = str(value).lower() if isinstance(value, str) else ""
    if name.endswith(MODEL_FILES):
        return _model_missing(case, choices)
    if name.endswith(MEDIA_FILES):
        return f"{case.node}: the file {shown(value)} is not on the instance.", "edit"
    said = f"{case.node}: {shown(value)} is not a choice of “{case.name}”"
    if choices:
        near = _near(str(value), choices)
        return f"{said}; it takes {listed(near or _short(choices))}.", "edit"
    return f"{said}.", "edit"


def _model_missing(case: Case, choices: list[str]) -> tuple[str, Action]:
    said = f"{case.node}: the model {shown(case.received)} is not on the instance"
    if near := _near(str(case.received), choices):
        return f"{said}; it has {listed(near)}.", "choose_model"
    if choices:
        return f"{said}; it has {len(choices):,} others for “{case.name}”.", "choose_model"
    return f"{said}.", "choose_model"


def _near(value: str, choices: list[str]) -> list[str]:
    """Choices called nearly the same, wherever they lie and whatever they end in."""
    by_stem = {_stem(choice): choice for choice in reversed(_short(choices)[:2000])}
    found = difflib.get_close_matches(_stem(value[:120]), by_stem, n=3, cutoff=0.6)
    return [by_stem[stem] for stem in found]


def _stem(name: str) -> str:
    name = name.lower().replace("\\", "/").rpartition("/")[2]
    return next((name[: -len(end)] for end in MODEL_FILES if name.endswith(end)), name)


def _short(choices: list[str]) -> list[str]:
    return [values.text(choice, 120) for choice in choices]


def _too_small(case: Case) -> tuple[str, Action]:
    return _out_of_range(case, "min", "at least")


def _too_big(case: Case) -> tuple[str, Action]:
    return _out_of_range(case, "max", "at most")


def _out_of_range(case: Case, end: str, words: str) -> tuple[str, Action]:
    options = values.mapping(case.spec[1]) if len(case.spec) > 1 else {}
    allowed = f"; {words} {shown(options[end])} is allowed" if end in options else ""
    limit = "too small" if end == "min" else "too big"
    return f"{case.node}: “{case.name}” is {shown(case.received)}, {limit}{allowed}.", "edit"


def _wrong_type(case: Case) -> tuple[str, Action]:
    kind = case.spec[0] if case.spec else ""
    wanted = {"INT": "a whole number", "FLOAT": "a number", "STRING": "text"}
    needs = wanted.get(kind) if isinstance(kind, str) else None
    said = f"{case.node}: “{case.name}” is {shown(case.received)}"
    return f"{said}, but {needs or 'another kind of value'} is needed.", "edit"


def _custom(case: Case) -> tuple[str, Action]:
    if found := _MISSING_FILE.search(case.problem.details):
        kind, name = values.text(found[1], 20), values.text(found[2], 200)
        return f"{case.node}: the {kind} “{name}” is not on the instance.", "edit"
    return _other(case)


def _mismatch(case: Case) -> tuple[str, Action]:
    got = values.text(case.problem.extra_info.get("received_type"), 60)
    needs = case.spec[0] if case.spec and isinstance(case.spec[0], str) else ""
    if got and needs:
        kinds = f"gets {got}, but takes {values.text(needs, 60)}"
        return f"{case.node}: “{case.name}” {kinds}.", "edit"
    return _other(case)


def _bad_link(case: Case) -> tuple[str, Action]:
    return f"{case.node}: the connection at “{case.name}” is damaged.", "edit"


def _exception(case: Case) -> tuple[str, Action]:
    kind, said = _raised(case)
    if kind == "KeyError" and said == "inputs":
        return f"{case.node} has no inputs at all: the workflow is damaged.", "edit"
    if kind == "KeyError" and (name := _linked_input(case)):
        return f"{case.node}: “{name}” is connected to node {said}, which is not there.", "edit"
    if kind == "KeyError":
        return (
            f"{case.node} is connected to node {said}, which is not there.",
            "edit",
        )
    if kind == "IndexError":
        return f"{case.node} is connected to an output that does not exist.", "edit"
    return _other(case)


def _raised(case: Case) -> tuple[str, str]:
    """The exception's type, and the name it is about."""
    kind = values.text(case.problem.extra_info.get("exception_type"), 60)
    return kind, values.text(case.problem.details.strip().strip("'\""), 60)


def _linked_input(case: Case) -> str:
    """The input that is connected to the node a KeyError names."""
    kind, missing = _raised(case)
    if kind != "KeyError":
        return ""
    inputs = values.mapping(values.mapping(case.prompt.get(case.problem.node_id)).get("inputs"))
    links = ((k, v) for k, v in inputs.items() if isinstance(v, list) and len(v) == 2)
    return next((values.text(k, 100) for k, v in links if str(v[0]) == missing), "")


def _cycle(case: Case) -> tuple[str, Action]:
    return f"{case.node} waits for itself: its connections form a loop.", "edit"


def _no_such_type(case: Case) -> tuple[str, Action]:
    kind = values.text(case.problem.node_type, 120)
    return f"{case.node}: the node type “{kind}” is not installed on the instance.", "install_pack"


def _other(case: Case) -> tuple[str, Action]:
    said = values.text(case.problem.message, 200) or "it was not accepted"
    details = values.text(case.problem.details, 300)
    return sentence(f"{case.node}: {said}" + (f": {details}" if details else "")), "edit"


_WORDS: Mapping[str, Callable[[Case], tuple[str, Action]]] = {
    "required_input_missing": _missing_input,
    "value_not_in_list": _not_in_list,
    "value_smaller_than_min": _too_small,
    "value_bigger_than_max": _too_big,
    "invalid_input_type": _wrong_type,
    "custom_validation_failed": _custom,
    "return_type_mismatch": _mismatch,
    "bad_linked_input": _bad_link,
    "exception_during_validation": _exception,
    "exception_during_inner_validation": _exception,
    "dependency_cycle": _cycle,
    "missing_node_type": _no_such_type,
}
