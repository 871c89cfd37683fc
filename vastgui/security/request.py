"""The few parts of an ASGI scope that a guard looks at."""

from urllib.parse import parse_qs

from starlette.types import Scope

SAFE_METHODS = ("GET", "HEAD")


class Request:
    """One http request or websocket handshake, read only."""

    def __init__(self, scope: Scope) -> None:
        self.is_websocket: bool = scope["type"] == "websocket"
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        client = scope.get("client")
        self.client: str = client[0] if client else ""
        self._query: bytes = scope.get("query_string", b"")
        self._headers: list[tuple[bytes, bytes]] = list(scope["headers"])

    def all(self, name: str) -> list[str]:
        wanted = name.encode()
        return [v.decode("latin-1") for k, v in self._headers if k.lower() == wanted]

    def only(self, name: str) -> str | None:
        """The header's value; two of them count as a wrong one."""
        values = self.all(name)
        return None if not values else values[0] if len(values) == 1 else ""

    def query(self, name: str) -> str:
        return parse_qs(self._query.decode("latin-1")).get(name, [""])[0]

    def cookie(self, name: str) -> str:
        pairs = (p.strip().partition("=") for line in self.all("cookie") for p in line.split(";"))
        return next((value for key, _, value in pairs if key == name), "")

    @property
    def is_read(self) -> bool:
        return not self.is_websocket and self.method in SAFE_METHODS

    @property
    def wants_page(self) -> bool:
        """Whether a person will look at the answer: a navigation, not a program's request."""
        accept = ",".join(self.all("accept"))
        if self.is_websocket or "json" in accept:
            return False
        return self.only("sec-fetch-dest") == "document" or "text/html" in accept
