"""From the library to pictures on disk, in a real browser, with a practice ComfyUI behind it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.e2e.conftest import PATIENCE_MS, App, Tab
from tests.e2e.test_pages import NAMELESS
from tests.pages.comfy_scribe import ComfyScribe
from tests.waiting import wait_until
from vastgui.config import assets_dir
from vastgui.demo.comfy.containers import flac, tone
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.state import events as ev

pytestmark = pytest.mark.e2e
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Tab]
HOSTILE = "<img src=x onerror=window.__x=1>${7*7}{{ 7*7 }}"
NASTY = (HOSTILE, "A very long title " * 17, "\u202eعنوان بالعربية 🎨🧪", "{{ constructor }}")


@pytest.fixture(scope="module")
def comfy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeComfy]:
    folder = tmp_path_factory.mktemp("comfyui")
    words, models = ("--preview-method", "auto"), ("checkpoints/practice_v1.safetensors",)
    with PracticeComfy(folder, speed=0.4, words=words, models=models) as server:
        yield server


@pytest.fixture
def scribe(app: App) -> Iterator[ComfyScribe]:
    made = ComfyScribe(app.paths.runs, HOSTILE)
    yield made
    if not made.log.state.is_terminal:
        made.end("cancelled")


def choose(page: Page, workflow: str, comfy: PracticeComfy) -> None:
    """Open a workflow of the library for the ComfyUI on this computer."""
    page.get_by_role("button", name=re.compile(f"^{workflow}")).click()
    page.get_by_role("radio", name="ComfyUI on this computer").check()
    page.get_by_role("textbox", name="Address").fill(comfy.url)


def test_from_the_library_to_the_lightbox(app: App, open_tab: Open, comfy: PracticeComfy) -> None:
    page = open_tab("/generate").page
    choose(page, "Text to image", comfy)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator(".vg-check.tone-bad")).to_contain_text("v1-5-pruned-emaonly-fp16")
    expect(page.get_by_text("Not on this instance.")).to_be_visible()  # its models are known now
    page.get_by_role("combobox", name="Checkpoint").select_option("practice_v1.safetensors")
    page.get_by_role("textbox", name="Prompt", exact=True).fill("a red fox in the snow")
    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/run/*")
    preview = page.locator(".vg-preview img")
    expect(preview).to_have_attribute("src", re.compile(r"/preview\?n=\d+"))
    first = preview.get_attribute("src")
    expect(preview).not_to_have_attribute("src", str(first))
    assert preview.evaluate("(picture) => picture.naturalWidth") > 0
    expect(page.locator(".vg-node.is-executing")).to_contain_text(re.compile(r"step \d+ of 20"))
    expect(page.locator(".vg-chip[role=status]")).to_have_text("Completed")
    expect(page.locator(".vg-node-word", has_text="done")).to_have_count(7)
    run = app.paths.runs / page.url.rpartition("/")[2]
    (picture,) = (run / "outputs").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")

    page.keyboard.press("Control+k")
    page.keyboard.type("gallery")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Gallery")).to_have_attribute("aria-current", "page")
    page.get_by_role("searchbox", name="Search the gallery").fill("red fox")
    page.get_by_role("button", name=re.compile(picture.stem)).first.click()
    box = page.get_by_role("dialog", name=picture.name)
    expect(box.locator("img")).to_have_js_property("complete", value=True)
    page.keyboard.press("i")
    expect(box.get_by_role("complementary")).to_contain_text("a red fox in the snow")
    expect(box.get_by_role("complementary")).to_contain_text("512 × 512")
    box.get_by_role("link", name="Run from this").click()
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_have_value(
        "a red fox in the snow"
    )
    expect(page).to_have_url(f"{app.url}/generate")
    expect(page.get_by_role("combobox", name="How Seed goes on")).to_have_value("fixed")
    expect(page.get_by_role("textbox", name="Address")).to_have_value(comfy.url)


def test_a_picture_of_this_computer_goes_there_and_back(
    app: App, open_tab: Open, comfy: PracticeComfy
) -> None:
    page = open_tab("/generate?workflow=invert-and-resize").page
    expect(page).to_have_url(f"{app.url}/generate")
    page.get_by_role("radio", name="ComfyUI on this computer").check()
    page.get_by_role("textbox", name="Address").fill(comfy.url)
    given = assets_dir() / "workflows" / "text-to-image" / "preview.png"
    page.locator(".vg-drop input[type=file]").set_input_files(given)
    expect(page.locator(".vg-drop")).to_contain_text("preview.png")
    assert page.locator(".vg-drop img").evaluate("(p) => p.decode().then(() => p.naturalWidth)")
    page.get_by_role("button", name="Run", exact=False).last.click()
    page.wait_for_url("**/run/*")
    expect(page.locator(".vg-chip[role=status]")).to_have_text("Completed")
    expect(page.locator(".vg-tile")).to_have_count(1)


class SlowAnswers:
    """Holds what the app tells the tab, from its first call into a component to `release`."""

    def __init__(self, page: Page) -> None:
        self.held: list[tuple[WebSocketRoute, str | bytes]] = []
        self._is_open = False
        page.route_web_socket(re.compile("/_nicegui_ws/"), self._route)

    def _route(self, tab: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            if self._is_open or (not self.held and "runMethod" not in str(message)):
                tab.send(message)
            else:
                self.held.append((tab, message))

        app = tab.connect_to_server()
        tab.on_message(app.send)
        app.on_message(pass_on)

    def release(self) -> None:
        self._is_open = True
        for tab, message in self.held:
            tab.send(message)


def test_what_was_chosen_and_typed_first_outlives_an_older_answer(
    app: App, context: BrowserContext
) -> None:
    page = context.new_page()
    answers = SlowAnswers(page)
    page.goto(app.sign_in_url("/generate?workflow=text-to-image&on=root@box:22"))
    wait_until(lambda: page.wait_for_timeout(20) or answers.held, what="the app tells what it has")
    page.get_by_role("radio", name="ComfyUI on this computer").check()
    page.get_by_role("spinbutton", name="Steps", exact=True).fill("7")
    page.keyboard.press("Tab")
    answers.release()
    expect(page.get_by_role("textbox", name="Address")).to_be_visible()
    expect(page.get_by_role("radio", name="ComfyUI on this computer")).to_be_checked()
    expect(page.get_by_role("spinbutton", name="Steps", exact=True)).to_have_value("7")
    page.get_by_role("radio", name="Another instance").check()
    expect(page.get_by_role("textbox", name="SSH connection")).to_be_visible()


def picture_of_comfyui(path: Path) -> Path:
    """A PNG that carries its workflow, as ComfyUI saves it."""
    carried = PngInfo()
    workflow = assets_dir() / "workflows" / "colour-card" / "workflow.json"
    carried.add_text("workflow", workflow.read_text(encoding="utf-8"))
    Image.new("RGB", (32, 32), "teal").save(path, pnginfo=carried)
    return path


def test_a_dropped_picture_brings_its_workflow(open_tab: Open, tmp_path: Path) -> None:
    made = picture_of_comfyui(tmp_path / "teal.png")
    page = open_tab("/generate").page
    if page.locator(".vg-opened").count():
        page.get_by_role("button", name="Choose another workflow").click()
    page.locator(".vg-shelf input[type=file]").set_input_files(made)
    expect(page.locator(".vg-opened")).to_contain_text(made.name)
    page.get_by_role("button", name="Keep in library").click()
    expect(page.get_by_text("is in your library")).to_be_visible()
    page.get_by_role("button", name="Choose another workflow").click()
    expect(page.locator(".vg-work-own")).to_be_visible()


@pytest.mark.row("S38")
def test_hostile_words_of_an_instance_are_only_words(
    app: App, open_tab: Open, scribe: ComfyScribe
) -> None:
    scribe.prepare([*NASTY, *(f"node {i}" for i in range(1000))], seeds={"1.seed": 2**64 - 1})
    scribe.write(ev.NodesChanged(node_ids=("1",), status="executing", message=HOSTILE))
    scribe.write(ev.CheckMade(name=HOSTILE, level="amber", message=HOSTILE, fix=HOSTILE))
    for name in NASTY:
        scribe.save(f"{name}.png")
    scribe.save("notes.txt", media="text", content=HOSTILE.encode())
    page = open_tab(f"/run/{scribe.id}").page
    expect(page.locator(".vg-node.is-executing")).to_contain_text(HOSTILE)
    expect(page.locator(".vg-check")).to_contain_text(HOSTILE)
    expect(page.locator(".vg-tile")).to_have_count(5)
    expect(page.get_by_text("18446744073709551615")).to_be_visible()
    assert page.locator(".vg-node").count() < 100
    page.locator(".vg-tile").last.click()
    expect(page.locator(".vg-light-card pre")).to_have_text(HOSTILE)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".vg-light-head b")).to_have_text(f"{HOSTILE}.png")
    page.keyboard.press("i")
    expect(page.get_by_role("complementary")).to_contain_text(HOSTILE)
    page.keyboard.press("Escape")
    expect(page.locator(".vg-light")).to_have_count(0)
    scribe.write(
        ev.PromptEnded(prompt_id="x", outcome="error", node_id="1", error=HOSTILE,
                       error_type=HOSTILE, hint=HOSTILE, traceback=(HOSTILE,))
    )  # fmt: skip
    page.get_by_text("Traceback of").click()
    expect(page.locator(".vg-trace pre")).to_have_text(HOSTILE)
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator(".vg-tile-name", has_text=HOSTILE)).to_have_count(5)
    assert page.evaluate("window.__x") is None


def test_no_page_of_pictures_is_wider_than_the_window(
    app: App, open_tab: Open, scribe: ComfyScribe
) -> None:
    scribe.prepare(NASTY)
    scribe.save(NASTY[1])
    page = open_tab("/gallery").page
    for path in ("/gallery", "/generate?workflow=text-to-image", f"/run/{scribe.id}"):
        page.goto(f"{app.url}{path}")
        expect(page.locator(".vg-tile, .vg-param").first).to_be_visible()
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(NAMELESS) == []


def test_sound_plays_by_space_and_many_outputs_wait_behind_a_button(
    app: App, open_tab: Open, scribe: ComfyScribe
) -> None:
    scribe.prepare(["Save"])
    scribe.save("tone.flac", media="audio", content=flac(list(tone(440, 2, 22050)), 22050, 1))
    for n in range(14):
        scribe.save(f"{n}.png")
    scribe.end("completed")
    page = open_tab(f"/run/{scribe.id}").page
    expect(page.locator(".vg-tile")).to_have_count(12)
    page.get_by_role("button", name="Show all 15").click()
    expect(page.locator(".vg-tile")).to_have_count(15)
    page.get_by_role("button", name=re.compile("tone.flac")).click()
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.vg-light audio').currentTime > 0.1")
    page.keyboard.press("Escape")
    expect(page.locator(".vg-light")).to_have_count(0)
