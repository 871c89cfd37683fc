"""Wrong inputs typed into the real forms: told at the field, with what was typed still in it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS, App, Tab
from tests.wrong_inputs.case import LEAKS

# an app of its own: what other tests typed stands in the forms of the shared one
pytestmark = [pytest.mark.e2e, pytest.mark.own_app, pytest.mark.row("S45")]
expect.set_options(timeout=PATIENCE_MS)
Open = Callable[..., Tab]

SETUP = {
    "SSH connection": (
        ("", "Is missing: paste the line that Vast.ai shows."),
        ("root@box; reboot", "Holds characters that no address has: ';'."),
        ("<img src=x onerror=alert(1)>", "Paste the line from the Vast page"),
        ("ssh -p 99999 root@box", "1 to 65535"),
    ),
    "Key file": (("/nowhere/id", "There is no file /nowhere/id."),),
    "Instance id": (("../27491003", "Must be a name of letters, digits"),),
    "ComfyUI folder": (("ComfyUI", "Must be an absolute path"), ("/x/$(id)", "letters, digits")),
    "ComfyUI's port": (("70000", "Must be a port, 1 to 65535."),),
    "Node packs": (("git@github.com:a/b", "Must be an https:// address"),),
    "Pause between steps": (("soon", "Must be a number of seconds"),),
}  # fmt: skip

GENERATE = {
    "4.steps": ("99999", "10000"),
    "4.cfg": ("-1", "0"),
    "4.seed": ("12a", "whole number"),
    "6.width": ("7", "16"),
}
PLACES = {
    "Address": ("http://10.0.0.1:8188", "Must be http://127.0.0.1:PORT or localhost."),
    "SSH connection": ("root@box reboot", "Paste the line from the Vast page"),
    "Instance id": ("a/b", "Must be a name of letters, digits"),
}


def runs(app: App) -> list[str]:
    return sorted(path.name for path in app.paths.runs.iterdir())


def refused(page: Page, box: Locator, text: str, shown_in: Locator, said: str) -> None:
    """Type, click Run, and see the answer beside what was typed."""
    box.fill(text)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(shown_in).to_contain_text(said)
    expect(box).to_have_value(text)
    shown, whole = page.inner_text("body"), page.content()
    assert [leak for leak in LEAKS if leak in shown] == []
    assert "Traceback" not in whole
    assert 'File "' not in whole


def field_of(page: Page, box: Locator) -> Locator:
    return page.locator(".q-field", has=box)


def test_setup_tells_each_at_its_field(app: App, open_tab: Open) -> None:
    before = runs(app)
    page = open_tab("/").page
    page.get_by_role("textbox", name="SSH connection").fill("root@127.0.0.1:9")
    page.get_by_text("Settings of this template").click()
    for label, wrong in SETUP.items():
        box = page.get_by_role("textbox", name=label, exact=True)
        good = box.input_value()
        for text, said in wrong:
            refused(page, box, text, field_of(page, box), said)
        box.fill(good)
    page.get_by_role("textbox", name="SSH connection").fill("")
    assert runs(app) == before


def test_generate_tells_each_at_its_field(app: App, open_tab: Open) -> None:
    before = runs(app)
    page = open_tab("/generate?workflow=text-to-image").page
    page.get_by_role("radio", name="ComfyUI on this computer").check()
    page.get_by_role("combobox", name="How Seed goes on").select_option("fixed")
    for field, (text, said) in GENERATE.items():
        place = page.locator(f"[data-field='{field}']")
        box = place.locator("input:not([type=range])").first
        good = box.input_value()
        refused(page, box, text, place.get_by_role("alert"), said)
        box.fill(good)
    for label, (text, said) in PLACES.items():
        box = page.get_by_role("textbox", name=label, exact=True)
        if label == "SSH connection":
            page.get_by_role("radio", name="Another instance").check()
        refused(page, box, text, field_of(page, box), said)
        box.fill("")
    assert runs(app) == before
