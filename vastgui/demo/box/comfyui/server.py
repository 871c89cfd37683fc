"""The read-only routes of ComfyUI: /system_stats, /object_info, /queue, /prompt, /history, /models."""

import json
import logging
import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import folder_paths
import nodes
import torch
from comfyui_version import __version__

GB = 1024**3


def node_info(node_class):
    obj_class = nodes.NODE_CLASS_MAPPINGS[node_class]
    inputs = obj_class.INPUT_TYPES()
    outputs = list(obj_class.RETURN_TYPES)
    return {
        "input": inputs,
        "input_order": {key: list(value) for key, value in inputs.items()},
        "output": outputs,
        "output_is_list": getattr(obj_class, "OUTPUT_IS_LIST", [False] * len(outputs)),
        "output_name": getattr(obj_class, "RETURN_NAMES", outputs),
        "name": node_class,
        "display_name": nodes.NODE_DISPLAY_NAME_MAPPINGS.get(node_class, node_class),
        "description": getattr(obj_class, "DESCRIPTION", ""),
        "python_module": getattr(obj_class, "RELATIVE_PYTHON_MODULE", "nodes"),
        "category": getattr(obj_class, "CATEGORY", "sd"),
        "output_node": getattr(obj_class, "OUTPUT_NODE", False) is True,
    }


def object_info(only=None):
    found = {}
    for name in nodes.NODE_CLASS_MAPPINGS:
        if only not in (None, name):
            continue
        try:
            found[name] = node_info(name)
        except Exception:
            logging.exception(
                f"[ERROR] An error occurred while retrieving information for the '{name}' node."
            )
    return found


def system_stats():
    total = torch.cuda.get_device_properties(0).total_memory
    free = torch.cuda.mem_get_info(0)[0]
    return {
        "system": {
            "os": os.name,
            "ram_total": 128 * GB,
            "ram_free": 120 * GB,
            "comfyui_version": __version__,
            "required_frontend_version": "1.37.11",
            "installed_templates_version": "0.8.10",
            "required_templates_version": "0.8.10",
            "python_version": sys.version,
            "pytorch_version": torch.__version__,
            "embedded_python": False,
            "argv": sys.argv,
        },
        "devices": [
            {
                "name": f"cuda:0 {torch.cuda.get_device_name(0)} : cudaMallocAsync",
                "type": "cuda",
                "index": 0,
                "vram_total": total,
                "vram_free": free,
                "torch_vram_total": 0,
                "torch_vram_free": 0,
            }
        ],
    }


def route(path):
    """The JSON answer for `path`, or None when there is no such page."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    match parts:
        case ["system_stats"]:
            return system_stats()
        case ["object_info"]:
            return object_info()
        case ["object_info", name]:
            return object_info(name)
        case ["queue"]:
            return {"queue_running": [], "queue_pending": []}
        case ["prompt"]:
            return {"exec_info": {"queue_remaining": 0}}
        case ["history", *_]:
            return {}
        case ["features"]:
            return {"supports_preview_metadata": True, "max_upload_size": 104857600}
        case ["models"]:
            return [name for name in folder_paths.folder_names_and_paths if name != "custom_nodes"]
        case ["models", folder] if folder in folder_paths.folder_names_and_paths:
            return folder_paths.get_filename_list(folder)
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urlsplit(self.path).path.removeprefix("/api")
        if path == "/":
            return self.answer(
                200, "text/html", b"<!doctype html><title>ComfyUI</title>ComfyUI (practice)\n"
            )
        found = route(path)
        if found is None:
            return self.answer(404, "text/plain; charset=utf-8", b"404: Not Found")
        return self.answer(200, "application/json; charset=utf-8", json.dumps(found).encode())

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        # HTTPServer asks the name service for its own name here, which may take seconds
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]
