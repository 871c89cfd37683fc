"""The practice instance's SSH server behaves like sshd."""

import contextlib
import json
import random
import socket
import subprocess
import threading
import time
from pathlib import Path

import paramiko
import pytest

from tests.demo.client import Client, read
from tests.waiting import wait_until
from vastgui.demo.instance import PracticeInstance


def test_streams_and_exit_status_stay_apart(client: Client) -> None:
    ended = client.sh("echo out; echo err >&2; exit 7")
    assert (ended.code, ended.stdout, ended.stderr) == (7, "out\n", "err\n")


def test_stdin_arrives_whole_and_ends(client: Client) -> None:
    sent = bytes(range(256)) * 8000
    assert client.sh("wc -c; cat >&2", sent).stdout.strip() == str(len(sent))
    assert client.sh("cat", b"x" * 3_000_000).stdout == "x" * 3_000_000


def test_a_command_that_ignores_stdin_ends_too(client: Client) -> None:
    assert client.sh("exit 4", b"y" * 1_000_000).code == 4


def test_environment_is_the_boxs_own(
    client: Client, instance: PracticeInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = dict(line.split("=", 1) for line in client.sh("env").stdout.splitlines())
    assert lines["HOME"] == str(instance.box.home)
    assert lines["PATH"].startswith(str(instance.box.root / "bin"))
    assert lines["WORKSPACE"] == instance.variables["workspace"]
    assert not {"VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "SSH_AUTH_SOCK"} & set(lines)
    assert client.sh("pwd").stdout.strip() == str(instance.box.home)


def test_death_by_signal_is_told_as_such(client: Client, instance: PracticeInstance) -> None:
    """sshd sends exit-signal, no exit-status: a client that reads 0 or 255 would be wrong."""
    assert client.sh("kill -9 $$").code == -1


def test_several_channels_at_once(client: Client) -> None:
    slow = [client.start("read line; echo got $line") for _ in range(8)]
    assert client.sh("echo quick").stdout == "quick\n"
    for number, channel in enumerate(slow):
        channel.sendall(f"{number}\n".encode())
        assert channel.recv(100) == f"got {number}\n".encode()
        assert channel.recv_exit_status() == 0


def test_commands_one_after_the_other_are_quick(client: Client) -> None:
    started = time.perf_counter()
    assert all(client.sh("exit 0").code == 0 for _ in range(200))
    assert (time.perf_counter() - started) / 200 < 0.1  # measured: 2 ms; noisy machines


def test_a_slow_reader_loses_nothing(client: Client) -> None:
    channel = client.start("head -c 20000000 /dev/zero")
    wait_until(lambda: len(channel.in_buffer) > 1_000_000)
    assert sum(map(len, iter(lambda: channel.recv(1_000_000), b""))) == 20_000_000


def test_only_the_key_and_root_are_let_in(instance: PracticeInstance) -> None:
    for user, key in (
        ("root", paramiko.RSAKey.generate(2048)),
        ("admin", paramiko.Ed25519Key.from_private_key_file(str(instance.key_file))),
    ):
        with contextlib.closing(paramiko.Transport(("127.0.0.1", instance.ssh_port))) as link:
            link.start_client(timeout=30)
            with pytest.raises(paramiko.AuthenticationException):
                link.auth_publickey(user, key)
    assert instance.key_file.stat().st_mode & 0o777 == 0o600


def test_banner_and_host_key(client: Client, instance: PracticeInstance) -> None:
    assert b"Welcome to vast.ai." in (client.transport.get_banner() or b"")
    assert client.transport.get_remote_server_key() == instance.host_key


def test_keepalive_is_answered(client: Client) -> None:
    client.transport.global_request("keepalive@openssh.com", wait=True)
    assert client.transport.is_active()


def test_tunnel_to_comfyui_and_nowhere_else(client: Client, instance: PracticeInstance) -> None:
    def open_tunnel(host: str, port: int) -> paramiko.Channel:
        return client.transport.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 0))

    channel = open_tunnel("127.0.0.1", instance.box.comfyui_port)
    channel.settimeout(30)
    channel.sendall(b"GET /system_stats HTTP/1.0\r\n\r\n")
    answer = b"".join(iter(lambda: channel.recv(65_536), b""))
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["devices"][0]["type"] == "cuda"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(paramiko.ChannelException, match="Connect failed"):
            open_tunnel("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(paramiko.ChannelException, match="prohibited"):
        open_tunnel("192.0.2.1", 80)


def test_terminal_has_the_clients_size(client: Client) -> None:
    channel = client.transport.open_session()
    channel.settimeout(30)
    channel.get_pty("xterm", 100, 40)
    channel.exec_command("stty size; read x; stty size; read y; [ -t 0 ] && echo $TERM")
    seen = b""

    def told(text: bytes) -> bool:
        nonlocal seen
        seen += channel.recv(1000) if channel.recv_ready() else b""
        return text in seen

    wait_until(lambda: told(b"40 100"))
    channel.resize_pty(120, 50)
    channel.sendall(b"\n")
    wait_until(lambda: told(b"50 120"))
    channel.sendall(b"\n")
    wait_until(lambda: told(b"xterm"))
    assert channel.recv_exit_status() == 0


def test_a_shell_without_a_command(client: Client) -> None:
    for terminal in (False, True):
        channel = client.transport.open_session()
        channel.settimeout(30)
        if terminal:
            channel.get_pty()
        channel.invoke_shell()
        channel.sendall(b"supervisorctl status; exit 3\n")
        assert "RUNNING" in read(channel.recv)
        assert channel.recv_exit_status() == 3


def test_openssh_client_logs_in(instance: PracticeInstance, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    entry = f"[127.0.0.1]:{instance.ssh_port} ssh-ed25519 {instance.host_key.get_base64()}\n"
    known.write_text(entry)
    words = ["ssh", "-F", "none", "-p", str(instance.ssh_port), "-i", str(instance.key_file)]
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes", "root@127.0.0.1"]
    done = subprocess.run(
        [*words, *options, "cat; exit 5"], input=b"in", capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (5, b"in")
    assert b"Welcome to vast.ai" in done.stderr


class TestLostLink:
    """What a cut connection does to what runs: see reliability.md 2.8."""

    def test_chatty_dies_quiet_and_detached_live(
        self, client: Client, instance: PracticeInstance, tmp_path: Path
    ) -> None:
        home = instance.box.home
        client.start("while echo tick; do echo x >> chatty; sleep 0.02; done")
        client.start("echo $$ > quiet.pid; exec sleep 300")
        client.start(
            "setsid sh -c 'echo $$ > detached.pid; exec sleep 300' </dev/null >/dev/null 2>&1 &"
        )
        wait_until(
            lambda: (
                _size(home / "chatty")
                and _size(home / "quiet.pid")
                and _size(home / "detached.pid")
            )
        )

        assert instance.drop_links() >= 1

        wait_until(lambda: not client.transport.is_active())
        wait_until(lambda: _stopped_growing(home / "chatty"))
        pids = {int((home / name).read_text()) for name in ("quiet.pid", "detached.pid")}
        living = {process.pid: process for process in instance.processes.living()}
        assert pids <= set(living)
        for pid in pids:
            living[pid].kill()

    def test_a_new_link_is_taken_at_once(self, instance: PracticeInstance, client: Client) -> None:
        instance.drop_links()
        wait_until(lambda: not client.transport.is_active())
        with contextlib.closing(Client(instance).transport) as link:
            assert link.is_authenticated()


def test_refusing_keeps_the_port(instance: PracticeInstance) -> None:
    instance.ssh.refuse()
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", instance.ssh_port), timeout=5)
    finally:
        instance.ssh.listen()
    socket.create_connection(("127.0.0.1", instance.ssh_port), timeout=5).close()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _stopped_growing(path: Path) -> bool:
    before = _size(path)
    time.sleep(0.2)  # ten times its pace
    return _size(path) == before


def test_a_port_probe_leaves_nothing(instance: PracticeInstance) -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        socket.create_connection(("127.0.0.1", instance.ssh_port), timeout=5).close()
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_links_come_and_go_in_the_middle_of_everything(instance: PracticeInstance) -> None:
    """Connections are cut at random moments; the server is as before."""
    rng = random.Random(47)
    ended = threading.Event()

    def bother() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                guest = Client(instance)
                with contextlib.closing(guest.transport):
                    guest.start("while echo y; do :; done")
                    guest.sh("cat", b"z" * 300_000)

    guests = [threading.Thread(target=bother) for _ in range(3)]
    for guest in guests:
        guest.start()
    for number in range(30):
        ended.wait(rng.uniform(0, 0.1))
        instance.drop_links()
        if number % 10 == 9:
            instance.ssh.refuse()
            instance.ssh.listen()
    ended.set()
    while any(guest.is_alive() for guest in guests):
        instance.drop_links()
        ended.wait(0.05)
    with contextlib.closing(Client(instance).transport) as link:
        assert link.is_authenticated()
    wait_until(lambda: len(instance.processes.living()) <= 1)  # ComfyUI
