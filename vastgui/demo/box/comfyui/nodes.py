"""Loads custom node packs as ComfyUI does it. The core nodes are in vastgui.demo.comfy.nodes."""

import importlib.util
import logging
import os
import sys
import time
import traceback

import folder_paths

MAX_RESOLUTION = 16384

NODE_CLASS_MAPPINGS = {}
NODE_DISPLAY_NAME_MAPPINGS = {}


def get_module_name(module_path):
    base_path = os.path.basename(module_path)
    if os.path.isfile(module_path):
        base_path = os.path.splitext(base_path)[0]
    return base_path


def load_custom_node(module_path, module_parent="custom_nodes"):
    module_name = get_module_name(module_path)
    if os.path.isfile(module_path):
        module_name = os.path.splitext(module_name)[0]
    sys_module_name = module_path.replace(".", "_x_")
    try:
        if os.path.isfile(module_path):
            module_spec = importlib.util.spec_from_file_location(sys_module_name, module_path)
        else:
            init = os.path.join(module_path, "__init__.py")
            module_spec = importlib.util.spec_from_file_location(sys_module_name, init)
        module = importlib.util.module_from_spec(module_spec)
        sys.modules[sys_module_name] = module
        module_spec.loader.exec_module(module)

        if getattr(module, "NODE_CLASS_MAPPINGS", None) is not None:
            for name, node_cls in module.NODE_CLASS_MAPPINGS.items():
                if name not in NODE_CLASS_MAPPINGS:
                    NODE_CLASS_MAPPINGS[name] = node_cls
                    node_cls.RELATIVE_PYTHON_MODULE = f"{module_parent}.{module_name}"
            NODE_DISPLAY_NAME_MAPPINGS.update(getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", {}))
            return True
        logging.warning(
            f"Skip {module_path} module for custom nodes due to the lack of NODE_CLASS_MAPPINGS or NODES_LIST (need one)."
        )
        return False
    except Exception as e:
        logging.warning(traceback.format_exc())
        logging.warning(f"Cannot import {module_path} module for custom nodes: {e}")
        return False


def init_external_custom_nodes():
    node_import_times = []
    for custom_node_path in folder_paths.get_folder_paths("custom_nodes"):
        for possible_module in sorted(os.listdir(os.path.realpath(custom_node_path))):
            module_path = os.path.join(custom_node_path, possible_module)
            if possible_module == "__pycache__":
                continue
            if os.path.isfile(module_path) and os.path.splitext(module_path)[1] != ".py":
                continue
            if module_path.endswith(".disabled"):
                continue
            time_before = time.perf_counter()
            success = load_custom_node(module_path)
            node_import_times.append((time.perf_counter() - time_before, module_path, success))
    if node_import_times:
        logging.info("\nImport times for custom nodes:")
        for n in sorted(node_import_times):
            import_message = "" if n[2] else " (IMPORT FAILED)"
            logging.info("{:6.1f} seconds{}: {}".format(n[0], import_message, n[1]))
        logging.info("")
