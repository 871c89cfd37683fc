"""Plays ComfyUI: loads the node packs, logs its start, serves until it is told to end."""

import argparse
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
import server  # noqa: E402
from comfyui_version import __version__  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1", nargs="?")
    parser.add_argument("--port", type=int, default=8188)
    parser.add_argument("--disable-auto-launch", action="store_true")
    parser.add_argument("--enable-cors-header", nargs="?", const="*")
    return parser.parse_known_args()[0]


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
    logging.info("ComfyUI frontend version: 1.37.11")


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


def main():
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    end_with_the_practice_instance()
    log_machine()
    nodes.init_external_custom_nodes()
    logging.info("Starting server\n")
    httpd = server.Server((args.listen or "127.0.0.1", args.port), server.Handler)
    logging.info(f"To see the GUI go to: http://{args.listen or '127.0.0.1'}:{args.port}")
    httpd.serve_forever()


if __name__ == "__main__":
    main()
