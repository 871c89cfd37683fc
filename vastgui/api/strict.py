"""How requests are read: bounded, strict JSON, no query parameter that nobody knows."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from vastgui.api.errors import Refused
from vastgui.yamlfile import suggest

MAX_BODY_BYTES = 20_000_000
LARGE_BYTES = 256 << 10
MAX_DIGITS = 20
"""Of a whole number: 64 bits, and its sign."""


class StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = {p.alias: _is_list(p.field_info.annotation) for p in self.dependant.query_params}

        async def handling(request: Request) -> Response:
            _check_query(request, known)
            return await handle(StrictRequest(request.scope, request.receive))

        return handling


class StrictRequest(Request):
    """Refuses a body that is too large, no JSON object, or none that every JSON reader agrees on."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            self._body = await self._bounded()
            kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if self._body and kind != "application/json":
                said = "The body must be JSON, sent as Content-Type: application/json."
                raise Refused(415, said)
        return self._body

    async def json(self) -> Any:
        raw = await self.body()
        if len(raw) < LARGE_BYTES:
            return strict_json(raw)
        return await asyncio.to_thread(strict_json, raw)  # millions of numbers take seconds

    async def _bounded(self) -> bytes:
        """Counted as it comes in: its length need not be told, nor true."""
        pieces, size = [], 0
        async for piece in self.stream():
            size += len(piece)
            if size > MAX_BODY_BYTES:
                limit = f"{MAX_BODY_BYTES // 1_000_000} MB"
                raise Refused(413, f"The body is larger than {limit}.")
            pieces.append(piece)
        return b"".join(pieces)


def strict_router(tag: str, prefix: str = "") -> APIRouter:
    return APIRouter(route_class=StrictRoute, tags=[tag], prefix=prefix)


def strict_json(raw: bytes) -> Any:
    """The value of `raw`. Raises `Refused` (400) saying what is wrong with it."""
    try:
        text = raw.decode()
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short,
            object_pairs_hook=_without_twins,
        )
        if "\\u" in text:
            _check_texts(value)
    except UnicodeDecodeError as error:
        raise Refused(400, f"The body is not UTF-8 text (byte {error.start}).") from error
    except json.JSONDecodeError as error:
        said = f"The body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        raise Refused(400, said) from error
    except RecursionError as error:
        raise Refused(400, "The body is nested too deeply.") from error
    return value


def _no_constant(name: str) -> None:
    raise Refused(400, f"The body holds {name}, which is no JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise Refused(400, f"The body holds a number that is too large: {text[:40]}.")
    return number


def _short(text: str) -> int:
    if len(text) > MAX_DIGITS:
        said = f"The body holds a whole number of {len(text)} digits: at most {MAX_DIGITS}."
        raise Refused(400, said)
    return int(text)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise Refused(400, f"The body gives {twin[:100]!r} twice.", field=twin[:100])
    return found


def _check_texts(value: Any) -> None:
    """Escapes can write what is no text: half a character, or the end of one in C."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(400, "The body holds a text with half a character (a surrogate).") from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise Refused(400, "The body holds a text with a NUL character.")


def _check_query(request: Request, known: dict[str, bool]) -> None:
    """`known`: name to whether it may be given several times."""
    for name in request.query_params:
        if name not in known:
            said = f"is unknown. {suggest(name[:100], known)}"
            raise Refused(422, f"{name[:100]}: {said}", field=name[:100])
        if not known[name] and len(request.query_params.getlist(name)) > 1:
            raise Refused(422, f"{name}: is given twice: give it once.", field=name)


def _is_list(hint: Any) -> bool:
    return "list" in str(hint)
