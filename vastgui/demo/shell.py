"""What a client may start over SSH: a command, or a login shell, with or without a terminal."""

import contextlib
import fcntl
import os
import pty
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

import paramiko

from vastgui.demo import streams
from vastgui.demo.processes import Processes

_IN_TERMINAL = "import os, sys; os.login_tty(0); os.execv('/bin/sh', sys.argv[1:])"
"""Run by the instance's Python: makes the terminal its own before it becomes the shell."""


@dataclass(slots=True)
class Terminal:
    """The size that the client's window has, and the descriptor of the terminal once it exists."""

    name: str
    columns: int
    rows: int
    master: int | None = None

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        if self.master is not None:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)


class Shell:
    """Starts /bin/sh in the instance for one channel."""

    def __init__(self, processes: Processes, home: Path, python: Path) -> None:
        self._processes, self._home, self._python = processes, home, python

    def run(
        self, channel: paramiko.Channel, command: bytes | None, terminal: Terminal | None
    ) -> None:
        """Serve `command` (None: a login shell) on `channel` until it has ended."""
        try:
            if terminal is None:
                self._run_piped(channel, command)
            else:
                self._run_in_terminal(channel, command, terminal)
        except OSError as error:
            with contextlib.suppress(*streams.GONE):
                channel.sendall_stderr(f"{error}\n".encode())
                channel.send_exit_status(255)
            streams.hang_up(channel)

    def _run_piped(self, channel: paramiko.Channel, command: bytes | None) -> None:
        # not a login shell: /etc/profile is this computer's and would set another PATH
        words: list[str | bytes] = ["/bin/sh"] if command is None else ["/bin/sh", "-c", command]
        (stdin, feed), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
        try:
            process = self._processes.spawn(
                words, cwd=self._home, stdin=stdin, stdout=stdout, stderr=stderr
            )
        except OSError:
            _close(feed, out, err)
            raise
        finally:
            _close(stdin, stdout, stderr)
        streams.serve(channel, process, feed, {out: channel.sendall, err: channel.sendall_stderr})

    def _run_in_terminal(
        self, channel: paramiko.Channel, command: bytes | None, terminal: Terminal
    ) -> None:
        shell = ["sh", "-i"] if command is None else ["sh", "-c", command]
        master, slave = pty.openpty()
        terminal.master = master
        terminal.resize(terminal.columns, terminal.rows)
        try:
            process = self._processes.spawn(
                [str(self._python), "-I", "-S", "-c", _IN_TERMINAL, *shell],
                cwd=self._home, stdin=slave, stdout=slave, stderr=slave,
                more_env={"TERM": terminal.name, "PS1": "root@vast-practice:$PWD# "},
                own_session=False,
            )  # fmt: skip
        except OSError:
            _close(master)
            raise
        finally:
            _close(slave)
        streams.serve(
            channel, process, os.dup(master), {master: channel.sendall}, end_of_input=b"\x04"
        )


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
