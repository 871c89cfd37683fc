"""The practice ComfyUI where no recording can be replayed: kills, stalls, caches, faults, files."""

import contextlib
import http.client
import json
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import websocket
from PIL import Image

from tests.waiting import wait_until
from vastgui.demo.comfy import PracticeComfy, containers

SLOW = {"steps": 20, "delay": 0.05, "preview": "none", "seed": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeComfy]:
    with PracticeComfy(tmp_path_factory.mktemp("comfy"), words=["--preview-method", "auto"]) as it:
        yield it


@pytest.fixture
def clean(server: PracticeComfy) -> Iterator[PracticeComfy]:
    ask(server, "/free", {"free_memory": True})
    yield server
    server.clear_faults()


def ask(server: PracticeComfy, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(server.url + path, data), timeout=10) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def submit(server: PracticeComfy, prompt: dict[str, Any], client_id: str = "nobody") -> str:
    prompt_id: str = ask(server, "/prompt", {"prompt": prompt, "client_id": client_id})["prompt_id"]
    return prompt_id


def ended(server: PracticeComfy, prompt_id: str) -> dict[str, Any]:
    """The history entry, once it is there."""
    wait_until(lambda: ask(server, f"/history/{prompt_id}"), what=prompt_id)
    found: dict[str, Any] = ask(server, f"/history/{prompt_id}")[prompt_id]
    return found


def hear_all(link: websocket.WebSocket, heard: list[str] | None = None) -> None:
    """Read frames until the socket raises."""
    while True:
        frame = str(link.recv())
        if heard is not None:
            heard.append(frame)


def chain(*nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Nodes 1, 2, ...; "@n" in an input links to node n."""
    return {
        str(number): {
            "class_type": kind,
            "inputs": {
                key: [value[1:], 0] if isinstance(value, str) and value.startswith("@") else value
                for key, value in inputs.items()
            },
        }
        for number, (kind, inputs) in enumerate(nodes, 1)
    }


def slow(**more: Any) -> dict[str, Any]:
    return chain(("RigSlowSteps", SLOW | more), ("PreviewImage", {"images": "@1"}))


TEXT_TO_IMAGE = {
    "3": {"class_type": "KSampler", "inputs": {
        "seed": 7, "steps": 4, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
        "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple",
          "inputs": {"ckpt_name": "practice_v1.safetensors"}},
    "5": {"class_type": "EmptyLatentImage",
          "inputs": {"width": 256, "height": 192, "batch_size": 2}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "sea at dawn", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage",
          "inputs": {"images": ["8", 0], "filename_prefix": "sea/%width%"}},
}  # fmt: skip


class TestPictures:
    def test_text_to_image_with_previews(self, clean: PracticeComfy) -> None:
        client_id = str(uuid.uuid4())
        link = websocket.create_connection(f"ws://127.0.0.1:{clean.port}/ws?clientId={client_id}")
        with contextlib.closing(link):
            prompt_id = submit(clean, TEXT_TO_IMAGE, client_id)
            previews = 0
            while True:
                frame = link.recv()
                previews += isinstance(frame, bytes)
                if isinstance(frame, str) and '"node": null' in frame:
                    break
        assert previews == 4
        images = ended(clean, prompt_id)["outputs"]["9"]["images"]
        assert [image["filename"] for image in images] == ["256_00001_.png", "256_00002_.png"]
        with Image.open(clean.folder / "output" / "sea" / "256_00001_.png") as picture:
            assert picture.size == (256, 192)
            assert json.loads(picture.text["prompt"]) == TEXT_TO_IMAGE  # type: ignore[attr-defined]
            assert len(picture.convert("RGB").getcolors(100_000) or ()) > 1000

    def test_a_model_that_is_not_there(self, clean: PracticeComfy) -> None:
        prompt = json.loads(json.dumps(TEXT_TO_IMAGE).replace("practice_v1", "nosuch"))
        with pytest.raises(HTTPError) as refused:
            submit(clean, prompt)
        (error,) = json.load(refused.value)["node_errors"]["4"]["errors"]
        assert error["type"] == "value_not_in_list"

    def test_lazy_branches_do_not_run(self, clean: PracticeComfy) -> None:
        size = {"width": 16, "height": 16, "batch_size": 1}
        prompt = chain(
            ("EmptyImage", size | {"color": 1}),
            ("RigRaise", {"message": "never", "after": 0}),
            ("PracticeLazySwitch", {"on": True, "if_true": "@1", "if_false": "@2"}),
            ("PreviewImage", {"images": "@3"}),
        )
        assert ended(clean, submit(clean, prompt))["status"]["status_str"] == "success"

    @pytest.mark.parametrize(
        ("saver", "inputs", "magic"),
        [
            ("SaveWEBM", {"codec": "vp9", "fps": 6.0, "crf": 32.0}, b"\x1aE\xdf\xa3"),
            ("SaveAnimatedWEBP", {"fps": 6.0, "lossless": False, "quality": 80,
                                  "method": "default"}, b"RIFF"),
            ("SaveAnimatedPNG", {"fps": 6.0, "compress_level": 4}, b"\x89PNG"),
        ],
    )  # fmt: skip
    def test_films(
        self, clean: PracticeComfy, saver: str, inputs: dict[str, Any], magic: bytes
    ) -> None:
        prompt = chain(
            ("EmptyImage", {"width": 32, "height": 32, "batch_size": 3, "color": 255}),
            (saver, {"images": "@1", "filename_prefix": "film"} | inputs),
        )
        shown = ended(clean, submit(clean, prompt))["outputs"]["2"]
        assert shown["animated"] == [True]
        content = (clean.folder / "output" / shown["images"][0]["filename"]).read_bytes()
        assert content.startswith(magic)
        if saver != "SaveWEBM":
            with Image.open(BytesIO(content)) as film:
                film.seek(film.n_frames - 1)  # type: ignore[attr-defined]


class TestLife:
    def test_a_restart_forgets_all_but_outputs(self, tmp_path: Path) -> None:
        saved = chain(
            ("EmptyImage", {"width": 16, "height": 16, "batch_size": 1, "color": 0}),
            ("SaveImage", {"images": "@1", "filename_prefix": "kept"}),
            ("PreviewImage", {"images": "@1"}),
        )
        with PracticeComfy(tmp_path) as server:
            done = submit(server, saved)
            ended(server, done)
            running, waiting = submit(server, slow()), submit(server, slow(seed=2))
            link = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws?clientId=x")
            with contextlib.closing(link):
                first = server.pid
                server.kill()
                with pytest.raises((websocket.WebSocketException, OSError)):
                    hear_all(link)
            with pytest.raises(OSError, match="refused"):
                ask(server, "/queue")
            server.start()
            assert server.pid != first
            for prompt_id in (done, running, waiting):
                assert ask(server, f"/history/{prompt_id}") == {}
            assert ask(server, "/queue") == {"queue_running": [], "queue_pending": []}
            assert list((tmp_path / "temp").iterdir()) == []
            assert (tmp_path / "output" / "kept_00001_.png").exists()
            assert ask(server, "/prompt", {"prompt": saved})["number"] == 0
            server.kill(signal.SIGTERM)
            assert server.pid == 0

    def test_one_that_does_not_read_holds_up_all(self, clean: PracticeComfy) -> None:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", clean.port))
        key = "GET /ws?clientId=B HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        key += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        deaf.sendall(f"{key}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
        link = websocket.create_connection(f"ws://127.0.0.1:{clean.port}/ws?clientId=A", timeout=10)
        with contextlib.closing(link):
            noisy = slow(steps=30, delay=0.0, preview="NOISE")
            ended(clean, submit(clean, noisy, "B"))
            prompt_id = submit(clean, slow(steps=1, delay=0.0), "A")
            ended(clean, prompt_id)  # HTTP and execution go on
            link.settimeout(0.3)
            heard: list[str] = []
            with pytest.raises(websocket.WebSocketTimeoutException):
                hear_all(link, heard)
            assert {json.loads(frame)["type"] for frame in heard} == {"status"}
            deaf.close()
            link.settimeout(10)
            while '"node": null' not in str(link.recv()):
                pass

    def test_progress_state_repeats_all_that_started(self, clean: PracticeComfy) -> None:
        """20 nodes, 30 steps: 0.23 MB in the recording."""
        nodes = [("EmptyImage", {"width": 8, "height": 8, "batch_size": 1, "color": 0})]
        nodes += [("ImageInvert", {"image": f"@{n}"}) for n in range(1, 19)]
        steps = {"steps": 30, "delay": 0.0, "preview": "none", "seed": 1, "image": "@19"}
        nodes += [("RigSlowSteps", steps), ("PreviewImage", {"images": "@20"})]
        link = websocket.create_connection(f"ws://127.0.0.1:{clean.port}/ws?clientId=T", timeout=10)
        with contextlib.closing(link):
            submit(clean, chain(*nodes), "T")
            size = 0
            while '"node": null' not in (frame := str(link.recv())):
                size += len(frame)
        assert 200_000 < size < 260_000

    @pytest.mark.parametrize(
        ("word", "cached"), [("--cache-none", []), ("--cache-lru", ["1", "2"])]
    )
    def test_caches(self, tmp_path: Path, word: str, cached: list[str]) -> None:
        words = [word] if word == "--cache-none" else [word, "10"]
        with PracticeComfy(tmp_path, words=words) as server:
            for expected in ([], cached):
                entry = ended(server, submit(server, slow(steps=1, delay=0.0)))
                assert entry["status"]["messages"][1][1]["nodes"] == expected
                assert entry["outputs"]["2"]["images"]


class TestFaults:
    def test_the_answer_to_a_prompt_is_lost(self, clean: PracticeComfy) -> None:
        clean.fault("http", "drop_after", path="/prompt", method="POST")
        prompt_id = str(uuid.uuid4())
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask(clean, "/prompt", {"prompt": slow(steps=1), "prompt_id": prompt_id})
        assert ended(clean, prompt_id)["status"]["completed"]
        assert clean.faults[0]["hits"] == 1

    def test_it_dies_at_a_step(self, tmp_path: Path) -> None:
        with PracticeComfy(tmp_path, faults=[{"at": "step", "do": "die", "step": 2}]) as server:
            submit(server, slow())
            wait_until(lambda: not server.pid)
            server.start()
            assert server.faults == []

    def test_http_faults(self, clean: PracticeComfy) -> None:
        clean.fault("http", "error", path="/queue", after=1)
        ask(clean, "/queue")
        with pytest.raises(HTTPError, match="500"):
            ask(clean, "/queue")
        ask(clean, "/queue")
        clean.fault("http", "cut", path="/object_info", bytes=100)
        with pytest.raises(http.client.IncompleteRead):
            ask(clean, "/object_info")
        clean.fault("http", "delay", path="/queue", seconds=0.2)
        started = time.monotonic()
        ask(clean, "/queue")
        assert time.monotonic() - started >= 0.2

    def test_a_frame_that_claims_too_much(self, clean: PracticeComfy) -> None:
        clean.fault("ws", "huge", event="progress", sent=100_000)
        link = socket.create_connection(("127.0.0.1", clean.port), timeout=10)
        head = "GET /ws?clientId=H HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        head += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        link.sendall(f"{head}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
        with contextlib.closing(link):
            submit(clean, slow(steps=1), "H")
            heard = b""
            while b"\x82\x7f" + (1_500_000_000).to_bytes(8, "big") not in heard:
                heard += link.recv(65_536)

    def test_a_socket_is_cut_or_goes_deaf(self, clean: PracticeComfy) -> None:
        clean.fault("ws", "cut", event="progress", client="C")
        link = websocket.create_connection(f"ws://127.0.0.1:{clean.port}/ws?clientId=C", timeout=10)
        prompt_id = submit(clean, slow(steps=3, delay=0.0), "C")
        with contextlib.closing(link), pytest.raises((websocket.WebSocketException, OSError)):
            hear_all(link)
        assert ended(clean, prompt_id)["status"]["completed"]

    def test_a_socket_goes_deaf_and_is_not_told(self, clean: PracticeComfy) -> None:
        clean.fault("ws", "deaf", event="progress", client="D")
        link = websocket.create_connection(f"ws://127.0.0.1:{clean.port}/ws?clientId=D", timeout=10)
        with contextlib.closing(link):
            ended(clean, submit(clean, slow(steps=3, delay=0.0), "D"))
            link.settimeout(0.2)
            heard: list[str] = []
            with pytest.raises(websocket.WebSocketTimeoutException):
                hear_all(link, heard)
            assert "progress_state" in heard[-1]

    def test_hostile_names(self, clean: PracticeComfy) -> None:
        clean.fault("output", "names", names=["../../x.png", "a\0b", 5])
        shown = ended(clean, submit(clean, slow(steps=1)))["outputs"]["2"]["images"]
        assert [item["filename"] for item in shown] == ["../../x.png", "a\0b", 5]

    def test_the_history_is_lost(self, clean: PracticeComfy) -> None:
        clean.fault("end", "lose")
        prompt_id = submit(clean, slow(steps=1, delay=0.0))
        wait_until(lambda: clean.faults[0]["hits"])
        wait_until(lambda: ask(clean, "/prompt")["exec_info"]["queue_remaining"] == 0)
        assert ask(clean, f"/history/{prompt_id}") == {}


class TestNewer:
    def test_jobs_and_ids(self, tmp_path: Path) -> None:
        with PracticeComfy(tmp_path, newer=True) as server:
            with pytest.raises(HTTPError, match="400"):
                ask(server, "/prompt", {"prompt": slow(), "prompt_id": "MINE"})
            running, waiting = submit(server, slow()), submit(server, slow(seed=2))
            wait_until(lambda: ask(server, f"/api/jobs/{running}")["status"] == "in_progress")
            assert ask(server, f"/api/jobs/{waiting}/cancel", {}) == {"cancelled": True}
            with pytest.raises(HTTPError, match="404"):
                ask(server, f"/api/jobs/{waiting}")
            ask(server, f"/api/jobs/{running}/cancel", {})
            wait_until(lambda: ask(server, f"/api/jobs/{running}")["status"] == "cancelled")
            (job,) = ask(server, "/api/jobs?status=cancelled")["jobs"]
            assert job["execution_end_time"] >= job["execution_start_time"] >= job["create_time"]


def test_start_takes_a_moment_only(tmp_path: Path) -> None:
    started = time.perf_counter()
    with PracticeComfy(tmp_path):
        assert time.perf_counter() - started < 5  # measured: 0.35 s; the machines are busy


def test_checksums_of_flac_are_the_published_ones() -> None:
    """Their check values; a player that seeks reads nothing without them."""
    assert containers._crc(b"123456789", 8, 0x07) == 0xF4
    assert containers._crc(b"123456789", 16, 0x8005) == 0xFEE8
