"""Plays supervisord with one program, `comfyui`: starts it, watches it, answers supervisorctl."""

import contextlib
import json
import os
import secrets
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable

from vastgui.demo.box import Box
from vastgui.demo.comfy.process import import_folders
from vastgui.demo.processes import Processes, end_group

PROGRAM = "comfyui"
_STOP_S = 5.0
_RETRIES = 3
_SOON_S = 1.0
"""A program that ends sooner than this did not start well (supervisord's startsecs)."""


class Program:
    """ComfyUI as a supervised process: at most one at a time, started again when it ends by itself."""

    def __init__(self, box: Box, processes: Processes, speed: float) -> None:
        self._box, self._processes = box, processes
        # handed to ComfyUI alone: no other process of the instance may find these packages
        self._env = {"PRACTICE_COMFYUI_PATH": os.pathsep.join(import_folders())}
        self._env["PRACTICE_COMFYUI_SPEED"] = str(speed)
        self._changing = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._since = 0.0
        self._failures = 0

    def start(self) -> bool:
        """Start the program; False when it runs already."""
        with self._changing:
            if self.pid:
                return False
            self._wanted, self._failures = True, 0
            self._launch()
            return True

    def stop(self) -> bool:
        """End the program; False when it did not run."""
        with self._changing:
            self._wanted = False
            running = self._process if self.pid else None
        if running is None:
            return False
        end_group(running, _STOP_S)
        return True

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        process = self._process
        return process.pid if process and process.poll() is None else 0

    def status(self) -> tuple[str, bool]:
        """The line of `supervisorctl status`, and whether the program runs."""
        if pid := self.pid:
            minutes, seconds = divmod(int(time.monotonic() - self._since), 60)
            hours, minutes = divmod(minutes, 60)
            word, more = "RUNNING", f"pid {pid}, uptime {hours}:{minutes:02d}:{seconds:02d}"
        else:
            word, more = ("FATAL", "Exited too quickly") if self._wanted else ("STOPPED", "")
        return f"{PROGRAM:<32} {word:<9} {more}".rstrip(), word == "RUNNING"

    def _launch(self) -> None:
        log = self._box.comfyui_log
        with contextlib.suppress(FileNotFoundError):
            log.replace(log.with_name(log.name + ".old"))
        arguments = ["--disable-auto-launch", "--enable-cors-header", "--preview-method", "auto"]
        with log.open("wb") as file:
            self._process = self._processes.spawn(
                [str(self._box.python), "-u", "main.py", *arguments, "--port", str(self._box.comfyui_port)],
                cwd=self._box.ui_home, stdout=file, stderr=subprocess.STDOUT,
                more_env=self._env,
            )  # fmt: skip
        self._since = time.monotonic()
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        with self._changing:
            if not self._wanted or process is not self._process:
                return
            soon = time.monotonic() - self._since < _SOON_S
            self._failures = self._failures + 1 if soon else 0
            if self._failures < _RETRIES:
                with contextlib.suppress(OSError):  # the instance goes down
                    self._launch()


class Supervisor:
    """Owns the program and a loopback port where the stand-in of supervisorctl asks."""

    def __init__(self, box: Box, processes: Processes, comfyui_speed: float = 0.0) -> None:
        self.program = Program(box, processes, comfyui_speed)
        self._token = secrets.token_hex(16)
        self._server = _Server(("127.0.0.1", 0), self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))
        address = {"port": self._server.server_address[1], "token": self._token}
        path = box.run / "supervisor.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(address))
        self._thread.start()

    def close(self) -> None:
        self.program.stop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, line: bytes) -> dict[str, str | int]:
        request = json.loads(line)
        if not secrets.compare_digest(str(request["token"]), self._token):
            return {"text": "error: <class 'xmlrpc.client.ProtocolError'>: 401", "code": 1}
        text, code = self.command(list(request["words"]))
        return {"text": text, "code": code}

    def command(self, words: list[str]) -> tuple[str, int]:
        """What supervisorctl prints for `words`, and its exit code."""
        match words:
            case ["status"] | ["status", "all"] | ["status", "comfyui"]:
                text, running = self.program.status()
                return text, 0 if running else 3
            case ["start" | "stop" | "restart" as verb, "comfyui" | "all"]:
                return self._change(verb)
            case ["reread"]:
                return "No config updates to processes", 0
            case ["update"]:
                return "", 0
            case [("start" | "stop" | "restart" | "status") as verb, str() as name]:
                return f"{name}: ERROR (no such process)", 4 if verb == "status" else 1
            case [str() as verb, *_]:
                return f"*** Unknown syntax: {verb}", 2
        return "Error: the practice instance has no interactive supervisorctl", 2

    def _change(self, verb: str) -> tuple[str, int]:
        lines = []
        if verb in ("stop", "restart"):
            stopped = self.program.stop()
            lines.append(f"{PROGRAM}: {'stopped' if stopped else 'ERROR (not running)'}")
        if verb in ("start", "restart"):
            try:
                started = self.program.start()
            except OSError as error:
                return f"{PROGRAM}: ERROR (spawn error: {error})", 7
            lines.append(f"{PROGRAM}: {'started' if started else 'ERROR (already started)'}")
        return "\n".join(lines), 0


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], answer: Callable[[bytes], dict[str, str | int]]
    ) -> None:
        super().__init__(address, _Handler)
        self.answer = answer


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            answer = self.server.answer(self.rfile.readline(100_000))
            self.wfile.write(json.dumps(answer).encode() + b"\n")
