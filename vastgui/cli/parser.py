"""The words of the command line. Each verb names its handler as `module:function`."""

import argparse
import difflib
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from vastgui import __version__
from vastgui.state.model import Status

if TYPE_CHECKING:  # argparse has no public name for what add_subparsers returns
    Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

WORKFLOW_HELP = "name of a workflow (`vastgui workflows`), or a file that holds one"
SEED_HELP = "fixed, increment, decrement or randomize"
RUN_HELP = "id of the run, the start or end of it, or `last`"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vastgui",
        description="Sets up rented GPU machines and follows the work there. Without a verb it"
        " opens the app.",
    )
    parser.add_argument("--version", action="version", version=f"vastgui {__version__}")
    _app_flags(parser)
    parser.add_argument("--host", type=_no_host, nargs="?", const="", help=argparse.SUPPRESS)
    parser.set_defaults(handler="app:open_app", verb=parser)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for add in (
        _demo,
        _run,
        _generate,
        _comfyui,
        _history,
        _control,
        _secrets,
        _templates,
        _doctor,
    ):
        add(verbs)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Exits with 2 and a sentence for what is not known, naming what may have been meant."""
    parser = build_parser()
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        known = re.findall(r"--[a-z-]+", args.verb.format_help())
        near = difflib.get_close_matches(unknown[0], known, n=1)
        more = f" Did you mean {near[0]}?" if near else ""
        args.verb.error(f"not known here: {' '.join(unknown)[:200]}.{more}")
    return args


def _verb(
    verbs: "Verbs",
    name: str,
    handler: str,
    help_: str,
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=help_, description=help_)
    verb.set_defaults(handler=handler, verb=verb)
    return verb


def _app_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, help="port of the app on 127.0.0.1")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--no-window", action="store_true", help="serve only, open nothing")
    where.add_argument("--browser", action="store_true", help="a browser tab instead of a window")


def _demo(verbs: "Verbs") -> None:
    verb = _verb(verbs, "demo", "demo:demo", "run the main template on a practice instance")
    verb.add_argument("--port", type=_port, help="port of the app on 127.0.0.1")
    verb.add_argument("--no-browser", action="store_true", help="follow it here, open no browser")
    verb.add_argument("--exit-when-done", action="store_true", help="end with the run")
    _json(verb, "print the final state as JSON")


def _run(verbs: "Verbs") -> None:
    verb = _verb(verbs, "run", "run:run", "run a template on an instance and follow it")
    verb.add_argument("template", help="id of a template, see `vastgui templates`")
    verb.add_argument("--ssh", required=True, metavar="ADDRESS", help="as Vast shows it, or a name")
    verb.add_argument("--key", default="", metavar="FILE", help="private key to log in with")
    verb.add_argument("--agent", action="store_true", help="let the SSH agent offer its keys")
    verb.add_argument("--instance-id", default="", metavar="N", help="Vast's number of the machine")
    verb.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="set a template variable"
    )
    part = verb.add_mutually_exclusive_group()
    part.add_argument("--only", metavar="STEP", help="run this step alone (action or number)")
    part.add_argument(
        "--from", dest="from_step", metavar="STEP", help="leave out what comes before"
    )
    verb.add_argument(
        "--skip", action="append", default=[], metavar="STEP", help="leave this step out"
    )
    verb.add_argument(
        "--step-delay", type=_seconds, default=0.0, metavar="S", help="seconds between two steps"
    )
    verb.add_argument(
        "--accept-new-host-key", action="store_true", help="trust a host seen for the first time"
    )
    verb.add_argument("--detach", action="store_true", help="start it and return at once")
    _json(verb, "print the final state as JSON, nothing else")


def _generate(verbs: "Verbs") -> None:
    verb = _verb(verbs, "generate", "generate:generate", "run a ComfyUI workflow and follow it")
    _workflow_on_target(verb)
    verb.add_argument("--out", default="", metavar="DIR", help="put the results there too")
    verb.add_argument("--run-rest", action="store_true", help="make what ComfyUI does not refuse")
    verb.add_argument("--detach", action="store_true", help="start it and return at once")
    _json(verb, "print the final state and the files as JSON, nothing else")
    verb = _verb(verbs, "preflight", "generate:preflight", "check a workflow on an instance")
    _workflow_on_target(verb)
    _json(verb, "print the checks as JSON")
    verb = _verb(verbs, "convert", "convert:convert", "print the API prompt of a workflow")
    verb.add_argument("workflow", help=WORKFLOW_HELP)
    nodes = verb.add_mutually_exclusive_group()
    nodes.add_argument("--object-info", default="", metavar="FILE", help="what a server knows")
    nodes.add_argument("--on", default="", metavar="TARGET", help="what this instance said last")
    _connection(verb)
    verb.add_argument("-o", "--output", default="", metavar="FILE", help="write it there")
    verb = _verb(verbs, "workflows", "convert:workflows", "list the workflows, or one's fields")
    verb.add_argument("workflow", nargs="?", default="", help=WORKFLOW_HELP)
    verb.add_argument("--on", default="", metavar="TARGET", help="with the models this one has")
    _connection(verb)
    _json(verb, "print them as JSON")


def _comfyui(verbs: "Verbs") -> None:
    verb = _verb(verbs, "comfyui", "comfyui:comfyui", "open an instance's ComfyUI in the browser")
    _target(verb)
    verb.add_argument("--no-browser", action="store_true", help="only print the address")
    verb = _on_run(verbs, "free", "comfyui:free", "have the ComfyUI of a run free its memory")
    _json(verb, "print the final state as JSON, nothing else")
    verb = _on_run(verbs, "clean", "comfyui:clean", "remove what an ended run left over there")
    _json(verb, "print the final state as JSON, nothing else")


def _workflow_on_target(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("workflow", help=WORKFLOW_HELP)
    _target(verb)
    verb.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="set a value (6.text=...)"
    )
    verb.add_argument(
        "--input", action="append", default=[], metavar="[FIELD=]FILE", help="send a file"
    )
    verb.add_argument(
        "--seed-control", action="append", default=[], metavar="[FIELD=]HOW", help=SEED_HELP
    )


def _target(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--on", required=True, metavar="TARGET", help="instance, connection, `local`")
    verb.add_argument("--comfyui-port", type=_port, metavar="PORT", help="port in the instance")
    _connection(verb)
    verb.add_argument(
        "--accept-new-host-key", action="store_true", help="trust a host seen for the first time"
    )


def _connection(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--key", default="", metavar="FILE", help="private key to log in with")
    verb.add_argument("--agent", action="store_true", help="let the SSH agent offer its keys")
    verb.add_argument("--instance-id", default="", metavar="N", help="Vast's number of the machine")


def _history(verbs: "Verbs") -> None:
    verb = _verb(verbs, "runs", "history:runs", "list runs, newest first")
    statuses = [status.value for status in Status]
    verb.add_argument("--status", action="append", default=[], choices=statuses, help="only these")
    verb.add_argument("--kind", default="", choices=["setup", "comfyui"], help="only this kind")
    verb.add_argument(
        "--search", default="", metavar="TEXT", help="in label, connection, id, error"
    )
    verb.add_argument(
        "--limit", type=_whole, default=20, metavar="N", help="0 lists all (default 20)"
    )
    _json(verb, "print the states as a JSON list")
    verb = _on_run(verbs, "show", "history:show", "show one run's steps")
    _json(verb, "print the state as JSON")
    verb = _on_run(verbs, "logs", "logs:logs", "print what the steps of a run wrote")
    verb.add_argument("-f", "--follow", action="store_true", help="go on until the run ends")
    verb.add_argument("--step", metavar="STEP", help="only this step (action or number)")
    verb = _on_run(verbs, "delete", "history:delete", "move an ended run to the trash")
    verb.add_argument("--yes", action="store_true", help="do not ask")
    _on_run(verbs, "pin", "history:pin", "keep a run whatever its age")
    _on_run(verbs, "unpin", "history:unpin", "let a run age like the others")


def _control(verbs: "Verbs") -> None:
    verb = _on_run(verbs, "stop", "control:stop", "stop a run")
    how = verb.add_mutually_exclusive_group()
    how.add_argument("--after-step", action="store_true", help="let the step in progress finish")
    how.add_argument("--force", action="store_true", help="end the runner even if it hangs")
    _on_run(verbs, "pause", "control:pause", "pause a run after the step in progress")
    _on_run(verbs, "resume", "control:resume", "let a paused run go on")
    verb = _on_run(verbs, "answer", "control:answer", "answer the question of a blocked run")
    verb.add_argument("answer", help="one of the answers that `vastgui show` lists")
    verb = _on_run(verbs, "continue", "control:continue_", "take an ended run up again")
    verb.add_argument(
        "--from", dest="from_step", metavar="STEP", help="from this step (default: the failed one)"
    )

    verb = _on_run(verbs, "reconcile", "comfyui:reconcile", "compare a run with what is there")
    _json(verb, "print what was found as JSON, nothing else")


def _secrets(verbs: "Verbs") -> None:
    verb = _verb(verbs, "secret", "secrets:secret", "keep tokens and passphrases")
    verb.add_argument("what", choices=["set", "delete", "list"], help="what to do")
    verb.add_argument("name", nargs="?", default="", help="civitai_token, vast_api_key, ...")


def _templates(verbs: "Verbs") -> None:
    verb = _verb(verbs, "templates", "files:templates", "list the templates")
    _json(verb, "print them as a JSON list")
    verb = _verb(verbs, "check", "files:check", "check a template file")
    verb.add_argument("file", help="the YAML file")


def _doctor(verbs: "Verbs") -> None:
    verb = _verb(verbs, "doctor", "files:doctor", "check what vastgui keeps on this computer")
    verb.add_argument("--fix", action="store_true", help="make files private, remove stale drafts")
    _json(verb, "print everything as one JSON object")


def _on_run(
    verbs: "Verbs",
    name: str,
    handler: str,
    help_: str,
) -> argparse.ArgumentParser:
    verb = _verb(verbs, name, handler, help_)
    verb.add_argument("run", help=RUN_HELP)
    return verb


def _json(verb: argparse.ArgumentParser, help_: str) -> None:
    verb.add_argument("--json", action="store_true", help=help_)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds):
        return seconds
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of seconds, 0 to 2592000")


def _whole(text: str) -> int:
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is no port, 0 to 65535")


def _no_host(_address: str) -> str:
    """Known only to be refused: an address in a command is how a door gets left open."""
    raise argparse.ArgumentTypeError(
        "the app listens on 127.0.0.1 only. For other computers set lan_address in settings.yaml"
        " and read docs/security.md"
    )
