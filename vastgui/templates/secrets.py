"""A template is a file to share: it names no secret's value, and so does no run's spec.json."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vastgui.errors import InvalidInput

_NAME = re.compile(
    r"(^|_)(token|secret|password|passwd|passphrase|api_?key|private_?key)$", re.IGNORECASE
)
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(hf|ghp|gho|github_pat|glpat|sk)[_-][A-Za-z0-9_]{20,}"
    r"|(token|secret|password|passphrase|api[_-]?key)['\"]?\s*[=:]\s*['\"]?[A-Za-z0-9][A-Za-z0-9._~+/-]{15,}"
    r"|(\bbearer|--[a-z-]*(token|key|secret|password))\s+['\"]?[A-Za-z0-9][A-Za-z0-9._~+/-]{15,}",
    re.IGNORECASE,
)
_HINT = "Keep it with `vastgui secret set NAME`, or in the instance's own environment."


def refuse(value: Any, field: str) -> None:
    """Raise `InvalidInput` when `value` (at any depth) names or looks like a secret."""
    for where, part in _parts(value, field):
        if _NAME.search(where.rsplit(" › ", 1)[-1]):
            raise InvalidInput(where, "is a secret, which may not stand here.", hint=_HINT)
        if isinstance(part, str) and _VALUE.search(part):
            raise InvalidInput(where, "looks like it holds a secret.", hint=_HINT)


def _parts(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    yield where, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _parts(inner, f"{where} › {key}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _parts(inner, f"{where}[{i}]")
