"""What a user sees in a real browser, with a real app process behind it."""

import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.app.scribe import Scribe
from tests.e2e.conftest import PATIENCE_MS, App, Tab
from tests.waiting import wait_until
from vastgui.state import events as ev

pytestmark = pytest.mark.e2e
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Tab]
Begin = Callable[..., Scribe]
NAMELESS = """() => [...document.querySelectorAll("button, a, input, textarea, summary")]
  .filter((e) => e.offsetParent && !(e.labels?.length || (e.ariaLabel || e.innerText || e.title || "").trim()))
  .map((e) => e.outerHTML)"""
HOSTILE = "<img src=x onerror=window.__hit=1>${7*7}{{ 7*7 }}"


def status(page: Page) -> str:
    return page.locator(".vg-chip[role=status]").inner_text()


def test_a_link_signs_in_once(app: App, open_tab: Open, context: BrowserContext) -> None:
    link = app.sign_in_url()
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_role("heading", name="Set up an instance")).to_be_visible()
    assert page.url == f"{app.url}/"
    (cookie,) = context.cookies()
    assert cookie["name"] == f"vastgui_{app.port}"
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    answer = page.goto(link)
    assert answer is not None
    assert answer.status == 401
    assert "older than a minute" in page.inner_text("body")


def test_a_run_is_watched_live_to_its_end(open_tab: Open, begin: Begin) -> None:
    run = begin()
    page = open_tab(f"/run/{run.id}").page
    assert status(page) == "Running"
    run.write(ev.StepStarted(step=0))
    run.write(ev.StepFinished(step=0, message="RTX 4090, 412 GB free"))
    run.write(ev.StepStarted(step=1), ev.ItemsListed(step=1, labels=("pack-a", "pack-b")))
    run.write(ev.ItemChanged(step=1, item=0, status="active", message="cloning", percent=40))
    expect(page.get_by_text("RTX 4090, 412 GB free")).to_be_visible()
    expect(page.locator(".vg-item.is-active")).to_contain_text("pack-a")
    expect(page.locator("li[aria-current=step]")).to_contain_text("install custom nodes")
    run.write(ev.StepErred(step=1, error="pack-a: not found.", hint="Check its address."))
    run.end("failed", "pack-a: not found.")
    expect(page.locator(".vg-error")).to_contain_text("Check its address.")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert status(page) == "Failed"


def test_reload_in_the_middle_says_that_the_run_goes_on(open_tab: Open, begin: Begin) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0), ev.StepFinished(step=0), ev.StepStarted(step=1))
    page = open_tab(f"/run/{run.id}").page
    page.reload()
    banner = "Reconnected: step 2 of 3 is running. You can close this page, the run goes on."
    expect(page.get_by_text(banner)).to_be_visible()
    run.write(ev.StepProgressed(step=1, percent=50, message="half of it"))
    expect(page.get_by_text("half of it")).to_be_visible()
    run.end()
    expect(page.locator(".vg-chip[role=status]")).to_have_text("Completed")
    expect(page.get_by_text(banner)).to_be_hidden()


def test_two_tabs_see_the_same_end(open_tab: Open, begin: Begin) -> None:
    run = begin("Seen twice")
    first, second = open_tab(f"/run/{run.id}").page, open_tab("/runs").page
    row = second.locator(".vg-row", has_text="Seen twice")
    expect(row).to_contain_text("Running")
    run.end("crashed", "The runner was killed.")
    expect(first.locator(".vg-chip[role=status]")).to_have_text("Crashed")
    expect(row).to_contain_text("Crashed")
    expect(first.get_by_role("alert")).to_contain_text("The runner was killed.")


@pytest.mark.row("R3")
@pytest.mark.own_app
def test_the_tab_comes_back_when_the_app_was_killed(app: App, open_tab: Open, begin: Begin) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0))
    tab = open_tab(f"/run/{run.id}")
    expect(tab.page.locator("li[aria-current=step]")).to_contain_text("test ssh")
    app.end(signal.SIGKILL)
    expect(tab.page.locator("#popup")).to_be_visible()
    said = tab.page.locator("#popup > span").first.evaluate(
        "(span) => getComputedStyle(span, '::after').content"
    )
    assert said == '"vastgui was closed. Your runs go on."'
    run.write(ev.StepFinished(step=0, message="went on alone"), ev.StepStarted(step=1))
    app.start()
    expect(tab.page.get_by_text("went on alone")).to_be_visible()
    expect(tab.page.get_by_text("Reconnected: step 2 of 3 is running.")).to_be_visible()
    assert tab.page.url == f"{app.url}/run/{run.id}"
    tab.faults = [f for f in tab.faults if not re.search("ERR_CO|WebSocket", f)]


@pytest.mark.own_app
def test_a_run_outlives_the_app(app: App, begin: Begin) -> None:
    run = begin()
    assert app.end(signal.SIGTERM) == 0
    assert not run.run.state().is_terminal


def test_setup_shows_errors_at_their_fields(open_tab: Open, app: App) -> None:
    before = sorted(app.paths.runs.iterdir())
    page = open_tab("/").page
    page.get_by_role("textbox", name="SSH connection").fill("")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Is missing: paste the line that Vast.ai shows.")).to_be_visible()
    page.get_by_role("textbox", name="SSH connection").fill("root@box; reboot")
    page.get_by_role("textbox", name="Instance id").fill("a/b")
    page.get_by_role("textbox", name="Key file").fill("/nowhere/id")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".q-field--error")).to_have_count(2)
    assert sorted(app.paths.runs.iterdir()) == before


def test_run_leads_to_the_wrong_field_even_in_a_folded_section(open_tab: Open) -> None:
    page = open_tab("/").page
    page.get_by_role("textbox", name="SSH connection").fill("root@box:2838")
    page.get_by_role("textbox", name="Instance id").fill("")
    delay = page.get_by_role("textbox", name="Pause between steps")
    folded = page.get_by_text("Settings of this template")
    folded.click()
    delay.fill("soon")
    folded.click()
    expect(delay).to_be_hidden()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(delay).to_be_focused()
    delay.fill("0")


def test_a_question_is_put_and_left_by_keyboard(open_tab: Open, begin: Begin) -> None:
    page = open_tab(f"/run/{begin().id}").page
    stop = page.get_by_role("button", name="Stop now")
    stop.press("Enter")
    expect(page.get_by_role("dialog", name="Stop this run now?")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(stop).to_be_focused()


def test_nothing_moves_for_those_who_asked_for_less_motion(open_tab: Open, begin: Begin) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0))
    page = open_tab(f"/run/{run.id}").page
    moving = "document.getAnimations().filter((a) => a.animationName).length"
    wait_until(lambda: page.evaluate(moving))
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


def test_the_draft_of_the_form_survives_a_reload(open_tab: Open, app: App) -> None:
    page = open_tab("/").page
    page.get_by_role("textbox", name="SSH connection").fill("root@box:2838")
    page.get_by_role("textbox", name="SSH connection").blur()
    memory = app.paths.state / "ui.json"
    wait_until(lambda: memory.exists() and "root@box:2838" in memory.read_text())
    page.reload()
    expect(page.get_by_role("textbox", name="SSH connection")).to_have_value("root@box:2838")


def test_runs_are_found_deleted_and_brought_back(open_tab: Open, begin: Begin) -> None:
    for label in ("Alpha", "Beta"):
        begin(label).end()
    page = open_tab("/runs").page
    expect(page.locator(".vg-row", has_text="Beta")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("alph")
    expect(page.locator(".vg-row")).to_have_count(1)
    page.get_by_role("button", name="Delete Alpha").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("No run fits")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".vg-row")).to_contain_text("Alpha")


def test_the_palette_goes_to_a_run(open_tab: Open, begin: Begin, app: App) -> None:
    run = begin("My box")
    page = open_tab("/").page
    page.keyboard.press("Control+k")
    page.keyboard.type("my box")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{app.url}/run/{run.id}")
    expect(page.locator("h1")).to_have_text("My box")


def test_a_long_log_stays_light_and_follows_its_end(open_tab: Open, begin: Begin) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0))
    log = run.run.step_log(0, "test_ssh")
    log.write_text("".join(f"line {n}\n" for n in range(30_000)))
    page = open_tab(f"/run/{run.id}").page
    expect(page.get_by_text("line 29999")).to_be_visible()
    with log.open("a") as file:
        file.write("the newest line\n")
    expect(page.get_by_text("the newest line")).to_be_visible()
    assert page.locator(".vg-log-line").count() < 100
    page.locator(".vg-log-view").evaluate("view => (view.scrollTop = 0)")
    expect(page.get_by_role("button", name="Follow")).to_be_visible()


@pytest.mark.row("S38")
def test_hostile_text_is_only_text(open_tab: Open, begin: Begin) -> None:
    run = begin(HOSTILE, f"root@{HOSTILE}")
    run.write(ev.StepStarted(step=0), ev.StepFinished(step=0, message=HOSTILE))
    run.write(ev.StepStarted(step=1), ev.ItemsListed(step=1, labels=(HOSTILE,)))
    asked = ev.RunBlocked(
        ask_id="1", kind=HOSTILE, question=HOSTILE, choices=(HOSTILE,), details={HOSTILE: HOSTILE}
    )
    run.write(ev.StepErred(step=1, error=HOSTILE, hint=HOSTILE), asked)
    run.run.step_log(1, "install_custom_nodes").write_text(f"{HOSTILE}\n" * 3)
    page = open_tab(f"/run/{run.id}").page
    expect(page.locator(".vg-ask")).to_contain_text(HOSTILE)
    expect(page.locator(".vg-log-line").first).to_have_text(HOSTILE)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator(".vg-row").first).to_contain_text(HOSTILE)
    assert page.evaluate("window.__hit") is None


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_the_window(
    app: App, open_tab: Open, begin: Begin, width: int
) -> None:
    run = begin("A rather long label of a run that goes on and on", "root@a-long-host.example:22")
    run.write(ev.StepStarted(step=0), ev.StepProgressed(step=0, message="word " * 60))
    run.write(ev.ItemsListed(step=0, labels=("a-pack-with-a-name-without-any-break" * 8,)))
    page = open_tab("/").page
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/runs", "/system", f"/run/{run.id}"):
        page.goto(f"{app.url}{path}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.lang") == "en"
        expect(page.get_by_role("main")).to_have_count(1)
        assert page.evaluate(NAMELESS) == []
