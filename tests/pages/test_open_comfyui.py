"""The button beside the target: a run that holds a port, and a link as soon as it leads there."""

import os
from contextlib import closing
from typing import Any

import pytest
from nicegui.testing import User

from tests.app.test_pages import fire, only, until
from vastgui.feed import Feed
from vastgui.generating.actions import OPEN, Place, action_plan, holds_open
from vastgui.pages.components.open_comfyui import OpenComfyui
from vastgui.pages.components.shelf import Shelf
from vastgui.pages.components.steps import PlanSteps
from vastgui.pages.components.target import TargetChoice
from vastgui.services import Services
from vastgui.ssh.connections import Connection
from vastgui.state import events as ev
from vastgui.state.store import EventLog, create

pytestmark = pytest.mark.anyio
KEY = "root@203.0.113.7:2222"
URL = "http://localhost:43210"


async def button(user: User) -> tuple[OpenComfyui, list[Any]]:
    await user.open("/generate")
    fire(only(user, Shelf), "choose", "colour-card")
    element = only(user, OpenComfyui)
    assert isinstance(element, OpenComfyui)
    said: list[Any] = []
    element.run_method = lambda *words: said.append(words)  # type: ignore[method-assign, assignment]
    return element, said


async def test_it_waits_for_the_port_and_shows_it(
    user: User, services: Services, feed: Feed
) -> None:
    services.connections.remember(Connection(KEY, label="box"))
    place = Place(queue="box", ssh_connection=KEY)
    run, lock_fd = create(services.paths.runs, action_plan(OPEN, place, takes_turn=False))
    try:
        with closing(EventLog(run)) as log:
            log.append(ev.RunStarted(pid=1))
            element, said = await button(user)
            fire(element, "open")  # the run that lives is taken, no second one is made
            assert services.history.ids() == [run.id]
            assert said[-1] == ("show", "", True, False)
            log.append(ev.StepStarted(step=0))
            log.append(ev.StepProgressed(step=0, message="open", detail="javascript:alert(1)"))
            feed.poll()
            assert said[-1] == ("show", "", True, False)
            log.append(ev.StepProgressed(step=0, message="open", detail=URL))
            feed.poll()
            await until(lambda: said[-1] == ("show", URL, False, True))
            element.snapshot()
            assert said[-1] == ("show", URL, False, False), "another look opens no second tab"
            await user.open("/")
            assert only(user, PlanSteps), "it is in the way of no setup"
        assert holds_open(run.state())
    finally:
        os.close(lock_fd)


async def test_a_comfyui_of_this_computer_is_opened_as_it_is(
    user: User, services: Services
) -> None:
    element, said = await button(user)
    fire(only(user, TargetChoice), "choose", "local")
    fire(element, "open")
    assert said[-1] == ("show", "http://127.0.0.1:8188", False, True)
    assert services.history.ids() == []
