"""Checks a prompt before it is queued, and says no in ComfyUI's words."""

import inspect
from dataclasses import dataclass, field
from typing import Any

from vastgui.demo.comfy.kinds import Kind, Kinds, inputs_of
from vastgui.demo.comfy.values import Error, fits, missing, said, trace, type_name, wrong_value


@dataclass(slots=True)
class Verdict:
    """`error` is None when something can run: then `outputs` names the nodes that will."""

    error: Error | None
    outputs: list[str] = field(default_factory=list)
    node_errors: dict[str, Any] = field(default_factory=dict)


def refusal(kind: str, message: str, details: str = "") -> Error:
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


async def validate(prompt: Any, targets: Any, kinds: Kinds, *, newer: bool = False) -> Verdict:
    """Look at the whole of `prompt`. `targets`: the only outputs that are wanted, or None.

    Raises what the real one does for what is no prompt at all, which ends in a 500.
    """
    outputs = []
    for node_id in prompt:
        if refused := _refused(node_id, prompt[node_id], kinds, newer=newer):
            return Verdict(refused)
        wanted = targets is None or node_id in targets
        if kinds[prompt[node_id]["class_type"]].is_output and wanted:
            outputs.append(node_id)
    if not outputs:
        return Verdict(refusal("prompt_no_outputs", "Prompt has no outputs"))
    return await _Check(prompt, kinds).all(outputs)


def _refused(node_id: str, node: Any, kinds: Kinds, *, newer: bool) -> Error | None:
    if "class_type" not in node:
        message = "Cannot execute because a node is missing the class_type property."
        return refusal("invalid_prompt", message, f"Node ID '#{node_id}'")
    name = node["class_type"]
    if name in kinds:
        return None
    if newer:
        title = node.get("_meta", {}).get("title", name)
        message = f"Node '{title}' not found. The custom node may not be installed."
        extra = {"node_id": node_id, "class_type": name, "node_title": title}
        return refusal("missing_node_type", message, f"Node ID '#{node_id}'") | {
            "extra_info": extra
        }
    message = f"Cannot execute because node {name} does not exist."
    return refusal("invalid_prompt", message, f"Node ID '#{node_id}'")


class _Check:
    """One look at one prompt; every node is looked at once."""

    def __init__(self, prompt: dict[str, Any], kinds: Kinds) -> None:
        self._prompt, self._kinds = prompt, kinds
        self._seen: dict[str, tuple[bool, list[Error]]] = {}
        self._looking: set[str] = set()

    async def all(self, outputs: list[str]) -> Verdict:
        good: list[str] = []
        lines: list[str] = []
        node_errors: dict[str, Any] = {}
        for output in outputs:
            valid, errors = await self._output(output)
            if valid:
                good.append(output)
                continue
            lines += [f"{error['message']}: {error['details']}" for error in errors]
            self._report(output, node_errors)
        if good:
            return Verdict(None, good, node_errors)
        error = refusal(
            "prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(lines)
        )
        return Verdict(error, [], node_errors)

    async def _output(self, output: str) -> tuple[bool, list[Error]]:
        try:
            return await self._node(output)
        except Exception as problem:  # noqa: BLE001 - told to the client, as the real one does
            extra = {"exception_type": type_name(problem), "traceback": trace(problem)}
            error = {
                "type": "exception_during_validation",
                "message": "Exception when validating node",
                "details": str(problem),
                "extra_info": extra,
            }
            self._seen[output] = (False, [error])
            return self._seen[output]

    def _report(self, output: str, node_errors: dict[str, Any]) -> None:
        for node_id, (valid, errors) in self._seen.items():
            if valid or not errors:
                continue  # downstream of a node with errors
            entry = node_errors.setdefault(
                node_id,
                {
                    "errors": errors,
                    "dependent_outputs": [],
                    "class_type": self._prompt[node_id]["class_type"],
                },
            )
            entry["dependent_outputs"].append(output)

    async def _node(self, node_id: str) -> tuple[bool, list[Error]]:
        if node_id in self._seen:
            return self._seen[node_id]
        if node_id in self._looking:
            return False, []  # a cycle: nothing is said of it
        node = self._prompt[node_id]
        kind = self._kinds[node["class_type"]]
        inputs = node["inputs"]
        self._looking.add(node_id)
        errors: list[Error] = []
        valid = True
        own = _own_arguments(kind)
        received: dict[str, Any] = {}
        for name, (group, config) in inputs_of(kind.info()).items():
            if name not in inputs:
                if group == "required":
                    errors.append(missing(name))
            elif isinstance(inputs[name], list):
                ok = await self._link(name, config, inputs[name], errors, received, own)
                valid = valid and ok
            elif error := wrong_value(name, config, inputs, own):
                errors.append(error)
        errors += _own_check(kind, inputs, own, received)
        self._looking.discard(node_id)
        self._seen[node_id] = (valid and not errors, errors)
        return self._seen[node_id]

    async def _link(
        self,
        name: str,
        config: tuple[Any, Any],
        link: list[Any],
        errors: list[Error],
        received: dict[str, Any],
        own: set[str],
    ) -> bool:
        """Check a link and the node at its other end; False when that one is not valid."""
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            errors.append(said("bad_linked_input", message, name, name, config, link))
            return True
        source, slot = link
        given = self._kinds[self._prompt[source]["class_type"]].outputs[slot]
        received[name] = given
        if "input_types" not in own and not fits(given, config[0]):
            details = f"{name}, received_type({given}) mismatch input_type({config[0]})"
            message = "Return type mismatch between linked nodes"
            extra = {"input_name": name, "input_config": config}
            extra |= {"received_type": given, "linked_node": link}
            errors.append({"type": "return_type_mismatch", "message": message,
                           "details": details, "extra_info": extra})  # fmt: skip
            return True
        try:
            return (await self._node(source))[0]
        except Exception as problem:  # noqa: BLE001 - told to the client, as the real one does
            extra = {
                "input_name": name,
                "input_config": config,
                "exception_message": str(problem),
                "exception_type": type_name(problem),
                "traceback": trace(problem),
                "linked_node": link,
            }
            error = {
                "type": "exception_during_inner_validation",
                "message": "Exception when validating inner node",
                "details": str(problem),
                "extra_info": extra,
            }
            self._seen[source] = (False, [error])
            return False


def _own_arguments(kind: Kind) -> set[str]:
    return set(inspect.signature(kind.validate).parameters) if kind.validate else set()


def _own_check(
    kind: Kind, inputs: dict[str, Any], own: set[str], received: dict[str, Any]
) -> list[Error]:
    """What the node itself says of its inputs."""
    if kind.validate is None:
        return []
    known = inputs_of(kind.info())
    given = {
        name: None if isinstance(value, list) else value
        for name, value in inputs.items()
        if name in own and name in known
    }
    if "input_types" in own:
        given["input_types"] = received
    told = kind.validate(**given)
    if told is True:
        return []
    return [
        {
            "type": "custom_validation_failed",
            "message": "Custom validation failed for node",
            "details": name if told is False else f"{name} - {told}",
            "extra_info": {"input_name": name},
        }
        for name in given
    ]
