"""Reads what a user pastes as "my SSH connection" into an `Address`. Pure; nothing reaches a shell.

Vast's console gives `ssh -p 2838 root@104.189.178.116 -L 8080:localhost:8080`; people also type
`root@host:port`, `ssh://root@host:port`, or the name of a host in their ssh config.
"""

import ipaddress
import re
from dataclasses import dataclass

from vastgui.errors import InvalidInput
from vastgui.ssh.aliases import HostConfig, lookup

FIELD = "ssh_connection"
EXPECTED = (
    "Paste the line from the Vast page: ssh -p 2838 root@104.189.178.116 -L 8080:localhost:8080"
)
NEITHER = f"Write root@HOST:PORT, or: {EXPECTED}"
LONGEST = 1000
_ALLOWED = re.compile(r"[A-Za-z0-9@:._\-\[\]/\\~+=, *]+\Z")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
_KEY_FILE = re.compile(r"[A-Za-z0-9_~./\\][A-Za-z0-9_~./\\:@+-]{0,499}\Z")
_FORWARD = re.compile(
    r"(?:(?:[A-Za-z0-9.*-]+|\[[0-9a-fA-F:]+\]):)?([0-9]{1,5}):"
    r"(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})\Z"
)
_WITH_VALUE = "piLl"
_HARMLESS = ("-N", "-T")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. `key_files` are as written (`~` not yet expanded), best first."""

    host: str
    port: int = 22
    user: str = "root"
    alias: str = ""
    key_files: tuple[str, ...] = ()
    forwards: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.user}@{self.location}"

    @property
    def location(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(slots=True)
class _Given:
    """What the text itself says; it wins over the ssh config."""

    host: str = ""
    port: int | None = None
    user: str = ""
    key_files: tuple[str, ...] = ()
    forwards: tuple[str, ...] = ()


def parse_address(text: str, ssh_config: str = "") -> Address:
    """Return the address in `text`. `ssh_config` is the content of the user's ssh config.

    Raises `InvalidInput` for anything that is not exactly one of the known forms.
    """
    line = _checked_line(text)
    words = line.split()
    if words[0] == "ssh":
        given = _from_command(words[1:])
    elif len(words) > 1:
        raise _refused("holds spaces, but does not begin with `ssh`.")
    elif line.startswith("ssh://"):
        given = _from_url(line)
    else:
        given = _Given()
        _read_target(line, given)
    config = lookup(ssh_config, given.host)
    if line == given.host and not config.named and "." not in line:
        raise _refused(f"is no name in your ssh config ({line}).", hint=NEITHER)
    return _resolved(given, config)


def without_key_files(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` without its `-i FILE` words, and those files: a path of this computer does not
    belong where a run directory may travel. Other text is given back as it is.
    """
    words, kept, files = text.split(), [], []
    if words[:1] != ["ssh"]:
        return text.strip(), ()
    rest = iter(words)
    for word in rest:
        if word.startswith("-i"):
            files.append(word[2:] or next(rest, ""))
        else:
            kept.append(word)
            if word in ("-p", "-l", "-L"):
                kept.append(next(rest, ""))
    return " ".join(kept).strip(), tuple(file for file in files if file)


def _checked_line(text: str) -> str:
    if not isinstance(text, str) or not text.strip(" "):
        raise _refused("is empty.")
    if len(text) > LONGEST:
        raise _refused(f"is longer than {LONGEST} characters.")
    line = text.strip(" \r\n")
    if not line or not _ALLOWED.match(line):
        odd = sorted({c for c in line if not _ALLOWED.match(c)})
        raise _refused(f"holds characters that no address has: {' '.join(map(ascii, odd[:5]))}.")
    return line


def _from_command(words: list[str]) -> _Given:
    given = _Given()
    rest = iter(words)
    for word in rest:
        if word in _HARMLESS:
            continue
        if not word.startswith("-"):
            if given.host:
                raise _refused(f"holds a second host or a command ({word}).")
            _read_target(word, given)
        elif len(word) > 1 and word[1] in _WITH_VALUE:
            value = word[2:] or next(rest, "")
            _read_option(word[:2], value, given)
        else:
            raise _refused(f"uses {word}; only -p, -i, -l, -L, -N and -T are understood.")
    if not given.host:
        raise _refused("names no host.")
    return given


def _read_option(option: str, value: str, given: _Given) -> None:
    if not value or value.startswith("-"):
        raise _refused(f"has no value after {option}.")
    match option:
        case "-p":
            given.port = _port(value)
        case "-l":
            given.user = _user(value)
        case "-i":
            if not _KEY_FILE.match(value):
                raise _refused("names a key file with characters that are not understood.")
            given.key_files = (*given.key_files, value)
        case _:
            given.forwards = (*given.forwards, _forward(value))


def _from_url(line: str) -> _Given:
    rest = line.removeprefix("ssh://").removesuffix("/")
    if "/" in rest or "\\" in rest:
        raise _refused("has something after the host.")
    given = _Given()
    _read_target(rest, given)
    return given


def _read_target(word: str, given: _Given) -> None:
    """`[user@]host[:port]`; an IPv6 address stands in brackets when a port follows."""
    if "@" in word:
        user, _, word = word.partition("@")
        given.user = given.user or _user(user)
    if word.startswith("["):
        host, closed, tail = word[1:].partition("]")
        if not closed or (tail and not tail.startswith(":")):
            raise _refused("has brackets that do not fit.")
        given.host, port = _ipv6(host), tail[1:] if tail else None
    elif word.count(":") > 1:
        given.host, port = _ipv6(word), None
    else:
        host, colon, tail = word.partition(":")
        given.host, port = _host(host), tail if colon else None
    if port is not None and given.port is None:
        given.port = _port(port)


def _resolved(given: _Given, config: HostConfig) -> Address:
    if config.proxy:
        raise _refused(
            f"goes through {config.proxy} in your ssh config, which vastgui does not run.",
            hint="Give the address that can be reached directly.",
        )
    return Address(
        host=_any_host(config.host_name) if config.host_name else given.host,
        port=given.port or (_port(config.port) if config.port else 22),
        user=given.user or (_user(config.user) if config.user else "root"),
        alias=given.host if config.named else "",
        key_files=given.key_files or config.key_files,
        forwards=given.forwards,
    )


def _any_host(text: str) -> str:
    return _ipv6(text) if ":" in text else _host(text)


def _host(text: str) -> str:
    if not _HOST.match(text) or ".." in text:
        raise _refused(f"has no usable host name ({text or 'nothing'}).")
    return text


def _ipv6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text)) if "%" not in text else _host(text)
    except ValueError as error:
        raise _refused(f"has no usable IPv6 address ({text}).") from error


def _user(text: str) -> str:
    if not _USER.match(text):
        raise _refused(f"has no usable user name ({text or 'nothing'}).")
    return text


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise _refused(f"has no usable port ({text or 'nothing'}): 1 to 65535.")
    return int(text)


def _forward(text: str) -> str:
    match = _FORWARD.match(text)
    if not match:
        raise _refused(f"has a -L that is not port:host:port ({text}).")
    for port in match.groups():
        _port(port)
    return text


def _refused(what: str, *, hint: str = EXPECTED) -> InvalidInput:
    return InvalidInput(FIELD, what, hint=hint)
