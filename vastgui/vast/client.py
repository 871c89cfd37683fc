"""The Vast.ai API over httpx: paced per endpoint, patient with refusals, silent about the key.

Vast limits the time between two calls of one endpoint (reference: docs of the API, x-rate-limit).
The client keeps to it by waiting before it sends, so that a 429 is an exception.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from vastgui.errors import InvalidInput
from vastgui.vast.answers import Answer, error_of, read_answer
from vastgui.vast.errors import InstanceGone, KeyRefused, OddAnswer, Uncertain, Unreachable
from vastgui.vast.models import Instance, parse_one, parse_page

MAX_BODY_BYTES = 32_000_000
MAX_PAGES = 400
PAGE_SIZE = 25  # the server gives no more
BACKOFF_S = (1.0, 2.0, 4.0, 8.0)
BUDGET_S = 60.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`interval_s` is the least time between two calls; `repeatable`: twice does no harm."""

    name: str
    method: str
    interval_s: float
    repeatable: bool = True


GET_ONE = Endpoint("get", "GET", 2.1)
LIST = Endpoint("list", "GET", 1.1)
REBOOT = Endpoint("reboot", "PUT", 1.1, repeatable=False)


class VastClient:
    """One account of Vast.ai. Not for several threads at once.

    `speed` divides every wait (tests); `sleep` is called with seconds and may raise to stop.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        speed: float = 1.0,
        timeout_s: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key = _checked_key(api_key)
        self._speed, self._sleep = speed, sleep
        self._next_at: dict[str, float] = {}
        base_url, local = _checked_url(url)
        self._http = httpx.Client(
            base_url=base_url,
            trust_env=not local,  # a proxy of the company is no way to this computer
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {self._key}", "Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def instance(self, instance_id: int) -> Instance:
        """One instance, fresh. Raises `InstanceGone` when Vast no longer knows it."""
        path = f"/api/v0/instances/{_checked_id(instance_id)}/"
        answer = self._call(GET_ONE, path, f"show instance {instance_id}", {"owner": "me"})
        found = parse_one(answer.data)
        if found is None:
            raise InstanceGone(f"Vast.ai knows no instance {instance_id}.")
        if found.id != instance_id:
            raise OddAnswer(f"Vast.ai described instance {found.id} when asked for {instance_id}.")
        return found

    def instances(self) -> tuple[Instance, ...]:
        """All instances of the account. A failure raises: it is never "no instances"."""
        out: list[Instance] = []
        query = {
            "select_filters": "{}",
            "order_by": json.dumps([{"col": "id", "dir": "asc"}]),
            "limit": str(PAGE_SIZE),
        }
        for _ in range(MAX_PAGES):
            answer = self._call(LIST, "/api/v1/instances/", "list the instances", query)
            page, token = parse_page(answer.data)
            out.extend(page)
            if not token:
                return tuple(out)
            if token == query.get("after_token"):
                break
            query["after_token"] = token
        raise OddAnswer("Vast.ai's list of instances does not end.")

    def reboot(self, instance_id: int) -> None:
        """Ask for a reboot. Raises `Uncertain` when it was sent and the answer was lost."""
        path = f"/api/v0/instances/reboot/{_checked_id(instance_id)}/"
        self._call(REBOOT, path, f"reboot instance {instance_id}", body={})

    def _call(
        self,
        endpoint: Endpoint,
        path: str,
        asked: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """The good answer to one request, after as many tries as make sense."""
        tries = iter(BACKOFF_S)
        spent_s = 0.0
        while True:
            self._pace(endpoint)
            outcome = self._once(endpoint, path, asked, query, body)
            if isinstance(outcome, Answer) and not outcome.failed:
                if not outcome.is_object:
                    raise OddAnswer(f"Vast.ai gave no JSON when asked to {asked}.")
                return outcome
            backoff = next(tries, None)
            wait_s = _wait_of(outcome, backoff) if _again(endpoint, outcome) else None
            if wait_s is None or spent_s + wait_s > BUDGET_S:
                raise self._error(outcome, asked)
            spent_s += wait_s
            self._sleep(wait_s / self._speed)

    def _once(
        self,
        endpoint: Endpoint,
        path: str,
        asked: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer | Unreachable:
        """One request; no answer comes back as `Unreachable` when it may be tried again."""
        try:
            with self._http.stream(endpoint.method, path, params=query, json=body) as reply:
                headers = {k.lower(): v for k, v in reply.headers.items()}
                return read_answer(reply.status_code, _bounded(reply, asked), headers)
        except httpx.TransportError as error:
            why = f"No answer from Vast.ai ({_reason(error)}) when asked to {asked}."
            if endpoint.repeatable or isinstance(error, _NEVER_SENT):
                return Unreachable(why)
            raise Uncertain(f"{why} It may have happened all the same.") from error
        except httpx.DecodingError as error:
            raise OddAnswer(f"Vast.ai's answer was damaged when asked to {asked}.") from error

    def _pace(self, endpoint: Endpoint) -> None:
        """Wait until `endpoint` may be called again."""
        wait_s = self._next_at.get(endpoint.name, 0.0) - time.monotonic()
        if wait_s > 0:
            self._sleep(wait_s)
        self._next_at[endpoint.name] = time.monotonic() + endpoint.interval_s / self._speed

    def _error(self, outcome: Answer | Unreachable, asked: str) -> Exception:
        error = error_of(outcome, asked) if isinstance(outcome, Answer) else outcome
        # A server, or something in between, may echo what we sent.
        error.message = error.message.replace(self._key, "•••")
        error.args = (error.message,)
        return error


def _again(endpoint: Endpoint, outcome: Answer | Unreachable) -> bool:
    """True when `outcome` may be answered by sending the same request again."""
    if isinstance(outcome, Unreachable):
        return True  # only given when the request is repeatable or was never sent
    # A gateway that gave up (502, 504) may have passed the reboot on; 429 certainly did not.
    return outcome.may_pass and (endpoint.repeatable or outcome.status == 429)


def _wait_of(outcome: Answer | Unreachable, backoff_s: float | None) -> float | None:
    """Seconds before the next try, None when there are no tries left."""
    asked_s = outcome.wait_s if isinstance(outcome, Answer) else None
    return backoff_s if asked_s is None or backoff_s is None else max(asked_s, backoff_s)


def _bounded(reply: httpx.Response, asked: str) -> bytes:
    body = bytearray()
    for chunk in reply.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise OddAnswer(f"Vast.ai's answer is larger than 32 MB when asked to {asked}.")
    return bytes(body)


def _reason(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    return str(error)[:200] or type(error).__name__


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise KeyRefused("The Vast.ai API key is empty or holds characters that no key has.")
    return key


def _checked_url(url: str) -> tuple[str, bool]:
    """The base address, and whether it is this computer.

    The key goes to Vast.ai alone: a template that somebody shared may name any `vast_url`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    local = host in ("127.0.0.1", "localhost", "::1")
    vast = parts.scheme == "https" and (host == "vast.ai" or host.endswith(".vast.ai"))
    if not (vast or (local and parts.scheme in ("http", "https"))):
        raise InvalidInput(
            "vast_url",
            "must be an https:// address of vast.ai.",
            hint="Your API key is sent there. Check the template's variable `vast_url`.",
        )
    return f"{parts.scheme}://{parts.netloc}", local


def _checked_id(instance_id: int) -> int:
    if isinstance(instance_id, bool) or instance_id <= 0:
        raise InvalidInput("instance_id", "must be the number Vast.ai shows for the instance.")
    return instance_id
