"""One workflow written in different ways is one prompt."""

import copy
from collections.abc import Callable, Iterator

import pytest

from tests.comfy.convert.build import Json
from tests.comfy.convert.cases import cases, object_info
from tests.comfy.convert.likeness import same
from vastgui.comfy.convert import NotConvertible, to_api_prompt

KEYS = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


def graphs(file: Json) -> Iterator[Json]:
    yield file
    yield from file.get("definitions", {}).get("subgraphs", [])


def other_table(file: Json) -> None:
    """Lists become objects and objects lists."""
    for graph in graphs(file):
        graph["links"] = [
            dict(zip(KEYS, link, strict=False))
            if isinstance(link, list)
            else [link[key] for key in KEYS]
            for link in graph["links"]
            if link is not None
        ]


def shuffled(file: Json) -> None:
    for graph in graphs(file):
        graph["nodes"].reverse()
        graph["links"].reverse()


def words_for_ids(file: Json) -> None:
    for node in file["nodes"]:
        node["id"] = f"n{node['id']}"
    for link in file["links"]:
        ends = (1, 3) if isinstance(link, list) else ("origin_id", "target_id")
        for end in ends if link else ():
            link[end] = f"n{link[end]}"


def without_outputs(file: Json) -> None:
    """What leaves a node is in the table of lines; the node's own list is for the editor."""
    for graph in graphs(file):
        for node in graph["nodes"]:
            for output in node.get("outputs") or []:
                output.pop("links", None)


def only_the_table(file: Json) -> None:
    for graph in graphs(file):
        for socket in (s for node in graph["nodes"] for s in node.get("inputs") or []):
            socket["link"] = None


def only_the_sockets(file: Json) -> None:
    """The table says which nodes are joined; the socket alone says where."""
    for link in (k for graph in graphs(file) for k in graph["links"] if k):
        if isinstance(link, list):
            link[4] = 0
        elif link["target_id"] != -20:
            link["target_slot"] = 0


def with_decoration(file: Json) -> None:
    file["nodes"].append({"id": 10**6, "type": "Note", "widgets_values": ["x"]})
    file["groups"] = [{"title": "x"}]
    file["extra"] = {"reroutes": [{"id": 1}], "linkExtensions": [{"id": 1, "parentId": 1}]}


WAYS: tuple[Callable[[Json], None], ...] = (
    *(other_table, shuffled, words_for_ids, without_outputs),
    *(only_the_table, only_the_sockets, with_decoration),
)


@pytest.mark.parametrize("rewrite", WAYS, ids=lambda way: way.__name__)
def test_the_prompt_stays(rewrite: Callable[[Json], None]) -> None:
    checked = 0
    for case in cases()[::2]:
        try:
            before = to_api_prompt(case["workflow"], object_info())
        except NotConvertible:
            continue
        rewritten = copy.deepcopy(case["workflow"])
        rewrite(rewritten)
        after = to_api_prompt(rewritten, object_info())
        assert same(before, after, object_info()), case["name"]
        checked += 1
    assert checked > 85
