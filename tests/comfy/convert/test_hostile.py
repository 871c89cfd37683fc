"""Files made to break a converter: it ends soon, with a prompt or with a reason."""

import copy
import json
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.comfy.convert.build import SUB, Json, node, subgraph, workflow
from tests.comfy.convert.cases import cases, object_info
from vastgui.comfy.convert import NotConvertible, missing_types, seed_controls, to_api_prompt

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, -10, -20, 1, 10**30, 10**6000, 1.5, float("nan"), float("inf")),
    *("", "x", "1", "-10", "__proto__", "a.b:c", "\ud800", "{a|b", "%date:yyyy%", SUB),
    *([], {}, [[]], [None], {"": None}, [1, 2, 3, 4, 5], ["1", 0], [[[[[{}]]]]]),
)
words = st.sampled_from(
    ["nodes", "links", "id", "type", "inputs", "link", "definitions", "subgraphs", "class_type"]
)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | words,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(words | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)


def outcome(graph: Any, info: Any = None) -> Json | None:
    """Convert in every way there is; None when it was refused as it should be."""
    known = object_info() if info is None else info
    for ask in (missing_types, seed_controls):
        with suppress(NotConvertible):
            ask(graph, known)
    try:
        return to_api_prompt(graph, known)
    except NotConvertible as error:
        refused = error
    assert refused.problems
    assert refused.hint
    return None


def spoiled(thing: Any, dice: Random) -> Any:
    """Return `thing` with one value somewhere inside replaced, dropped or doubled."""
    copied = copy.deepcopy(thing)
    at = copied
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return copied
        key = dice.choice(keys)
        if isinstance(at[key], (dict, list)) and dice.random() < 0.8:
            at = at[key]
            continue
        if isinstance(at, list) and dice.random() < 0.3:
            at.append(copy.deepcopy(at[key]))
        elif dice.random() < 0.2:
            del at[key]
        else:
            at[key] = copy.deepcopy(dice.choice(JUNK))
        return copied


@pytest.mark.row("S45")
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_spoiled_files_give_a_prompt_or_a_reason(seed: int) -> None:
    dice = Random(seed)
    graph = dice.choice(cases())["workflow"]
    for _ in range(dice.randint(1, 8)):
        graph = spoiled(graph, dice)
    outcome(graph)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_a_spoiled_server_gives_a_prompt_or_a_reason(seed: int) -> None:
    dice = Random(seed)
    graph = dice.choice(cases())["workflow"]
    types = {n.get("type") for n in graph["nodes"]} | {"RigDynCombo", "RigAutogrow"}
    info = {name: object_info()[name] for name in types if name in object_info()}
    for _ in range(12):
        info = spoiled(info, dice)
    outcome(graph, info)


@settings(max_examples=60, deadline=None)
@given(jsons)
def test_any_json_gives_a_prompt_or_a_reason(anything: Any) -> None:
    outcome(anything)
    outcome({"nodes": anything, "links": anything})
    outcome(cases()[0]["workflow"], anything)
    outcome({"1": anything, "2": {"class_type": "A", "inputs": anything}})


def deep(levels: int) -> Any:
    thing: Any = 0
    for _ in range(levels):
        thing = [thing]
    return thing


def chain_of_reroutes(length: int) -> Json:
    nodes = [node(n, "Reroute") for n in range(length)]
    savers = [node(f"s{n}", "SaveImage", "x") for n in range(length)]
    lines = [f"{n}.0 > {n + 1}.in" for n in range(length - 1)]
    return workflow(
        nodes + savers, *lines, *(f"{length - 1}.0 > s{n}.images" for n in range(length))
    )


def wide_subgraph(width: int) -> Json:
    inner = node(11, "SaveImage", "x")
    inputs = {f"in{n}": "IMAGE" for n in range(width)}
    lines = [f"-10.{n} > 11.in{n}" for n in range(width)]
    definition = subgraph(SUB, [inner], *lines, inputs=inputs, outputs={})
    hosts = [node(n, SUB, *range(width)) for n in range(20)]
    return workflow(hosts, definitions=(definition,))


ABSURD: dict[str, Callable[[], Any]] = {
    "a value 5,000 lists deep": lambda: workflow([node(1, "EmptyImage", deep(5000))]),
    "350 reroutes in a row, 350 ends": lambda: chain_of_reroutes(350),
    "a subgraph of 300 inputs": lambda: wide_subgraph(300),
    "a text of a million comments": lambda: workflow([node(1, "CLIPTextEncode", "/*" * 10**6)]),
    "a text of 100,000 choices": lambda: workflow([node(1, "CLIPTextEncode", "{a|" * 10**5)]),
    "a name of 100,000 marks": lambda: workflow([node(1, "SaveImage", "%a.b%" * 10**5)]),
    "30,000 nodes": lambda: workflow([node(n, "EmptyImage") for n in range(30_000)]),
    "a million rows": lambda: workflow([node(1, "RigDynCombo", 10**6)]),
}


@pytest.mark.parametrize("build", ABSURD.values(), ids=ABSURD)
def test_absurd_files_end_soon(build: Callable[[], Any]) -> None:
    graph = build()
    began = time.perf_counter()
    outcome(graph)
    assert time.perf_counter() - began < 10


def test_what_was_converted_can_be_sent() -> None:
    for one in cases():
        prompt = outcome(one["workflow"])
        assert prompt is None or json.loads(json.dumps(prompt)) == prompt


@pytest.mark.slow
def test_many_more_spoiled_files() -> None:
    for seed in range(1500):
        dice = Random(seed)
        graph = dice.choice(cases())["workflow"]
        for _ in range(dice.randint(1, 30)):
            graph = spoiled(graph, dice)
        outcome(graph)
