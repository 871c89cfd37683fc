"""`vastgui run`: launch a template and follow it."""

import argparse
import json

from vastgui.cli import exits, prompt, through
from vastgui.cli.called import called
from vastgui.cli.desk import Desk
from vastgui.cli.lines import opening
from vastgui.cli.views import choose_view
from vastgui.cli.watch import Watch
from vastgui.errors import InvalidInput
from vastgui.state.model import RunState
from vastgui.state.store import RunDir


def run(args: argparse.Namespace, desk: Desk) -> int:
    """Run a template; exit 0 completed, 1 ended otherwise, 3 with --detach, 130 on Ctrl-C."""
    if args.detach and args.accept_new_host_key:
        hint = "Leave one of them out; `vastgui answer` answers the question of a detached run."
        raise InvalidInput("--accept-new-host-key", "does not work with --detach.", hint=hint)
    run_id = _launch(args, desk)
    if args.detach:
        return left(args, desk, run_id)
    return follow(args, desk, run_id)


def follow(args: argparse.Namespace, desk: Desk, run_id: str) -> int:
    """Watch the run to its end and print what `--json` asks for."""
    found, state = watched(args, desk, run_id)
    if args.json:
        print(json.dumps(desk.json(found, state), indent=1))
    return exits.of_state(state)


def watched(args: argparse.Namespace, desk: Desk, run_id: str) -> tuple[RunDir, RunState]:
    """The run and its final state, shown on the way there."""
    found = desk.run(run_id)
    watch = Watch(
        found,
        desk.services.supervisor,
        choose_view(as_json=args.json),
        ask=not args.json and prompt.can_ask(),
        accept_new_host_key=getattr(args, "accept_new_host_key", False),
        client=desk.client,
    )
    return found, watch.until_end()


def settings_of(pairs: list[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a mapping. Raises `InvalidInput`."""
    out: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise InvalidInput("--set", f"{pair!r} must be KEY=VALUE.")
        out[key.strip()] = value
    return out


def _launch(args: argparse.Namespace, desk: Desk) -> str:
    words = {
        "ssh_connection": args.ssh,
        "key_file": through.absolute(args.key, "--key"),
        "use_agent": args.agent,
        "instance_id": args.instance_id,
        "variables": settings_of(args.set),
        "enabled": dict.fromkeys(args.skip, False),
        "only": args.only,
        "from_step": args.from_step,
    }
    about = {"initiated_from": "cli", "user_agent": through.AGENT}
    more = {"template_id": args.template, "step_delay": args.step_delay}
    with called("--ssh"):
        return through.launched(
            desk,
            lambda app, run_id: app.start({**words, **more, "workflow_id": run_id}),
            lambda: desk.services.launch_setup(
                args.template, **words, step_delay_s=args.step_delay, metadata=about
            ),
        )


def left(args: argparse.Namespace, desk: Desk, run_id: str) -> int:
    """Say how a run that goes on alone is met again."""
    found = desk.run(run_id)
    state = found.state()
    if args.json:
        print(json.dumps(desk.json(found, state), indent=1))
    else:
        print(opening(state))
        print(f"Watch it: vastgui logs -f {run_id}    Stop it: vastgui stop {run_id}")
    return exits.RUNNING
