"""Plays `civitdl`: its help, its version and its settings file; it downloads nothing."""

import argparse
import importlib.metadata

from civitconfig.config import defaults


def main():
    parser = argparse.ArgumentParser(
        prog="civitdl",
        description="A CLI python script to batch download models from CivitAI with CivitAI Api V1.",
    )
    parser.add_argument("srcmodels", nargs="+", help="model ID, CivitAI URL or batchfile")
    parser.add_argument("rootdir", help="Root directory of where the downloaded model should go.")
    parser.add_argument("-k", "--api-key", help="API key for models that require a login.")
    parser.add_argument(
        "-v",
        "--version",
        action="version",
        version=f"civitdl v{importlib.metadata.version('civitdl')}",
    )
    args = parser.parse_args()
    key = args.api_key or defaults()["api_key"]
    print(f"civitdl (practice): would download {', '.join(args.srcmodels)} to {args.rootdir}")
    print("with an API key" if key else "without an API key")


if __name__ == "__main__":
    main()
