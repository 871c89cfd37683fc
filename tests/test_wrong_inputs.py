"""Every wrong input is answered by a text that names the field and the fix, and changes nothing.

The inputs are data, see tests/wrong_inputs; `make promises` gives the same within 100 ms (P13).
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.wrong_inputs import WRONG, World, Wrong

PATIENCE_S = 3.0
"""Machines are busy here: only what hangs is too slow."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with closing(World(tmp_path_factory.mktemp("wrong"))) as made:
        yield made


@pytest.mark.row("S45")
@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_a_wrong_input_is_answered(world: World, case: Wrong) -> None:
    answer = world.ask(case)
    assert answer.ok, f"{answer.wrong}: {answer.text[:1000]}"
    assert answer.time_s < PATIENCE_S


def test_there_are_enough_of_them_and_each_is_another() -> None:
    assert len({case.name for case in WRONG}) == len(WRONG)
    places = [case.where for case in WRONG]
    least = {"api": 80, "cli": 50, "template": 45, "form": 30}
    assert all(places.count(where) >= count for where, count in least.items())
