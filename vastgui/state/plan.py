"""`spec.json`: what a run is to do. Written once at launch, read by the runner and the fold.

It holds no secret (steps name secrets, the runner looks them up) and no path of this computer.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vastgui.errors import InvalidInput, NewerSchema

SCHEMA_VERSION = 1
MAX_SPEC_BYTES = 20_000_000
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""`MIGRATIONS[n]` turns a spec of version n into one of version n + 1."""
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step, fully resolved: no template variable is left in `params`."""

    action: str
    label: str
    params: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True
    timeout_s: float = 60.0
    """Bound of the whole step."""
    silence_timeout_s: float | None = None
    """Bound of the time without any output or progress, for long steps."""
    retries: int = 2
    """How often a transient failure (link lost, instance just booting) is tried again."""
    allow_partial: bool = False
    """A partial success lets the run go on."""
    weight: float = 1.0
    """Share of the run's percent: about the seconds the step takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. `start_from` and `only` are indexes into `steps`."""

    workflow_id: str
    kind: str = "setup"
    label: str = ""
    template_id: str = ""
    ssh_connection: str = ""
    instance_id: str = ""
    steps: tuple[PlanStep, ...] = ()
    step_delay_s: float = 0.0
    start_from: int = 0
    only: int | None = None
    continues: str = ""
    """Id of the run this one takes up again; its steps before `start_from` are carried over."""
    attempt: int = 1
    reattach: Mapping[str, str] = field(default_factory=dict)
    """Open remote jobs of the continued run, `"<step>:<key>"` to job id."""
    created_at: float = 0.0
    queue: str = ""
    """Runs of one queue take turns, first come, first served: `vast-<id>`, `host:port` or
    `local:8188`. Empty: this run waits for nobody."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """`initiated_from` (gui, cli, api), `user_agent`, `variables`."""


def new_id() -> str:
    """A sortable id of 26 characters: 48 bits of milliseconds, 80 random bits (as in ULID)."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))


def is_id(text: str) -> bool:
    return len(text) == 26 and not text.strip(_CROCKFORD)  # thousands of names a look


def dump(plan: Plan) -> bytes:
    data = {"schema_version": SCHEMA_VERSION, **asdict(plan)}
    return json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n"


def load(raw: bytes, where: str = "spec.json") -> Plan:
    """The plan in `raw`. Raises `InvalidInput` naming the key, or `NewerSchema`."""
    if len(raw) > MAX_SPEC_BYTES:
        raise InvalidInput(where, f"is larger than {MAX_SPEC_BYTES // 1_000_000} MB.")
    try:
        data = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(where, "is not valid JSON.") from error
    if not isinstance(data, dict):
        raise InvalidInput(where, "must hold one JSON object.")
    data = _migrated(data, where)
    steps = data.get("steps")
    if not isinstance(steps, list):
        raise InvalidInput(f"{where} › steps", "must be a list.")
    values = _typed(data, Plan, where, leave=("steps",))
    if "workflow_id" not in values or not is_id(values["workflow_id"]):
        raise InvalidInput(f"{where} › workflow_id", "must be an id of 26 characters.")
    loaded = tuple(_load_step(s, f"{where} › steps[{i}]") for i, s in enumerate(steps))
    return Plan(**values, steps=loaded)


def _no_number(text: str) -> None:
    """Python reads NaN and Infinity; one of them would make every percent meaningless."""
    raise ValueError(text)


def _migrated(data: dict[str, Any], where: str) -> dict[str, Any]:
    version = data.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise InvalidInput(f"{where} › schema_version", "must be a whole number.")
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{where} has schema version {version}; this vastgui knows up to {SCHEMA_VERSION}."
        )
    while version < SCHEMA_VERSION and (migrate := MIGRATIONS.get(version)):
        data, version = migrate(data), version + 1
    return data


def _load_step(data: Any, where: str) -> PlanStep:
    if not isinstance(data, dict):
        raise InvalidInput(where, "must be an object.")
    values = _typed(data, PlanStep, where)
    for key in ("action", "label"):
        if not values.get(key):
            raise InvalidInput(f"{where} › {key}", "is missing.")
    return PlanStep(**values)


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text"),
    "bool": ((bool,), "true or false"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "float | None": ((int, float, type(None)), "a number or null"),
    "int | None": ((int, type(None)), "a whole number or null"),
}


def _typed(
    data: dict[str, Any], kind: type[Any], where: str, leave: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The keys of `data` that `kind` knows, each with the type it asks for; others are ignored."""
    out: dict[str, Any] = {}
    for name, f in kind.__dataclass_fields__.items():
        if name not in data or name in leave:
            continue
        value = data[name]
        hint = f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type))
        allowed, words = _KINDS.get(hint, ((dict,), "an object"))
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise InvalidInput(f"{where} › {name}", f"must be {words}.")
        out[name] = value
    return out


def boot_id() -> str:
    """An id that changes when this computer restarts; empty where the system has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return os.environ.get("VASTGUI_BOOT_ID", "")
