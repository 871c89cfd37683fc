"""What the window's libraries print to its log, as the process that shows the window does it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_until

CODE = "Zm9vYmFyYmF6cXV4"
WINDOW = """
import os, sys
from pathlib import Path
from vastgui.window import _complain_to
_complain_to(Path(sys.argv[1]), sys.stdin.readline().strip())
os.write(2, b"Gtk: cannot load " + sys.argv[2].encode() + b" now\\n")
sys.stdin.read()
"""


@pytest.mark.row("S42")
def test_the_one_time_code_is_taken_out_of_what_native_libraries_print(tmp_path: Path) -> None:
    log = tmp_path / "window.log"
    words = [sys.executable, "-c", WINDOW, str(log), f"<{CODE}>"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, text=True) as window:
        assert window.stdin
        window.stdin.write(f"http://127.0.0.1:47817/_enter?code={CODE}&to=/\n")
        window.stdin.flush()
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
        window.communicate()
    assert log.read_text() == "Gtk: cannot load <•••> now\n"
    assert log.stat().st_mode & 0o777 == 0o600
