"""Some of the wrong inputs as they arrive in life: over sockets at a real app, from real commands."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import websocket

from tests.e2e.conftest import App
from tests.wrong_inputs import WRONG, World, Wrong
from tests.wrong_inputs.case import faults
from tests.wrong_inputs.cli import Command
from tests.wrong_inputs.served import told, words
from vastgui import desktop

pytestmark = pytest.mark.row("S45")
API = [case for case in WRONG if case.where == "api"][::10]
COMMANDS = [
    case
    for case in WRONG
    if case.where == "cli"
    and case.what
    in (
        "run --ssh, a shell line",
        "generate, too many steps",
        "continuing what goes on",
    )
]
PATIENCE_S = 60


STEERING = ("run", "generate", "stop", "pause", "resume", "answer", "continue", "delete")
THROUGH = [
    case
    for case in WRONG
    if isinstance(case.given, Command)
    and case.given.words[0] in STEERING
    and not case.given.files  # the app has read its settings long ago
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with closing(World(tmp_path_factory.mktemp("wrong"))) as made:
        yield made


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[App]:
    """Over the world's home, so that commands ask it."""
    served = App(world.home)
    served.start()
    yield served
    assert served.end() == 0


@pytest.fixture(scope="module")
def secret(app: App) -> str:
    info = desktop.read_info(app.paths)
    assert info is not None
    return f"Bearer {info.secret}"


@pytest.mark.parametrize("case", API, ids=lambda case: case.name)
def test_over_a_socket(world: World, app: App, secret: str, case: Wrong) -> None:
    before = world.runs()
    with httpx.Client(base_url=app.url, headers={"Authorization": secret}) as client:
        response = client.request(**words(case.given, world.filled))
    assert faults(world.meant(case), response.status_code, told(response)) == []
    assert world.runs() == before


@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.name)
@pytest.mark.parametrize("through", ["app", "alone"])
def test_as_a_command(world: World, app: App, case: Wrong, through: str, tmp_path: Path) -> None:
    """Through the running app and without one the same is said."""
    given, before = case.given, world.runs()
    assert isinstance(given, Command)
    home = world.home if through == "app" or "{" in "".join(given.words) else tmp_path
    done = subprocess.run(
        [sys.executable, "-m", "vastgui", *map(world.filled, given.words)],
        check=False, capture_output=True, text=True, timeout=PATIENCE_S,
        env={**os.environ, "VASTGUI_HOME": str(home)},
    )  # fmt: skip
    assert faults(world.meant(case), done.returncode, done.stdout + done.stderr) == []
    assert world.runs() == before


@pytest.mark.parametrize("case", THROUGH, ids=lambda case: case.name)
@pytest.mark.usefixtures("app")
def test_a_command_says_the_same_through_the_app(world: World, case: Wrong) -> None:
    answer = world.ask(case)
    assert answer.ok, f"{answer.wrong}: {answer.text[:1000]}"


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("{asks}?from=begin", 4422, "from: 'begin' is no number"),
        ("{asks}?from=-1", 4422, "from: '-1' is no number"),
        ("0000", 4404, "'0000'"),
    ],
)
def test_over_a_websocket(
    world: World, app: App, secret: str, path: str, code: int, said: str
) -> None:
    url = f"{app.url.replace('http', 'ws')}/ws/workflows/{world.filled(path)}"
    with closing(websocket.create_connection(url, header={"Authorization": secret})) as socket:
        opcode, frame = socket.recv_data()
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    assert int.from_bytes(frame[:2], "big") == code
    assert said in frame[2:].decode()
