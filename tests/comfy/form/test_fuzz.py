"""Real workflows with a few values replaced by bad ones: answers or our own errors, at once."""

import contextlib
import copy
import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vastgui.comfy.catalog import Catalog
from vastgui.comfy.form import apply_values, fields
from vastgui.comfy.graph import draw
from vastgui.errors import InvalidInput
from vastgui.generating.texts import texts_of

CASES = Path(__file__).parents[2] / "data" / "conversion" / "cases.jsonl.gz"
CORE = Catalog(Path("/nonexistent")).shipped().object_info
BAD: list[Any] = [
    None, [], {}, "", 0, -1, True, 1e308, 10**400, "x" * 5000, ["a", 0], [["a", 0]], ["a", 10**400],
    {"a": {}}, "\x00\u202e", "18446744073709551616", float("nan"), [1] * 1000,
]  # fmt: skip


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    with gzip.open(CASES, "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("seed", range(6))
def test_bad_values_anywhere(cases: list[dict[str, Any]], seed: int) -> None:
    rng = random.Random(seed)
    for case in rng.sample(cases, 15):
        prompt, workflow = copy.deepcopy(case["api"]), copy.deepcopy(case["workflow"])
        kinds = {str(node.get("class_type")) for node in prompt.values()}
        info = {kind: copy.deepcopy(CORE[kind]) for kind in kinds & CORE.keys()}
        for given in (prompt, workflow, info):
            spoil(given, rng)
        found = fields(prompt, info)
        assert all(len(f.label) < 300 for f in found)
        assert len(draw(workflow, info).boxes) <= 500
        draw(prompt, info)
        texts_of(prompt, info)
        for field in found[:3]:
            with contextlib.suppress(InvalidInput):
                apply_values(prompt, {field.id: rng.choice(BAD)}, info)


def spoil(given: Any, rng: random.Random) -> None:
    places = list(spots(given))
    for holder, key in rng.sample(places, min(rng.randint(1, 6), len(places))):
        holder[key] = rng.choice(BAD)


def spots(given: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in it that holds a value."""
    keys = (
        list(given)
        if isinstance(given, dict)
        else range(len(given))
        if isinstance(given, list)
        else ()
    )
    for key in keys:
        yield given, key
        yield from spots(given[key])
