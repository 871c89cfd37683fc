"""Vast.ai's answers as values. Pure; any field may be null, missing or of another type."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.vast.errors import OddAnswer

BOOTING = frozenset({"created", "loading", "rebooting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One rented machine as the API tells it. Fields not named here are in `raw`."""

    id: int
    label: str = ""
    actual_status: str = ""
    """Empty while provisioning; running, loading, rebooting, stopped, exited, offline ..."""
    intended_status: str = ""
    cur_state: str = ""
    status_msg: str = ""
    """Docker's last line: may be of any length, and of the host's making."""
    public_ipaddr: str = ""
    ssh_host: str = ""
    ssh_port: int = 0
    direct_ssh_port: int = 0
    """Outside port of 22/tcp, 0 while there is none."""
    image_runtype: str = ""
    start_date: float | None = None
    """Epoch seconds."""
    uptime_mins: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The whole answer. It holds secrets of the instance (extra_env): never log it."""

    @property
    def is_booting(self) -> bool:
        return self.actual_status in BOOTING

    @property
    def ssh_candidates(self) -> tuple[tuple[str, int], ...]:
        """Host and port to try, the direct address before the proxy."""
        direct = (self.public_ipaddr, self.direct_ssh_port)
        # The proxy of an image with Jupyter listens one port higher (both clients of Vast do this).
        proxy = (self.ssh_host, self.ssh_port + ("jupyter" in self.image_runtype))
        return tuple((host, port) for host, port in (direct, proxy) if host and 0 < port < 65536)


def parse_instance(data: Any) -> Instance:
    """One instance; raises `OddAnswer` when there is not even an id."""
    if not isinstance(data, Mapping) or (number := _int(data.get("id"))) <= 0:
        raise OddAnswer("Vast.ai described an instance without an id.")
    return Instance(
        id=number,
        label=_text(data.get("label")),
        actual_status=_text(data.get("actual_status")),
        intended_status=_text(data.get("intended_status")),
        cur_state=_text(data.get("cur_state")),
        status_msg=_text(data.get("status_msg"))[:1000],
        public_ipaddr=_text(data.get("public_ipaddr")),
        ssh_host=_text(data.get("ssh_host")),
        ssh_port=_int(data.get("ssh_port")),
        direct_ssh_port=_direct_port(data.get("ports")),
        image_runtype=_text(data.get("image_runtype")),
        start_date=_number(data.get("start_date")),
        uptime_mins=_number(data.get("uptime_mins")),
        raw=dict(data),
    )


def parse_one(answer: Mapping[str, Any]) -> Instance | None:
    """The answer to a single GET: `instances` holds one object, or null after a destroy."""
    if "instances" not in answer:
        raise OddAnswer("Vast.ai's answer about the instance has no `instances`.")
    data = answer["instances"]
    if isinstance(data, list):
        data = data[0] if data else None
    return None if data is None else parse_instance(data)


def parse_page(answer: Mapping[str, Any]) -> tuple[tuple[Instance, ...], str]:
    """The instances of one page of the list, and the token of the next page or ""."""
    rows = answer.get("instances")
    if not isinstance(rows, list):
        raise OddAnswer("Vast.ai's list of instances is not a list.")
    return tuple(parse_instance(row) for row in rows), _text(answer.get("next_token"))


def _direct_port(ports: Any) -> int:
    """HostPort of the first 22/tcp entry: a text in docker's shape, 0 when there is none."""
    entries = ports.get("22/tcp") if isinstance(ports, Mapping) else None
    first = entries[0] if isinstance(entries, list) and entries else None
    return _int(first.get("HostPort")) if isinstance(first, Mapping) else 0


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _int(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if good and abs(value) < 1e15 and math.isfinite(value) else None
