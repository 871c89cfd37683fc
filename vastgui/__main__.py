"""`python -m vastgui` and the command `vastgui`; a frozen app also starts its runners here."""

import sys

from vastgui.cli.main import main as run_cli


def main() -> int:
    if sys.argv[1:2] == ["--runner"]:  # see config.runner_command
        from vastgui.runner.__main__ import main as run_runner  # the CLI needs none of it

        return run_runner(sys.argv[2:])
    return run_cli()


if __name__ == "__main__":
    sys.exit(main())
