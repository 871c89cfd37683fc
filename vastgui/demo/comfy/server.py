"""The practice ComfyUI as a whole: one process, one event loop, one worker thread."""

import asyncio
import os
import signal
import socket
import threading
import time
from typing import Any

from aiohttp import web

from vastgui.demo.comfy import middlewares, routes
from vastgui.demo.comfy.execute import Executor, Run
from vastgui.demo.comfy.faults import Faults
from vastgui.demo.comfy.folders import Folders
from vastgui.demo.comfy.interfere import interfere
from vastgui.demo.comfy.kinds import Kinds
from vastgui.demo.comfy.logs import LOG, Logs
from vastgui.demo.comfy.options import Options
from vastgui.demo.comfy.queue import PromptQueue
from vastgui.demo.comfy.record import Record
from vastgui.demo.comfy.sockets import Sockets
from vastgui.demo.comfy.work import Interrupt


class Server:
    """Everything that the routes and the executor share."""

    def __init__(self, options: Options, kinds: Kinds, folders: Folders) -> None:
        self.options, self.kinds, self.folders = options, kinds, folders
        self.faults = Faults(options.faults)
        self.record = Record(options.record)
        self.features = {
            "supports_preview_metadata": True,
            "max_upload_size": _whole(options.max_upload_mb * 1024 * 1024),
        }
        self.sockets = Sockets(self.faults, self.features)
        self.queue = PromptQueue(self._queue_changed)
        self.interrupt = Interrupt()
        self.logs = Logs(self.send)
        self.number = 0
        self.client_id: str | None = None
        self.last_node_id: str | None = None
        self.times: dict[str, dict[str, int]] = {}
        """For /api/jobs: ms of creation, start and end, by prompt."""

    def send(self, event: Any, data: Any, client_id: str | None) -> None:
        self.sockets.send(event, data, client_id)

    def prefers_metadata(self, client_id: str | None) -> bool:
        return self.sockets.prefers_metadata(client_id)

    def queue_info(self) -> dict[str, Any]:
        return {"exec_info": {"queue_remaining": self.queue.remaining}}

    def running_node(self, client_id: str) -> str | None:
        """What a client that connects is told: the node of its prompt that runs now."""
        return self.last_node_id if self.client_id == client_id else None

    def at_node(self, node_id: str, class_type: str) -> None:
        if fault := self.faults.met("node", node=node_id, class_type=class_type):
            interfere(fault, self.interrupt)

    def at_step(self, node_id: str, class_type: str, value: float) -> None:
        fault = self.faults.met("step", node=node_id, class_type=class_type, step=value)
        if fault is not None:
            interfere(fault, self.interrupt)

    def shown(self, node_id: str, class_type: str, ui: dict[str, Any]) -> dict[str, Any]:
        """What a node shows, or what a fault puts in its place."""
        fault = self.faults.met("output", node=node_id, class_type=class_type)
        if fault is None:
            return ui
        if fault.do == "names":
            files = [
                {"filename": n, "subfolder": "", "type": "output"} for n in fault.given["names"]
            ]
            return {"images": files}
        answer: dict[str, Any] = fault.given["json"]
        return answer

    def work(self) -> None:
        """The worker thread: one prompt after another, for ever."""
        executor = Executor(self)
        while True:
            taken = self.queue.take(1000)
            if taken is not None:
                item, key = taken
                started = time.perf_counter()
                self._time(item[1], "start")
                self.record.add("begun", item[1], prompt=item[2])
                run = executor.execute(item[2], item[1], item[3], item[4])
                self._end(run, item[1], key)
                LOG.info("Prompt executed in %.2f seconds", time.perf_counter() - started)
            flags = self.queue.flags()
            if flags.get("free_memory"):
                executor.cache.clear()

    def _end(self, run: Run, prompt_id: str, key: int) -> None:
        fault = self.faults.met("end", prompt_id=prompt_id)
        if fault is not None and fault.do != "lose":
            interfere(fault, self.interrupt)
        self._time(prompt_id, "end")
        self.record.add("ended", prompt_id, status=run.status, outputs=run.result["outputs"])
        self.queue.done(key, run.result, run.status)
        if fault is not None and fault.do == "lose":
            self.queue.forget(prompt_id)
        if self.client_id is not None:
            self.send("executing", {"node": None, "prompt_id": prompt_id}, self.client_id)

    def _time(self, prompt_id: str, name: str) -> None:
        self.times.setdefault(prompt_id, {})[name] = int(time.time() * 1000)

    def _queue_changed(self) -> None:
        self.send("status", {"status": self.queue_info()}, None)

    def created(self, prompt_id: str, extra: dict[str, Any]) -> None:
        """Note when a prompt was taken in; newer servers write it into its extra_data."""
        self._time(prompt_id, "create")
        self.record.add("queued", prompt_id)
        if self.options.newer:
            extra["create_time"] = self.times[prompt_id]["create"]

    def app(self) -> web.Application:
        size = int(self.options.max_upload_mb * 1024 * 1024)
        app = web.Application(client_max_size=size, middlewares=middlewares.chosen(self))
        routes.add(app, self)
        return app

    async def run(self, listener: socket.socket) -> None:
        """Serve until the process ends."""
        publisher = asyncio.create_task(self.sockets.publish())
        runner = web.AppRunner(self.app(), access_log=None, handle_signals=False)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        threading.Thread(target=self.work, daemon=True).start()
        await publisher


def _whole(number: float) -> float | int:
    return int(number) if number == int(number) and number > 1048576 else number


def serve(options: Options, kinds: Kinds, folders: Folders) -> None:
    """Listen and never return; SIGTERM ends at once, as it does the real one."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.listen, options.port))
    listener.listen(128)
    server = Server(options, kinds, folders)
    LOG.info("Starting server\n")
    LOG.info("To see the GUI go to: http://%s:%s", options.listen, listener.getsockname()[1])
    try:
        asyncio.run(server.run(listener))
    except KeyboardInterrupt:
        LOG.info("\nStopped server")
        os._exit(0)
