"""Cuts off what the start files of the login shell print before a command's own output.

bash reads ~/.bashrc for commands over SSH too, and one `echo` in it would else be the first bytes
of every downloaded file.
"""

from collections.abc import Callable

from vastgui.ssh.errors import CommandTooLoud

MARK = "@vastgui:begin"
_LONGEST_BYTES = 65536
"""Kept of a preface that may prove to be all that was said."""
MAX_BYTES = 4 << 20
"""More than any start file prints: a hostile one would never come to the mark."""


def announced(command_line: str) -> str:
    """`command_line` for sh, bash, zsh, fish or csh, with the mark before its output."""
    return f"echo {MARK}; exec {command_line}"


class Preface:
    """Hands on what comes after the mark; all of it when the mark never comes.

    Raises `CommandTooLoud` when too much comes before it.
    """

    def __init__(self, on_output: Callable[[bytes], None]) -> None:
        self._on_output = on_output
        self._held = b""
        self._heard_bytes = 0
        self._is_over = False

    def feed(self, data: bytes) -> None:
        if self._is_over:
            self._on_output(data)
            return
        before, mark, after = (self._held + data).partition(f"{MARK}\n".encode())
        if mark:
            self._is_over, self._held = True, b""
            if after:
                self._on_output(after)
        else:
            self._held = before[-_LONGEST_BYTES:]
            self._heard_bytes += len(data)
            if self._heard_bytes > MAX_BYTES:
                raise CommandTooLoud(MAX_BYTES)

    def flush(self) -> None:
        """The command is over: without a mark it did not run, and what was said tells why."""
        if self._held:
            self._on_output(self._held)
            self._held = b""
