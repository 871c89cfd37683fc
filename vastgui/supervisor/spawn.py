"""Starting a runner: the one way of six that outlived every death of the app."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import vastgui
from vastgui.state import lock
from vastgui.state.store import RunDir

_PLACES = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP"}
_LANGUAGE = {"LANG", "LANGUAGE", "TZ"}
_WINDOWS = {"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE"}
_DESKTOP = {"SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"}
_NETWORK = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
_PYTHON = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME"}
_SECRETS = {"CIVITAI_TOKEN", "VAST_API_KEY", "HF_TOKEN"}
_WANTED = _PLACES | _LANGUAGE | _WINDOWS | _DESKTOP | _NETWORK | _PYTHON | _SECRETS
_PREFIXES = ("LC_", "XDG_", "VASTGUI_", "SSH_PASSPHRASE", "PYTHON_KEYRING_")
_ROOT = Path(vastgui.__file__).resolve().parent.parent


def spawn(words: Sequence[str], run: RunDir, lock_fd: int) -> "subprocess.Popen[bytes]":
    """Start `words` in a session of its own and hand it the lock; `lock_fd` is closed here."""
    output = -1
    try:
        output = os.open(run.runner_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if lock.CAN_HAND_OVER:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_environment(lock_fd),
                pass_fds=(lock_fd,),
                start_new_session=True,
            )
        os.close(lock_fd)  # Windows: the runner takes the lock itself
        lock_fd = -1
        return _spawn_on_windows(words, output)
    finally:
        for fd in (output, lock_fd):
            if fd >= 0:
                os.close(fd)


def _spawn_on_windows(words: Sequence[str], output: int) -> "subprocess.Popen[bytes]":
    """A job object (an IDE's, CI's) may forbid leaving it: then the runner stays inside."""
    detached = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    detached |= getattr(subprocess, "CREATE_NO_WINDOW", 0)
    breakaway = getattr(subprocess, "CREATE_BREAKAWAY_FROM_JOB", 0)
    for flags in (detached | breakaway, detached):
        try:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_environment(None),
                creationflags=flags,
            )
        except PermissionError:
            if flags == detached:
                raise
    raise AssertionError("unreachable")


def _environment(lock_fd: int | None) -> dict[str, str]:
    """What a runner needs: places, language, the secrets it may be asked for, and this vastgui."""
    env = {k: v for k, v in os.environ.items() if k.upper() in _WANTED or k.startswith(_PREFIXES)}
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    env["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(os.path.isabs, paths)])
    if home := os.environ.get("VASTGUI_HOME"):
        env["VASTGUI_HOME"] = str(Path(home).expanduser().absolute())  # its own folder is another
    env["PYTHONSAFEPATH"] = "1"  # no module is imported from the folder it happens to run in
    env["PYTHONUNBUFFERED"] = "1"
    if sys.flags.dev_mode:
        env["PYTHONDEVMODE"] = "1"
    env.pop("VASTGUI_LOCK_FD", None)
    if lock_fd is not None:
        env["VASTGUI_LOCK_FD"] = str(lock_fd)
    return env
