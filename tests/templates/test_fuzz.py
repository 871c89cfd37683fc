"""Damaged template files: a plan or a refusal, never anything else."""

import contextlib
import random
import time
from pathlib import Path

from vastgui.config import assets_dir
from vastgui.errors import VastguiError
from vastgui.templates import build_plan, load_actions, load_template

PIECES = (
    b"[", b"]", b"{", b"}", b":", b"- ", b"\n", b"&a ", b"*a", b"<<: ", b"!!python/x ", b"!!set ",
    b"!!binary ", b"!!timestamp ", b"? ", b"|", b"\0", b"\xff", b"---\n", b"null", b".nan", b".inf",
    b"1e999", b"!!int ", b"${", b"steps", b"9" * 5000, b"2020-13-45", b"=", b"!",
)  # fmt: skip


def test_any_file_is_a_template_or_refused(tmp_path: Path) -> None:
    actions = load_actions(assets_dir())
    sources = [p.read_bytes() for p in (assets_dir() / "setups").glob("*.yaml")]
    path = tmp_path / "damaged.yaml"
    seed = time.time_ns()
    print("seed", seed)
    dice = random.Random(seed)
    for _ in range(500):
        path.write_bytes(damaged(dice.choice(sources), dice))
        with contextlib.suppress(VastguiError):
            build_plan(load_template(path, actions), actions, ssh_connection="root@h")


def damaged(source: bytes, dice: random.Random) -> bytes:
    data = bytearray(source)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[at:at] = dice.choice(PIECES)
            case 1:
                del data[at : at + dice.randint(1, 30)]
            case 2:
                copied = dice.randrange(len(data) + 1)
                data[at:at] = data[copied : copied + dice.randint(1, 200)]
            case _:
                data[at : at + 1] = bytes([dice.randrange(256)])
    return bytes(data)
