"""What a conversion costs, beside parsing the same file and beside comfy-cli when it is there.

comfy-cli is no dependency: install it next to this project to see its figures too.
"""

import copy
import importlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.comfy.convert.cases import cases, object_info
from tests.comfy.convert.likeness import same
from vastgui.comfy.convert import to_api_prompt

pytestmark = pytest.mark.bench
ROUNDS = 5
BUDGET_MS = 5.0
Convert = Callable[[Any, Any], Any]


def best_ms(convert: Convert, workflow: dict[str, Any]) -> float:
    """The quickest of some rounds: what the work takes when nothing else runs."""
    took: list[float] = []
    for _ in range(ROUNDS):
        given = copy.deepcopy(workflow)
        began = time.perf_counter()
        convert(given, object_info())
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


def parsing(workflow: dict[str, Any], _info: object) -> object:
    return json.loads(json.dumps(workflow))


def equal_share(convert: Convert, templates: list[dict[str, Any]]) -> float:
    def is_equal(case: dict[str, Any]) -> bool:
        try:
            prompt = convert(copy.deepcopy(case["workflow"]), object_info())
            return same(prompt, case["api"], object_info())
        except Exception:  # noqa: BLE001 - a peer may fail in any way
            return False

    return sum(map(is_equal, templates)) / len(templates)


def figures(name: str, convert: Convert, templates: list[dict[str, Any]]) -> float:
    took = sorted(best_ms(convert, c["workflow"]) for c in templates)
    median = statistics.median(took)
    print(f"{name:>10}: median {median:.2f} ms, slowest {took[-1]:.2f} ms", end="")
    return median


def test_conversion() -> None:
    templates = [c for c in cases() if c["set"] != "single-rule"]
    print(f"\n{len(templates)} templates of 1.6 to 129 kB")
    figures("json", parsing, templates)
    print(" (json.dumps and json.loads of the same file)")
    ours = figures("vastgui", to_api_prompt, templates)
    print(f", {equal_share(to_api_prompt, templates):.1%} equal to the editor")
    try:
        peer = importlib.import_module("comfy_cli.workflow_to_api").convert_ui_to_api
    except ImportError:
        print("  comfy-cli: not installed here")
    else:
        figures("comfy-cli", peer, templates)
        print(f", {equal_share(peer, templates):.1%} equal to the editor")
    assert ours < BUDGET_MS
