"""The guard as attackers and browsers meet it: a real app, real sockets, a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.chaos.attacks import ATTACKS, Attack, Victim, signed_in
from tests.e2e.conftest import App
from vastgui import desktop

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def victim(shared_app: App, browser: Browser) -> Iterator[Victim]:
    info = desktop.read_info(shared_app.paths)
    assert info is not None
    with signed_in(shared_app.url, info.secret, browser) as made:
        yield made


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_attack_gets_the_answer_it_must_get(victim: Victim, attack: Attack) -> None:
    assert attack.run(victim) == attack.expected
