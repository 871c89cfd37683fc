"""`vastgui comfyui`, `free`, `clean`, `reconcile`: what can be done about a ComfyUI beside running workflows."""

import argparse
import json
import webbrowser
from collections.abc import Callable

from vastgui.cli import exits, prompt
from vastgui.cli.called import called
from vastgui.cli.control import until_ended
from vastgui.cli.desk import Desk
from vastgui.cli.exits import LeftRunning
from vastgui.cli.run import follow
from vastgui.cli.target import target_of
from vastgui.cli.views import Lines
from vastgui.cli.watch import Watch
from vastgui.generating.actions import address_of
from vastgui.ssh.connections import Connection
from vastgui.state.model import RunState

FROM_HERE = {"initiated_from": "cli", "user_agent": "vastgui cli"}


def comfyui(args: argparse.Namespace, desk: Desk) -> int:
    """Open an instance's ComfyUI in the browser until Ctrl-C; exit 0 when it was closed so."""
    with called("--on"):
        target = target_of(args, desk)
        run_id = "" if target.server else _opened(args, desk, target.connection)
    if target.server:
        _show(target.server, args, target.server)
        return exits.DONE
    if address := address_of(desk.run(run_id).state()):
        said = f"{address}   (run {run_id} holds it open; to close it: vastgui stop {run_id})"
        _show(address, args, said)
        return exits.DONE
    return _held_open(args, desk, run_id)


def _opened(args: argparse.Namespace, desk: Desk, connection: Connection) -> str:
    return desk.services.open_comfyui(
        ssh_connection=connection.ssh_connection,
        key_file=connection.key_file,
        use_agent=connection.use_agent,
        instance_id=connection.instance_id,
        comfyui_port=args.comfyui_port or 0,
        metadata=FROM_HERE,
    )


def free(args: argparse.Namespace, desk: Desk) -> int:
    """Have the ComfyUI of a run free its memory; exit 0 when it did."""
    return follow(args, desk, desk.services.free_memory(desk.run(args.run).id, metadata=FROM_HERE))


def clean(args: argparse.Namespace, desk: Desk) -> int:
    """Remove the input files that an ended run left over there; exit 0 when they are gone."""
    return follow(args, desk, desk.services.clean_up(desk.run(args.run).id, metadata=FROM_HERE))


def reconcile(args: argparse.Namespace, desk: Desk) -> int:
    """Compare a run with its runner and with ComfyUI; exit as `show` does, or as the check did."""
    run = desk.run(args.run)
    found = desk.services.reconcile(run.id, metadata=FROM_HERE)
    if not args.json:
        print(found.message)
    if found.check_run:
        return follow(args, desk, found.check_run)
    if args.json:
        print(json.dumps(desk.json(run, found.state), indent=1))
    return exits.of_state(found.state)


class Door(Lines):
    """Lines, and the address as soon as there is one."""

    def __init__(self, on_address: Callable[[str], None]) -> None:
        super().__init__()
        self._on_address = on_address
        self._shown = False

    def show(self, state: RunState) -> None:
        super().show(state)
        if not self._shown and (address := address_of(state)):
            self._shown = True
            self._on_address(address)


def _held_open(args: argparse.Namespace, desk: Desk, run_id: str) -> int:
    run, supervisor = desk.run(run_id), desk.services.supervisor
    watch = Watch(
        run,
        supervisor,
        Door(lambda address: _show(address, args, f"{address}   (Ctrl-C closes it)")),
        ask=prompt.can_ask(),
        accept_new_host_key=args.accept_new_host_key,
    )
    try:
        return exits.of_state(watch.until_end())
    except LeftRunning:
        supervisor.stop(run_id)
        until_ended(desk, run)
        print("\nClosed.")
        return exits.DONE


def _show(address: str, args: argparse.Namespace, said: str) -> None:
    print(f"ComfyUI: {said}", flush=True)
    if not args.no_browser:
        webbrowser.open(address)
