"""What breaks, at random, under one ComfyUI run."""

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable

import psutil

from tests.chaos.comfy_lane import Lane, freeze
from vastgui.state.store import RunDir

RUDE = ("error", "delay", "cut", "drop_before", "drop_after", "text")
SOCKET = ("cut", "deaf", "stall", "drop", "double", "text")
EVENTS = ("executing", "executed", "progress_state", "progress", "status", "execution_start")
SHORT_S, LONG_S = (0.05, 0.3, 0.8, 1.5), (0.3, 1.5, 3.0, 9.0, 13.0)
"""How long something is away; the long ones are longer than pings and questions wait."""
SLOW_NODES, SAVE_NODES = ("7", "10", "12"), ("6", "9", "11", "13")


class Breaker(threading.Thread):
    """Breaks `lane` and the run that `current` names until `quota` faults have happened."""

    def __init__(
        self, lane: Lane, current: Callable[[], tuple[RunDir, int] | None], seed: int
    ) -> None:
        super().__init__(name=f"breaker-{lane.number}")
        self.done: Counter[str] = Counter()
        """Faults that happened, by name."""
        self.quota = 0
        self.pauses_s: tuple[float, ...] = SHORT_S
        self._lane, self._current = lane, current
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._met: Counter[str] = Counter()
        self._server = lane.server.pid
        self._deaths = 0

    @property
    def is_content(self) -> bool:
        return self.done.total() >= self.quota

    def run(self) -> None:
        while not self._over.wait(self._chance.uniform(0.0, 0.5)):
            if self.is_content or self._current() is None:
                continue
            self._count_orders()
            deed = self._chance.choices(list(DEEDS), [w for w, _ in DEEDS.values()])[0]
            DEEDS[deed][1](self, self._chance)
            self._count_orders()
            if self.is_content:
                self._lane.calm()

    def close(self) -> None:
        self._over.set()
        if self.ident is not None:
            self.join(60)

    # -- the link

    def break_link(self, chance: random.Random) -> None:
        proxy = self._lane.proxy
        name = proxy.break_somehow(chance)
        self._over.wait(chance.choice(self.pauses_s))
        proxy.heal()
        self.done[f"link {name}"] += 1

    # -- the runner

    def kill_runner(self, chance: random.Random) -> None:
        if process := self._runner():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                self.done["runner killed"] += 1

    def freeze_runner(self, chance: random.Random) -> None:
        if process := self._runner():
            freeze(process.pid, chance.choice(self.pauses_s), self._over)
            self.done["runner frozen"] += 1

    def _runner(self) -> psutil.Process | None:
        if (current := self._current()) is None:
            return None
        run, pid = current
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if any(str(run.path) in word for word in process.cmdline()):
                return process
        return None

    # -- the server

    def kill_server(self, chance: random.Random) -> None:
        self._lane.kill_server()
        self.done["server killed"] += 1

    def freeze_server(self, chance: random.Random) -> None:
        self._lane.freeze_server(chance.choice(self.pauses_s))
        self.done["server frozen"] += 1

    def let_server_die(self, chance: random.Random) -> None:
        """In the middle of a node, of a step, or with the last node done and no history yet."""
        match chance.randrange(3):
            case 0:
                self._order("node", "die", node=chance.choice(SLOW_NODES + SAVE_NODES))
            case 1:
                node, step = chance.choice(SLOW_NODES), chance.randrange(1, 8)
                self._order("step", "die", node=node, step=step)
            case _ if current := self._prompt_id():
                self._order("end", "die", prompt_id=current)

    def let_node_hang(self, chance: random.Random) -> None:
        self._order("node", "sleep", node=chance.choice(SLOW_NODES), seconds=chance.uniform(0.5, 2))

    def spoil_answers(self, chance: random.Random) -> None:
        """Of the queue, the history and whatever else is asked."""
        path = {"path": chance.choice(("/queue", f"/history/{self._prompt_id()}"))}
        facts = {} if chance.random() < 0.3 else path
        do = chance.choice(RUDE if facts else RUDE[:-1])  # a file of a wrong kind is no broken link
        times = chance.choice((1, 1, 3))
        self._order(
            "http", do, method="GET", times=times, seconds=chance.uniform(0.5, 2.5), **facts
        )

    def spoil_post(self, chance: random.Random) -> None:
        do = chance.choice(("delay", "cut", "drop_before", "drop_after"))
        path = chance.choice(("/prompt", "/prompt", "/upload/image"))
        self._order("http", do, method="POST", path=path, seconds=chance.uniform(0.5, 2.5))

    def spoil_socket(self, chance: random.Random) -> None:
        if chance.random() < 0.2:
            do = chance.choice(("refuse", "delay"))
            self._order("connect", do, status=503)
            return
        do, event = chance.choice(SOCKET), chance.choice(EVENTS)
        seconds = chance.uniform(0.5, 3.0)
        client = self._prompt_id()
        self._order(
            "ws", do, event=event, seconds=seconds, **({"client": client} if client else {})
        )

    def _order(self, at: str, do: str, **more: object) -> None:
        name = f"{at} {do}"
        if path := more.get("path"):
            name = f"{at} {str(path).split('/')[1]} {do}"
        self._lane.order(at, do, name=name, **more)

    def _prompt_id(self) -> str:
        """Of the current run, when it has sent one."""
        current = self._current()
        comfy = current[0].state().comfy if current else None
        return comfy.prompt_id if comfy else ""

    def _count_orders(self) -> None:
        """Orders count when they were met; those of a server that died are forgotten with it."""
        if (pid := self._lane.server.pid) != self._server:
            self._server, self._met = pid, Counter()
        hits = self._lane.hits()
        for name, count in hits.items():
            if (new := count - self._met[name]) > 0:
                self.done[name] += new
                self._met[name] = count
        new_deaths = self._lane.deaths - self._deaths
        self._deaths += new_deaths
        if new_deaths:
            self.done["server died at work"] += new_deaths


DEEDS: dict[str, tuple[int, Callable[[Breaker, random.Random], None]]] = {
    "link": (5, Breaker.break_link),
    "kill runner": (4, Breaker.kill_runner),
    "freeze runner": (1, Breaker.freeze_runner),
    "kill server": (2, Breaker.kill_server),
    "freeze server": (1, Breaker.freeze_server),
    "server dies": (1, Breaker.let_server_die),
    "node hangs": (1, Breaker.let_node_hang),
    "answers": (5, Breaker.spoil_answers),
    "post": (4, Breaker.spoil_post),
    "socket": (6, Breaker.spoil_socket),
}
