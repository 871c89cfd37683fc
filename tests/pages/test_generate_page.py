"""The Generate page through NiceGUI's simulated user: what it holds, what a click asks for."""

import json
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User

from tests.app.test_pages import fire, only, until
from tests.pages.comfy_scribe import ComfyScribe
from vastgui.feed import Feed
from vastgui.pages import generate
from vastgui.pages.components.generation import Generation
from vastgui.pages.components.graph import GraphView
from vastgui.pages.components.nodes import Nodes
from vastgui.pages.components.outputs import Outputs
from vastgui.pages.components.params import Params
from vastgui.pages.components.presets import Presets
from vastgui.pages.components.shelf import Shelf
from vastgui.pages.components.target import TargetChoice
from vastgui.pages.drafts import Drafts
from vastgui.pages.uploads import Uploads
from vastgui.services import Services
from vastgui.ssh.connections import Connection
from vastgui.state import events as ev
from vastgui.state.plan import Plan

pytestmark = pytest.mark.anyio

KEY = "root@203.0.113.7:2222"


async def opened(user: User, workflow: str = "text-to-image") -> Params:
    """The form of a shipped workflow."""
    await user.open("/generate")
    fire(only(user, Shelf), "choose", workflow)
    element = only(user, Params)
    assert isinstance(element, Params)
    return element


def rows(params: Params) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in params._form()["rows"]}


def field(params: Params, role: str) -> str:
    return next(i for i, row in rows(params).items() if row["role"] == role)


def typed(params: Params, *changes: tuple[str, str]) -> None:
    """As the browser tells it: with the number of the last change."""
    fire(params, "set", {"changes": [list(change) for change in changes], "at": len(changes)})


def the_plan(services: Services) -> Plan:
    (run_id,) = services.history.ids()
    return services.run(run_id).plan()


async def test_the_library_has_previews_and_hides_nothing(user: User, services: Services) -> None:
    folder = services.paths.user_workflows / "mine"
    folder.mkdir(parents=True)
    (folder / "workflow.json").write_text("{", encoding="utf-8")
    await user.open("/generate")
    cards = {c["name"]: c for c in only(user, Shelf)._props["initial"]}
    assert cards["text-to-image"]["preview"] == "/previews/text-to-image"
    assert [name for name, card in cards.items() if card["broken"]] == ["mine"]
    assert cards["mine"]["own"]
    assert "is no JSON" in cards["mine"]["broken"]


async def test_three_clicks_start_a_run_on_the_instance_used_last(
    user: User, services: Services
) -> None:
    services.connections.remember(Connection(KEY, instance_id="77"))
    params = await opened(user)
    assert only(user, TargetChoice).chosen == KEY
    assert only(user, GraphView)._props["graph"]["nodes"]
    user.find(marker="Run").click()
    await until(services.history.ids)
    plan = the_plan(services)
    assert (plan.kind, plan.ssh_connection, plan.queue) == ("comfyui", KEY, "vast-77")
    assert plan.metadata["initiated_from"] == "gui"
    assert plan.steps[0].action == "preflight"
    assert params._form()["rows"]


async def test_what_is_typed_reaches_the_run_and_comes_back_from_it(
    user: User, services: Services
) -> None:
    services.connections.remember(Connection(KEY))
    params = await opened(user)
    prompt, seed = field(params, "prompt"), field(params, "seed")
    fire(params, "control", {"id": seed, "control": "fixed"})
    typed(params, (prompt, "a fox\nin snow"), (seed, str(2**64 - 1)))
    fire(params, "run")
    await until(services.history.ids)
    job = the_plan(services).steps[0].params
    assert job["parameters"][prompt] == "a fox\nin snow"
    assert job["parameters"][seed] == 2**64 - 1
    assert job["seed_controls"][seed] == "fixed"
    (run_id,) = services.history.ids()
    typed(params, (prompt, "something else"))
    await user.open(f"/generate?run={run_id}")
    shown = rows(only(user, Params))
    assert (shown[prompt]["value"], shown[seed]["value"]) == ("a fox\nin snow", str(2**64 - 1))


async def test_wrong_values_are_told_at_their_fields_and_nothing_runs(
    user: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = await opened(user)
    said: list[tuple[Any, ...]] = []
    monkeypatch.setattr(params, "run_method", lambda *words: said.append(words))
    steps = field(params, "steps")
    typed(params, (steps, "0"))
    user.find(marker="Run").click()
    assert ("go", steps) in said
    assert rows(params)[steps]["error"]
    typed(params, (steps, "9"))
    user.find(marker="Run").click()
    fields = user.find(kind=ui.input).elements
    line = next(e for e in fields if e._props["aria-label"] == "SSH connection")
    await until(lambda: line.error)
    assert "paste the line" in line.error
    assert services.history.ids() == []


async def test_check_runs_only_the_preflight_and_stays(user: User, services: Services) -> None:
    services.connections.remember(Connection(KEY))
    await opened(user)
    user.find(marker="Check").click()
    await until(services.history.ids)
    assert [s.action for s in the_plan(services).steps] == ["preflight"]
    await user.should_see(kind=Params)


async def test_the_draft_is_there_after_a_reload(user: User, services: Services) -> None:
    params = await opened(user)
    prompt = field(params, "prompt")
    typed(params, (prompt, "kept words"))
    await until(lambda: "kept words" in str(services.memory.get("generate")))
    await user.open("/generate")
    assert rows(only(user, Params))[prompt]["value"] == "kept words"


async def test_what_was_typed_right_before_a_run_is_there_after_it(
    user: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate.ui, "timer", lambda *_, **__: None)  # the page is left first
    services.connections.remember(Connection(KEY))
    params = await opened(user)
    prompt = field(params, "prompt")
    typed(params, (prompt, "a fox"))
    fire(params, "run")
    await until(lambda: Drafts(services.memory).sheet("library:text-to-image").get("typed"))
    await user.open("/generate")
    assert rows(only(user, Params))[prompt]["value"] == "a fox"


async def test_presets_and_favourites_are_kept(user: User, services: Services) -> None:
    params = await opened(user)
    steps, prompt = field(params, "steps"), field(params, "prompt")
    bar = only(user, Presets)
    typed(params, (steps, "8"))
    fire(bar, "save", "fast")
    typed(params, (steps, "30"), (prompt, "stays"))
    fire(bar, "apply", "fast")
    assert (rows(params)[steps]["value"], rows(params)[prompt]["value"]) == ("8", "stays")
    fire(bar, "drop", "fast")
    assert services.library.preferences.presets("text-to-image") == {}
    fire(bar, "undo", "fast")
    assert services.library.preferences.presets("text-to-image") == {"fast": {steps: 8}}
    plain = next(i for i, row in rows(params).items() if not row["role"])
    fire(params, "star", {"id": plain, "on": True})
    assert rows(params)[plain]["star"]
    assert services.library.preferences.pinned("text-to-image") == (plain,)


async def test_a_file_of_this_computer_goes_with_the_run(user: User, services: Services) -> None:
    services.connections.remember(Connection(KEY))
    params = await opened(user, "image-to-image")
    image = field(params, "input")
    upload = put(services, "my cat.png", b"\x89PNG\r\n\x1a\n" + bytes(40))
    fire(params, "file", {"id": image, "upload": upload})
    shown = rows(params)[image]["file"]
    assert (shown["name"], shown["src"]) == ("my cat.png", f"/uploads/{upload}")
    user.find(marker="Run").click()
    await until(services.history.ids)
    job = the_plan(services).steps[0].params
    (run_id,) = services.history.ids()
    assert (services.run(run_id).path / job["inputs"][image]).read_bytes().startswith(b"\x89PNG")


async def test_a_dropped_file_is_used_once_or_kept(user: User, services: Services) -> None:
    data = services.library.get("colour-card").path.read_bytes()
    upload = put(services, "From a friend.json", data)
    await user.open("/generate")
    fire(only(user, Shelf), "opened", upload)
    await user.should_see("From a friend.json")
    assert [w for w in services.library.all() if w.user] == []
    user.find(marker="Keep-in-library").click()
    (kept,) = (w for w in services.library.all() if w.user)
    assert kept.name == "From-a-friend"


async def test_a_file_that_is_of_no_use_says_why(
    user: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = put(services, "holiday.json", b'{"a": 1}')
    await user.open("/generate")
    said: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Shelf, "run_method", lambda _, *words: said.append(words))
    fire(only(user, Shelf), "opened", upload)
    (words,) = (w[1] for w in said if w[0] == "fail")
    assert words.startswith("“holiday.json” is JSON, but no ComfyUI workflow.")
    await user.should_not_see("no ComfyUI workflow")  # once is enough
    graph = b'{"nodes": [{"id": 1, "type": "FancyNode", "pos": [0, 0]}], "links": []}'
    fire(only(user, Shelf), "opened", put(services, "fancy.json", graph))
    await user.should_see("Press Check")
    await user.should_see("FancyNode")


async def test_nodes_that_the_instance_lacks_are_told_before_a_run(
    user: User, services: Services
) -> None:
    known = services.catalog.shipped().object_info
    queue = services.queue_of(Connection(KEY))
    services.connections.remember(Connection(KEY))
    services.catalog.save(queue, "0.3.64", {"SaveImage": known["SaveImage"]})
    prompt = b'{"1": {"class_type": "FancyNode", "inputs": {}}, "2": {"class_type": "SaveImage", '
    prompt += b'"inputs": {"images": ["1", 0], "filename_prefix": "a"}}}'
    await user.open("/generate")
    fire(only(user, Shelf), "opened", put(services, "fancy.json", prompt))
    await user.should_see("This instance lacks a node.")
    await user.should_see("FancyNode")
    graph = only(user, GraphView)
    assert isinstance(graph, GraphView)
    tones = {n["id"]: n["tone"] for n in (graph._graph or {})["nodes"]}
    assert tones == {"1": "bad", "2": ""}
    assert only(user, Params)  # the rest can be filled in


async def test_a_runs_page_shows_the_words_it_was_asked_for(
    user: User, feed: Feed, services: Services, scribe: ComfyScribe
) -> None:
    sent = {"1": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox in the snow"}}}
    await user.open(f"/run/{scribe.id}")
    shown = only(user, Generation)
    services.run(scribe.id).sent.write_text(json.dumps(sent), encoding="utf-8")
    scribe.prepare(["Prompt"])
    feed.poll()
    shown.snapshot()
    assert shown._sent["text"] == "a red fox in the snow"


async def test_only_changed_nodes_and_outputs_are_pushed(
    user: User, feed: Feed, scribe: ComfyScribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe.prepare([f"node {i}" for i in range(1000)])
    feed.poll()
    await user.open(f"/run/{scribe.id}")
    nodes, outputs = only(user, Nodes), only(user, Outputs)
    assert len(nodes._props["nodes"]) == 1000
    sent: list[tuple[Any, ...]] = []
    for element in (nodes, outputs):
        monkeypatch.setattr(element, "run_method", lambda *words: sent.append(words))
    scribe.write(ev.NodesChanged(node_ids=("500",), status="executing"))
    scribe.write(ev.NodeProgressed(node_id="500", percent=15, message="step 3 of 20"))
    scribe.save("a.png")
    feed.poll()
    for element in (nodes, outputs):
        element.changed(frozenset({scribe.id}))
    changed = [row for words in sent if words[0] == "patch" for row in words[1]]
    shown = {row.get("title") or row["name"]: row for row in changed}
    assert shown.keys() == {"node 499", "a.png"}
    assert shown["node 499"]["percent"] == 15


def put(services: Services, name: str, data: bytes) -> str:
    """A file as the browser hands it over."""

    class Sent:
        async def stream(self) -> Any:
            yield data

    return take(Uploads(services.paths.uploads), Sent(), name)


def take(uploads: Uploads, sent: Any, name: str) -> str:
    """Drive the coroutine by hand: nothing in it waits."""
    coroutine = uploads.take(sent, name)
    try:
        coroutine.send(None)
    except StopIteration as end:
        return str(end.value.id)
    raise AssertionError("it waited")
