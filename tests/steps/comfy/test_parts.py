"""The small parts of a ComfyUI run, without a server."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from vastgui.errors import InvalidInput, StorageError
from vastgui.runner.generation import Job
from vastgui.runner.generation.files import SameContent, also_place, new_file, replace_file
from vastgui.runner.generation.folders import Folders, find_folders
from vastgui.runner.generation.names import Names
from vastgui.runner.generation.remote import SMALL_BYTES, Bundle, RemoteFact
from vastgui.runner.generation.server import local_address
from vastgui.runner.generation.timings import Timings

HOME = "/workspace/ComfyUI"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_parameters_are_checked_and_numbers_may_come_as_texts() -> None:
    job = Job.of({"comfyui_port": "18188", "parameters": {"3.seed": 2**64 - 1}, "odd": object()})
    assert job.comfyui_port == 18188
    assert job.parameters["3.seed"] == 18446744073709551615
    assert Job.of({"comfyui_port": "", "server": None}).comfyui_port == 0


@pytest.mark.parametrize(
    "params",
    [
        {"comfyui_port": "x"},
        {"comfyui_port": 70000},
        {"queue_timeout_s": -1},
        {"queue_timeout_s": float("nan")},
        {"keep_remote": "yes"},
        {"inputs": {"1.image": "/etc/passwd"}},
        {"inputs": {"1.image": "inputs/../../key"}},
        {"inputs": {"1.image": 3}},
        {"workflow_file": "../spec.json"},
        {"parameters": []},
        {"seed_controls": {"3.seed": "sometimes"}},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(params: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        Job.of(params)
    assert refused.value.field.split(" ")[0] in params


FOLDERS = {
    "by the custom nodes": ([], {"custom_nodes": [f"{HOME}/custom_nodes"]}, "", HOME),
    "by ui_home": (["main.py"], {}, HOME, HOME),
    "by the flag": (["main.py", "--base-directory", "/data"], {}, HOME, "/data"),
    "relative is no place": (["--base-directory=data"], {"custom_nodes": ["nodes"]}, "", ""),
}


@pytest.mark.parametrize(("argv", "paths", "home", "base"), FOLDERS.values(), ids=FOLDERS)
def test_the_servers_folders(
    argv: list[str], paths: dict[str, list[str]], home: str, base: str
) -> None:
    found = find_folders(argv, paths, home)
    wanted = tuple(f"{base}/{n}" if base else "" for n in ("input", "output", "temp"))
    assert (found.input, found.output, found.temp) == wanted


def test_flags_name_single_folders() -> None:
    argv = ["main.py", "--output-directory", "/big/out", "--temp-directory", "/tmp/x"]
    found = find_folders(argv, {}, HOME)
    assert found == Folders(f"{HOME}/input", "/big/out", "/tmp/x/temp")


def test_a_remote_path_stays_in_its_folder() -> None:
    folders = Folders(output="/c/output")
    assert folders.path_of("a.png", "", "output") == "/c/output/a.png"
    assert folders.path_of("a..b.png", "x/./y", "output") == "/c/output/x/y/a..b.png"
    for filename, subfolder in [("../a", ""), ("a", ".."), ("a", "x/../.."), ("", ""), ("a\0", "")]:
        assert folders.path_of(filename, subfolder, "output") == ""
    assert folders.path_of("a.png", "", "temp") == ""


def test_names_are_safe_and_used_once(tmp_path: Path) -> None:
    names = Names(tmp_path)
    wanted = ["a.png", "A.PNG", "a.png", "../a.png", "con", "", "x" * 400, ".bashrc", "a.part"]
    given = [names.give(name) for name in wanted]
    assert given[:4] == ["a.png", "A (2).PNG", "a (2).png", "a (3).png"] or len(set(given)) == 9
    assert len({name.casefold() for name in given}) == len(wanted)
    for name in given:
        assert (tmp_path / name).parent == tmp_path
        new_file(tmp_path / name, b"x")
    assert len(list(tmp_path.iterdir())) == len(wanted)


def test_files_are_whole_private_and_never_replaced_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "a"
    new_file(path, b"one")
    with pytest.raises(StorageError):
        new_file(path, b"two")
    assert path.read_bytes() == b"one"
    replace_file(path, b"three")
    assert path.read_bytes() == b"three"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.name != "a.part"] == ["a"]


@pytest.mark.row("S35")
def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(outside)
    with pytest.raises(StorageError):
        new_file(tmp_path / "out" / "a.png", b"theirs")
    assert outside.read_bytes() == b"mine"


def test_a_folder_of_the_users_gets_the_file_too(tmp_path: Path) -> None:
    source, folder = tmp_path / "a.png", tmp_path / "pictures"
    source.write_bytes(b"new")
    folder.mkdir()
    (folder / "a.png").write_bytes(b"the user's own")
    same = SameContent(3, sha(b"new"))
    first = also_place(source, folder, "a.png", same)
    again = also_place(source, folder, "a.png", same)
    assert first == again == folder / "a (2).png"
    assert (folder / "a.png").read_bytes() == b"the user's own"
    assert first.read_bytes() == b"new"


def answer(*files: bytes | None) -> bytes:
    parts = [
        b"missing - -\n" if f is None else f"{len(f)} {sha(f)} inside\n".encode() + f for f in files
    ]
    return b"".join(parts)


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_bundle_is_read_in_any_pieces(step: int) -> None:
    big = f"{SMALL_BYTES + 1} {sha(b'x')} apart\n".encode()
    raw = answer(b"one\ntwo", None, b"") + big
    taken: dict[int, RemoteFact | None] = {}
    bundle = Bundle(4, taken.__setitem__)
    for start in range(0, len(raw), step):
        bundle.feed(raw[start : start + step])
    assert bundle.is_whole
    first, missing, empty, apart = (taken[number] for number in range(4))
    assert first == RemoteFact(7, sha(b"one\ntwo"), b"one\ntwo")
    assert missing is None
    assert empty == RemoteFact(0, sha(b""), b"")
    assert apart == RemoteFact(SMALL_BYTES + 1, sha(b"x"), None)


@pytest.mark.parametrize(
    "raw",
    [
        b"x" * 500,
        b"5 abc inside\nabcde",
        f"{SMALL_BYTES + 1} {'0' * 64} inside\n".encode(),
        answer(b"a") + b"more",
        b"-5 " + b"0" * 64 + b" inside\n",
    ],
)
def test_a_bundle_that_lies_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        Bundle(1, lambda *_: None).feed(raw)


def test_where_a_local_server_is() -> None:
    assert local_address("http://127.0.0.1:8199") == ("127.0.0.1", 8199)
    assert local_address("localhost") == ("localhost", 8188)
    for wrong in ("https://x", "http://", "http://[", "ftp://h:1", "http://h:99999"):
        with pytest.raises(InvalidInput):
            local_address(wrong)


def test_times_of_earlier_runs(tmp_path: Path) -> None:
    assert Timings(tmp_path, "vast-1", "w").history.run_s is None
    for seconds in (3.0, 5.0, 4.0):
        Timings(tmp_path, "vast-1", "w").add(seconds, [("KSampler", seconds - 1)])
    known = Timings(tmp_path, "vast-1", "w")
    assert (known.history.run_s, known.measured_runs) == (4.0, 3)
    assert known.history.node_s == {"KSampler": 3.0}
    assert Timings(tmp_path, "vast-2", "w").history.run_s is None
    file = next(tmp_path.glob("timings-*.json"))
    file.write_bytes(os.urandom(50))
    assert Timings(tmp_path, "vast-1", "w").history.run_s is None
