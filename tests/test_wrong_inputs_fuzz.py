"""Whatever is given, only errors made for users come out."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wrong_inputs.case import LEAKS
from tests.wrong_inputs.cli import NOBODY
from vastgui.cli import exits
from vastgui.cli.main import main
from vastgui.config import Paths, Settings, assets_dir
from vastgui.errors import VastguiError
from vastgui.services import Services
from vastgui.templates import Actions, load_actions, load_template
from vastgui.templates.model import ActionSpec

pytestmark = pytest.mark.row("S45")
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=9), v, max_size=3)
)
NAMES = st.sampled_from(["workspace", "ui_home", "comfyui_port", "vast_url", "venv"])
FIELDS = st.sampled_from(["2.text", "4.steps", "4.cfg", "4.seed", "99.x"]) | st.text(max_size=5)
NODES = st.dictionaries(
    st.text(max_size=3),
    st.fixed_dictionaries({}, optional={"class_type": VALUES, "inputs": VALUES}) | VALUES,
    max_size=3,
)
JSON = (NODES | st.fixed_dictionaries({"nodes": st.lists(NODES)}, optional={"links": VALUES})).map(
    lambda value: json.dumps(value).encode()
)
LINES = st.sampled_from(["ssh", "-p", "22", "root@box", "-L", "-i", "~x", "[::1]", ":", "@", ";"])
VERBS = st.sampled_from(
    ["show", "logs", "answer", "continue", "check", "convert", "workflows", "delete", "runs",
     "secret", "stop", "templates", "pin", "preflight"]
)  # fmt: skip
"""None of them stays, or opens anything."""
WORDS = st.text(max_size=12) | st.sampled_from(
    ["--json", "--step", "--object-info", "--on", "--from", "--limit", "--status", "last",
     "colour-card", "list", "--yes", NOBODY, "mybox"]
)  # fmt: skip


class NothingStarts(VastguiError):
    """Raised where a run would be started: all was good by chance."""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    paths = Paths.under(tmp_path / "home").ensure()
    with contextlib.closing(Services(paths, Settings())) as made:
        monkeypatch.setattr(made.supervisor, "launch", _refuse)
        yield made


def _refuse(*_: object, **__: object) -> None:
    raise NothingStarts("Nothing starts here.")


@QUICK
@given(
    connection=st.text(max_size=60) | st.lists(LINES, max_size=6).map(" ".join),
    key=st.text(max_size=20),
    instance=st.text(max_size=20),
)
def test_any_connection(services: Services, connection: str, key: str, instance: str) -> None:
    with pytest.raises(VastguiError):
        services.launch_setup(
            "quick-check", ssh_connection=connection, key_file=key, instance_id=instance
        )


@QUICK
@given(
    variables=st.dictionaries(NAMES, VALUES, max_size=3),
    only=SCALARS,
    enabled=st.dictionaries(SCALARS, VALUES, max_size=2),
    delay=SCALARS,
)
def test_any_choices(
    services: Services, variables: dict[str, Any], only: Any, enabled: dict[Any, Any], delay: Any
) -> None:
    with pytest.raises(VastguiError):
        services.launch_setup(
            "quick-check",
            ssh_connection=NOBODY,
            variables=variables,
            only=only,
            enabled=enabled,
            step_delay_s=delay,
        )


@QUICK
@given(values=st.dictionaries(FIELDS, VALUES, max_size=3), controls=st.dictionaries(FIELDS, VALUES))
def test_any_values_of_a_workflow(
    services: Services, values: dict[str, Any], controls: dict[str, Any]
) -> None:
    with pytest.raises(VastguiError):
        services.launch_generate(
            "text-to-image",
            ssh_connection=NOBODY,
            parameters=values,
            seed_controls=controls,
        )


@QUICK
@given(data=st.binary(max_size=200) | JSON)
def test_any_upload(services: Services, data: bytes) -> None:
    with pytest.raises(VastguiError):
        services.launch_generate(data, ssh_connection=NOBODY)


@pytest.fixture(scope="module")
def actions() -> Actions:
    return load_actions(assets_dir())


@QUICK
@given(
    text=st.text(max_size=200)
    | st.dictionaries(st.sampled_from(["label", "steps", "variables", "id"]), VALUES).map(repr)
    | st.lists(st.fixed_dictionaries({"action": st.just("run_command"), "params": VALUES})).map(
        lambda steps: f"label: x\nsteps: {steps!r}"
    )
)
def test_any_template(tmp_path: Path, actions: dict[str, ActionSpec], text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with contextlib.suppress(VastguiError):
        load_template(path, actions)


@QUICK
@given(verb=VERBS, words=st.lists(WORDS, max_size=4))
def test_any_command_line(services: Services, verb: str, words: list[str]) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main([verb, *words])
        except SystemExit as stop:
            code = int(stop.code or 0)
    assert code in (exits.DONE, exits.FAILED, exits.USAGE, exits.NOT_FOUND, exits.STORAGE)
    assert [leak for leak in LEAKS if leak in said.getvalue()] == []
