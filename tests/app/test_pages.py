"""The pages through NiceGUI's simulated user: what they hold, what a click asks for."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import keyring
import pytest
from keyring.backends import fail
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

from vastgui.feed import Feed
from vastgui.pages.components.question import QuestionCard
from vastgui.pages.components.run_head import RunHead
from vastgui.pages.components.run_list import RunList
from vastgui.pages.components.sidebar import SHOWN, Sidebar
from vastgui.pages.components.steps import PlanSteps, RunSteps
from vastgui.pages.frame import make_root
from vastgui.secretstore import SecretStore
from vastgui.services import Services
from vastgui.ssh.connections import Connection
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.control import CommandReader
from vastgui.state.plan import new_id

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def feed(services: Services) -> Iterator[Feed]:
    made = Feed(services.history)
    yield made
    made.close()


@pytest.fixture
async def user(services: Services, feed: Feed) -> AsyncIterator[User]:
    async with user_simulation(make_root(services, feed)) as simulated:
        yield simulated


def fire(element: ui.element, name: str, args: object = None) -> None:
    """Let the element's own script emit an event, as the browser would."""
    from nicegui.events import GenericEventArguments, handle_event

    for listener in list(element._event_listeners.values()):
        if listener.type == name:
            event = GenericEventArguments(sender=element, client=element.client, args=args)
            handle_event(listener.handler, event)


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Let the page's background tasks work until `condition()` holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def only(user: User, kind: type[ui.element]) -> ui.element:
    (found,) = user.find(kind=kind).elements
    return found


async def test_setup_shows_the_template_and_its_steps(user: User) -> None:
    await user.open("/")
    await user.should_see("Set up an instance")
    await user.should_see("SSH connection")
    rows = only(user, PlanSteps)._props["steps"]
    off = [row["label"] for row in rows if not row["on"]]
    assert off == ["Reboot the instance", "Run a ComfyUI workflow"]
    assert rows[0]["label"] == "Test the SSH connection"


async def test_a_step_can_be_switched_off(user: User) -> None:
    await user.open("/")
    fire(only(user, PlanSteps), "toggle", {"i": 0, "on": False})
    assert only(user, PlanSteps)._props["steps"][0]["on"] is False


async def test_a_wrong_connection_is_refused_at_its_field(user: User, services: Services) -> None:
    await user.open("/")
    user.find(marker="Run").click()
    field = next(e for e in user.find(kind=ui.input).elements if "SSH" in e._props["aria-label"])
    assert "paste the line" in (field.error or "")
    field.set_value("root@box; reboot")
    user.find(marker="Run").click()
    assert field.error
    assert services.history.ids() == []


async def test_the_last_connection_is_there_again(user: User, services: Services) -> None:
    services.connections.remember(Connection("root@box:22", instance_id="77"))
    await user.open("/")
    texts = {e._props["aria-label"]: e.value for e in user.find(kind=ui.input).elements}
    assert (texts["SSH connection"], texts["Instance id"]) == ("root@box:22", "77")


async def test_run_becomes_stop_while_a_run_of_this_connection_lives(
    user: User, services: Services, feed: Feed, begin: Callable
) -> None:
    services.connections.remember(Connection("root@box:22"))
    run = begin(connection="root@box:22")
    feed.poll()
    await user.open("/")
    await user.should_see("Stop")
    await user.should_not_see(kind=PlanSteps)
    run.end()
    feed.poll_now()
    await user.should_see("Completed: ComfyUI setup.")
    assert user.find(kind=PlanSteps).elements


async def test_a_run_is_shown_with_banner_steps_and_buttons(
    user: User, feed: Feed, begin: Callable
) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0), ev.StepFinished(step=0, message="GPU found."))
    run.write(ev.StepStarted(step=1))
    feed.poll()
    await user.open(f"/run/{run.id}")
    head = only(user, RunHead)
    assert head._props["reconnected"] is True
    assert head._props["head"]["place"] == "step 2 of 3 is running"
    assert [a["verb"] for a in head._props["head"]["actions"]] == ["pause", "after_step", "now"]
    assert only(user, RunSteps)._props["steps"][0]["message"] == "GPU found."
    assert only(user, RunSteps)._props["selected"] == 1


async def test_only_changed_rows_are_pushed(
    user: User, feed: Feed, begin: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin()
    feed.poll()
    await user.open(f"/run/{run.id}")
    sent: list[tuple[object, ...]] = []
    steps = only(user, RunSteps)
    monkeypatch.setattr(steps, "run_method", lambda *words: sent.append(words))
    run.write(ev.StepStarted(step=1), ev.StepProgressed(step=1, percent=40, message="cloning"))
    feed.poll()
    steps.changed(frozenset({run.id}))
    rows = [row for words in sent if words[0] == "patch" for row in words[1]]
    assert {row["i"] for row in rows} == {1}
    assert rows[0]["percent"] == 40


async def test_buttons_ask_the_runner(user: User, feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    await user.open(f"/run/{run.id}")
    commands = CommandReader(run.run.control)
    fire(only(user, RunHead), "act", "pause")
    fire(only(user, RunHead), "act", "after_step")
    verbs: list[str] = []
    await until(lambda: verbs.extend(c.verb for c in commands.read()) or len(verbs) == 2)
    assert sorted(verbs) == ["pause", "stop"]


async def test_stop_now_asks_first(user: User, feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    await user.open(f"/run/{run.id}")
    fire(only(user, RunHead), "act", "now")
    await user.should_see("Stop this run now?")
    assert list(CommandReader(run.run.control).read()) == []
    user.find(marker="Stop-now").click()
    await user.should_not_see("Stop this run now?")
    (command,) = CommandReader(run.run.control).read()
    assert (command.verb, command.mode) == ("stop", "now")


async def test_a_question_is_answered(user: User, feed: Feed, begin: Callable) -> None:
    run = begin()
    asked = ev.RunBlocked(ask_id="q1", kind="host_key_unknown", question="?", choices=("trust",))
    run.write(ev.StepStarted(step=0), asked)
    feed.poll()
    await user.open(f"/run/{run.id}")
    card = only(user, QuestionCard)
    assert card._props["question"]["choices"] == [{"value": "trust", "label": "Trust this key"}]
    fire(card, "answer", {"ask_id": "q1", "choice": "trust"})
    (command,) = CommandReader(run.run.control).read()
    assert (command.verb, command.ask_id, command.answer) == ("answer", "q1", "trust")


async def test_a_long_record_is_read_beside_the_app(
    user: User, services: Services, begin: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe = begin()
    scribe.end("failed", "It broke.")
    monkeypatch.setattr(store, "LONG_RECORD_BYTES", 0)
    go_on, read = threading.Event(), services.history._read
    monkeypatch.setattr(services.history, "_read", lambda i: go_on.wait(10) and read(i))
    await user.open(f"/run/{scribe.id}")
    await user.should_see("Reading the run's record…")
    go_on.set()
    await user.should_see(kind=RunSteps, retries=100)
    await user.should_not_see("Reading the run's record…")
    assert only(user, RunHead)._props["head"]["word"] == "Failed"


async def test_an_unknown_run_says_so(user: User) -> None:
    await user.open(f"/run/{new_id()}")
    await user.should_see("This run cannot be shown")


async def test_an_unknown_page_leads_back(user: User) -> None:
    answer = await user.http_client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "Set up an instance" in answer.text


async def test_a_page_with_a_fault_says_so_and_keeps_the_frame(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("vastgui.pages.frame.RunsPage", broken)
    await user.open("/runs")
    await user.should_see("This page cannot be shown")
    assert only(user, Sidebar)


async def test_a_run_that_waits_for_an_answer_is_never_out_of_sight(
    user: User, feed: Feed, begin: Callable
) -> None:
    asking = begin("Asks")
    asking.write(ev.StepStarted(step=0), ev.RunBlocked(ask_id="1", question="Trust it?"))
    for number in range(SHOWN):
        begin(f"Newer {number}")
    feed.poll()
    await user.open("/")
    live = only(user, Sidebar)._props["live"]
    assert len(live) == SHOWN
    assert live[0]["id"] == asking.id


async def test_the_list_pages_filters_and_shows_damaged_runs(
    user: User, feed: Feed, begin: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, torn = begin("Alpha"), begin("Beta")
    done.end()
    torn.run.spec.write_text("{")
    feed.poll()
    await user.open("/runs")
    shown: list[dict[str, list[dict[str, str]]]] = []
    runs = only(user, RunList)
    monkeypatch.setattr(runs, "run_method", lambda _name, page: shown.append(page))
    fire(runs, "query", {"text": "", "status": "", "page": 0})
    await until(lambda: shown)
    words = {row["id"]: row["word"] for row in shown[-1]["rows"]}
    assert words == {done.id: "Completed", torn.id: "Unreadable"}


async def test_what_the_limits_moved_to_the_trash_is_said_and_comes_back(
    user: User, services: Services, begin: Callable
) -> None:
    oldest = begin("Alpha")
    oldest.end()
    begin("Beta").end()
    services.settings = replace(services.settings, keep_runs=1)
    services.tidy()
    services.tidy()  # as the next start of an app whose pages nobody looked at
    assert services.history.untold() == [oldest.id]
    await user.open("/runs")
    assert services.history.untold() == []
    await user.should_see("1 old run beyond what your settings keep (keep_runs: 1)")
    user.find(marker="Bring-back-and-pin").click()
    await until(lambda: oldest.id in services.history.ids())
    assert services.history.is_pinned(oldest.id)
    services.tidy()
    assert oldest.id in services.history.ids()


async def test_the_agent_is_used_only_when_asked(
    user: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def launch(*_: object, use_agent: bool, **_rest: object) -> str:
        asked.append(use_agent)
        return new_id()

    monkeypatch.setattr(services, "launch_setup", launch)
    services.connections.remember(Connection("root@box:22"))
    await user.open("/")
    user.find(marker="Run").click()
    await until(lambda: asked == [False])
    user.find(kind=ui.checkbox).click()
    user.find(marker="Run").click()
    await until(lambda: asked == [False, True])


async def test_settings_of_the_look_are_kept(user: User, services: Services) -> None:
    from vastgui.pages.components.sidebar import Sidebar

    await user.open("/")
    fire(only(user, Sidebar), "look", "dark")
    assert services.memory.get("dark") is True


@pytest.mark.row("S44")
async def test_the_form_says_honestly_that_secrets_are_kept_in_a_file(
    user: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "secrets", SecretStore(replace(services.paths, portable=False)))
    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    await user.open("/")
    with user:
        for details in [e for e in user.find(kind=ui.element).elements if e.tag == "details"]:
            fire(details, "toggle")
    await user.should_see(
        "Kept in a file that only you can read, not encrypted (this system offers no keyring)."
    )


async def test_the_system_page_says_what_the_doctor_finds_and_puts_it_right(
    user: User, services: Services
) -> None:
    loose = services.paths.config / "notes.yaml"
    loose.write_text("x")
    loose.chmod(0o644)
    await user.open("/system")
    await user.should_see("Others on this computer may use this: mode 0644 instead of 0600.")
    await user.should_see("api.secret")
    await user.should_see("None can reach this app.")
    user.find(marker="Put-right-what-can-be").click()
    await until(lambda: loose.stat().st_mode & 0o777 == 0o600)
    await user.should_not_see("mode 0644")


async def test_a_list_that_was_read_before_an_ending_shows_the_ending(
    user: User, services: Services, feed: Feed, begin: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin("Read too early")
    feed.poll()
    before = services.history.find()
    run.end("crashed")
    feed.poll()
    monkeypatch.setattr(services.history, "find", lambda **_: before)
    await user.open("/runs")
    shown = only(user, RunList)
    fire(shown, "ready")
    await until(lambda: shown._rows)
    assert shown._rows[run.id]["word"] == "Crashed"
