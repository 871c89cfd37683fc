"""Reads one HTTP answer of Vast.ai: what failed, and why. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.vast.errors import InstanceGone, KeyRefused, OddAnswer, TooOften, VastError

MAX_WAIT_S = 60.0
_KEY_TEXTS = ("invalid user key", "requires login", "session expired")
_WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is the JSON object of the body, empty when it holds none; `text` the body itself."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    is_object: bool = False

    @property
    def failed(self) -> bool:
        """A failure may come as 200 with `success: false`."""
        return self.status >= 300 or self.data.get("success") is False

    @property
    def code(self) -> str:
        return _text(self.data.get("error"))

    @property
    def words(self) -> str:
        """Vast's own sentence, wherever this answer keeps it."""
        for key in ("msg", "message", "detail"):
            if text := _text(self.data.get(key)):
                return _one_line(text)
        return _one_line(self.text)

    @property
    def may_pass(self) -> bool:
        """True when the same request may be accepted a little later."""
        return self.status in _WORTH_ANOTHER_TRY and self.code != "search_quota_exceeded"

    @property
    def wait_s(self) -> float | None:
        """Seconds the server asks us to wait, None when it does not say; at most a minute."""
        if re.fullmatch(r"\d{1,6}", after := self.headers.get("retry-after", "").strip()):
            return min(float(after), MAX_WAIT_S)
        if found := re.search(r"threshold=(\d{1,3}(?:\.\d{1,3})?)", self.text):
            return min(float(found[1]), MAX_WAIT_S)
        return None


def read_answer(status: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    text = body.decode("utf-8", "replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        return Answer(status, text, headers, data, is_object=True)
    return Answer(status, text, headers)


def error_of(answer: Answer, asked: str) -> VastError:
    """The error of a failed answer; `asked` says what for ("reboot instance 5")."""
    said, words, status = answer.code, answer.words, answer.status
    sentence = f"Vast.ai refused to {asked}: {words or f'HTTP {status}'}"
    sentence += "" if sentence.endswith((".", "!", "?")) else "."
    # A wrong key may come as 404: looked at before the status, or it reads as "instance gone".
    if said == "auth_error" or status in (401, 403) or _about_key(words):
        return KeyRefused(sentence, status=status, code=said)
    if status == 429:
        return TooOften(sentence, status=status, code=said)
    if status == 404 and (said == "no_such_instance" or "no_such" in answer.text):
        return InstanceGone(sentence, status=status, code=said)
    if 300 <= status < 400:
        where = _one_line(answer.headers.get("location", ""))
        return OddAnswer(
            f"Vast.ai sent us elsewhere when asked to {asked}: {where or 'no address given'}.",
            status=status,
            hint="Check the address of the Vast.ai API in the settings (vast_url).",
        )
    if status >= 500:
        return OddAnswer(sentence, status=status, code=said)
    return VastError(sentence, status=status, code=said)


def _about_key(words: str) -> bool:
    lowered = words.lower()
    return any(text in lowered for text in _KEY_TEXTS)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text[:300])).strip()
