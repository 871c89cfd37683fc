"""`python -m vastgui.demo`: a practice instance to log in to, until Ctrl-C."""

import signal
import sys
import threading

from vastgui.demo.instance import PracticeInstance
from vastgui.errors import VastguiError


def main() -> int:
    """Print how to reach a practice instance and keep it until SIGINT or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with PracticeInstance(clone_bytes_per_s=3_000_000, comfyui_speed=1.0) as instance:
            _print_how_to_reach(instance)
            ended.wait()
    except VastguiError as error:
        sys.stderr.write(f"vastgui: {error}\n{error.hint}\n")
        return 1
    return 0


def _print_how_to_reach(instance: PracticeInstance) -> None:
    known_hosts = instance.key_file.with_name("known_hosts")
    lines = {
        "connection": instance.ssh_connection,
        "key file": instance.key_file,
        "log in": f"ssh -p {instance.ssh_port} -i '{instance.key_file}' "
        f"-o UserKnownHostsFile='{known_hosts}' root@127.0.0.1",
        "ComfyUI": f"http://127.0.0.1:{instance.box.comfyui_port}",
        "Vast API": instance.variables["vast_url"],
        "instance id": instance.instance_id,
    }
    table = "".join(f"{name + ':':<13}{value}\n" for name, value in lines.items())
    sys.stdout.write(f"{table}Ctrl-C ends it and removes all of it.\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
