"""Joins an SSH channel with a process, as sshd does it.

The client's bytes go to stdin, stdout and stderr go to the client, apart from each other; when both
have ended, the exit status follows. When the client is gone, our ends of the pipes are closed: a
process that goes on printing gets SIGPIPE at its next line, a silent one runs on.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

GONE = (OSError, EOFError, paramiko.SSHException)
"""What paramiko raises in the middle of a word when the client is gone."""

_PIECE = 65_536
Send = Callable[[bytes], None]


def serve(
    channel: paramiko.Channel,
    process: subprocess.Popen[bytes],
    stdin: int,
    outputs: Mapping[int, Send],
    *,
    end_of_input: bytes = b"",
) -> None:
    """Carry all bytes until the process has ended; owns and closes the given descriptors.

    `end_of_input` is written at the client's EOF (a terminal wants ^D) before stdin is closed.
    """
    gone, say_gone = os.pipe()
    feeder = threading.Thread(
        target=_feed, args=(channel, stdin, say_gone, end_of_input), name="practice-stdin"
    )
    feeder.start()
    _drain(dict(outputs), gone)
    code = process.wait()
    with contextlib.suppress(*GONE):
        _tell_exit(channel, code)
    hang_up(channel)
    feeder.join()
    os.close(gone)
    os.close(say_gone)


def hang_up(channel: paramiko.Channel) -> None:
    """Close `channel`, also when its connection breaks at this moment."""
    with contextlib.suppress(*GONE):
        channel.close()


def _feed(channel: paramiko.Channel, stdin: int, say_gone: int, end_of_input: bytes) -> None:
    """Carry the client's bytes to `stdin`; then wait until the channel is closed and say so."""
    listening = True
    while data := _received(channel):
        listening = listening and _written(stdin, data)  # else: read on, so that no window fills
    if listening:
        _written(stdin, end_of_input)
    os.close(stdin)
    channel.status_event.wait()
    os.write(say_gone, b"!")


def _drain(outputs: dict[int, Send], gone: int) -> None:
    """Send what the process prints until all `outputs` end or the client is gone; close them."""
    with selectors.DefaultSelector() as selector:
        for output in (*outputs, gone):
            selector.register(output, selectors.EVENT_READ)
        while outputs:
            for key, _ in selector.select():
                if key.fd == gone:
                    ended = list(outputs)
                else:
                    ended = [] if _sent(key.fd, outputs[key.fd]) else [key.fd]
                for output in ended:
                    selector.unregister(output)
                    os.close(output)
                    del outputs[output]
                if not outputs:
                    return


def _sent(output: int, send: Send) -> bool:
    """Read once from `output` and send it; False at its end."""
    try:
        data = os.read(output, _PIECE)
    except OSError:  # a terminal whose last user ended answers EIO
        return False
    if not data:
        return False
    try:
        send(data)
    except GONE:
        return False  # the client is gone: `gone` tells it for the other stream too
    return True


def _received(channel: paramiko.Channel) -> bytes:
    try:
        return channel.recv(_PIECE)
    except GONE:
        return b""


def _written(stdin: int, data: bytes) -> bool:
    """Write all of `data`; False when nobody reads it any more."""
    try:
        while data:
            data = data[os.write(stdin, data) :]
    except OSError:
        return False
    return True


def _tell_exit(channel: paramiko.Channel, code: int) -> None:
    channel.shutdown_write()
    if code >= 0:
        channel.send_exit_status(code)
        return
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("exit-signal")
    message.add_boolean(False)
    message.add_string(signal.Signals(-code).name.removeprefix("SIG"))
    message.add_boolean(False)
    message.add_string("")
    message.add_string("")
    # paramiko has a method for an exit status only
    channel.transport._send_user_message(message)  # type: ignore[union-attr]  # noqa: SLF001
