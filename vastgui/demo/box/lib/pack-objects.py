"""Sends a repository at the pace of a network, so that a clone's progress can be watched.

git calls it in the place of `git pack-objects` (uploadpack.packObjectsHook in ~/.gitconfig).
"""

import os
import subprocess
import sys
import time

PIECE = 16384
bytes_per_s = float(os.environ.get("PRACTICE_CLONE_BYTES_PER_S", "0"))
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE) as pack:
    due = time.monotonic()
    while piece := pack.stdout.read(PIECE):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        if bytes_per_s:
            due = max(due, time.monotonic() - 0.2) + len(piece) / bytes_per_s
            time.sleep(max(0.0, due - time.monotonic()))
sys.exit(pack.returncode)
