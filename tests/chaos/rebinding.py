"""The rebinding browser: a real Chromium whose names lead to this computer, and hostile pages.

rebound.example    is 127.0.0.1 for it
rebinding.example  is 127.0.0.2, where the attacker listens on the app's own port number
"""

import contextlib
import http.client
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Playwright

REBINDING = "rebinding.example"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    f"--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP {REBINDING} 127.0.0.2",
)  # fmt: skip
EVIL_PATH = "/evil"
TIMEOUT_S = 20


def has_chromium() -> bool:
    return Path(CHROMIUM).exists()


def launch(playwright: Playwright, *more: str) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *more])


class _Evil(http.server.BaseHTTPRequestHandler):
    """Serves the attacker's page; asks the app for everything else, once the name is rebound."""

    rebound_to = 0
    """Port of the app; 0 while this is only a page of another port."""

    def do_GET(self) -> None:
        status, body = 200, b"<!doctype html><title>evil</title>"
        if self.rebound_to and self.path != EVIL_PATH:
            status, body = self._from_app()
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def _from_app(self) -> tuple[int, bytes]:
        """What the app answers to these very headers, as after a DNS answer that changed."""
        link = http.client.HTTPConnection("127.0.0.1", self.rebound_to, TIMEOUT_S)
        with contextlib.closing(link):
            link.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                link.putheader(name, value)
            link.endheaders()
            answer = link.getresponse()
            return answer.status, answer.read()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def evil_site() -> Iterator[str]:
    """The address of a hostile page on another port of this computer."""
    with _serving(_Evil, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}{EVIL_PATH}"


@contextlib.contextmanager
def rebinding_site(app_port: int) -> Iterator[str]:
    """A hostile page whose own name and port lead to the app for all that it asks for later."""
    handler = type("_Rebound", (_Evil,), {"rebound_to": app_port})
    with _serving(handler, "127.0.0.2", app_port):
        yield f"http://{REBINDING}:{app_port}{EVIL_PATH}"


@contextlib.contextmanager
def _serving(
    handler: type[http.server.BaseHTTPRequestHandler], address: str, port: int
) -> Iterator[int]:
    with http.server.ThreadingHTTPServer((address, port), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
