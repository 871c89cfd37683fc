"""What the pages say of a run is true: at once, in every tab, and never a step back."""

import os
import signal
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chaos.browser_kills import kills_in_browser
from tests.e2e.conftest import App, Tab
from tests.waiting import wait_until
from vastgui.config import Settings
from vastgui.state.model import Status
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

pytestmark = pytest.mark.e2e
ORDER = ("Starting", "Running", "Completed")
_RECORD = """() => {
  const seen = (window.seen = []);
  const look = () => {
    const chip = document.querySelector(".vg-chip[role=status]"), bar = document.querySelector(".vg-total .vg-bar");
    if (!chip || !bar) return;
    const now = JSON.stringify({
      word: chip.innerText.trim(), percent: Number(bar.getAttribute("aria-valuenow")),
      done: document.querySelectorAll(".vg-step.is-completed").length,
    });
    if (seen[seen.length - 1] !== now) seen.push(now);
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


@pytest.fixture
def launch(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RunDir]]:
    """`launch(0.4, 0.4)`: a real run of one waiting step for each number of seconds."""
    monkeypatch.setenv("VASTGUI_HOME", str(app.paths.data.parent))
    supervisor = Supervisor(app.paths.runs, settings=Settings())

    def start(*waits_s: float) -> RunDir:
        steps = (
            PlanStep(action="wait", label=f"Wait {i}", params={"duration_s": s}, timeout_s=900)
            for i, s in enumerate(waits_s)
        )
        return supervisor.launch(Plan(workflow_id=new_id(), label="Waits", steps=tuple(steps)))

    yield start
    for child in supervisor._children.values():
        child.kill()
        child.wait(10)
    supervisor.close()


def seen(page: Page) -> list[dict[str, Any]]:
    return list(page.evaluate("window.seen.map(JSON.parse)"))


def never_back(sights: list[dict[str, Any]]) -> bool:
    return all(
        ORDER.index(a["word"]) <= ORDER.index(b["word"])
        and a["percent"] <= b["percent"]
        and a["done"] <= b["done"]
        for a, b in pairwise(sights)
    )


def test_two_tabs_one_reloaded_see_no_step_back_and_the_same_end(
    open_tab: Callable[..., Tab], launch: Callable[..., RunDir]
) -> None:
    run = launch(5.0, *[0.5] * 8)  # both tabs are open before the first step is over
    one, two = (open_tab(f"/run/{run.id}").page for _ in range(2))
    for page in (one, two):
        page.evaluate(_RECORD)
    expect(one.locator(".vg-step.is-completed").nth(2)).to_be_visible()
    before = seen(two)
    two.reload()
    two.wait_for_selector(".vg-head")
    two.evaluate(_RECORD)
    for page in (one, two):
        expect(page.locator(".vg-chip[role=status]")).to_have_text("Completed")
        expect(page.locator(".vg-step.is-completed")).to_have_count(9)
    ends = [seen(page) for page in (one, two)]
    assert never_back(ends[0]), ends[0]
    assert never_back([*before, *ends[1]]), [*before, *ends[1]]
    assert ends[0][-1] == ends[1][-1] == {"word": "Completed", "percent": 100, "done": 9}
    assert len(ends[0]) > 8  # it was really watched


@pytest.mark.row("R4")
def test_a_killed_runner_is_crashed_in_the_page_within_a_second(
    browser: Browser, tmp_path: Path
) -> None:
    """P2 in short; `make promises` kills 40. Timings of this busy machine are printed only."""
    times = kills_in_browser(4, tmp_path / "home", browser)
    print("SIGKILL to Crashed in the page:", [f"{t:.2f} s" for t in times])
    assert len(times) == 4


@pytest.mark.row("R21")
@pytest.mark.own_app
def test_a_runner_that_hangs_is_named_in_list_and_detail_and_forced_to_stop(
    app: App, open_tab: Callable[..., Tab], launch: Callable[..., RunDir]
) -> None:
    """R21: never ended behind the user's back."""
    app.paths.settings_file.write_text("not_responding_after_s: 1\n")
    app.end()
    app.start()
    run = launch(600)
    wait_until(lambda: run.state().steps[0].started_at, what="its step")
    pages = open_tab("/runs").page, open_tab(f"/run/{run.id}").page
    pid = run.state().pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    row = pages[0].locator(".vg-row", has_text="Waits")
    expect(row.locator(".vg-row-status")).to_have_text("Not responding")
    expect(pages[1].locator(".vg-chip[role=status]")).to_have_text("Not responding")
    expect(pages[1].get_by_role("alert")).to_contain_text("gives no sign of life")
    assert run.state().status is Status.RUNNING
    os.kill(pid, signal.SIGCONT)
    expect(row.locator(".vg-row-status")).to_have_text("Running")
    os.kill(pid, signal.SIGSTOP)
    row.get_by_role("button", name="Force Waits to stop").click()
    pages[0].get_by_role("dialog").get_by_role("button", name="Force stop").click()
    wait_until(run.control.read_bytes, what="the wish is on its way")
    os.kill(pid, signal.SIGCONT)  # it wakes up and obeys; one that does not is killed 10 s later
    expect(row.locator(".vg-row-status")).to_have_text("Stopped")
    assert run.state().status is Status.CANCELLED
