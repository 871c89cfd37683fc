"""Node packs: what is wanted, what is there, what is to be done, how it went. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vastgui.errors import InvalidInput, StepFailed
from vastgui.runner.git_progress import binary_size, parse_git_progress
from vastgui.state import checks

_MARK = "@vastgui "
_PIP_BYTES = re.compile(r"Progress (\d{1,15}) of (\d{1,15})\s*\Z")
_PIP_NOW = re.compile(r"\s*(Collecting|Downloading|Building wheel for|Installing collected)\b.*")
_COMPLAINT = re.compile(r"(?:fatal|error|ERROR):\s*(\S.*)")
_NETWORK = re.compile(
    r"Could not resolve host|Failed to connect|Connection (?:timed out|reset|refused)|early EOF"
    r"|RPC failed|returned error: 5\d\d|transfer closed|Operation too slow|GnuTLS|SSL_ERROR"
    r"|unexpected disconnect|Temporary failure|ReadTimeoutError|NewConnectionError"
)
FAILURES = {
    10: "it could not be cloned",
    11: "a folder of that name appeared meanwhile",
    12: "the wanted commit could not be checked out",
    20: "its requirements could not be installed",
    30: "it cannot be imported",
}


@dataclass(frozen=True, slots=True)
class Pack:
    """One wanted node pack; `requirements` is a file name, "" for requirements.txt if there."""

    name: str
    url: str
    commit: str = ""
    requirements: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at the pack's place. `state`: absent, empty, file, foreign (no clone) or git."""

    state: str = "absent"
    remote: str = ""
    head: str = ""
    pinned: str = ""
    """The full id of the wanted commit, "" when the clone does not have it."""
    changed: bool = False
    requirements: bool = False
    """The requirements of just this commit were installed into just this environment."""
    imported: str = ""
    """How the import of just this state was judged, "" when it was not."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`mode`: nothing, keep (requirements, import), checkout, clone, replace or refuse."""

    mode: str
    why: str = ""


@dataclass(slots=True)
class Outcome:
    """How one pack fared; `ok` None while it was not tried."""

    ok: bool | None = None
    why: str = ""
    """Why it failed, or why its import is checked only."""
    changed: bool = False
    cloned: bool = False
    requirements: bool = False
    imported: str = ""
    transient: bool = False

    def to_json(self) -> dict[str, Any]:
        data = {
            "cloned": self.cloned,
            "requirements": self.requirements,
            "imported": self.imported or False,
        }
        return {**data, "error": self.why} if self.ok is False else data


def wanted(value: Any) -> list[Pack]:
    """The packs of the parameter `repos`. Raises `InvalidInput` naming the entry."""
    packs = [Pack(**repo) for repo in checks.check("repos", value, "repos")]
    seen: dict[str, int] = {}
    for i, pack in enumerate(packs):
        first = seen.setdefault(pack.name.lower(), i)
        if first != i:
            raise InvalidInput(
                f"repos[{i}]",
                f"would go into the same folder as repos[{first}]: {pack.name}.",
                hint="Give one of them another `name`.",
            )
    return packs


def read_look(text: str, count: int) -> list[Found]:
    """What the look script said of `count` packs. Raises `StepFailed` when it says too little."""
    facts: list[dict[str, str]] = [{} for _ in range(count)]
    for line in text.splitlines():
        words = line.split(" ", 3)
        if len(words) < 3 or words[0] != "pack" or not words[1].isdecimal():
            continue
        if (number := int(words[1])) < count:
            facts[number].setdefault(words[2], words[3] if len(words) > 3 else "")
    if any("state" not in fact for fact in facts) or not text.rstrip().endswith("end"):
        raise StepFailed("The instance gave no whole answer about its node packs.", transient=True)
    return [_found(fact) for fact in facts]


def _found(fact: Mapping[str, str]) -> Found:
    return Found(
        state=fact["state"],
        remote=fact.get("remote", "")[:500],
        head=fact.get("head", "")[:64],
        pinned=fact.get("pinned", "")[:64],
        changed=fact.get("changed") == "yes",
        requirements=fact.get("requirements") == "yes",
        imported=fact.get("imported", "")
        if fact.get("imported") in ("imported", "checked")
        else "",
    )


def decide(pack: Pack, found: Found, *, rename_existing: bool = False) -> Decision:
    """What is to be done for `pack`; what is there is never overwritten or deleted."""
    if found.state in ("absent", "empty"):
        return Decision("clone")
    if conflict := _conflict(pack, found):
        return Decision("replace") if rename_existing else Decision("refuse", conflict)
    if pack.commit and found.head != found.pinned:
        if found.changed and not rename_existing:
            return Decision(
                "refuse", f"it has local changes, so it was not set to commit {pack.commit[:12]}"
            )
        return Decision("replace" if found.changed else "checkout")
    if found.requirements and found.imported:
        return Decision("nothing")
    return Decision("keep")


def _conflict(pack: Pack, found: Found) -> str:
    if found.state == "file":
        return "a file of that name is there"
    if found.state != "git":
        return "a folder of that name is there that is not a git clone"
    if same_repository(found.remote, pack.url):
        return ""
    shown = without_login(found.remote)
    return f"the folder is a clone of another repository ({shown or 'without remote'})"


def same_repository(one: str, other: str) -> bool:
    return _plain_url(one) == _plain_url(other)


def _plain_url(url: str) -> str:
    """Compared without `.git`, final slash, login and the case of scheme and host."""
    text = without_login(url).rstrip("/").removesuffix(".git").rstrip("/")
    scheme, mark, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    plain = f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"
    # GitHub's names have no case: people paste both spellings.
    return plain.lower() if host.lower() == "github.com" else plain


def without_login(url: str) -> str:
    """`url` without the user and token that people leave in remotes."""
    return re.sub(r"\A([A-Za-z]+://)[^/@]*@", r"\1", url)


@dataclass(slots=True)
class JobReader:
    """Follows the output of one pack's job: where it is, in words and percent, and what it said."""

    phase: str = "clone"
    cloned: bool = False
    installing: bool = False
    installed: bool = False
    status: str = ""
    reason: str = ""
    aside: str = ""
    complaints: list[str] = field(default_factory=list)

    def read(self, line: str) -> tuple[str, float | None] | None:
        """A message and a percent for the pack's line, None when there is nothing new to show."""
        if line.startswith(_MARK):
            return self._mark(line.removeprefix(_MARK).strip())
        if complaint := _COMPLAINT.search(line):
            self.complaints = [*self.complaints[-9:], complaint[1].strip()[:300]]
        if self.phase == "clone":
            return self._git(line)
        return self._pip(line) if self.phase == "requirements" else None

    def _mark(self, words: str) -> tuple[str, float | None] | None:
        verb, _, rest = words.partition(" ")
        match verb:
            case "phase" if rest == "clone":
                return "Cloning", 0.0
            case "phase" if rest == "requirements":
                self.phase = rest
                return "Installing requirements", 60.0
            case "phase" if rest == "import":
                self.phase = rest
                return "Checking the import", 85.0
            case "cloned":
                self.cloned = True
            case "installing":
                self.installing = True
            case "installed":
                self.installed = True
            case "aside":
                self.aside = rest[:500]
            case "import":
                self._import(rest)
        return None

    def _import(self, text: str) -> None:
        try:
            data = json.loads(text)
            status, reason = data["status"], data["reason"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if status in ("imported", "checked", "failed") and isinstance(reason, str):
            self.status, self.reason = status, reason[:300]

    @staticmethod
    def _git(line: str) -> tuple[str, float | None] | None:
        progress = parse_git_progress(line)
        if progress is None or progress.overall_percent is None:
            return None
        return progress.words, round(progress.overall_percent * 0.6, 1)

    @staticmethod
    def _pip(line: str) -> tuple[str, float | None] | None:
        if amount := _PIP_BYTES.match(line):
            done, total = int(amount[1]), max(int(amount[2]), 1)
            shown = f"{min(100 * done // total, 100)}% of {binary_size(total)}"
            return f"Downloading {shown}", None
        if _PIP_NOW.match(line):
            return " ".join(line.split())[:120], None
        return None

    def outcome(self, exit_code: int, mode: str, tail: Sequence[str]) -> Outcome:
        """How the pack fared when its job ended with `exit_code`."""
        why = self.reason if self.status == "checked" else ""
        if exit_code:
            said = self._said(exit_code, tail)
            what = FAILURES.get(exit_code, f"the installation ended with code {exit_code}")
            why = f"{what}: {said}" if said else what
        return Outcome(
            ok=exit_code == 0,
            why=why,
            changed=mode != "keep" or self.installing,
            cloned=self.cloned or mode == "keep",
            requirements=self.installed,
            imported="" if exit_code else self.status or "imported",
            transient=exit_code in (10, 12, 20) and bool(_NETWORK.search("\n".join(tail))),
        )

    def _said(self, exit_code: int, tail: Sequence[str]) -> str:
        """The reason in the words of git, pip or Python."""
        if exit_code == 30:
            return self.reason
        if exit_code == 11:
            return ""
        if self.complaints:
            if any("could not read Username" in said for said in self.complaints):
                return "the repository does not exist, or it is private"
            # git's first complaint names the cause, pip's last one sums up.
            return self.complaints[0 if exit_code in (10, 12) else -1]
        spoken = [line for line in tail if line.strip() and not line.startswith(_MARK)]
        return spoken[-1].strip()[:300] if spoken else ""
