"""The names under which a listener may be asked: a page that rebinds its own name has none."""

import ipaddress
import time
from collections.abc import Callable, Iterable
from functools import lru_cache

import psutil

KNOWN_FOR_S = 5.0
_LAN_ADVICE = "Open it by its IP address, or add this name to lan_names in settings.yaml."


class Hosts:
    """Allowed values of `Host` and `Origin`. `names` is asked each time: addresses come and go."""

    def __init__(
        self, names: Callable[[], Iterable[str]], port: int, scheme: str, advice: str
    ) -> None:
        self._names = names
        self._port = port
        self._scheme = scheme
        self.advice = advice
        """What to do for whoever asked by another name."""

    @classmethod
    def loopback(cls, port: int) -> "Hosts":
        advice = f"Open http://127.0.0.1:{port} instead."
        return cls(lambda: ("127.0.0.1", "localhost", "::1"), port, "http", advice)

    @classmethod
    def of_lan(cls, address: str, names: Iterable[str], port: int, scheme: str) -> "Hosts":
        """`address`, or each address of this computer when that stands for all; and `names`."""
        own = [*names]
        if ipaddress.ip_address(address).is_unspecified:
            return cls(lambda: [*addresses(), *own], port, scheme, _LAN_ADVICE)
        return cls(lambda: [address, *own], port, scheme, _LAN_ADVICE)

    def knows(self, host: str | None) -> bool:
        return host is not None and host in {f"{_bracketed(n)}:{self._port}" for n in self._names()}

    def origin(self, host: str) -> str:
        return f"{self._scheme}://{host}"

    @property
    def origins(self) -> list[str]:
        return [self.origin(f"{_bracketed(name)}:{self._port}") for name in self._names()]


def addresses() -> list[str]:
    """The IP addresses of this computer's network cards, looked up every few seconds at most."""
    return _looked_up(int(time.monotonic() / KNOWN_FOR_S))


@lru_cache(maxsize=1)
def _looked_up(_period: int) -> list[str]:
    found: set[str] = set()
    for card in psutil.net_if_addrs().values():
        for entry in card:
            address = entry.address.partition("%")[0]  # fe80::1%eth0
            if _is_ip(address):
                found.add(address)
    return sorted(found)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name
