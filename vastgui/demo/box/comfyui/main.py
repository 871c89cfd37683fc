"""Plays ComfyUI: loads the node packs, logs its start, serves until it is told to end."""

import fcntl
import logging
import os
import signal
import sys
import threading
import time

logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)

import torch  # noqa: E402
import nodes  # noqa: E402
from comfyui_version import __version__  # noqa: E402


def log_machine():
    vram = torch.cuda.get_device_properties(0).total_memory // 1024**2
    logging.info("\033[1;32mChecking the environment\033[0m")
    for percent in range(0, 101, 20):  # a progress bar rewrites its line, as pip and tqdm do
        sys.stdout.write(f"\rloading: {percent:3d}%|{'#' * (percent // 10):10s}|")
    sys.stdout.write("\n")
    sys.stdout.flush()
    logging.info(f"Total VRAM {vram} MB, total RAM 131072 MB")
    logging.info(f"pytorch version: {torch.__version__}")
    logging.info("Set vram state to: NORMAL_VRAM")
    logging.info(f"Device: cuda:0 {torch.cuda.get_device_name(0)} : cudaMallocAsync")
    logging.info("Using pytorch attention")
    logging.info(f"Python version: {sys.version}")
    logging.info(f"ComfyUI version: {__version__}")
    logging.info("ComfyUI frontend version: 1.27.10")


def end_with_the_practice_instance():
    """Leave when the program that plays the instance is gone: it holds this lock while it lives."""
    path = os.environ.get("PRACTICE_ALIVE")
    if not path:
        return

    def watch():
        while True:
            time.sleep(1)
            try:
                with open(path, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            except OSError:
                pass
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def import_server():
    """The server, from the program that plays this machine.

    Its modules come behind this machine's own, and only after the node packs were imported: a
    pack that misses a package must miss it.
    """
    for folder in os.environ["PRACTICE_COMFYUI_PATH"].split(os.pathsep):
        if folder not in sys.path:
            sys.path.append(folder)
    from vastgui.demo.comfy import start

    return start


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    end_with_the_practice_instance()
    log_machine()
    nodes.init_external_custom_nodes()
    import_server().start(
        sys.argv[1:],
        os.path.dirname(os.path.realpath(__file__)),
        classes=nodes.NODE_CLASS_MAPPINGS,
        titles=nodes.NODE_DISPLAY_NAME_MAPPINGS,
        version=__version__,
    )


if __name__ == "__main__":
    main()
