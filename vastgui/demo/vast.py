"""Plays the Vast.ai API for an account with one instance: list, get, label, stop, start, reboot."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from vastgui.demo.httpd import Reply, Request

_MIN_INTERVAL_S = {"list": 1.0, "get": 2.0, "change": 1.0, "reboot": 1.0}
_GPU_PER_HOUR, _DISK_PER_HOUR = 0.346339, 0.011848


class Machine(Protocol):
    """What the API can do to the instance."""

    @property
    def ssh_port(self) -> int: ...
    def go_down(self) -> None: ...
    def come_up(self) -> None: ...


@dataclass(slots=True)
class Fault:
    """Answer the next `count` requests whose path contains `path` with `status`."""

    path: str
    status: int
    count: int = 1
    body: Any = field(default_factory=lambda: {"success": False, "msg": "A fault was asked for."})


class Vast:
    """The account. Lifecycle changes run in a thread of their own, one at a time.

    `reboot_s`: seconds that a reboot keeps the machine away. `rate_limits`: answer 429 when one
    endpoint is asked sooner than the documentation allows (off: tests and demos are in a hurry).
    """

    def __init__(
        self,
        machine: Machine,
        *,
        instance_id: str,
        api_key: str,
        reboot_s: float,
        rate_limits: bool = False,
    ) -> None:
        self._machine, self._api_key, self._reboot_s = machine, api_key, reboot_s
        self.instance_id = instance_id
        self.rate_limits = rate_limits
        self.faults: list[Fault] = []
        self.status = "running"
        self._intended = "running"
        self._label: str | None = "practice"
        self._started = time.time()
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._change: threading.Thread | None = None

    def close(self) -> None:
        """End a change that is under way."""
        self._closing.set()
        if self._change is not None:
            self._change.join()

    def answer(self, request: Request) -> Reply:
        with self._lock:
            return self._fault(request.path) or self._refusal(request) or self._route(request)

    def _fault(self, path: str) -> Reply | None:
        for fault in self.faults:
            if fault.count > 0 and fault.path in path:
                fault.count -= 1
                return Reply(fault.status, fault.body)
        return None

    def _refusal(self, request: Request) -> Reply | None:
        match request.authorization.removeprefix("Bearer "):
            case "":
                return _error(403, "auth_error", "This action requires login.")
            case "deleted":
                return _error(401, "auth_error", "Invalid user key")
            case self._api_key:
                return None
        return _error(404, "auth_error", "Invalid user key")

    def _route(self, request: Request) -> Reply:
        parts = [part for part in request.path.split("/") if part]
        match request.method, parts:
            case "GET", ["api", "v1", "instances"]:
                return self._limited("list", self._list)
            case "GET", ["api", "v0", "instances"]:
                return _error(410, "deprecated_endpoint", "Use /api/v1/instances/ instead.")
            case "GET", ["api", "v0", "users", "current"]:
                return Reply(200, {"id": 1, "username": "practice", "credit": 10.0, "balance": 0.0})
            case "GET", ["api", "v0", "instances", number]:
                found = self._instance() if number == self.instance_id else None
                return self._limited("get", lambda: Reply(200, {"instances": found}))
            case "PUT", ["api", "v0", "instances", *words] if words[-1:] != [self.instance_id]:
                return _error(404, "no_such_instance", f"No instance {words[-1]}." if words else "")
            case "PUT", ["api", "v0", "instances", "reboot", _]:
                return self._limited("reboot", lambda: self._begin(self._reboot))
            case "PUT", ["api", "v0", "instances", _]:
                return self._limited("change", lambda: self._edit(request.body))
        return _error(404, "not_found", f"{request.method} {request.path} is not played here.")

    def _limited(self, endpoint: str, answer: Callable[[], Reply]) -> Reply:
        if self.rate_limits:
            now, interval_s = time.monotonic(), _MIN_INTERVAL_S[endpoint]
            asked, self._asked[endpoint] = self._asked.get(endpoint, now - interval_s), now
            if now - asked < interval_s:
                return Reply(429, f"API requests too frequent endpoint threshold={interval_s}")
        return answer()

    def _edit(self, body: Any) -> Reply:
        match body:
            case {"state": "stopped"}:
                return self._begin(self._stop)
            case {"state": "running"}:
                return self._begin(self._start)
            case {"label": str() as label}:
                self._label = label
                return Reply(200, {"success": True})
        return _error(400, "invalid_args", "Give `state` (running, stopped) or `label`.")

    def _begin(self, change: Callable[[], None]) -> Reply:
        busy = self._change is not None and self._change.is_alive()
        if busy or self._closing.is_set():
            return _error(400, "invalid_request", "The instance is changing its state already.")
        self._change = threading.Thread(target=change, name="practice-lifecycle", daemon=True)
        self._change.start()
        return Reply(200, {"success": True})

    def _reboot(self) -> None:
        self._pause(0.3)  # the old "running" is still shown for a moment, as Vast does
        self.status = "rebooting"
        self._machine.go_down()
        self._pause(self._reboot_s)
        self._up()

    def _stop(self) -> None:
        self._intended = "stopped"
        self._pause(0.3)
        self._machine.go_down()
        self.status = "exited"

    def _start(self) -> None:
        if self.status == "running":
            return
        self._intended, self.status = "running", "loading"
        self._pause(self._reboot_s)
        self._up()

    def _up(self) -> None:
        if not self._closing.is_set():
            self._machine.come_up()
            self._started = time.time()
            self.status = "running"

    def _pause(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def _list(self) -> Reply:
        return Reply(
            200,
            {
                "success": True,
                "instances_found": 1,
                "total_instances": 1,
                "label_counts": {self._label: 1},
                "next_token": None,
                "instances": [self._instance()],
            },
        )

    def _instance(self) -> dict[str, Any]:
        running = self.status == "running"
        per_hour = _DISK_PER_HOUR + (_GPU_PER_HOUR if running else 0.0)
        port = str(self._machine.ssh_port)
        return _HARDWARE | {
            "id": int(self.instance_id),
            "label": self._label,
            "actual_status": self.status,
            "cur_state": self._intended,
            "next_state": self._intended,
            "intended_status": self._intended,
            "status_msg": "success, running vastai/comfy_practice/ssh\n",
            "ssh_port": self._machine.ssh_port,
            "ports": {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": port}]} if running else {},  # noqa: S104
            "start_date": self._started,
            "end_date": self._started + 30 * 86400,
            "uptime_mins": (time.time() - self._started) / 60 if running else None,
            "instance": {"totalHour": per_hour, "diskHour": _DISK_PER_HOUR},
        }


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"success": False, "error": code, "msg": message})


_HARDWARE: dict[str, Any] = {
    "machine_id": 30012,
    "host_id": 60004,
    "image_uuid": "vastai/comfy:@vastai-automatic-tag",
    "image_runtype": "ssh_direc ssh_proxy",
    "image_args": [],
    "extra_env": [],
    "onstart": "entrypoint.sh",
    "template_hash_id": None,
    "public_ipaddr": "127.0.0.1",
    "ssh_host": "127.0.0.1",
    "ssh_idx": "0",
    "gpu_name": "RTX 4090",
    "num_gpus": 1,
    "gpu_ram": 24564,
    "gpu_totalram": 24564,
    "gpu_util": 0.0,
    "gpu_temp": 38.0,
    "cpu_cores_effective": 12.0,
    "cpu_ram": 128792,
    "disk_space": 40.0,
    "disk_usage": -1,
    "disk_util": -1,
    "inet_up": 590.3,
    "inet_down": 1755.3,
    "reliability2": 0.992877,
    "is_bid": False,
    "dph_base": _GPU_PER_HOUR,
    "dph_total": _GPU_PER_HOUR + _DISK_PER_HOUR,
    "storage_cost": 0.213268,
    "storage_total_cost": _DISK_PER_HOUR,
    "geolocation": "Practice, DE",
    "verification": "verified",
    "static_ip": True,
    "volume_info": [],
}
