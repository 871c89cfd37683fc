"""Plays recorded ComfyUI traffic to trackers, as a client with the same prompts would meet it."""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vastgui.comfy import answers, frames
from vastgui.comfy import changes as ch
from vastgui.comfy.failures import explain
from vastgui.comfy.progress import Tracker

RECORDINGS = Path(__file__).parents[2] / "data" / "recordings" / "comfyui"


def rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(RECORDINGS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


@dataclass
class Played:
    """One prompt of a recording: its tracker, and all that it said on the way."""

    tracker: Tracker
    client_id: str
    prompt: dict[str, Any]
    sent_at: float
    changes: list[ch.Change] = field(default_factory=list)
    percents: list[float] = field(default_factory=list)
    previews: list[str] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)

    def look(self, now: float) -> None:
        self.looked.append(now)
        self.changes += self.tracker.changes(now)
        self.percents.append(self.tracker.percent)

    def of(self, kind: type[ch.Change]) -> list[Any]:
        return [change for change in self.changes if isinstance(change, kind)]


def play(name: str) -> list[Played]:
    """Every accepted prompt of a recording, in order, played to its end."""
    tape = list(rows(name))
    prompts = [played for row in tape if (played := _submitted(row))]
    listening: dict[str, str] = {}
    for row in tape:
        if row["kind"] == "ws_open":
            listening[row["ws"]] = parse_qs(urlsplit(row["url"]).query).get("clientId", [""])[0]
        elif sid := row.get("json", {}).get("data", {}).get("sid"):
            listening[row["ws"]] = sid
        for played in prompts:
            if row["t"] >= played.sent_at:
                _show(played, row, listening)
                played.look(row["t"])
    for played in prompts:
        end = tape[-1]["t"] + 1
        played.tracker.gone("the recording ends here", end)
        played.look(end)
    return prompts


def _submitted(row: dict[str, Any]) -> Played | None:
    body = _answer(row, "POST", "/prompt")
    if "number" not in body or not isinstance(prompt_id := body.get("prompt_id"), str):
        return None
    sent = row["req"]["body"]
    client_id = sent.get("client_id") or sent.get("extra_data", {}).get("client_id") or ""
    return Played(Tracker(sent["prompt"], prompt_id), client_id, sent["prompt"], row["t"])


def _show(played: Played, row: dict[str, Any], listening: dict[str, str]) -> None:
    now, tracker = row["t"], played.tracker
    if row["kind"] == "ws" and played.client_id and listening.get(row["ws"]) == played.client_id:
        if frame := _frame(row):
            tracker.feed(frame, now)
            if (
                isinstance(frame, frames.Preview)
                and (node := tracker.preview_node(frame)) is not None
            ):
                played.previews.append(node)
                tracker.take_picture(frame)
    elif row["kind"] == "ws_open" and listening.get(row["ws"]) == played.client_id:
        tracker.gap()
    elif "queue_running" in (body := _answer(row, "GET", "/queue")):
        queue = answers.queue(body)
        ids = [[item.prompt_id for item in part] for part in (queue.running, queue.pending)]
        tracker.queue_seen(*ids, now)
    elif entry := _entry(_answer(row, "GET", "/history"), tracker.prompt_id):
        tracker.history_seen(entry, now)


def _entry(body: dict[str, Any], prompt_id: str) -> answers.HistoryEntry | None:
    return answers.history_entry(body, prompt_id) if prompt_id in body else None


def _frame(row: dict[str, Any]) -> frames.Message | frames.Preview | frames.NodeText | None:
    if "json" in row:
        return frames.parse_text(json.dumps(row["json"]))
    parts = (row["bin"].get("header_b64", ""), row["bin"].get("payload_first_b64", ""))
    return frames.parse_binary(b"".join(base64.b64decode(part) for part in parts))


def _answer(row: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    if row["kind"] != "http" or row["req"]["method"] != method:
        return {}
    body = (row.get("res") or {}).get("body")
    fits = urlsplit(row["req"]["path"]).path.removeprefix("/api").startswith(path)
    return body if fits and isinstance(body, dict) else {}


def summary(played: Played) -> str:
    """Like "success 100% | 1E 2E | save.png": what a person would see at the end."""
    letters = {"pending": ".", "executing": ">", "executed": "E", "cached": "C", "error": "X"}
    tracker = played.tracker
    assert tracker.verdict
    nodes = " ".join(f"{node.node_id}{letters[node.status]}" for node in tracker.nodes)
    files = [found.filename for found in played.of(ch.OutputFound)]
    files += [found.filename for found in played.of(ch.PictureFound)]
    files += [f"“{found.text}”" for found in played.of(ch.TextFound)]
    said = f"{tracker.verdict.outcome} {tracker.percent:.0f}% | {nodes} | {' '.join(files) or '-'}"
    if positions := [moved.position for moved in played.of(ch.QueueMoved)]:
        said += f" | behind {', '.join(map(str, positions))}"
    if played.previews:
        said += f" | {len(played.previews)} previews of {' '.join(sorted(set(played.previews)))}"
    if tracker.verdict.outcome in ("error", "interrupted"):
        said += f" | {explain(tracker.verdict, played.prompt).message}"
    return said
