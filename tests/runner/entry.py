"""A runner that also knows the steps of `steps_for_tests`: `python entry.py RUN_DIR`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

import vastgui.runner.steps  # noqa: E402
from vastgui.runner.__main__ import leave, main  # noqa: E402

vastgui.runner.steps.__path__.append(str(HERE / "steps_for_tests"))

if __name__ == "__main__":
    leave(main(sys.argv[1:]))
