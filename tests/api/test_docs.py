"""What the API can do is written down: on its own page, and in docs/api.md."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Api
from vastgui.metrics import Metrics, Now

pytestmark = pytest.mark.anyio
DOCS = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


async def operations(api: Api) -> dict[str, dict[str, Any]]:
    paths = (await api.client.get("/openapi.json")).json()["paths"]
    return {f"{m.upper()} {p}": o for p, methods in paths.items() for m, o in methods.items()}


async def test_every_route_is_in_the_docs(api: Api) -> None:
    found = await operations(api)
    assert len(found) > 20
    assert [route for route in found if f"**`{route}`**" not in DOCS] == []


async def test_the_docs_name_no_route_that_is_not_there(api: Api) -> None:
    named = set(re.findall(r"\*\*`((?:GET|POST|DELETE) [^`]+)`\*\*", DOCS))
    assert named - set(await operations(api)) == set()


async def test_the_page_says_all_there_is_to_a_route(api: Api) -> None:
    for route, operation in (await operations(api)).items():
        assert operation["summary"], route
        assert operation["tags"], route
        assert operation["security"], route
        for status in ("401", "403", "422", "500"):
            problem = operation["responses"][status]["content"]["application/json"]["schema"]
            assert problem["$ref"].endswith("/Problem"), (route, status)


async def test_every_name_of_a_request_is_in_the_docs(api: Api) -> None:
    schema = (await api.client.get("/openapi.json")).json()
    bodies = {s: m for s, m in schema["components"]["schemas"].items() if s.endswith("Wanted")}
    assert "StartWanted" in bodies
    for body, model in bodies.items():
        assert model["additionalProperties"] is False, body
        for name in model["properties"]:
            assert f"`{name}`" in DOCS, (body, name)
    for parameter in schema["paths"]["/workflows"]["get"]["parameters"]:
        assert f"`{parameter['name']}`" in DOCS


def test_every_metric_is_in_the_docs() -> None:
    now = Now(runs=[], stale_heartbeats=0, heartbeat_timeouts=0, late_endings=0)
    names = re.findall(r"^# TYPE (\S+)", Metrics().text(now)[0].decode(), re.MULTILINE)
    assert len(names) == 10
    assert [name for name in names if f"`{name}" not in DOCS] == []
