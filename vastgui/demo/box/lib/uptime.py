"""`uptime`, `uptime -s`, `uptime -p` of the practice instance."""

import os
import sys
import time

booted = os.stat(os.path.join(os.environ["PRACTICE_ROOT"], "run", "booted")).st_mtime
minutes = int(time.time() - booted) // 60
if "-s" in sys.argv[1:]:
    print(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(booted)))
elif "-p" in sys.argv[1:]:
    print(f"up {minutes} minutes")
else:
    now = time.strftime("%H:%M:%S")
    print(f" {now} up {minutes} min,  0 users,  load average: 0.02, 0.03, 0.00")
