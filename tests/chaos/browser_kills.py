"""How long a browser shows a run as running after its runner was killed.

`kills_in_browser(count, home)` starts an app, real runners, and a Chromium that notes the moment at
which each row of the list says "Crashed".
"""

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chaos.rebinding import launch
from tests.e2e.conftest import App
from tests.waiting import wait_until
from vastgui.config import Settings
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

AT_ONCE = 5
_WATCH = """() => {
  window.crashedAt = {};
  const look = () => {
    for (const row of document.querySelectorAll(".vg-row")) {
      const id = row.querySelector("a").getAttribute("href").split("/").pop();
      const said = row.querySelector(".vg-row-status").innerText.trim();
      if (said === "Crashed" && !(id in window.crashedAt))
        window.crashedAt[id] = performance.timeOrigin + performance.now();
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def kills_in_browser(count: int, home: Path, browser: Browser, seed: int = 0) -> list[float]:
    """Seconds from SIGKILL to the word "Crashed" in the page, for each of `count` kills."""
    chance, app = random.Random(seed), App(home)
    supervisor = Supervisor(app.paths.runs, settings=Settings())
    found: list[float] = []
    with _served(app), _page(browser, app) as page:
        try:
            while len(found) < count:
                runs = [_started(supervisor) for _ in range(min(AT_ONCE, count - len(found)))]
                wait_until(lambda runs=runs: all(run.state().pid for run in runs))  # type: ignore[misc]
                for run in runs:
                    page.locator(f".vg-row a[href='/run/{run.id}']").wait_for()
                    page.wait_for_timeout(chance.uniform(0, 300))  # anywhere between two sweeps
                    found.append(_kill(supervisor, run, page))
        finally:
            for child in supervisor._children.values():
                child.kill()
                child.wait(10)
            supervisor.close()
    return found


def _started(supervisor: Supervisor) -> RunDir:
    step = PlanStep(action="wait", label="Wait", params={"duration_s": 600}, timeout_s=900)
    plan = Plan(workflow_id=new_id(), label="To be killed", steps=(step,), created_at=time.time())
    return supervisor.launch(plan)


def _kill(supervisor: Supervisor, run: RunDir, page: Page) -> float:
    pid = run.state().pid
    assert pid is not None
    killed_at = time.time()
    os.kill(pid, signal.SIGKILL)
    supervisor._children[run.id].wait(10)
    seen = page.wait_for_function(f"window.crashedAt['{run.id}']", timeout=20_000)
    return float(seen.json_value()) / 1000 - killed_at


@contextmanager
def _served(app: App) -> Iterator[None]:
    before = os.environ.get("VASTGUI_HOME")
    os.environ["VASTGUI_HOME"] = str(app.paths.data.parent)  # the runners' home too
    app.start()
    try:
        yield
    finally:
        app.end()
        os.environ.pop("VASTGUI_HOME")
        if before is not None:
            os.environ["VASTGUI_HOME"] = before


@contextmanager
def _page(browser: Browser, app: App) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(app.sign_in_url("/runs"))
    page.wait_for_selector(".vg-table")
    page.evaluate(_WATCH)
    yield page
    context.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        times = sorted(kills_in_browser(40, Path(folder), browser))
        browser.close()
    p95 = times[int(0.95 * (len(times) - 1))]
    print(
        f"{len(times)} kills: median {times[len(times) // 2]:.3f} s, p95 {p95:.3f} s, max {times[-1]:.3f} s"
    )


if __name__ == "__main__":
    main()
