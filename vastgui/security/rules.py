"""What both guards ask of a request before they ask who it is."""

from dataclasses import dataclass

from vastgui.security.headers import Header
from vastgui.security.hosts import Hosts
from vastgui.security.request import Request

WRONG_HOST = "This address is not vastgui's."
WRONG_ORIGIN = "Another web page asked for this. Only vastgui's own page may do that."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request may not pass: the status, and a sentence for whoever asked."""

    status: int
    sentence: str
    headers: tuple[Header, ...] = ()


def from_elsewhere(request: Request, hosts: Hosts) -> Refusal | None:
    """Another name of this computer, or another page: refused whatever else the request shows."""
    host = request.only("host")
    if host is None or not hosts.knows(host):
        return Refusal(403, f"{WRONG_HOST} {hosts.advice}")
    origin = request.only("origin")
    if origin is not None and origin != hosts.origin(host):
        return Refusal(403, WRONG_ORIGIN)
    return None


def not_from_our_page(request: Request) -> Refusal | None:
    """For what a browser may have sent: who shows a bearer secret is no browser."""
    if not request.is_read and request.only("origin") is None:
        return Refusal(403, WRONG_ORIGIN)
    return None if _came_from_us(request) else Refusal(403, WRONG_ORIGIN)


def _came_from_us(request: Request) -> bool:
    """`Sec-Fetch-Site`, where the browser sends it: our own page, or a top-level navigation."""
    site = request.only("sec-fetch-site")
    if site in (None, "same-origin", "none"):
        return True
    to_top = request.only("sec-fetch-dest") == "document" and not request.is_websocket
    return to_top and request.only("sec-fetch-mode") == "navigate" and request.method == "GET"


def local_path(target: str) -> str:
    """`target` when it is a path of this app, else `/`: a sign-in link leads nowhere else."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"
