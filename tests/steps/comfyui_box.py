"""ComfyUI on a test's machine: really imports its node packs, logs as ComfyUI does, serves.

Its supervisorctl is a small sh script; like Vast's image it moves the log aside at each start.
"""

import contextlib
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.steps.box import Box
from tests.waiting import wait_until

MAIN = r"""
import http.server, importlib.util, logging, os, sys, time, traceback
logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
home = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, home)
nodes = os.path.join(home, "custom_nodes")

def load(path):
    file = os.path.join(path, "__init__.py") if os.path.isdir(path) else path
    name = path.replace(".", "_x_")
    try:
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return True
    except Exception as e:
        logging.warning(traceback.format_exc())
        logging.warning(f"Cannot import {path} module for custom nodes: {e}")
        return False

sys.stdout.write("\x1b[32mloading:  0%\rloading: 100%\x1b[0m\n")
logging.info("Total VRAM 24564 MB, total RAM 131072 MB")
times = []
for name in sorted(os.listdir(nodes)):
    path = os.path.join(nodes, name)
    if name == "__pycache__" or name.endswith(".disabled"):
        continue
    if os.path.isfile(path) and not name.endswith(".py"):
        continue
    start = time.perf_counter()
    ok = load(path)
    times.append((time.perf_counter() - start, path, ok))
if times:
    logging.info("\nImport times for custom nodes:")
    for seconds, path, ok in times:
        logging.info("{:6.1f} seconds{}: {}".format(seconds, "" if ok else " (IMPORT FAILED)", path))
    logging.info("")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/system_stats", "/prompt") else 404)
        self.end_headers()
        self.wfile.write(open(home + "/queue", "rb").read() if self.path == "/prompt" else b"{}")
    def log_message(self, *_):
        pass

logging.info("Starting server\n")
http.server.HTTPServer(("127.0.0.1", int(os.environ["COMFY_PORT"])), Handler).serve_forever()
"""
SUPERVISORCTL = r"""#!/bin/sh
pid=$(cat "{run}/pid" 2>/dev/null)
alive() {{ [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; }}
echo "$*" >> "{run}/asked"
case $1 in
status)
  if alive; then echo "$2                          RUNNING   pid $pid, uptime 0:00:05"
  elif [ -n "$pid" ]; then echo "$2                          FATAL     Exited too quickly"
  else echo "$2                          STOPPED   Not started"; fi ;;
restart)
  if alive; then
    kill "$pid"
    while alive; do sleep 0.05; done
    echo "$2: stopped"
  else echo "$2: ERROR (not running)"; fi
  mv "{log}" "{log}.old" 2>/dev/null
  COMFY_PORT={port} setsid "{python}" -u "{home}/main.py" > "{log}" 2>&1 < /dev/null &
  echo $! > "{run}/pid"
  echo "$2: started" ;;
esac
"""


@dataclass(frozen=True)
class ComfyBox:
    box: Box
    port: int
    run: Path

    @property
    def asked(self) -> list[str]:
        """The words supervisorctl was called with to change something."""
        lines = (
            (self.run / "asked").read_text().splitlines() if (self.run / "asked").exists() else []
        )
        return [line for line in lines if not line.startswith("status")]

    @property
    def pid(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int((self.run / "pid").read_text())
        return 0

    def pack(self, name: str, code: str) -> Path:
        path = self.box.ui_home / "custom_nodes" / name / "__init__.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
        return path

    def has_prompts(self, number: int) -> None:
        """Let it say that so many prompts run or wait."""
        answer = f'{{"exec_info": {{"queue_remaining": {number}}}}}'
        (self.box.ui_home / "queue").write_text(answer)

    def stop(self) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            wait_until(lambda: not os.path.exists(f"/proc/{self.pid}") or _is_zombie(self.pid))


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return True


def comfy_box(box: Box) -> ComfyBox:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    run = box.root / "run"
    run.mkdir()
    (box.ui_home / "main.py").write_text(MAIN)
    machine = ComfyBox(box, port, run)
    machine.has_prompts(0)
    box.program(
        "supervisorctl",
        SUPERVISORCTL.format(
            run=run, log=box.comfyui_log, port=port, python=box.python, home=box.ui_home
        ),
    )
    return machine
