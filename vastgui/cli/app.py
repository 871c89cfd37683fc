"""`vastgui` without a verb: opens the app, or the one that already serves this home."""

import argparse
import sys
from dataclasses import replace

from vastgui import desktop
from vastgui.cli import exits
from vastgui.cli.desk import Desk
from vastgui.config import Paths

QUIT_UNUSED_AFTER_S = 3600.0
"""An app started from a shortcut has no terminal to end it: it goes by itself."""


def open_app(args: argparse.Namespace, desk: Desk) -> int:
    """Serve the app until Ctrl-C; exit 0. When it runs already, only show it."""
    if url := desktop.sign_in_url(desk.paths):
        show(url, desk.paths, args)
        return exits.DONE
    from vastgui.app import serve  # NiceGUI takes most of a second

    settings = desk.settings if args.port is None else replace(desk.settings, port=args.port)
    unattended = not (args.no_window or sys.stdout.isatty())
    return serve(
        desk.paths,
        settings,
        on_ready=lambda url: show(url, desk.paths, args),
        quit_unused_after_s=QUIT_UNUSED_AFTER_S if unattended else None,
    )


def show(url: str, paths: Paths, args: argparse.Namespace) -> None:
    """Bring the page at `url` before the user, as the flags want it."""
    if args.no_window:
        say(f"vastgui is served here; the link works once, within a minute: {url}")
    elif args.browser:
        desktop.open_browser(url, paths, say)
    else:
        desktop.open_window(url, paths, say)


def say(text: str) -> None:
    print(text, flush=True)
