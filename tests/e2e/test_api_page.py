"""The API in a real browser: its page needs nothing from elsewhere, the documented example works."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.app.scribe import Scribe
from tests.e2e.conftest import App, Tab
from vastgui.state import events as ev
from vastgui.state.store import RunDir

STREAMS_PAGE = Path(__file__).parents[2] / "docs" / "streams.md"


def test_the_page_of_the_api_needs_nothing_from_elsewhere(
    app: App, context: BrowserContext, begin: Callable[..., object]
) -> None:
    tab = Tab(context.new_page())
    tab.page.emulate_media(color_scheme="dark")
    tab.page.goto(app.sign_in_url("/docs"))
    summary = tab.page.locator("#operations-workflow-active_summary")
    expect(tab.page.locator(".opblock")).not_to_have_count(0)
    summary.locator(".opblock-summary-control").click()
    summary.get_by_text("Try it out").click()
    summary.get_by_text("Execute", exact=True).click()
    status = summary.locator(".live-responses-table tbody .response-col_status").first
    expect(status).to_contain_text("200")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert tab.page.evaluate(background) == "rgb(28, 32, 34)", "dark as the system"
    assert tab.faults == []


def test_the_example_for_browsers_follows_a_run_to_its_end(
    app: App, open_tab: Callable[[str], Tab], begin: Callable[..., Scribe]
) -> None:
    (example,) = re.findall(r"```js\n(.*?)```", STREAMS_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    scribe = begin("Followed")
    page = open_tab("/runs").page
    page.evaluate(
        f"(id) => {{ {example} window.seen = () => state; window.over = () => source.readyState; }}",
        scribe.id,
    )
    page.wait_for_function("seen()?.status === 'running'")
    scribe.write(ev.StepStarted(step=0), ev.StepProgressed(step=0, percent=40, message="So far"))
    page.wait_for_function("seen().steps[0].status === 'in_progress'")
    page.wait_for_function("seen().steps[0].progress.message === 'So far'")
    scribe.end("failed", "It broke.")
    page.wait_for_function("over() === EventSource.CLOSED")
    state = RunDir(app.paths.runs / scribe.id).state()
    told = page.evaluate("seen()")
    assert (told["status"], told["error"], told["seq"]) == ("failed", "It broke.", state.last_seq)
