"""A real OpenSSH server on loopback: a free port, keys of its own, a throw-away HOME."""

import contextlib
import getpass
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.waiting import wait_until

_SFTP_SERVER = "/usr/lib/openssh/sftp-server"  # for scp; the built-in one escapes ForceCommand


@dataclass(frozen=True)
class Sshd:
    """`home` is what a remote command sees as HOME and as its working directory."""

    port: int
    home: Path
    key_file: Path
    host_key: paramiko.PKey
    user: str
    log: Path

    @property
    def ssh_connection(self) -> str:
        return f"{self.user}@127.0.0.1:{self.port}"


def find_sshd() -> str:
    """The server's path; without one the test is skipped, or fails where CI is set."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("openssh-server is not installed")
    return str(found)


def make_key(path: Path, passphrase: str = "") -> paramiko.PKey:
    """A new ed25519 key pair at `path` and `path`.pub."""
    key = Ed25519PrivateKey.generate()
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    Path(f"{path}.pub").write_bytes(public + b"\n")
    return paramiko.Ed25519Key.from_private_key_file(str(path), passphrase or None)


@contextlib.contextmanager
def running_sshd(
    folder: Path, *, home: Path | None = None, key_file: Path | None = None,
    env: Mapping[str, str] | None = None, host_key: Path | None = None, options: tuple[str, ...] = (),
) -> Iterator[Sshd]:  # fmt: skip
    """Start a server whose sessions have HOME=`home` and `env`; new keys unless given."""
    sshd = find_sshd()
    folder.mkdir(parents=True, exist_ok=True)
    home = home or folder / "home"
    home.mkdir(exist_ok=True)
    if key_file is None:
        make_key(key_file := folder / "user")
    if host_key is None:
        make_key(host_key := folder / "host")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privilege separation folder
    port, log = _free_port(), folder / "sshd.log"
    set_env = " ".join(f'"{k}={v}"' for k, v in {"HOME": str(home), **(env or {})}.items())
    config = (
        f"Port={port}", "ListenAddress=127.0.0.1", f"HostKey={host_key}", "StrictModes=no",
        f"AuthorizedKeysFile={key_file}.pub", "PermitRootLogin=yes", "UsePAM=no", "PidFile=none",
        "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "MaxStartups=500",
        f"SetEnv={set_env}", f"Subsystem=sftp {_SFTP_SERVER}", "PrintMotd=no", "LoginGraceTime=30",
        'ForceCommand=cd "$HOME" && exec sh -c "$SSH_ORIGINAL_COMMAND"',
        *_no_penalties(sshd), *options,
    )  # fmt: skip
    words = [sshd, "-D", "-e", "-f", os.devnull, *(w for c in config for w in ("-o", c))]
    with log.open("ab") as out, subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=out) as p:
        try:
            wait_until(lambda: p.poll() is not None or _answers(port), what="sshd listens")
            assert p.poll() is None, log.read_text()
            host = paramiko.Ed25519Key.from_private_key_file(str(host_key))
            yield Sshd(port, home, key_file, host, getpass.getuser(), log)
        finally:
            p.terminate()


def _no_penalties(sshd: str) -> tuple[str, ...]:
    """From 9.8 on sshd locks out an address with many failures, which these tests produce."""
    said = subprocess.run([sshd, "-V"], capture_output=True, text=True, check=False).stderr
    version = re.search(r"OpenSSH_(\d+)\.(\d+)", said)
    new = version and (int(version[1]), int(version[2])) >= (9, 8)
    return ("PerSourcePenalties=no",) if new else ()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
        probe.settimeout(2)
        return probe.recv(4) == b"SSH-"
    return False
