"""The owner of the rented host attacks a whole run: a real runner, over a real SSH connection.

What single parts do with hostile values is tested beside them; here it is seen from outside.
"""

import json
from collections.abc import Iterator

import pytest

from tests.chaos.comfy_hostile import Enemy, Victim
from tests.comfy.client.servers import Line, answer, frame, frame_head
from tests.runner.rig import Rig
from tests.sshd import Sshd
from tests.steps.comfy.bench import ComfyBench
from vastgui.comfy.frames import parse_text
from vastgui.comfy.strict_json import UnusableJson, read_json
from vastgui.comfy.workflow import read_workflow
from vastgui.config import Paths
from vastgui.errors import InvalidInput
from vastgui.runner.generation.watch import MAX_EARLY_CHARS, Watch

BASE_BYTES = 48_000_000
"""What a runner takes for the same run with nothing hostile in it (46 MB), and a little more."""


@pytest.fixture(scope="module")
def the_enemy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enemy]:
    with Enemy(tmp_path_factory.mktemp("enemy")) as server:
        yield server


@pytest.fixture
def enemy(the_enemy: Enemy) -> Enemy:
    the_enemy.behave()
    return the_enemy


@pytest.fixture(scope="module")
def victim(
    the_enemy: Enemy, sshd: Sshd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Victim]:
    home = tmp_path_factory.mktemp("victim") / "vastgui"
    paths = Paths.under(home).ensure()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASTGUI_HOME", str(home))
        rig = Rig(paths.runs)
        over_ssh = ComfyBench.over_ssh(
            paths, the_enemy.port, sshd.ssh_connection, sshd.key_file, sshd.host_key
        )
        yield Victim(rig, over_ssh, ComfyBench(paths, the_enemy.port))
        rig.close()


# -- memory


def one_huge_frame(line: Line, _client_id: str) -> None:
    line.say(frame_head(1_500_000_000))
    for _ in range(1500):
        line.say(bytes(1_000_000))


def parts_without_end(line: Line, _client_id: str) -> None:
    line.say(frame(b"x" * 65_000, 2, fin=False))
    while True:
        line.say(frame(b"x" * 65_000, 0, fin=False))


def many_values(line: Line, client_id: str) -> None:
    """16 MB that would be 400 MB of dicts."""
    for _ in range(3):
        line.say(frame(f'{{"type":"status","data":{{"x":[{"{}," * 5_000_000}0]}}}}'))


def many_frames(line: Line, client_id: str) -> None:
    state = {"1": {"state": "running", "value": 1, "max": 2}}
    told = {"type": "progress_state", "data": {"prompt_id": client_id, "nodes": state}}
    for _ in range(30):
        line.say(frame(json.dumps(told)) * 1000)


FLOODS = {f.__name__: f for f in (one_huge_frame, parts_without_end, many_values, many_frames)}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_socket_cannot_fill_the_memory(flood: str, enemy: Enemy, victim: Victim) -> None:
    enemy.socket = FLOODS[flood]
    enemy.shows = {"images": [{"filename": "a.png"}]}
    ran = victim.run("over_ssh")
    assert ran.ok, ran.error
    print(f"{flood}: {victim.peak_bytes / 1e6:.0f} MB")
    assert victim.peak_bytes - BASE_BYTES < 100_000_000


def test_an_answer_cannot_fill_the_memory(enemy: Enemy, victim: Victim) -> None:
    enemy.said["/object_info"] = answer(b'{"Show": {"x": [' + b"{}," * 5_000_000 + b"0]}}")
    ran = victim.run("local")
    assert ran.status == "failed"
    assert "/object_info makes no sense: it is made of too many parts" in ran.error
    assert victim.peak_bytes - BASE_BYTES < 100_000_000


@pytest.mark.parametrize("raw", [b"{},", b"[],", b'{"a":0},', b"0,0,0,0,0,"])
def test_json_is_measured_before_it_becomes_values(raw: bytes) -> None:
    listed = b"[" + raw * (15_000_000 // len(raw)) + b"0]"
    with pytest.raises(UnusableJson, match="too many parts"):
        read_json(listed)
    with pytest.raises(InvalidInput, match="too many parts"):
        read_workflow(b'{"nodes": ' + listed + b"}", "mine.json")
    assert parse_text(b'{"type": "status", "data": {"x": ' + listed[:8_000_000] + b"0]}}") is None


def test_what_comes_before_the_prompt_is_queued_is_bounded() -> None:
    """Its answer may be late for as long as the server likes, and the socket is open already."""
    watch = Watch(lambda _: None, "p", host="127.0.0.1", port=1)
    text = json.dumps({"type": "status", "data": {"prompt_id": "p", "x": "y" * 1_000_000}})
    for _ in range(50):
        message = parse_text(text)
        assert message is not None
        watch.on_frame(message)
    assert sum(len(str(kept)) for kept in watch._early) < MAX_EARLY_CHARS
