"""Follows one prompt: socket frames, queue and history in; changes for the state file out.

Pure: the caller hands in every frame and every `now` (seconds of a steady clock). The socket is a
hint, the history entry the truth: only `history_seen` (or `gone`) ends a prompt.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from vastgui.comfy import changes as ch
from vastgui.comfy import values
from vastgui.comfy.closing import close
from vastgui.comfy.ledger import Ledger
from vastgui.comfy.messages import Frame, Message, NodeText, Preview
from vastgui.comfy.nodes import Board, Node, reachable
from vastgui.comfy.outcome import (
    Verdict,
    error_from,
    interruption_from,
    lost,
    raw_entry,
    verdict,
)
from vastgui.comfy.outputs import MAX_OUTPUTS
from vastgui.comfy.pace import History, eta_s, fraction
from vastgui.comfy.pictures import Pictures
from vastgui.comfy.reader import Reader

PER_SECOND = 10.0
"""Changes a second that are handed out while a prompt runs, on average."""


class Tracker:
    """One submission of a prompt. Ask `changes` a few times a second."""

    def __init__(
        self,
        prompt: Mapping[str, Any],
        prompt_id: str,
        *,
        outputs_to_execute: Iterable[str] | None = None,
        history: History | None = None,
        first_output: int = 0,
        max_outputs: int = MAX_OUTPUTS,
        per_second: float = PER_SECOND,
    ) -> None:
        """`first_output` numbers the first output (those of an earlier submission stay)."""
        self.prompt_id = prompt_id
        self.position: int | None = None
        """Prompts before ours; None while that is unknown and once it runs."""
        self.verdict: Verdict | None = None
        self.finished_hint = False
        """The socket says that the prompt ended: its history entry is there, or nearly."""
        self._board = Board(prompt)
        self._reader = Reader(self._board)
        self._wanted = reachable(prompt, outputs_to_execute or ()) or set(prompt)
        self._history = history or History()
        self._ledger = Ledger(first_output, max_outputs)
        self._pictures = Pictures(self._board, self._ledger)
        self._facts: list[ch.Change] = []
        self._started_at: float | None = None
        self._said: Verdict | None = None
        self._gap = False
        self._percent = 0.0
        self._pause_s, self._next_at = 1 / per_second, float("-inf")

    # -- what is known ------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return self._started_at is not None and self.verdict is None and not self.finished_hint

    @property
    def nodes(self) -> Collection[Node]:
        return self._board.nodes.values()

    @property
    def percent(self) -> float:
        """0 to 100, never going back; 100 only after success."""
        if self.verdict is not None and self.verdict.outcome == "success":
            return 100.0
        self._percent = max(self._percent, 100 * fraction(self._to_do(), self._history))
        return self._percent

    def eta_s(self, now: float) -> float | None:
        """Seconds to the end; None while unknown, while queued and once it ended."""
        if not self.is_running or self._started_at is None:
            return None
        return eta_s(self._to_do(), self._history, started_at=self._started_at, now=now)

    def preview_node(self, preview: Preview) -> str | None:
        """The node a preview belongs to ("" unknown); None when it is not of this prompt."""
        if not self.is_running or preview.prompt_id not in ("", self.prompt_id):
            return None
        if node := self._board.find(preview.node_id):
            return node.node_id
        running = [node.node_id for node in self.nodes if node.status == "executing"]
        return running[-1] if running else ""

    def take_picture(self, preview: Preview) -> None:
        """Keep a frame that is an output: the only copy of what a node saved."""
        if found := self._pictures.take(preview, self.preview_node(preview)):
            self._facts.append(found)

    # -- what comes in ------------------------------------------------------------------------

    def feed(self, frame: Frame, now: float) -> None:
        """Take one frame of the socket; frames of other prompts change nothing."""
        if self.verdict is not None:
            return
        if isinstance(frame, NodeText):
            self._node_text(frame)
        elif isinstance(frame, Message) and self._is_ours(frame):
            self._message(frame.type, frame.data, now)

    def gap(self) -> None:
        """The socket was away: frames may be missing."""
        self._gap = self._gap or self._said is None

    def queue_seen(self, running: Iterable[str], pending: Iterable[str], now: float) -> int | None:
        """Take the queue's ids (`pending` in the order of execution); return our position."""
        ahead = list(running)
        if self.prompt_id in ahead:
            self._start(None, now)
            return 0
        waiting = list(pending)
        if self.prompt_id not in waiting or self.is_running or self.verdict is not None:
            return None
        position = len(ahead) + waiting.index(self.prompt_id)
        if position != self.position:
            self.position = position
            self._facts = [f for f in self._facts if not isinstance(f, ch.QueueMoved)]
            self._facts.append(ch.QueueMoved(position))
        return position

    def history_seen(self, entry: Any, now: float) -> Verdict:
        """Take the prompt's history entry: it ends the prompt. A second time changes nothing."""
        if self.verdict is not None:
            return self.verdict
        found, entry = verdict(entry), raw_entry(entry)
        if found.outcome == "success" and self._said and self._said.outcome == "error":
            # A blocker with a message: only the socket ever says so (recording 07).
            found = replace(self._said, started_at=found.started_at, ended_at=found.ended_at)
        self._board.cached(found.cached)
        self._outputs(entry.get("outputs"), values.mapping(entry.get("meta")))
        return self._end(found, now)

    def gone(self, reason: str, now: float) -> Verdict:
        """Neither queue nor history know the prompt (any more): say what became of it."""
        if self.verdict is not None:
            return self.verdict
        said = self._said
        if said and said.outcome == "success" and self._gap:
            said = None  # the names of some outputs may have been missed
        return self._end(said or lost(reason), now)

    def _is_ours(self, message: Message) -> bool:
        """The frame a reconnect is greeted with names no prompt, but comes only for our own."""
        if message.type == "executing" and "prompt_id" not in message.data:
            return message.data.get("node") is not None
        return message.data.get("prompt_id") == self.prompt_id

    def _message(self, kind: str, data: dict[str, Any], now: float) -> None:
        if kind == "executing" and "prompt_id" not in data:
            self.gap()
        if kind == "execution_start":
            self._gap = False  # whatever was missed came before
        match kind:
            case "execution_success":
                self._said = self._said or Verdict(outcome="success")
            case "execution_error":
                self._failed(error_from(data), now)
            case "execution_interrupted":
                self._said = interruption_from(data)
            case "executing" if data.get("node") is None:
                self.finished_hint = True
            case _:
                self._start(values.wall_time(data.get("timestamp")), now)
                self._reader.read(kind, data, now)
        if kind == "executed" and (raw_id := values.node_id(data.get("node"))):
            about = {"display_node": data.get("display_node")}
            self._outputs({raw_id: data.get("output")}, {raw_id: about})

    def _failed(self, found: Verdict, now: float) -> None:
        self._said = found
        if node := self._board.find(found.node_id):
            self._board.fail(node, values.text(found.error), now)

    def _node_text(self, frame: NodeText) -> None:
        node = self._board.find(frame.node_id) if self.is_running else None
        if node and node.status == "executing" and (said := values.text(frame.text, 200)):
            self._board.say(node, said)

    def _start(self, at: float | None, now: float) -> None:
        if self._started_at is None and self.verdict is None:
            self._started_at, self.position = now, None
            self._facts.append(ch.PromptStarted(at))

    def _outputs(self, outputs: Any, meta: Mapping[str, Any]) -> None:
        self._facts += self._ledger.take(outputs, self._board, meta)

    def _end(self, found: Verdict, now: float) -> Verdict:
        self.verdict = found
        knows_all = self.finished_hint or self._said is not None
        close(self._board, found, self._wanted, now, knows_all=knows_all)
        if found.outcome == "success":
            self._facts += self._pictures.missed(gap=self._gap)
        if more := self._ledger.left_out():
            self._facts.append(more)
        self._facts.append(ch.Ended(found))
        return found

    def _to_do(self) -> list[Node]:
        return [n for n in self.nodes if n.node_id in self._wanted or n.status != "pending"]

    # -- what goes out ------------------------------------------------------------------------

    def changes(self, now: float) -> list[ch.Change]:
        """What happened since the last call, oldest facts first, paced."""
        out, self._facts = self._facts, []
        self._pictures.handed_out()
        ended = [f for f in out if isinstance(f, ch.Ended | ch.OutputsLeftOut)]
        out = [f for f in out if not isinstance(f, ch.Ended | ch.OutputsLeftOut)]
        if ended or now >= self._next_at or now < self._next_at - 60:
            paced = self._node_changes() or self._one_move()
            if paced:
                self._next_at = now + len(paced) * self._pause_s
            out += paced
        return out + ended

    def _node_changes(self) -> list[ch.Change]:
        groups: dict[tuple[str, str], list[str]] = {}
        for node_id in self._board.changed:
            node = self._board.nodes[node_id]
            groups.setdefault((node.status, node.message), []).append(node_id)
        self._board.changed.clear()
        # What runs comes last: it is the node to look at.
        ordered = sorted(groups.items(), key=lambda group: group[0][0] == "executing")
        return [ch.NodesChanged(tuple(ids), *key) for key, ids in ordered]

    def _one_move(self) -> list[ch.Change]:
        for node_id in list(self._board.moved)[:1]:
            del self._board.moved[node_id]
            node = self._board.nodes[node_id]
            shown = None if node.fraction is None and not node.parts else 100 * node.done
            return [ch.NodeProgressed(node_id, shown, node.message)]
        return []
