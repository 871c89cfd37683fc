"""Checks of values that a user, a template or a file gives: by kind, each answer names the field.

Both sides use them: the app before a run is launched, the runner before a step is started.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from vastgui.errors import InvalidInput

_PATH = re.compile(r"/[A-Za-z0-9._+@,=/ -]*\Z")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_ENV_VALUE = re.compile(r"[A-Za-z0-9._+@,=:/ -]{0,1000}\Z")
_REPO_PATH = re.compile(r"/[A-Za-z0-9._/-]+\Z")
_PACKAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._,-]+\])?((==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+(,(==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+)*)?\Z"
)
_COMMIT = re.compile(r"[0-9a-f]{7,40}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
MAX_TEXT = 10_000


def check(kind: str, value: Any, field: str) -> Any:
    """Return `value` when it is a good `kind` (normalised), else raise `InvalidInput`."""
    checker = KINDS.get(kind)
    if checker is None:
        raise InvalidInput(field, f"has an unknown kind {kind!r}. Known: {', '.join(KINDS)}.")
    return checker(value, field)


def path(value: Any, field: str) -> str:
    """An absolute path on the instance, in plain characters, without `..`."""
    text = _text(value, field, 500)
    if not _PATH.match(text) or ".." in text.split("/"):
        raise InvalidInput(
            field, "must be an absolute path of letters, digits and . _ - + @ , = and no `..`."
        )
    if "//" in text or text != text.strip():
        raise InvalidInput(field, "must be a path without double slashes or spaces around it.")
    cleaned = text.rstrip("/")
    if not cleaned:
        raise InvalidInput(field, "must not be `/`, the root of the instance.")
    return cleaned


def repo_url(value: Any, field: str) -> str:
    """A git repository over https:// (or file:// inside the practice instance)."""
    text = _text(value, field, 500)
    try:
        parts = urlsplit(text)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        port_ok, parts = False, urlsplit("")
    allowed = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc
    local = parts.scheme == "file" and not parts.netloc
    good_host = local or re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", parts.netloc or "")
    clean = not parts.query and not parts.fragment and _REPO_PATH.match(parts.path or "")
    if not (port_ok and (allowed or local) and good_host and clean and ".." not in parts.path):
        raise InvalidInput(field, "must be an https:// address of a git repository.")
    return text


def env_name(value: Any, field: str) -> str:
    return _matching(_ENV_NAME, value, field, "must be a name of letters, digits and _.")


def env_value(value: Any, field: str) -> str:
    return _matching(
        _ENV_VALUE, value, field, "may hold letters, digits, spaces and . _ + @ , = : / - only."
    )


def package(value: Any, field: str) -> str:
    return _matching(_PACKAGE, value, field, "must be a package name, with a version if wanted.")


def commit(value: Any, field: str) -> str:
    return _matching(_COMMIT, value, field, "must be a commit id: 7 to 40 digits of 0-9 a-f.")


def name(value: Any, field: str) -> str:
    rule = "must be a name of letters, digits and . _ -, at most 100 characters."
    return _matching(_NAME, value, field, rule)


def label(value: Any, field: str) -> str:
    """A line of text for people: no control or direction characters, no shell or HTML signs."""
    text = _text(value, field, 200)
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text):
        raise InvalidInput(field, "must be one line of visible characters.")
    if found := set(text) & set("`$;|&<>\\\"'{}!*?~#"):
        raise InvalidInput(field, f"must not contain {' '.join(sorted(found))}.")
    return text


def text(value: Any, field: str) -> str:
    return _text(value, field, MAX_TEXT)


def command(value: Any, field: str) -> str:
    """The user's own line for the instance: free, but one that can be shown and sent."""
    line = _text(value, field, MAX_TEXT)
    if not line.strip():
        raise InvalidInput(field, "is empty: give the command to run.")
    return line


def boolean(value: Any, field: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "yes", "on", "1"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "no", "off", "0"):
        return False
    raise InvalidInput(field, "must be true or false.")


def integer(value: Any, field: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidInput(field, "must be a whole number.")


def seconds(value: Any, field: str) -> float:
    """A duration, 0 to 30 days."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        value = float(value)
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if good and 0 <= value <= 30 * 86400:
        return float(value)
    raise InvalidInput(field, "must be a number of seconds, 0 to 2592000.")


def port(value: Any, field: str) -> int:
    number = integer(value, field)
    if not 1 <= number <= 65535:
        raise InvalidInput(field, "must be a port, 1 to 65535.")
    return number


def url(value: Any, field: str) -> str:
    """An http(s) address without user name."""
    text = _text(value, field, 500)
    good = re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/%?=&+-]*)?", text)
    if not good:
        raise InvalidInput(field, "must be an http:// or https:// address.")
    return text


def names(value: Any, field: str) -> list[str]:
    """A list of names; one text is split at commas and line ends."""
    if isinstance(value, str):
        value = [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]
    return [name(v, f"{field}[{i}]") for i, v in enumerate(_list(value, field))]


def packages(value: Any, field: str) -> list[str]:
    if isinstance(value, str):
        value = value.split()
    return [package(v, f"{field}[{i}]") for i, v in enumerate(_list(value, field))]


def package_map(value: Any, field: str) -> dict[str, str]:
    """Module name to package name."""
    if not isinstance(value, Mapping):
        raise InvalidInput(field, "must be `module: package` lines.")
    return {name(k, f"{field} › {k}"): package(v, f"{field} › {k}") for k, v in value.items()}


def repos(value: Any, field: str) -> list[dict[str, Any]]:
    """Node packs: `{url, name?, commit?, requirements?}` each, or just the url."""
    return [_repo(v, f"{field}[{i}]") for i, v in enumerate(_list(value, field))]


def links(value: Any, field: str) -> list[dict[str, str]]:
    """Links below a folder: `{link, target}`, both relative names without `..`."""
    out = []
    for i, v in enumerate(_list(value, field)):
        where = f"{field}[{i}]"
        if not isinstance(v, Mapping) or set(v) != {"link", "target"}:
            raise InvalidInput(where, "must have exactly `link` and `target`.")
        out.append({k: relative_path(v[k], f"{where} › {k}") for k in ("link", "target")})
    return out


def program(value: Any, field: str) -> str:
    """A program on the instance: a name to be found in its PATH, or an absolute path."""
    text = _text(value, field, 500)
    return path(text, field) if text.startswith("/") else name(text, field)


def env_map(value: Any, field: str) -> dict[str, str]:
    """Environment variables: name to value."""
    if not isinstance(value, Mapping):
        raise InvalidInput(field, "must be `NAME: value` lines.")
    return {
        env_name(k, f"{field} › {k}"): env_value(str(v), f"{field} › {k}") for k, v in value.items()
    }


def field_map(value: Any, field: str) -> dict[str, Any]:
    """Values of a workflow by `NODE.INPUT`, such as `6.text`."""
    if not isinstance(value, Mapping) or len(value) > 1000:
        raise InvalidInput(field, "must be `NODE.INPUT: value` lines.")
    for key, one in value.items():
        if not isinstance(key, str) or not re.match(r"[^.\s][^.]*\.[^\0]+\Z", key):
            raise InvalidInput(f"{field} › {key}", "must be NODE.INPUT, such as 6.text.")
        if not isinstance(one, str | int | float):
            raise InvalidInput(f"{field} › {key}", "must be a text, a number, true or false.")
    return dict(value)


def relative_path(value: Any, field: str) -> str:
    """A path below a folder of the instance, in plain characters, without `..`."""
    text = _text(value, field, 300)
    if text.startswith("/") or ".." in text.split("/"):
        raise InvalidInput(field, "must be a path below its folder: no `/` in front and no `..`.")
    return path("/" + text, field)[1:]


def _repo(value: Any, field: str) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"url": value}
    if not isinstance(value, Mapping) or not set(value) <= {
        "url",
        "name",
        "commit",
        "requirements",
    }:
        raise InvalidInput(field, "may have url, name, commit and requirements only.")
    out: dict[str, Any] = {"url": repo_url(value.get("url"), f"{field} › url")}
    last = out["url"].rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    out["name"] = name(value.get("name") or last, f"{field} › name")
    if value.get("commit"):
        out["commit"] = commit(str(value["commit"]), f"{field} › commit")
    if value.get("requirements"):
        out["requirements"] = relative_path(value["requirements"], f"{field} › requirements")
    return out


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidInput(field, "must be a list.")
    if len(value) > 1000:
        raise InvalidInput(field, "has more than 1000 entries.")
    return list(value)


def _text(value: Any, field: str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidInput(field, "must be a text.")
    if len(value) > longest:
        raise InvalidInput(field, f"is longer than {longest} characters.")
    if "\0" in value:
        raise InvalidInput(field, "must not contain a NUL character.")
    return value


def _matching(pattern: re.Pattern[str], value: Any, field: str, rule: str) -> str:
    text = _text(value, field, 2000)
    if not pattern.match(text):
        raise InvalidInput(field, rule)
    return text


KINDS: dict[str, Callable[[Any, str], Any]] = {
    f.__name__: f
    for f in (
        path, relative_path, repo_url, env_name, env_value, package, commit, name, label, text,
        command, boolean, integer, seconds, port, url, names, packages, package_map, repos, links,
        program, env_map, field_map,
    )
}  # fmt: skip
