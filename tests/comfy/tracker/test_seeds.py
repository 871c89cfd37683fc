"""Seeds: exact, in range, drawn only when the control says so."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vastgui.comfy.seeds import limits, resolve, stepped
from vastgui.errors import InvalidInput

BIG = 18_446_744_073_709_551_615
OBJECT_INFO = {
    "RandomNoise": {"input": {"required": {"noise_seed": ["INT", {"min": 0, "max": 9}]}}}
}
PROMPT = {
    "3": {"class_type": "KSampler", "inputs": {"seed": BIG, "steps": 20}},
    "a:7": {"class_type": "RandomNoise", "inputs": {"noise_seed": 4}},
    "9": {"class_type": "KSampler", "inputs": {"seed": ["3", 0]}},
}


def test_a_fixed_seed_stays_exact() -> None:
    sent, used = resolve(PROMPT, {"3.seed": "fixed"}, random.Random(1))

    assert used == {"3.seed": BIG}
    assert sent["3"]["inputs"] == {"seed": BIG, "steps": 20}


def test_a_seed_is_drawn_within_the_servers_range() -> None:
    rng = random.Random(1)
    drawn = {resolve(PROMPT, {"a:7.noise_seed": "randomize"}, rng, OBJECT_INFO)[1]["a:7.noise_seed"] for _ in range(200)}  # fmt: skip

    assert drawn == set(range(10))


def test_a_drawn_seed_survives_a_browser() -> None:
    _, used = resolve(PROMPT, {"3.seed": "randomize"}, random.Random(1))

    assert 0 <= used["3.seed"] <= 2**50
    assert int(float(used["3.seed"])) == used["3.seed"]


def test_a_range_beyond_what_browsers_hold_is_kept() -> None:
    spec = {"N": {"input": {"required": {"seed": ["INT", {"min": 2**60, "max": 2**60 + 1}]}}}}
    prompt = {"1": {"class_type": "N", "inputs": {"seed": 0}}}

    _, used = resolve(prompt, {"1.seed": "randomize"}, random.Random(1), spec)

    assert used["1.seed"] in (2**60, 2**60 + 1)


def test_the_prompt_given_is_not_changed() -> None:
    before = repr(PROMPT)

    resolve(PROMPT, {"3.seed": "randomize"}, random.Random(1))

    assert repr(PROMPT) == before


def test_linked_and_unknown_seeds_are_left_alone() -> None:
    controls = dict.fromkeys(["9.seed", "99.seed", "3.nothing", "3"], "randomize")

    assert resolve(PROMPT, controls, random.Random(1)) == (PROMPT, {})


@pytest.mark.parametrize(("value", "used"), [("12", 12), (12.0, 12), (" 7 ", 7), (-3, -3)])
def test_a_seed_in_another_form_becomes_a_whole_number(value: object, used: int) -> None:
    prompt = {"3": {"class_type": "KSampler", "inputs": {"seed": value}}}

    assert resolve(prompt, {"3.seed": "fixed"}, random.Random(1))[1] == {"3.seed": used}


@pytest.mark.parametrize(
    "value", ["x", 1.5, None, True, {}, float("nan"), float("inf"), "٣٤x", "²"]
)
def test_what_is_no_whole_number_is_refused_by_name(value: object) -> None:
    prompt = {"3": {"class_type": "KSampler", "inputs": {"seed": value}}}

    with pytest.raises(InvalidInput) as refused:
        resolve(prompt, {"3.seed": "fixed"}, random.Random(1))

    assert refused.value.field == "3.seed"


def test_steps_go_round_at_the_ends() -> None:
    assert stepped(BIG, "increment") == 0
    assert stepped(0, "decrement") == BIG
    assert (stepped(5, "increment"), stepped(5, "fixed")) == (6, 5)
    assert stepped(9, "increment", *limits(OBJECT_INFO, "RandomNoise", "noise_seed")) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.integers(),
    st.sampled_from(["increment", "decrement"]),
    st.integers(0, 5),
    st.integers(5, 2**64),
)
def test_a_step_stays_in_range(value: int, control: str, low: int, high: int) -> None:
    assert low <= stepped(value, control, low, high) <= high
