"""HTTP to the running app, which may end, come back, and have another port and secret then."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from vastgui import __version__
from vastgui.client.errors import AppGone, Broken, Refused
from vastgui.desktop import AppInfo

CONNECT_S = 5.0
ANSWER_S = 30.0
AGENT = f"vastgui/{__version__}"

Where = Callable[[], AppInfo | None]
"""Looks where the app is now; None while none runs."""


class Link:
    """`agent` is who asks, as the app records it."""

    def __init__(self, where: Where, agent: str = AGENT) -> None:
        self._where = where
        self._agent = agent
        self._known = where()
        timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
        self.http = httpx.Client(timeout=timeout, trust_env=False)  # HTTP_PROXY is not for us

    @property
    def app(self) -> AppInfo:
        """Raises `AppGone`."""
        if self._known is None:
            raise AppGone("No vastgui runs for this home.")
        return self._known

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.app.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.app.secret}", "User-Agent": self._agent}

    def look(self) -> bool:
        """Find the app again; False when none runs."""
        self._known = self._where()
        return self._known is not None

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any
    ) -> dict[str, Any]:
        """The answer's JSON. Raises `Refused`, `AppGone`, or `Broken` when none came."""
        answer = self.send(method, path, body, query=query)
        return dict(answer.json())

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Raises like `ask`; 304 is an answer like others."""
        try:
            answer = self.http.request(
                method,
                self.url + path,
                json=body,
                params={k: v for k, v in (query or {}).items() if v is not None},
                headers={**self.headers, **(headers or {})},
            )
        except httpx.HTTPError as error:
            raise Broken(str(error)) from error
        check(answer)
        return answer

    def close(self) -> None:
        self.http.close()


def check(answer: httpx.Response) -> None:
    """Raise what a refusal says; `Broken` when another look at where the app is may help."""
    if answer.status_code < 400:
        return
    try:
        said = dict(answer.json())
    except ValueError:
        said = {}
    message = str(said.get("message") or f"vastgui answered {answer.status_code}.")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise Broken(message)  # it was started again and has another secret
    raise Refused(
        message,
        status=answer.status_code,
        hint=str(said.get("hint") or ""),
        field=str(said.get("field") or ""),
    )
