"""Parses, calls the verb, and turns what goes wrong into one sentence and an exit code."""

import contextlib
import importlib
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from vastgui import __version__
from vastgui.cli import exits
from vastgui.cli.desk import Desk, private_files
from vastgui.cli.parser import parse
from vastgui.cli.words import plain
from vastgui.config import Paths
from vastgui.deeds import by
from vastgui.errors import VastguiError
from vastgui.state.redact import Redactor
from vastgui.state.sink import Sink

LOG_MAX_BYTES = 5_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. No exception leaves it but argparse's SystemExit."""
    private_files()
    desk = Desk()
    try:
        with by("cli"):
            return _run(sys.argv[1:] if argv is None else argv, desk)
    except BrokenPipeError:
        _forget_stdout()
        return exits.PIPE_CLOSED
    except KeyboardInterrupt:
        print("\nvastgui: interrupted.", file=sys.stderr)
        return exits.INTERRUPTED
    except VastguiError as error:
        _say(error)
        return exits.of_error(error)
    except Exception as error:  # noqa: BLE001 -- the one place where a fault of ours becomes a sentence
        return _fault(error, desk.redactor)


def _run(argv: Sequence[str], desk: Desk) -> int:
    args = parse(argv)
    module, _, name = args.handler.partition(":")
    verb = getattr(importlib.import_module(f"vastgui.cli.{module}"), name)
    with contextlib.closing(desk):
        code = int(verb(args, desk))
    sys.stdout.flush()  # here, where a closed pipe is caught
    return code


def _say(error: VastguiError) -> None:
    print(f"vastgui: {plain(str(error))}", file=sys.stderr)
    if error.hint:
        print(f"  {plain(error.hint)}", file=sys.stderr)


def _fault(error: Exception, redactor: Redactor) -> int:
    """A fault of vastgui itself: the user reads one sentence, the traceback goes to a file."""
    try:
        where = f"The details are in {write_log(error, Paths.from_env().state, redactor)}."
    except OSError as problem:
        where = f"Its log could not be written: {problem.strerror}."
    print(f"vastgui: A fault in vastgui: {type(error).__name__}. {where}", file=sys.stderr)
    return exits.FAILED


def write_log(error: Exception, folder: Path, redactor: Redactor) -> Path:
    """Append the traceback to `folder`/vastgui.log and return the file. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "vastgui.log"
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    head = f"\n{at} vastgui {__version__} pid {os.getpid()}\n"
    with contextlib.closing(Sink(path, redactor, max_bytes=LOG_MAX_BYTES)) as log:
        log.write(head + "".join(traceback.format_exception(error)))
    return path


def _forget_stdout() -> None:
    """Let the interpreter's last flush go nowhere instead of failing."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
