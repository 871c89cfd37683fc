"""`vastgui secret`: tokens and passphrases. A value never stands in a command line."""

import argparse
import getpass
import sys

from vastgui.cli import exits
from vastgui.cli.desk import Desk
from vastgui.errors import InvalidInput
from vastgui.secretstore import SecretStore


def secret(args: argparse.Namespace, desk: Desk) -> int:
    store = SecretStore(desk.paths, desk.redactor.learn)
    if args.what == "list":
        for name in store.names():
            print(name)
        return exits.DONE
    if not args.name:
        raise InvalidInput("name", "is missing: which secret?")
    if args.what == "delete":
        store.delete(args.name)
        print(f"{args.name} is deleted.")
        return exits.DONE
    store.set(args.name, _read_value(args.name))
    print(f"{args.name} is kept {store.place}.")
    return exits.DONE


def _read_value(name: str) -> str:
    """From a prompt that shows nothing, or the first line of standard input."""
    hidden = sys.stdin.isatty()
    value = getpass.getpass(f"{name}: ") if hidden else sys.stdin.readline()
    value = value.strip("\r\n")
    if not value:
        raise InvalidInput(name, "is empty: nothing was stored.")
    return value
