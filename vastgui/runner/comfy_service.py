"""ComfyUI as the instance's supervisor runs it: its state, its restart, its log."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.errors import StepFailed
from vastgui.runner.comfy_log import ImportReport, read_imports, visible_lines
from vastgui.runner.context import StepContext
from vastgui.ssh.errors import SshError
from vastgui.ssh.lines import clean

LOG_BYTES = 4_000_000
SETTLE_S = 2
"""Process starts are known to the second only: an installation must be older than that."""
RESTART_SILENCE_S = 120.0
LIST_WAIT_S = 15.0
"""ComfyUI lists its imports before it serves; its log may lag behind by a little."""
PROMPTS_WAIT_S = 90.0
"""Patience with prompts that a restart would lose; the restart itself needs the rest of 300 s."""
DOWN = frozenset({"FATAL", "EXITED", "STOPPED", "UNKNOWN"})
PROVISIONING_HINT = (
    "Read ComfyUI's log. A fresh instance may still be setting itself up "
    "(/var/log/portal/provisioning.log)."
)

LOOK = r"""
# supervisorctl program log ui_home
status=$("$1" status "$2" 2>&1 | head -n 1)
printf 'status %s\n' "$status"
pid=$(printf '%s\n' "$status" | sed -n 's/.*pid \([0-9][0-9]*\).*/\1/p')
if [ -n "$pid" ] && [ -r "/proc/$pid/stat" ]; then
  ticks=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)
  boot=$(sed -n 's/^btime //p' /proc/stat)
  hertz=$(getconf CLK_TCK 2>/dev/null) || hertz=100
  printf 'start %s\n' "$((boot + ticks / hertz))"
fi
printf 'now %s\n' "$(date +%s)"
printf 'log %s\n' "$(stat -L -c '%i %s' -- "$3" 2>/dev/null)"
for entry in "$4/custom_nodes"/*; do
  name=${entry##*/}
  case $name in *.disabled | __pycache__) continue ;; esac
  if [ -d "$entry" ]; then
    set -- "$entry/__init__.py" "$entry/.git/HEAD" "$entry/.git/logs/HEAD" \
      "$entry/.git/vastgui-requirements"
  else
    case $name in *.py) set -- "$entry" ;; *) continue ;; esac
  fi
  printf 'entry %s %s\n' "$(stat -L -c %Y -- "$@" 2>/dev/null | sort -n | tail -n 1)" "$name"
done
"""
RESTART = '"$1" restart "$2" 2>&1'
READ_FROM = 'tail -c "+$2" -- "$1" | head -c "$3"'
READ_END = 'tail -c "$2" -- "$1"'


@dataclass(frozen=True, slots=True)
class Facts:
    """ComfyUI's process and what stands in custom_nodes. Times are the instance's seconds."""

    status: str = ""
    started_at: int | None = None
    now: int = 0
    log: tuple[int, int] | None = None
    """Inode and size of the log, None while there is none."""
    entries: Mapping[str, int] = field(default_factory=dict)
    """Node packs by name, with the time of their last change."""

    @property
    def is_running(self) -> bool:
        return "RUNNING" in self.status.split()

    @property
    def is_down(self) -> bool:
        return not DOWN.isdisjoint(self.status.split())

    @property
    def changed_at(self) -> int:
        return max(self.entries.values(), default=0)

    def is_covered_by(self, report: ImportReport) -> bool:
        """True when the running process imported just what is installed now."""
        if not self.is_running or self.started_at is None or not report.listed:
            return False
        return self.changed_at < self.started_at and set(self.entries) <= report.names


def read_facts(text: str) -> Facts:
    """The answer of the look script. Lines that make no sense count as not said."""
    said: dict[str, str] = {}
    entries: dict[str, int] = {}
    for line in text.splitlines():
        key, _, rest = line.partition(" ")
        if key == "entry":
            changed, _, name = rest.partition(" ")
            entries[name] = _number(changed) or 0
        else:
            said.setdefault(key, rest)
    log = [_number(word) for word in said.get("log", "").split()]
    return Facts(
        status=" ".join(clean(said.get("status", ""))[:300].split()),
        started_at=_number(said.get("start", "")),
        now=_number(said.get("now", "")) or 0,
        log=(log[0], log[1]) if len(log) == 2 and log[0] and log[1] is not None else None,
        entries=entries,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


class ComfyService:
    """ComfyUI on the instance of `ctx`; parameters as in verify_dependencies."""

    def __init__(self, ctx: StepContext) -> None:
        self._ctx = ctx
        self._params: Mapping[str, Any] = ctx.params

    def look(self) -> Facts:
        p = self._params
        words = (p["supervisorctl"], p["supervisor_program"], p["comfyui_log"], p["ui_home"])
        return read_facts(self._ctx.ssh.sh(LOOK, *words, timeout_s=60).stdout)

    def last_report(self) -> ImportReport:
        """What the log tells of the last start, however old."""
        told = self._ctx.ssh.sh(READ_END, self._params["comfyui_log"], str(LOG_BYTES))
        return read_imports(told.stdout)

    def answers(self) -> bool:
        """True when /system_stats is served."""
        return serves(self._ctx, int(self._params["comfyui_port"]))

    def restart(self) -> ImportReport:
        """Restart ComfyUI, wait until it serves, and return what it imported on the way.

        Raises `StepFailed` when prompts are not done in time: a restart would lose them.
        """
        self._wait_for_prompts()
        ctx, before = self._ctx, self.look()
        if (young_s := SETTLE_S - (before.now - before.changed_at)) > 0:
            ctx.sleep(min(young_s, SETTLE_S))
        ctx.simple("Restarting ComfyUI")
        words = (self._params["supervisorctl"], self._params["supervisor_program"])
        said = ctx.ssh.sh(RESTART, *words, timeout_s=RESTART_SILENCE_S)
        for line in said.stdout.splitlines()[:20]:
            ctx.say(line)
        if "started" not in said.stdout:
            raise self._failed_to_start(clean(said.stdout)[-300:].strip() or "it said nothing")
        self._wait_until_it_serves()
        return self._fresh_report(before)

    def _wait_for_prompts(self) -> None:
        ctx, since = self._ctx, time.monotonic()
        while count := prompts_left(ctx, int(self._params["comfyui_port"])):
            prompts = f"{count} prompt" + ("" if count == 1 else "s")
            if (waited_s := time.monotonic() - since) > PROMPTS_WAIT_S:
                raise StepFailed(
                    f"ComfyUI was not restarted: it is at work on {prompts}, which would be lost.",
                    hint="Continue the run when ComfyUI's queue is empty, or cancel its prompts.",
                )
            ctx.simple(f"Waiting for {prompts} before the restart ({waited_s:.0f} s)")
            ctx.sleep(0.5)

    def _wait_until_it_serves(self) -> None:
        ctx, since = self._ctx, time.monotonic()
        looked_at = since
        while not self.answers():
            now = time.monotonic()
            ctx.simple(f"Waiting for ComfyUI ({now - since:.0f} s)", self._last_line())
            if now - looked_at > 4:
                looked_at = now
                facts = self.look()
                if facts.is_down:
                    raise self._failed_to_start(facts.status)
            ctx.sleep(0.5)

    def _fresh_report(self, before: Facts) -> ImportReport:
        """The report in the part of the log that was written since `before`."""
        deadline = time.monotonic() + LIST_WAIT_S
        while True:
            report = read_imports(self._log_since(before))
            if report.listed or not before.entries or time.monotonic() > deadline:
                return report
            self._ctx.sleep(0.3)

    def _log_since(self, before: Facts) -> str:
        after = self.look().log
        # At a restart the log is moved aside (or cut): then all of the new one counts.
        same = before.log and after and before.log[0] == after[0] and before.log[1] <= after[1]
        first = before.log[1] + 1 if same and before.log else 1
        words = (self._params["comfyui_log"], str(first), str(LOG_BYTES))
        return self._ctx.ssh.sh(READ_FROM, *words).stdout

    def _last_line(self) -> str:
        told = self._ctx.ssh.sh(READ_END, self._params["comfyui_log"], "2000").stdout
        spoken = [line.strip() for line in visible_lines(told) if line.strip()]
        return spoken[-1][:200] if spoken else ""

    def _failed_to_start(self, why: str) -> StepFailed:
        last = self._last_line()
        return StepFailed(
            f"ComfyUI did not start: {why}",
            hint=PROVISIONING_HINT,
            details={"last_log_line": last} if last else {},
        )


def serves(ctx: StepContext, port: int) -> bool:
    """True when ComfyUI's /system_stats answers on `port` inside the instance."""
    try:
        status, _ = ctx.ssh.http_get(port, "/system_stats", timeout_s=5)
    except SshError as error:
        if not error.transient:
            raise
        return False
    return status == 200


def prompts_left(ctx: StepContext, port: int) -> int:
    """Prompts that ComfyUI runs or has in its queue; 0 when it does not say."""
    try:
        status, body = ctx.ssh.http_get(port, "/prompt", timeout_s=5)
        left = json.loads(body)["exec_info"]["queue_remaining"] if status == 200 else 0
    except SshError as error:
        if not error.transient:
            raise
        return 0
    except (ValueError, TypeError, KeyError, RecursionError):
        return 0
    return left if type(left) is int and 0 < left < 10**6 else 0
