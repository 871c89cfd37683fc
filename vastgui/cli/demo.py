"""`vastgui demo`: the main job on a practice instance, in a home that holds nothing real."""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType

import platformdirs

from vastgui import desktop
from vastgui.cli import exits
from vastgui.cli.desk import Desk
from vastgui.cli.exits import LeftRunning
from vastgui.cli.views import choose_view
from vastgui.cli.watch import Watch
from vastgui.config import Paths
from vastgui.demo.instance import PracticeInstance
from vastgui.services import Services
from vastgui.ssh.address import parse_address
from vastgui.ssh.connections import host_key_name
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import RunState
from vastgui.state.store import RunDir

TEMPLATE = "comfyui"
WORKFLOW = "text-to-image"
STOP_PATIENCE_S = 20.0
LOOK_EVERY_S = 0.25
WATCHABLE_CLONE_BPS = 2_000_000
"""Bytes a second of the practice clones when somebody watches: loopback would be over at once."""


def demo(args: argparse.Namespace, _desk: Desk) -> int:
    """Run the template on a practice instance; see docs/cli.md for what follows it."""
    os.environ["VASTGUI_HOME"] = str(practice_home())  # the runner looks for its keys there
    desk = Desk(Paths.from_env())
    if not args.no_browser and desktop.sign_in_url(desk.paths):
        raise desktop.AppRunning("A demo is already open.")
    slowed = 0 if args.no_browser else WATCHABLE_CLONE_BPS
    speed = 0.0 if args.no_browser else 1.0
    practice = PracticeInstance(clone_bytes_per_s=slowed, comfyui_speed=speed)
    with _ended_by_sigterm(), practice as instance, contextlib.closing(desk):
        introduce(instance, desk.services)
        run = desk.run(launch(instance, desk.services))
        try:
            return _follow(args, desk, run) if args.no_browser else _serve(args, desk, run)
        except LeftRunning:
            print("Stopping the practice run.", file=sys.stderr)
            return exits.INTERRUPTED
        finally:
            end(run, desk.services)
            forget(instance, desk.services)


def practice_home() -> Path:
    """`VASTGUI_HOME`, or a folder of its own: practice never mixes with real runs and keys."""
    if home := os.environ.get("VASTGUI_HOME"):
        return Path(home).expanduser().absolute()
    return platformdirs.user_data_path("vastgui", appauthor=False) / "practice"


def introduce(instance: PracticeInstance, services: Services) -> None:
    """What a user would do first: trust the host key, store the secrets."""
    HostKeys(services.paths.host_keys_file).trust(_host_key_name(instance), instance.host_key)
    for name, value in instance.secrets.items():
        services.secrets.set(name, value)


def launch(instance: PracticeInstance, services: Services) -> str:
    """Start the whole template, reboot and first picture included, and return the run's id."""
    return services.launch_setup(
        TEMPLATE,
        ssh_connection=instance.ssh_connection,
        key_file=str(instance.key_file),
        instance_id=instance.instance_id,
        variables={
            **instance.variables,
            "node_packs": instance.node_repos,
            "first_workflow": WORKFLOW,
        },
        enabled={"reboot_instance": True, "execute_comfyui_workflow": True},
        metadata={"initiated_from": "cli", "user_agent": "vastgui demo"},
    )


def end(run: RunDir, services: Services) -> None:
    """Stop the run if it still goes: its instance is about to vanish."""
    for mode in ("now", "force"):
        if run.state().is_terminal:
            return
        services.supervisor.stop(run.id, mode)
        deadline = time.monotonic() + STOP_PATIENCE_S
        while not run.state().is_terminal and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
            services.supervisor.sweep()


def forget(instance: PracticeInstance, services: Services) -> None:
    """Neither the address nor the key will ever be met again."""
    services.connections.forget(instance.ssh_connection)
    HostKeys(services.paths.host_keys_file).forget(_host_key_name(instance))


def _host_key_name(instance: PracticeInstance) -> str:
    return host_key_name(parse_address(instance.ssh_connection), instance.instance_id)


def _follow(args: argparse.Namespace, desk: Desk, run: RunDir) -> int:
    view = choose_view(as_json=args.json, note="Ctrl-C ends the practice")
    state = Watch(run, desk.services.supervisor, view).until_end()
    _print_json(args, desk, run, state)
    if not args.exit_when_done:
        print("The practice instance stays until Ctrl-C.", file=sys.stderr)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return exits.of_state(state)


def _serve(args: argparse.Namespace, desk: Desk, run: RunDir) -> int:
    """Show the run in the browser; the app does the watching."""
    from vastgui.app import serve  # NiceGUI takes most of a second

    settings = desk.settings if args.port is None else replace(desk.settings, port=args.port)
    if args.exit_when_done:
        threading.Thread(target=_quit_after, args=(run,), daemon=True).start()
    serve(
        desk.paths,
        settings,
        services=desk.services,
        to=f"/runs/{run.id}",
        on_ready=lambda url: _open(url, desk.paths),
    )
    end(run, desk.services)
    state = run.state()
    _print_json(args, desk, run, state)
    return exits.of_state(state) if args.exit_when_done else exits.DONE


def _quit_after(run: RunDir) -> None:
    """End the app as Ctrl-C would, once the run has ended and its page has shown that."""
    while not run.state().is_terminal:
        time.sleep(LOOK_EVERY_S)
    time.sleep(LOOK_EVERY_S * 4)
    signal.raise_signal(signal.SIGINT)


def _print_json(args: argparse.Namespace, desk: Desk, run: RunDir, state: RunState) -> None:
    if args.json:
        print(json.dumps(desk.json(run, state), indent=1), flush=True)


def _open(url: str, paths: Paths) -> None:
    _note("The browser shows the practice run. Ctrl-C here ends it, and the practice instance.")
    desktop.open_browser(url, paths, _note)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM takes the way of Ctrl-C, so that the instance's processes end with it."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
