"""/docs in a real browser: all of it from this computer, and usable where one stands."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.e2e.conftest import App, Tab


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
