"""A Vast.ai that lies, stalls and floods; one behaviour after the other, for every endpoint.

with hostile_vast(LIES["HTML with 200"]) as url:
    VastClient(url, KEY, ...)
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Lie = Callable[[socket.socket], None]


def _head(length: object = None, status: str = "200 OK", extra: str = "") -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{size}{extra}\r\n".encode()


def _answer(body: bytes, status: str = "200 OK", length: object = None, extra: str = "") -> Lie:
    said = _head(len(body) if length is None else length, status, extra) + body
    return lambda line: line.sendall(said)


def _endless(head: bytes, piece: bytes) -> Lie:
    def say(line: socket.socket) -> None:
        line.sendall(head)
        while True:
            line.sendall(piece)

    return say


def _chunked(chunk: bytes) -> Lie:
    piece = f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n"
    return _endless(_head(extra="Transfer-Encoding: chunked\r\n"), piece)


_ONE = b'{"success": true, "instances": %s}'
LIES: dict[str, Lie] = {
    "HTML with 200": _answer(b"<!doctype html><script>alert(1)</script>"),
    "a login page with 403": _answer(b"<html>Sign in</html>", "403 Forbidden"),
    "a success that is none": _answer(b'{"success": false, "error": "x", "msg": "\\u001b[31mno"}'),
    "an error with 200": _answer(b'{"success": true, "error": "no_such_instance", "msg": "gone"}'),
    "no JSON": _answer(b"certainly"),
    "half of the JSON": _answer(_ONE[:-4]),
    "a number": _answer(b"7"),
    "NaN": _answer(_ONE % b"NaN"),
    "instances as text": _answer(_ONE % b'"none"'),
    "instances as an object of lists": _answer(_ONE % b'{"id": [], "ports": 7}'),
    "an id that is no number": _answer(_ONE % b'{"id": "five"}'),
    "another instance": _answer(_ONE % b'{"id": 6}'),
    "a negative id": _answer(_ONE % b'{"id": -5}'),
    "deep JSON": _answer(_ONE % (b"[" * 200_000)),
    "40 MB of spaces": _answer(b" " * 40_000_000),
    "a length that is too long": _answer(_ONE % b"null", length=10_000),
    "a length that is too short": _answer(_ONE % b"null", length=3),
    "a length below zero": _answer(_ONE % b"null", length=-1),
    "a length that is no number": _answer(_ONE % b"null", length="many"),
    "an answer without end": _endless(_head(10**12), b" " * 65536),
    "chunks without end": _chunked(b" " * 65536),
    "headers without end": _endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 4000 + b"\r\n"),
    "a packed bomb": _answer(b"\x1f\x8b" + b"\0" * 50, extra="Content-Encoding: gzip\r\n"),
    "no HTTP": lambda line: line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a redirect elsewhere": _answer(b"", "302 Found", extra="Location: http://127.0.0.2:9/\r\n"),
    "wait a year": _answer(b"{}", "429 Too Many", extra="Retry-After: 31536000\r\n"),
    "nothing at all": lambda line: line.recv(1),
    "gone at once": lambda line: None,
}


@contextlib.contextmanager
def hostile_vast(lie: Lie) -> Iterator[str]:
    """Its address; every request gets the same lie."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def serve(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.settimeout(20)
            while b"\r\n\r\n" not in line.recv(65536):
                pass
            lie(line)

    def accept(server: socket.socket) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                line, _ = server.accept()
                threads.append(threading.Thread(target=serve, args=(line,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        door = threading.Thread(target=accept, args=(server,))
        door.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            door.join()
            for thread in threads:
                thread.join(30)
