"""A session against a real OpenSSH server."""

import http.server
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.sshd import Sshd, make_key
from vastgui.errors import Stopped
from vastgui.ssh.address import Address, parse_address
from vastgui.ssh.errors import (
    AuthFailed,
    CommandSilent,
    CommandTooLoud,
    ConnectRefused,
    ConnectTimeout,
    HostKeyChanged,
    HostKeyUnknown,
    HostNotFound,
    KeyFileMissing,
    LinkLost,
    PassphraseNeeded,
    PortClosed,
    SshError,
)
from vastgui.ssh.hostkeys import HostKeys, fingerprint
from vastgui.ssh.session import HostKeyQuestion, Session
from vastgui.state.secret import Secret

MakeSession = Callable[..., Session]


def test_words_arrive_as_they_are(session: Session) -> None:
    words = ["a b", "$(id)", "`id`", "'q'", '"', "\\", "*", "-n", "", "ü\n"]
    done = session.run("printf", "%s|", *words)
    assert done.stdout == "".join(f"{w}|" for w in words)
    assert (done.exit_code, done.ok, done.stderr) == (0, True, "")


def test_arguments_of_a_script_are_positional(session: Session) -> None:
    done = session.sh('printf "%s\\n" "$2" "$1"; cat; exit 7', "$(id)", "two", stdin=b"from stdin")
    assert done.stdout == "two\n$(id)\nfrom stdin"
    assert done.exit_code == 7
    assert done.first_line == "two"


def test_stdout_and_stderr_stay_apart_and_lines_are_live(session: Session) -> None:
    lines: list[str] = []
    script = "printf 'one\\rtwo\\n'; echo oops >&2; printf tail"
    done = session.sh(script, on_line=lines.append)
    assert (done.stdout, done.stderr) == ("one\rtwo\ntail", "oops\n")
    assert sorted(lines) == ["one", "oops", "tail", "two"]


def test_a_command_that_talks_without_end_is_given_up(session: Session) -> None:
    with pytest.raises(CommandTooLoud, match="64 MB"):
        session.sh("exec cat /dev/zero")
    assert session.sh("echo on").stdout == "on\n"


@pytest.mark.row("S46")
def test_a_flood_is_bounded(session: Session) -> None:
    done = session.run("head", "-c", "20000000", "/dev/zero")
    assert len(done.stdout) == 8 << 20
    assert done.truncated


def test_much_on_stdin_and_stdout_at_once(session: Session) -> None:
    data = bytes(range(65, 91)) * 200_000
    assert session.run("cat", stdin=data).stdout.encode() == data


def test_a_command_that_does_not_read_its_stdin(session: Session) -> None:
    assert session.run("true", stdin=b"x" * 5_000_000).ok


def test_silence_ends_a_command(session: Session) -> None:
    with pytest.raises(CommandSilent, match="sleep"):
        session.run("sleep", "30", timeout_s=0.5)
    assert session.run("echo", "next").first_line == "next"


def test_output_keeps_a_long_command_alive(session: Session) -> None:
    script = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done"
    assert session.sh(script, timeout_s=1.5).ok


def test_a_child_that_keeps_stdout_open_does_not_hold_the_command(session: Session) -> None:
    start = time.monotonic()
    assert session.sh("sleep 8 & echo started").stdout == "started\n"
    assert time.monotonic() - start < 7


def test_a_command_killed_by_a_signal_is_no_success(session: Session) -> None:
    assert not session.sh("kill -9 $$").ok


def test_the_environment_files_of_the_instance(
    sshd: Sshd, make_session: MakeSession, tmp_path: Path
) -> None:
    (tmp_path / "environment").write_text('UI_HOME="/work space/ui"\necho noise\ncat\n')
    (tmp_path / ".env").write_text("SECOND=$UI_HOME/x\n")
    files = [str(tmp_path / name) for name in ("environment", ".env", "missing")]
    session = make_session(env_files=files)
    done = session.sh('echo "$UI_HOME|$SECOND|$1"; cat', "arg", stdin=b"input")
    assert done.stdout == "/work space/ui|/work space/ui/x|arg\ninput"


def test_stop_is_heard_during_a_command(make_session: MakeSession) -> None:
    asked = threading.Event()

    def checkpoint() -> None:
        if asked.is_set():
            raise Stopped("stop")

    session = make_session(checkpoint=checkpoint)
    session.connect()
    threading.Timer(0.3, asked.set).start()
    start = time.monotonic()
    with pytest.raises(Stopped):
        session.run("sleep", "30")
    assert time.monotonic() - start < 5


def test_close_unblocks_a_command_and_leaves_no_thread(make_session: MakeSession) -> None:
    before = set(threading.enumerate())
    session = make_session()
    session.connect()
    closer = threading.Timer(0.3, session.close)
    closer.start()
    with pytest.raises(LinkLost):
        session.run("sleep", "30")
    closer.join()
    assert set(threading.enumerate()) <= before
    with pytest.raises(LinkLost):
        session.run("true")


def test_several_threads_share_a_session(session: Session) -> None:
    answers: list[str] = []

    def ask(i: int) -> None:
        answers.append(session.run("echo", str(i)).first_line)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [str(i) for i in range(8)]


# -- the errors are told apart


def test_no_such_host(make_session: MakeSession) -> None:
    session = make_session()
    session.address = Address("no-such-host.invalid")
    with pytest.raises(HostNotFound, match=r"no-such-host\.invalid"):
        session.connect()


def test_refused(make_session: MakeSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectRefused, match=str(port)) as refused:
        make_session(port).connect()
    assert refused.value.transient


@pytest.mark.row("S46")
def test_something_that_accepts_and_says_nothing(make_session: MakeSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        start = time.monotonic()
        with pytest.raises(ConnectTimeout, match="does not speak SSH"):
            make_session(server.getsockname()[1], connect_timeout_s=1).connect()
    assert time.monotonic() - start < 5


@pytest.mark.row("S46")
@pytest.mark.parametrize("piece", [b"hello\r\n", b"x" * 8192])
def test_an_endless_banner(make_session: MakeSession, piece: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        talker = threading.Thread(target=_talk_for_ever, args=(server, piece))
        talker.start()
        with pytest.raises((ConnectRefused, ConnectTimeout)):
            make_session(server.getsockname()[1], connect_timeout_s=2).connect()
        talker.join(10)
        assert not talker.is_alive()


def _talk_for_ever(server: socket.socket, piece: bytes) -> None:
    client, _ = server.accept()
    with client:
        try:
            while True:
                client.sendall(piece)
        except OSError:
            return


@pytest.mark.row("R29")
def test_a_key_that_is_not_accepted_is_named(make_session: MakeSession, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    start = time.monotonic()
    with pytest.raises(AuthFailed, match="stranger") as failed:
        make_session(key_file=str(tmp_path / "stranger")).connect()
    assert "cloud.vast.ai" in failed.value.hint
    assert not failed.value.transient
    assert time.monotonic() - start < 5


def test_after_a_boot_the_key_may_arrive_late(
    sshd: Sshd, make_session: MakeSession, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    make_key(late)
    authorized = Path(f"{sshd.key_file}.pub")
    usual = authorized.read_bytes()
    heard: list[str | None] = []

    def on_link(lost: str | None, _attempt: int) -> None:
        heard.append(lost)
        authorized.write_bytes(usual + Path(f"{late}.pub").read_bytes())

    try:
        session = make_session(key_file=str(late), auth_patience_s=60, on_link=on_link)
        assert session.run("echo", "in").first_line == "in"
    finally:
        authorized.write_bytes(usual)
    assert "late" in str(heard[0])
    assert heard[-1] is None


@pytest.mark.row("R29")
def test_key_file_troubles(make_session: MakeSession, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    troubles = {
        tmp_path / "missing": "no such file",
        tmp_path / "text": "no private key",
        Path(f"{sshd.key_file}.pub"): "public half",
        tmp_path: "directory",
    }
    for path, reason in troubles.items():
        with pytest.raises(KeyFileMissing, match=reason) as missing:
            make_session(key_file=str(path)).connect()
        assert str(path) in missing.value.message


@pytest.mark.row("R29")
def test_no_key_at_all(
    make_session: MakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(KeyFileMissing, match="No SSH key is set"):
        make_session(key_file="").connect()


@pytest.mark.row("R29")
def test_passphrase(make_session: MakeSession, sshd: Sshd, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    make_key(locked, "open sesame")
    with pytest.raises(PassphraseNeeded, match="locked with a passphrase"):
        make_session(key_file=str(locked)).connect()
    with pytest.raises(PassphraseNeeded, match="is wrong"):
        make_session(key_file=str(locked), passphrase=Secret("no")).connect()
    with pytest.raises(AuthFailed):
        make_session(key_file=str(locked), passphrase=Secret("open sesame")).connect()


@pytest.mark.row("R29")
def test_the_agent_only_when_asked(
    make_session: MakeSession, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    socket_path = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket_path)], stdout=subprocess.PIPE)
    with agent:
        try:
            assert agent.stdout
            agent.stdout.readline()
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket_path))
            subprocess.run(["ssh-add", "-q", str(sshd.key_file)], check=True)
            with pytest.raises(KeyFileMissing):
                make_session(key_file="").connect()
            assert make_session(key_file="", use_agent=True).run("true").ok
        finally:
            agent.terminate()


@pytest.mark.row("S47")
def test_an_unknown_host_key_is_asked_for_once(
    sshd: Sshd, make_session: MakeSession, tmp_path: Path
) -> None:
    asked: list[HostKeyQuestion] = []
    known = HostKeys(tmp_path / "fresh")
    with pytest.raises(HostKeyUnknown, match="SHA256:"):
        make_session(host_keys=known, host_key_name="vast-1").connect()
    with pytest.raises(HostKeyUnknown):
        make_session(host_keys=known, on_host_key=lambda _: False).connect()

    def yes(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return True

    for _ in range(2):
        session = make_session(host_keys=known, host_key_name="vast-1", on_host_key=yes)
        session.connect()
    shown = fingerprint(sshd.host_key)
    assert asked == [
        HostKeyQuestion("unknown", "vast-1", "127.0.0.1", sshd.port, "ssh-ed25519", shown)
    ]
    assert session.fingerprint == shown


def test_the_user_may_take_longer_than_the_server_waits(
    make_session: MakeSession, tmp_path: Path, fault_proxy: FaultProxy
) -> None:
    """sshd hangs up two minutes after the first byte; people read fingerprints slower."""

    def yes_but_late(_question: HostKeyQuestion) -> bool:
        fault_proxy.reset()
        return True

    known = HostKeys(tmp_path / "fresh")
    session = make_session(fault_proxy.port, host_keys=known, on_host_key=yes_but_late)
    assert session.run("echo", "in").first_line == "in"
    assert fault_proxy.losses == 1


@pytest.mark.row("R30", "S47")
def test_a_changed_host_key_blocks_and_shows_both(
    sshd: Sshd, other_sshd: Sshd, make_session: MakeSession, tmp_path: Path
) -> None:
    old, new = fingerprint(sshd.host_key), fingerprint(other_sshd.host_key)
    with pytest.raises(HostKeyChanged) as changed:
        make_session(other_sshd.port).connect()
    assert old in changed.value.message
    assert new in changed.value.message
    asked: list[HostKeyQuestion] = []
    session = make_session(other_sshd.port, on_host_key=lambda q: not asked.append(q))
    session.connect()
    assert (asked[0].kind, asked[0].fingerprint, asked[0].known_fingerprint) == (
        "changed", new, old,
    )  # fmt: skip
    assert HostKeys(tmp_path / "host_keys").lookup("test") == other_sshd.host_key


def test_a_pasted_line_connects(sshd: Sshd, make_session: MakeSession) -> None:
    session = make_session()
    session.address = parse_address(f"ssh -p {sshd.port} {sshd.user}@127.0.0.1 -L 1:localhost:2")
    assert session.run("pwd").first_line == str(sshd.home)


# -- ports inside the instance


@pytest.fixture
def web() -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = b"x" * 3_000_000 if self.path == "/big" else self.path.encode()
            self.send_response(200 if self.path != "/no" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(10)


def test_http_get_through_the_connection(session: Session, web: int) -> None:
    assert session.http_get(web, "/system_stats?a=1") == (200, b"/system_stats?a=1")
    assert session.http_get(web, "/no")[0] == 404
    assert len(session.http_get(web, "/big", timeout_s=30)[1]) == 3_000_000


def test_a_port_where_nothing_listens(session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PortClosed, match=str(port)):
        session.http_get(port, "/")
    assert session.run("true").ok


def test_a_port_that_says_nothing(session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(PortClosed):
        session.http_get(server.getsockname()[1], "/", timeout_s=0.5)


def test_every_ssh_error_says_what_to_do() -> None:
    def family(kind: type[SshError]) -> list[type[SshError]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in family(sub))]

    without = [k.__name__ for k in family(SshError) if not k.hint]
    assert without == ["SshError", "TransferFailed"]
