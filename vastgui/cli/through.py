"""Has the running app do what is asked, so that it is the one that launches and looks after runs.

Where no app runs (or it goes away), the command does it itself.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

from vastgui.cli.desk import Desk
from vastgui.client import AppGone, Client, NoAnswer
from vastgui.config import local_path
from vastgui.state.model import RunState
from vastgui.state.plan import new_id
from vastgui.state.store import Follower, RunDir

AGENT = "vastgui cli"


def launched(desk: Desk, app: Callable[[Client, str], str], here: Callable[[], str]) -> str:
    """The id of the run that `app` (given the id it is to have) or `here` launched: one of both."""
    if (client := desk.client) is None:
        return here()
    run_id = new_id()
    try:
        return app(client, run_id)
    except NoAnswer:
        raise  # it may still do it: a second run would be one too many
    except AppGone:
        return run_id if desk.services.run_exists(run_id) else here()


def absolute(path: str, flag: str) -> str:
    """The app works in another folder than the command. Raises `InvalidInput` naming `flag`."""
    return str(local_path(path, flag).absolute()) if path else path


def steered(desk: Desk, app: Callable[[Client], Any], here: Callable[[], object]) -> None:
    """Asking twice does no harm: what the app may have done already is done once more."""
    if (client := desk.client) is None:
        here()
        return
    try:
        app(client)
    except AppGone:
        here()


def states(
    run: RunDir, client: Client | None, sweep: Callable[[], object], *, every_s: float
) -> Generator[RunState]:
    """The run's states until its end, the same again when nothing is new for `every_s`.

    `sweep` ends runs whose runner is gone; it is called while no app does that.
    """
    if client is not None:
        try:
            with closing(client.follow(run.id, tick_s=every_s, gone_after_s=0.0)) as told:
                yield from told
            return
        except AppGone:
            pass  # from here on we look ourselves
    with closing(Follower(run)) as follower:
        while True:
            sweep()
            follower.poll()
            yield follower.state
            if follower.state.is_terminal:
                return
            time.sleep(every_s)
