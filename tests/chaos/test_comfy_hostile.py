"""The owner of the rented host attacks a whole run: a real runner, over a real SSH connection.

What single parts do with hostile values is tested beside them; here it is seen from outside.
"""

import json
import os
import stat
import struct
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.comfy_hostile import NODES, Enemy, Victim
from tests.comfy.client.servers import Line, answer, frame, frame_head
from tests.runner.rig import Rig
from tests.sshd import Sshd
from tests.steps.comfy.bench import ComfyBench
from tests.steps.comfy.test_hostile import NAMES
from tests.waiting import wait_until
from vastgui.cli.main import main
from vastgui.comfy import changes as ch
from vastgui.comfy.frames import parse_text
from vastgui.comfy.messages import Message
from vastgui.comfy.outputs import MAX_TEXTS_CHARS
from vastgui.comfy.progress import Tracker
from vastgui.comfy.strict_json import UnusableJson, read_json
from vastgui.comfy.workflow import read_workflow
from vastgui.config import Paths
from vastgui.errors import InvalidInput
from vastgui.runner.generation.watch import MAX_EARLY_CHARS, Watch

SLOW = pytest.mark.slow
Flood = Callable[[Line, str], None]
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


@pytest.mark.row("S36")
@pytest.mark.parametrize(
    "flood", [one_huge_frame, many_values, many_frames, pytest.param(parts_without_end, marks=SLOW)]
)
def test_a_socket_cannot_fill_the_memory(flood: Flood, enemy: Enemy, victim: Victim) -> None:
    enemy.socket = flood
    enemy.shows = {"images": [{"filename": "a.png"}]}
    ran = victim.run("over_ssh")
    assert ran.ok, ran.error
    print(f"{flood.__name__}: {victim.peak_bytes / 1e6:.0f} MB")
    assert victim.peak_bytes - BASE_BYTES < 100_000_000


@pytest.mark.row("S36")
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


def test_a_nodes_texts_are_bounded_together() -> None:
    """Each message may hold 5 MB of them, and a node may be `executed` as often as it likes."""
    tracker = Tracker({"1": {"class_type": "Show", "inputs": {}}}, "p")
    found: list[ch.Change] = []
    for number in range(12):
        texts = [f"{number} {i} {'x' * 90_000}" for i in range(10)]
        data = {"prompt_id": "p", "node": "1", "output": {"text": texts}}
        tracker.feed(Message("executed", data), 1.0)
        found += tracker.changes(1.0)
    kept = [len(change.text) for change in found if isinstance(change, ch.TextFound)]
    assert MAX_TEXTS_CHARS - 100_000 < sum(kept) <= MAX_TEXTS_CHARS


def test_a_preview_is_a_picture_or_nothing(enemy: Enemy, victim: Victim) -> None:
    picture = b"\xff\xd8\xff\xe0" + bytes(64)

    def socket(line: Line, client_id: str) -> None:
        enemy.wait_for_prompt(client_id)
        line.tell("execution_start", prompt_id=client_id)
        line.tell("executing", node="1", prompt_id=client_id)
        for kind, second in ((0, 0), (2, 1), (3, 2**32 - 1), (4, 2**31), (99, 99)):
            line.say(frame(struct.pack(">II", kind, second) + b"{" * 64))
        line.say(frame(struct.pack(">II", 1, 1) + picture))
        wait_until(ran_preview, what="the picture")
        for page in (
            b"<!doctype html><script>1</script>",
            b"<svg onload='x'/>",
            b"GIF8",
            b"\0" * 64,
        ):
            line.say(frame(struct.pack(">II", 1, 2) + page))
        line.say(
            bytes([0x80 | 0x40 | 2, 5]) + b"12345"
        )  # says it is compressed, which nobody asked

    def ran_preview() -> list[Path]:
        return list(victim.local.paths.runs.glob("*/preview.jpg"))

    enemy.socket = socket
    ran = victim.run("local")
    assert ran.ok, ran.error
    assert ran.run.preview.read_bytes() == picture
    assert ran.comfy.preview is not None
    assert (
        ran.comfy.preview.media_type == "image/jpeg"
    )  # again, when the socket had to be opened anew


# -- names and files


@pytest.mark.row("S34")
@pytest.mark.parametrize("way", ["over_ssh", pytest.param("local", marks=SLOW)])
def test_122_hostile_names_of_a_whole_run(
    way: str, enemy: Enemy, victim: Victim, tmp_path: Path
) -> None:
    """Every name comes home as a file of its own, and nothing else is touched."""
    enemy.shows = {"images": [{"filename": name} for name in NAMES]}
    mine, wanted = tmp_path / "mine", tmp_path / "wanted"
    mine.write_text("mine")
    wanted.mkdir()
    (wanted / "escape.png").write_text("mine too")
    (wanted / "evil").symlink_to(mine)
    (wanted / "passwd").symlink_to("/nowhere")
    os.mkfifo(wanted / "x.png")
    (wanted / "red.png").mkdir()
    before = {p.name for p in wanted.iterdir()}
    ran = victim.run(way, output_dir=str(wanted))
    assert "1 output was left out: without a usable file name." in ran.error  # the empty one
    table = {output.filename: Path(output.path).name for output in ran.outputs}
    for name, local in table.items():
        print(f"{ascii(name)[:60]:60}  {local[:60]}")
    assert set(table) == set(NAMES) - {""}
    assert {output.path.partition("/")[0] for output in ran.outputs} == {"outputs"}
    here = list(ran.run.outputs.iterdir())
    assert sorted(p.name for p in here) == sorted(table.values())
    assert all(stat.S_ISREG(p.lstat().st_mode) for p in here)
    assert {stat.S_IMODE(p.lstat().st_mode) for p in here} == {0o600}
    assert all((ran.run.outputs / table[n]).read_text() == f"this is {n}" for n in plain(NAMES))
    folded = {unicodedata.normalize("NFKD", p.name).casefold() for p in here}
    assert len(folded) == len(here)
    assert len({p.name for p in wanted.iterdir()} - before) == len(here)
    assert (mine.read_text(), (wanted / "escape.png").read_text()) == ("mine", "mine too")
    assert (wanted / "evil").is_symlink()
    assert not (Path.cwd() / "pwned").exists()


def plain(names: list[str]) -> list[str]:
    """Those that a URL carries unchanged."""
    return [name for name in names if name and name.isprintable()]


def test_files_that_are_none_or_lie_about_their_size(enemy: Enemy, victim: Victim) -> None:
    folder = enemy.output / "tricks"
    folder.mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    for name, to in {"zero": "/dev/zero", "loop": "loop", "kcore": "/proc/kcore"}.items():
        (folder / name).symlink_to(to)
    with (folder / "sparse").open("wb") as file:
        file.truncate(10 * 10**12)
    (folder / "fine.png").write_bytes(b"fine")
    enemy.said["/view"] = answer({}, 404)
    names = sorted(path.name for path in folder.iterdir())
    enemy.shows = {"images": [{"filename": n, "subfolder": "tricks"} for n in names]}
    ran = victim.run("over_ssh")
    assert ran.status == "failed"
    assert ran.files == {"fine.png": b"fine"}
    errors = {output.filename: output.error for output in ran.outputs}
    assert "10000.0 GB, which is more than there is room for" in errors["sparse"]
    assert [name for name, error in errors.items() if not error] == ["fine.png"]


# -- words

EVIL = "\x1b]0;pwned\x07\x1b[2J\x9b31m\x00\x08\u202e\u2028\r\n<img src=x onerror=window.__x=1>"


def evil_nodes() -> dict[str, object]:
    """A node whose every word is the owner's."""
    show = {**NODES["Show"], "display_name": EVIL, "name": EVIL, "description": EVIL}
    inputs = {
        "text": ["STRING", {"tooltip": EVIL}],
        f"pick{EVIL}": [[EVIL, "b"], {"default": EVIL}],
    }
    return {"Show": {**show, "input": {"required": inputs}}, EVIL: {**show, "python_module": EVIL}}


def evil_workflow(folder: Path) -> str:
    nodes = {
        "1": {"class_type": "Show", "inputs": {"text": EVIL, f"pick{EVIL}": "b"}},
        f"2{EVIL}": {"class_type": EVIL, "inputs": {"text": EVIL, f"pick{EVIL}": EVIL}},
    }
    for node in nodes.values():
        node["_meta"] = {"title": EVIL}
    path = folder / "evil.json"
    path.write_text(json.dumps(nodes))
    return str(path)


def executed_badly() -> dict[str, object]:
    told = {"node_id": f"2{EVIL}", "node_type": EVIL, "exception_message": EVIL * 9000,
            "exception_type": EVIL, "traceback": [EVIL] * 50, "executed": [EVIL]}  # fmt: skip
    return {"status_str": "error", "completed": False, "messages": [["execution_error", told]]}


def refused() -> dict[str, object]:
    error = {"type": EVIL, "message": EVIL, "details": EVIL * 9000, "extra_info": {EVIL: EVIL}}
    about = {**error, "extra_info": {"input_name": EVIL, "received_value": EVIL}}
    problems = {f"2{EVIL}": {"class_type": EVIL, "errors": [about], "dependent_outputs": [EVIL]}}
    return {"error": error, "node_errors": problems}


@pytest.fixture
def cli(enemy: Enemy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:  # fmt: skip
    """`cli("show", "last")`: what it said, when all of that can only be read."""
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))

    def call(*words: str) -> str:
        capsys.readouterr()
        main(words)
        out, err = capsys.readouterr()
        odd = {c for c in (out + err).replace("\n", "") if not c.isprintable()}
        assert not odd, (words, odd, out, err)
        return out + err

    return call


@pytest.mark.row("S40")
@pytest.mark.parametrize("ending", ["shown", "executed badly", "refused"])
def test_words_cannot_steer_a_terminal(
    ending: str, cli: Callable[..., str], enemy: Enemy, tmp_path: Path
) -> None:
    enemy.nodes, enemy.argv = evil_nodes(), [EVIL, "--output-directory", EVIL]
    enemy.shows = {"images": [{"filename": f"{EVIL}.png", "subfolder": EVIL}], EVIL: [EVIL]}
    if ending == "executed badly":
        enemy.ending = executed_badly()
    if ending == "refused":
        enemy.said["/prompt"] = answer(refused(), 400)
    on = ("--on", f"http://127.0.0.1:{enemy.port}")
    said = cli("generate", evil_workflow(tmp_path), *on, "--out", str(tmp_path / "out"))
    assert ("Run completed" in said) == (ending == "shown"), said
    assert "onerror=window.__x=1" in said
    for words in (("show", "last"), ("show", "last", "--json"), ("logs", "last"), ("runs",)):
        cli(*words)
    run = next((tmp_path / "home").glob("**/runs/*/events.jsonl")).parent
    for file in (run / "events.jsonl", *run.glob("logs/*.log")):
        lines = file.read_text().splitlines()
        assert all(line.isprintable() for line in lines), file
    assert all(len(line) <= 4000 for line in (run / "events.jsonl").read_bytes().splitlines())


def test_words_of_a_workflow_cannot_steer_a_terminal(
    cli: Callable[..., str], enemy: Enemy, tmp_path: Path
) -> None:
    enemy.nodes = evil_nodes()
    on, workflow = ("--on", f"http://127.0.0.1:{enemy.port}"), evil_workflow(tmp_path)
    cli("preflight", workflow, *on)
    for words in (("workflows", workflow), ("convert", workflow)):
        assert "onerror" in cli(*words, *on)
    ui = {"nodes": [{"id": 1, "type": EVIL, "title": EVIL}], "links": []}
    (tmp_path / "ui.json").write_text(json.dumps(ui))
    assert "onerror" in cli("convert", str(tmp_path / "ui.json"), *on)
    enemy.nodes = {"Show": EVIL}
    assert "onerror" in cli("preflight", workflow, *on)
