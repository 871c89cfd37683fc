"""Reads the few lines of an ssh config that vastgui honours. Pure: no `Match exec`, no Include.

paramiko's own parser runs commands for `Match exec`; this one only reads.
"""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostConfig:
    """What the config says about one host; empty fields mean "nothing"."""

    named: bool = False
    """True when a `Host` line names it, and not only a wildcard."""
    host_name: str = ""
    port: str = ""
    user: str = ""
    key_files: tuple[str, ...] = ()
    proxy: str = ""
    """`ProxyJump` or `ProxyCommand` when one applies."""


def lookup(text: str, host: str) -> HostConfig:
    """Return the settings for `host`; as in ssh, the first value of a keyword counts."""
    found: dict[str, str] = {}
    keys: list[str] = []
    named = False
    applies = True
    for keyword, value in _settings(text):
        if keyword == "host":
            patterns = value.split()
            applies = _matches(patterns, host)
            named = named or (applies and host in patterns)
        elif keyword == "match":
            applies = False
        elif applies and keyword == "identityfile":
            keys.append(value)
        elif applies:
            found.setdefault(keyword, value)
    return HostConfig(
        named=named,
        host_name=found.get("hostname", "").replace("%h", host),
        port=found.get("port", ""),
        user=found.get("user", ""),
        key_files=tuple(_key_files(keys)),
        proxy=_proxy(found),
    )


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keyword, _, value = line.replace("=", " ", 1).partition(" ")
        yield keyword.strip().lower(), value.strip().strip('"')


def _matches(patterns: list[str], host: str) -> bool:
    if any(p.startswith("!") and fnmatch.fnmatchcase(host, p[1:]) for p in patterns):
        return False
    return any(fnmatch.fnmatchcase(host, p) for p in patterns if not p.startswith("!"))


def _key_files(values: list[str]) -> Iterator[str]:
    for value in values:
        path = value.replace("%d", "~")
        if "%" not in path and path.lower() != "none":
            yield path


def _proxy(found: dict[str, str]) -> str:
    for keyword, label in (("proxyjump", "ProxyJump"), ("proxycommand", "ProxyCommand")):
        if found.get(keyword, "none").lower() != "none":
            return label
    return ""
