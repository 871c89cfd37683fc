"""What really happened to the prompts of a run, from the server's own record and both disks."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.comfy_lane import BIG_MB, Lane, files_of
from vastgui.state import events as ev
from vastgui.state.store import RunDir


@dataclass
class Story:
    """One ComfyUI run as its user sees it: launched, and continued until it completed."""

    prefix: str
    prompt: Mapping[str, Any]
    run_ids: list[str] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)


class Evidence:
    """`runs` are the story's, in order; the last one completed."""

    def __init__(self, story: Story, runs: list[RunDir], lane: Lane) -> None:
        self.story, self.runs, self.lane = story, runs, lane
        self.last = runs[-1]
        self.events = [events_of(run) for run in runs]
        self.intended = list(dict.fromkeys(e.prompt_id for e in self._all(ev.PromptIntended)))
        told = lane.told()
        marked = {t["prompt_id"] for t in told if self._is_ours(t)}
        self.ids = marked | set(self.intended)
        self.told = [t for t in told if t["prompt_id"] in self.ids]
        self.queued = [t for t in self.told if t["what"] == "queued"]
        self.ended = [t for t in self.told if t["what"] == "ended"]

    def wrongs(self) -> list[str]:
        """What must not be, in words."""
        found = [
            *self._wrong_outputs(),
            *self._generated_twice(),
            *self._unsaid(),
            *self._wrong_endings(),
            *self._percents(),
            *self._foreign(),
            *self._left_behind(),
        ]
        return [f"{self.story.prefix} ({' '.join(self.story.run_ids)}): {text}" for text in found]

    def _all(self, kind: type) -> list[Any]:
        return [e for events in self.events for e in events if isinstance(e, kind)]

    def _is_ours(self, told: Mapping[str, Any]) -> bool:
        return told["what"] == "begun" and self.story.prefix in str(told["prompt"])

    # -- nothing is lost

    def _wrong_outputs(self) -> Iterator[str]:
        """One that was killed when it tidied up leaves nothing to fetch to its continuation."""
        fetched = [(run, c) for run in self.runs if (c := run.state().comfy) and c.outputs]
        if not fetched:
            yield "no run has outputs"
            return
        last, comfy = fetched[-1]
        end = next((t for t in self.ended if t["prompt_id"] == comfy.prompt_id), None)
        if end is None or end["status"]["status_str"] != "success":
            yield f"the server did not complete {comfy.prompt_id}"
            return
        home = {o.filename: last.path / o.path for o in comfy.outputs if o.path}
        made = [file["filename"] for shown in end["outputs"].values()
                for files in shown.values() for file in files]  # fmt: skip
        for name in made:
            if name not in home or digest(home[name]) != digest(self.lane.folder / "output" / name):
                yield f"{name} is not at home as it was made"
        there = {p.name: digest(p) for p in files_of(self.lane, self.story.prefix)}
        if extra := [name for name in set(home) - set(made) if there[name] != digest(home[name])]:
            yield f"outputs that none of its prompts made: {extra}"
        if len(home) != len(comfy.outputs):
            yield f"{len(comfy.outputs)} outputs are shown, {len(home)} are there"
        everywhere = {digest(p) for run in self.runs for p in files_in(run.outputs)}
        for path in files_of(self.lane, self.story.prefix):
            if is_whole(path) and digest(path) not in everywhere:
                yield f"{path.name} was made, and its bytes are nowhere at home"

    # -- nothing is done twice

    def _generated_twice(self) -> Iterator[str]:
        """A server that lives has each run's prompt once, and none after its success was known."""
        servers = [t["server"] for t in self.queued]
        for server in set(servers):
            if (count := servers.count(server)) > 1:
                yield f"server {server} was given the prompt {count} times"
        if stray := self.ids - set(self.intended):
            yield f"prompts that were never written down: {stray}"
        success = [e.at for e in self._all(ev.PromptEnded) if e.outcome == "success"]
        if success and (late := [t for t in self.queued if t["at"] > success[0]]):
            yield f"queued again {late[0]['at'] - success[0]:.1f} s after it had succeeded"

    def _unsaid(self) -> Iterator[str]:
        """A prompt is queued again with a word, or because the user continues what failed."""
        known: set[str] = set()
        for events, run in zip(self.events, self.runs, strict=True):
            fresh = list(
                dict.fromkeys(e.prompt_id for e in events if isinstance(e, ev.PromptIntended))
            )
            requeued = run.state().comfy.requeued if run.state().comfy else 0  # type: ignore[union-attr]
            if requeued != max(len(fresh) - 1, 0):
                yield f"{run.id} queued {len(fresh)} prompts and says {requeued} again"
            reasons = {e.prompt_id: e.reason for e in reversed(events)
                       if isinstance(e, ev.PromptIntended)}  # fmt: skip
            for prompt_id in fresh:
                earlier = self.runs.index(run) - 1
                failed = earlier >= 0 and self.story.endings[earlier] == "failed"
                if known and prompt_id not in known and not reasons[prompt_id] and not failed:
                    yield f"{run.id} queued {prompt_id} again without a word"
                known.add(prompt_id)

    # -- the ending is right

    def _wrong_endings(self) -> Iterator[str]:
        for run, events in zip(self.runs, self.events, strict=True):
            ends = [e for e in events if isinstance(e, ev.RunEnded)]
            if len(ends) != 1 or events[-1] is not ends[0]:
                yield f"{run.id} has {len(ends)} endings, or something after it"
            logs = [run.runner_log, *run.logs.glob("*.log")]
            if any("Traceback" in p.read_text(errors="replace") for p in logs if p.exists()):
                yield f"{run.id} met a fault of vastgui"
            if any(isinstance(e, ev.RunBlocked) for e in events):
                yield f"{run.id} asked something"

    def _percents(self) -> Iterator[str]:
        for run, events in zip(self.runs, self.events, strict=True):
            seen: dict[object, float] = {}
            prompt_id, attempt = "", 0
            for event in events:
                match event:
                    case ev.PromptIntended():
                        prompt_id = event.prompt_id
                    case ev.StepStarted():
                        attempt += 1
                    case ev.StepProgressed(percent=percent) if percent is not None:
                        key = (event.step, prompt_id, attempt)
                        if not seen.get(key, 0) <= percent <= 100:
                            yield f"{run.id} step {event.step}: {seen[key]} % then {percent} %"
                        seen[key] = percent

    # -- what is others'

    def _foreign(self) -> Iterator[str]:
        for run in self.runs:
            if (comfy := run.state().comfy) is None:
                continue
            if strange := {n.node_id for n in comfy.nodes} - set(self.story.prompt):
                yield f"{run.id} shows nodes {strange}"
            if strange := {o.filename for o in comfy.outputs
                           if not o.filename.startswith(self.story.prefix)}:  # fmt: skip
                yield f"{run.id} shows outputs {strange}"

    def _left_behind(self) -> Iterator[str]:
        if parts := [p.name for p in self.last.path.rglob("*.part*")]:
            yield f"left at home: {parts}"
        staged = [p.name for p in (self.lane.folder / "input").rglob("*") if self._was_sent(p)]
        if staged and self.lane.sshd is not None:
            yield f"left on the server: {staged}"

    def _was_sent(self, path: Path) -> bool:
        return path.name.startswith(("vg-", ".vg-")) and self.story.prefix in path.name


def others_wronged(lane: Lane) -> Iterator[str]:
    """Prompts of the other client that did not end as if we were not there. Its queue is empty."""
    told, now = lane.told(), lane.server.pid
    servers = {t["prompt_id"]: t["server"] for t in told if t["what"] == "queued"}
    ends = {t["prompt_id"]: t["status"]["status_str"] for t in told if t["what"] == "ended"}
    for prompt_id in lane.others:
        if prompt_id in ends:
            if ends[prompt_id] != "success":
                yield f"another client's {prompt_id} ended with {ends[prompt_id]}"
        elif servers[prompt_id] == now:
            yield f"another client's {prompt_id} vanished"


def events_of(run: RunDir) -> list[ev.AnyEvent]:
    decoded = (ev.decode(line) for line in run.events.read_bytes().splitlines())
    return [event for event in decoded if event is not None]


def files_in(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()] if folder.is_dir() else []


def digest(path: Path) -> str:
    if not path.is_file():
        return "none"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(path: Path) -> bool:
    """A server that is killed may leave half a file."""
    data = path.read_bytes()
    return len(data) == BIG_MB << 20 or data.endswith(b"IEND\xaeB`\x82")
