"""Runs one prompt after another."""

import asyncio
from collections.abc import Callable
from typing import Any

from vastgui.demo.comfy import call
from vastgui.demo.comfy.cache import Cache, Given
from vastgui.demo.comfy.graph import DependencyCycle, Graph, Order, Prompt, is_link
from vastgui.demo.comfy.kinds import Kind
from vastgui.demo.comfy.progress import Progress
from vastgui.demo.comfy.telling import Failed, Host, Telling, failure
from vastgui.demo.comfy.work import Blocker, Work, begin


class Executor:
    """Owned by the worker thread. What nodes gave stays for the next prompt."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.cache = Cache(host.kinds, host.options.cache, host.options.lru_size)
        self._previous_success = True

    def execute(
        self, prompt: Prompt, prompt_id: str, extra: dict[str, Any], outputs: list[str]
    ) -> "Run":
        self._host.interrupt.forget()
        self._host.client_id = extra.get("client_id")
        run = Run(self._host, self.cache, prompt, prompt_id, extra)
        run.success = self._previous_success
        asyncio.run(run.through(outputs))
        self._previous_success = run.success
        self._host.last_node_id = None
        return run


class Run:
    """One prompt on its way."""

    def __init__(
        self, host: Host, cache: Cache, prompt: Prompt, prompt_id: str, extra: dict[str, Any]
    ) -> None:
        self._host, self._cache, self._prompt_id, self._extra = host, cache, prompt_id, extra
        self._graph = Graph(prompt)
        self._tell = Telling(host, prompt_id, self._graph)
        self._progress = Progress(prompt_id, self._graph, self._tell.send)
        self._order = Order(self._graph, host.kinds, self._is_cached)
        self._given: dict[str, Given] = {}
        self._waiting: dict[str, list[Any]] = {}
        self._expanded: dict[str, list[Any]] = {}
        self.success = True

    @property
    def _previews(self) -> bool:
        """Newer servers let each prompt say it."""
        method = self._extra.get("preview_method", "default")
        if self._host.options.newer and method != "default":
            return bool(method != "none")
        return self._host.options.previews

    async def through(self, outputs: list[str]) -> None:
        """Run all that `outputs` need; never raises."""
        self._tell.say("execution_start", {"prompt_id": self._prompt_id})
        self._cache.start(self._graph, self._graph.prompt)
        for node_id in self._graph.prompt:
            if given := self._cache.get(node_id):
                self._take(node_id, given)
        cached = {"nodes": list(self._given), "prompt_id": self._prompt_id}
        self._tell.say("execution_cached", cached)
        for node_id in outputs:
            self._order.add(node_id)
        try:
            while self._order:
                await self._one()
        except Failed as failed:
            self._tell.failed(failed)
        except DependencyCycle as cycle:
            details = {"exception_message": str(cycle), "traceback": [], "current_inputs": []}
            details["exception_type"] = "graph.DependencyCycleError"
            self._tell.failed(Failed(self._order.blamed(), cycle, details))
        else:
            self._tell.say("execution_success", {"prompt_id": self._prompt_id})

    @property
    def result(self) -> dict[str, Any]:
        """What the history keeps of it."""
        shown = self._tell.shown
        return {
            "outputs": {node_id: one["output"] for node_id, one in shown.items()},
            "meta": {node_id: one["meta"] for node_id, one in shown.items()},
        }

    @property
    def status(self) -> dict[str, Any]:
        word = "success" if self.success else "error"
        messages = self._tell.messages
        return {"status_str": word, "completed": self.success, "messages": messages}

    async def _one(self) -> None:
        node_id = await self._order.next()
        kind = self._host.kinds[self._graph.node(node_id)["class_type"]]
        if given := self._known(node_id):
            self._take(node_id, given)
            self._tell.has_shown(node_id, given.ui["output"] if given.ui else None)
            self._progress.finished(node_id)
        else:
            self.success = False
            done = await self._run(node_id, kind)
            self.success = True
            if not done:
                return
            self._progress.finished(node_id)
            self._tell.executed.append(node_id)
        self._order.done(node_id)

    async def _run(self, node_id: str, kind: Kind) -> bool:
        """Run one node; False when it has to be asked again later. Raises `Failed`."""
        inputs: call.Lists = {}
        try:
            if node_id in self._waiting:
                tasks = self._waiting.pop(node_id)
                results = [r.result() if isinstance(r, asyncio.Task) else r for r in tasks]
            elif node_id in self._expanded:
                given = call.resolved(self._expanded.pop(node_id), self._output)
                self._finish(node_id, call.merged(given, kind), {})
                return True
            else:
                self._progress.started(node_id)
                inputs, missing = call.gather(
                    kind, self._graph.node(node_id)["inputs"], self._output, self._hidden(node_id)
                )
                self._tell.executing(node_id)
                if asked := call.lazy_names(kind, inputs, missing):
                    for name in asked:
                        self._order.link_input(node_id, name)
                    return False
                self._host.at_node(node_id, kind.name)
                results = await call.map_over(
                    kind, inputs, self._before(node_id, kind), self._on_block(node_id, kind)
                )
                if self._wait_for(node_id, results):
                    return False
            return self._sort_out(node_id, kind, results)
        except Exception as problem:
            raise failure(self._graph.real(node_id), problem, inputs) from problem

    def _wait_for(self, node_id: str, results: list[Any]) -> bool:
        """Let other nodes run while tasks of an async node are under way."""
        tasks = [result for result in results if isinstance(result, asyncio.Task)]
        if not tasks:
            return False
        self._waiting[node_id] = results
        release = self._order.block(node_id)

        async def end() -> None:
            await asyncio.gather(*tasks, return_exceptions=True)
            release()

        self._ender = asyncio.create_task(end())
        return True

    def _sort_out(self, node_id: str, kind: Kind, results: list[Any]) -> bool:
        outputs, ui, expands = call.sorted_out(results, kind)
        if ui:
            ui = self._host.shown(node_id, kind.name, ui)
            self._tell.show(node_id, ui)
        if expands:
            self._expand(node_id, outputs)
            return False
        self._finish(node_id, call.merged([values for _, values in outputs], kind), ui)
        return True

    def _finish(self, node_id: str, outputs: list[list[Any]], ui: dict[str, Any]) -> None:
        self._given[node_id] = Given(outputs, self._tell.shown[node_id] if ui else None)
        self._cache.put(node_id, self._given[node_id])

    def _expand(self, node_id: str, outputs: list[Any]) -> None:
        """Take in the nodes that a node brought; it ends when they have ended."""
        self._expanded[node_id] = outputs
        links, shows = [], []
        for graph, values in outputs:
            for new_id, node in (graph or {}).items():
                if self._graph.has(new_id):
                    raise ValueError(f"Attempt to add duplicate node {new_id}.")
                self._graph.bring(new_id, node, node_id, node_id)
                if self._host.kinds[node["class_type"]].is_output:
                    shows.append(new_id)
            links += [value for value in values or () if graph and is_link(value)]
        for new_id in shows:
            self._order.add(new_id)
        for source, slot in links:
            self._order.link(source, slot, node_id)

    def _before(self, node_id: str, kind: Kind) -> Callable[[int], None]:
        def before(index: int) -> None:
            self._host.interrupt.check()
            begin(
                Work(
                    self._prompt_id, node_id, kind.name, index, self._host.options,
                    self._host.folders, self._host.client_id, self._host.interrupt,
                    self._host.send, self._step, self._graph.prompt, self._previews,
                )
            )  # fmt: skip

        return before

    def _step(self, work: Work, value: float, total: float, preview: Any) -> None:
        """A progress bar moved. Raises `Interrupted`."""
        self._host.interrupt.check()
        self._host.at_step(work.node_id, work.class_type, value)
        self._progress.moved(work.node_id, value, total)
        place = self._progress.place(work.node_id)
        self._tell.step(work.node_id, value, total, preview, place)

    def _on_block(self, node_id: str, kind: Kind) -> Callable[[Blocker], Blocker]:
        def on_block(block: Blocker) -> Blocker:
            if block.message is None:
                return block
            self._tell.blocked(node_id, kind.name, block.message)
            return Blocker(None)

        return on_block

    def _take(self, node_id: str, given: Given) -> None:
        self._given[node_id] = given
        if given.ui:
            self._tell.shown[node_id] = given.ui

    def _known(self, node_id: str) -> Given | None:
        return self._given.get(node_id) or self._cache.get(node_id)

    def _is_cached(self, node_id: str) -> bool:
        return self._known(node_id) is not None

    def _output(self, node_id: str, slot: int) -> list[Any] | None:
        given = self._known(node_id)
        return given.outputs[slot] if given else None

    def _hidden(self, node_id: str) -> dict[str, Any]:
        return {
            "UNIQUE_ID": node_id,
            "PROMPT": self._graph.prompt,
            "EXTRA_PNGINFO": self._extra.get("extra_pnginfo"),
            "DYNPROMPT": self._graph,
        }
