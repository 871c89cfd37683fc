"""Plays `civitconfig default`: shows and changes the defaults, never shows the key."""

import argparse
import getpass
import importlib.metadata
import sys

from civitconfig.config import load, save

TEXTS = ("sorter", "nsfw-mode", "limit-rate", "cache-mode", "strict-mode")
NUMBERS = {"max-images": int, "retry-count": int, "pause-time": float}
SWITCHES = ("with-prompt", "without-model", "model-overwrite", "with-color")


class PwdAction(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, getpass.getpass(prompt="Key: ") if values is None else values)


def parse():
    parser = argparse.ArgumentParser(prog="civitconfig")
    version = f"civitdl v{importlib.metadata.version('civitdl')}"
    parser.add_argument("-v", "--version", action="version", version=version)
    default = parser.add_subparsers(dest="subcommand", required=True).add_parser("default")
    default.add_argument("-v", "--version", action="version", version=version)
    default.add_argument("-k", "--api-key", action=PwdAction, nargs="?")
    for name in TEXTS:
        default.add_argument(f"--{name}")
    for name, kind in NUMBERS.items():
        default.add_argument(f"--{name}", type=kind)
    for name in SWITCHES:
        default.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    return parser.parse_args()


def main():
    given = {key: value for key, value in vars(parse()).items() if value is not None}
    given.pop("subcommand")
    config = load()
    config["default"].update(given)
    save(config)
    print("Default:")
    for key, value in config["default"].items():
        if key != "api_key":
            print(f"     {key.replace('_', ' ').title()}:  {'N/A' if value == '' else value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
