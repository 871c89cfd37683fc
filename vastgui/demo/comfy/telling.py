"""What the clients are told of a running prompt, and what its history will say."""

import contextlib
import time
import traceback
from typing import Any, Protocol

from vastgui.demo.comfy.call import Lists
from vastgui.demo.comfy.folders import Folders
from vastgui.demo.comfy.graph import Graph
from vastgui.demo.comfy.kinds import Kinds
from vastgui.demo.comfy.logs import LOG
from vastgui.demo.comfy.options import Options
from vastgui.demo.comfy.values import type_name
from vastgui.demo.comfy.work import Interrupt, Interrupted, OutOfMemoryError

_TIPS = (
    "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before "
    "you might have accidentally set the batch_size to a large number."
)


class Host(Protocol):
    """What the executor needs of the server."""

    options: Options
    folders: Folders
    kinds: Kinds
    interrupt: Interrupt
    client_id: str | None
    """The client of the running prompt."""
    last_node_id: str | None
    """What a client that connects now is told."""

    def send(self, event: Any, data: Any, client_id: str | None) -> None: ...

    def prefers_metadata(self, client_id: str | None) -> bool: ...

    def at_node(self, node_id: str, class_type: str) -> None: ...

    def at_step(self, node_id: str, class_type: str, value: float) -> None: ...

    def shown(self, node_id: str, class_type: str, ui: dict[str, Any]) -> dict[str, Any]: ...


class Failed(Exception):
    """A node raised `cause`; `details` is what is told of it."""

    def __init__(self, node_id: str, cause: Exception, details: dict[str, Any]) -> None:
        super().__init__(str(cause))
        self.node_id, self.cause, self.details = node_id, cause, details


class Telling:
    """The messages of one prompt. Without a client, few of them are sent, and to everybody."""

    def __init__(self, host: Host, prompt_id: str, graph: Graph) -> None:
        self._host, self._prompt_id, self._graph = host, prompt_id, graph
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.shown: dict[str, dict[str, Any]] = {}
        """What each node showed, with its place."""
        self.executed: list[str] = []

    def send(self, event: str, data: Any) -> None:
        self._host.send(event, data, self._host.client_id)

    def say(self, event: str, data: dict[str, Any], *, to_all: bool = False) -> None:
        """Keep a message for the history and send it."""
        data = data | {"timestamp": int(time.time() * 1000)}
        self.messages.append((event, data))
        if self._host.client_id is not None or to_all:
            self.send(event, data)

    def executing(self, node_id: str) -> None:
        if self._host.client_id is not None:
            display = self._graph.display(node_id)
            self._host.last_node_id = display
            data = {"node": node_id, "display_node": display, "prompt_id": self._prompt_id}
            self.send("executing", data)

    def show(self, node_id: str, ui: dict[str, Any]) -> None:
        """A node that ran shows `ui`."""
        meta = {
            "node_id": node_id,
            "display_node": self._graph.display(node_id),
            "parent_node": self._graph.parent(node_id),
            "real_node_id": self._graph.real(node_id),
        }
        self.shown[node_id] = {"output": ui, "meta": meta}
        self.has_shown(node_id, ui)

    def has_shown(self, node_id: str, ui: dict[str, Any] | None) -> None:
        """Say `executed`; of a cached node even when it shows nothing."""
        if self._host.client_id is not None:
            display = self._graph.display(node_id)
            data = {"node": node_id, "display_node": display, "output": ui}
            self.send("executed", data | {"prompt_id": self._prompt_id})

    def step(self, node_id: str, value: float, total: float, preview: Any, place: Any) -> None:
        """A progress bar moved; its preview travels before or after, as the client wants it."""
        metadata = self._host.prefers_metadata(self._host.client_id)
        if preview and metadata:
            self.send("preview_metadata", (preview, place))
        data = {"value": value, "max": total, "prompt_id": self._prompt_id, "node": node_id}
        self.send("progress", data)
        if preview and not metadata:
            self.send("preview", preview)

    def blocked(self, node_id: str, class_type: str, message: str) -> None:
        data = self._place(node_id, class_type) | {
            "exception_message": f"Execution Blocked: {message}",
            "exception_type": "ExecutionBlocked",
            "traceback": [],
            "current_inputs": [],
            "current_outputs": [],
        }
        self.send("execution_error", data)

    def failed(self, failure: Failed) -> None:
        data = self._place(failure.node_id, self._graph.prompt[failure.node_id]["class_type"])
        if isinstance(failure.cause, Interrupted):
            LOG.info("Processing interrupted")
            self.say("execution_interrupted", data, to_all=True)
            return
        outputs = {"current_outputs": list(self._graph.prompt)}
        self.say("execution_error", data | failure.details | outputs)

    def _place(self, node_id: str, class_type: str) -> dict[str, Any]:
        return {
            "prompt_id": self._prompt_id,
            "node_id": node_id,
            "node_type": class_type,
            "executed": list(self.executed),
        }


def failure(node_id: str, problem: Exception, inputs: Lists) -> Failed:
    """What is told of `problem`; also written to the log."""
    if isinstance(problem, Interrupted):
        return Failed(node_id, problem, {})
    LOG.error("!!! Exception during processing !!! %s", problem)
    LOG.error("".join(traceback.format_exception(problem)))
    tips = _TIPS if isinstance(problem, OutOfMemoryError) else ""
    details = {
        "exception_message": f"{problem}\n{tips}",
        "exception_type": type_name(problem),
        "traceback": traceback.format_tb(problem.__traceback__),
        "current_inputs": {
            name: [_plain(value) for value in values] for name, values in inputs.items()
        },
    }
    return Failed(node_id, problem, details)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, int | float | bool | str):
        return value
    with contextlib.suppress(Exception):
        return str(value)
    return ""
