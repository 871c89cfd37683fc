"""A client made from the OpenAPI page alone: what it may send is answered as the page says."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.app.scribe import Scribe
from vastgui.api import Api
from vastgui.config import Paths, Settings
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services

NO_RUNNER = [sys.executable, "-S", "-c", "pass"]
HEALTH = list(HealthCheck)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    allow_header_conformance,
]
"""Not among them: that all that fits the schema is taken. Which templates, files and states there
are is not for a schema to say."""


@dataclass(frozen=True)
class Asked:
    schema: BaseSchema
    runs: tuple[str, ...]
    """One that goes and one that has ended."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    paths = Paths.under(tmp_path_factory.mktemp("schema") / "home").ensure()
    given = Settings(starts_per_minute=0)
    with contextlib.closing(Services(paths, given, runner_command=NO_RUNNER)) as services:
        scribe, ended = (Scribe(paths.runs, "A run", "root@box:22") for _ in range(2))
        ended.end()
        with contextlib.closing(scribe), contextlib.closing(Feed(services.history)) as feed:
            app = FastAPI(openapi_url=None)
            api = Api(services, feed, Metrics())
            api.add_to(app)
            _without_security(api.load())
            yield Asked(schemathesis.openapi.from_asgi("/openapi.json", app), (scribe.id, ended.id))


def _without_security(app: FastAPI) -> None:
    """The guard is not here, and has tests of its own: nobody is to be refused for no secret."""
    for methods in app.openapi()["paths"].values():
        for operation in methods.values():
            del operation["security"]


def ask_everything(asked: Asked, examples: int) -> int:
    """Send what fits the page and what does not; return how many routes were asked."""
    count = 0
    for found in asked.schema.exclude(path_regex="^/events/").get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:
            fits = mode is GenerationMode.POSITIVE
            runs = st.sampled_from([None, *(asked.runs if fits else ())])

            @settings(max_examples=examples, deadline=None, suppress_health_check=HEALTH)
            @given(case=operation.as_strategy(generation_mode=mode), run_id=runs)
            def ask(case: Case, run_id: str | None) -> None:
                if run_id and "workflow_id" in case.path_parameters:
                    case.path_parameters["workflow_id"] = run_id  # a random one is never there
                case.call_and_validate(checks=CHECKS)

            with contextlib.suppress(Unsatisfiable):  # a route may have nothing to be wrong about
                ask()
        count += 1
    return count


def test_nothing_but_what_the_page_says(asked: Asked) -> None:
    assert ask_everything(asked, 5) > 20


@pytest.mark.slow
def test_nothing_but_what_the_page_says_at_length(asked: Asked) -> None:
    assert ask_everything(asked, 500) > 20
