"""The run's one connection to its instance: opened at first use, its troubles told as events."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vastgui.config import Paths, Settings
from vastgui.runner.heavy import load_paramiko
from vastgui.runner.tenancy import Tenancy
from vastgui.state import events as ev
from vastgui.state.events import AnyEvent
from vastgui.state.plan import Plan
from vastgui.state.secret import Secret

if TYPE_CHECKING:  # paramiko takes 0.16 s and 20 MiB, so a run loads it at first use
    from vastgui.ssh.address import Address
    from vastgui.ssh.connections import Connection
    from vastgui.ssh.session import HostKeyQuestion, Session

FRESH_INSTANCE_PATIENCE_S = 20.0
"""A rented instance takes its keys some seconds after it answers; others refuse at once."""
TRUST, REFUSE = "trust", "refuse"


class Attendant(Protocol):
    """The step that uses the link: it is asked, it waits, it can be stopped."""

    def checkpoint(self) -> None: ...
    def ask(
        self, kind: str, question: str, choices: tuple[str, ...], details: dict[str, str]
    ) -> str: ...


class Link:
    """Builds the session from the plan, the remembered connections and the settings."""

    def __init__(
        self,
        plan: Plan,
        paths: Paths,
        settings: Settings,
        append: Callable[[AnyEvent], None],
        secret: Callable[[str], Secret | None],
    ) -> None:
        self._plan = plan
        self._paths = paths
        self._settings = settings
        self._append = append
        self._secret = secret
        self._tenancy = Tenancy(plan, secret)
        self._opening = threading.Lock()
        self._session: Session | None = None
        self._attendant: Attendant | None = None
        self._lost_at: float | None = None

    def attend(self, attendant: Attendant) -> None:
        """From now on `attendant` is asked about host keys and decides when to give up."""
        self._attendant = attendant

    def session(self) -> "Session":
        """Raises `SshError` kinds, and what the attendant raises while it waits."""
        with self._opening:
            if self._session is None:
                self._session = self._opened()
            return self._session

    def be_patient(self, seconds: float) -> None:
        """The instance boots: refused logins are tried again for `seconds`."""
        self.session().auth_patience_s = seconds

    def break_off(self) -> None:
        """Drop the connection under a step that hangs in it. Never blocks the caller."""
        if (session := self._session) is not None:
            threading.Thread(target=session.drop, name="break-off", daemon=True).start()

    def close(self) -> None:
        """Say goodbye to the instance; the run is over."""
        if (session := self._session) is not None:
            session.close()

    def _opened(self) -> "Session":
        load_paramiko()
        from vastgui.ssh.errors import PassphraseNeeded

        address, connection = self._whereto()
        session = self._built(address, connection, None)
        try:
            session.connect()
        except PassphraseNeeded as error:
            phrase = self._secret(f"ssh_passphrase:{Path(error.key_file).name}")
            phrase = phrase or self._secret("ssh_passphrase")
            if phrase is None:
                raise
            session.close()
            session = self._built(address, connection, phrase)
            session.connect()
        return session

    def _whereto(self) -> "tuple[Address, Connection]":
        from vastgui.ssh.address import parse_address
        from vastgui.ssh.connections import Connection, Connections

        wanted = self._plan.ssh_connection
        address = parse_address(wanted, _ssh_config())
        known = Connections(self._paths.connections_file).find(wanted)
        return address, known or Connection(wanted, instance_id=self._plan.instance_id)

    def _built(
        self, address: "Address", connection: "Connection", passphrase: Secret | None
    ) -> "Session":
        from vastgui.ssh.hostkeys import HostKeys
        from vastgui.ssh.session import Session

        instance_id = self._plan.instance_id
        name = f"vast-{instance_id}" if instance_id else connection.host_key_name(address)
        return Session(
            address,
            key_file=_key_file(address, connection, self._settings),
            use_agent=connection.use_agent,
            passphrase=passphrase,
            host_keys=HostKeys(self._paths.host_keys_file),
            host_key_name=name,
            on_host_key=self._decide,
            on_link=self._tell,
            checkpoint=self._checkpoint,
            auth_patience_s=FRESH_INSTANCE_PATIENCE_S if instance_id else 0.0,
        )

    def _checkpoint(self) -> None:
        if self._attendant is not None:
            self._attendant.checkpoint()

    def _decide(self, question: "HostKeyQuestion") -> bool:
        if self._attendant is None:
            return False
        details = {
            "name": question.name,
            "host": question.host,
            "port": str(question.port),
            "key_type": question.key_type,
            "fingerprint": question.fingerprint,
            "known_fingerprint": question.known_fingerprint,
        }
        kind = f"host_key_{question.kind}"
        answer = self._attendant.ask(kind, _asked(question), (TRUST, REFUSE), details)
        return answer == TRUST

    def _tell(self, lost: str | None, attempt: int) -> None:
        if lost is not None:
            self._lost_at = self._lost_at or time.monotonic()
            self._append(ev.LinkLost(reason=lost, attempt=attempt))
            self._tenancy.check(attempt)
        elif self._lost_at is not None:
            self._append(ev.LinkRestored(after_s=round(time.monotonic() - self._lost_at, 2)))
            self._lost_at = None


def _key_file(address: "Address", connection: "Connection", settings: Settings) -> str:
    named = connection.key_file or next(iter(address.key_files), "") or settings.ssh_key
    return str(Path(named).expanduser()) if named else ""


def _ssh_config() -> str:
    try:
        return (Path.home() / ".ssh" / "config").read_text(encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):
        return ""


def _asked(question: "HostKeyQuestion") -> str:
    where = f"{question.host}:{question.port}"
    if question.kind == "changed":
        return (
            f"{where} shows the host key {question.fingerprint}, but {question.known_fingerprint} "
            f"was trusted for {question.name} before. Trust the new one?"
        )
    return (
        f"{where} shows the host key {question.fingerprint}. It was never seen for "
        f"{question.name} before. Trust it?"
    )
