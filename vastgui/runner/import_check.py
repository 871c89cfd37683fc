"""Would ComfyUI be able to import this node pack? Sent to the instance as text and run there.

    python -c SOURCE UI_HOME PACK_FOLDER

Prints one line `@vastgui import {"status": ..., "reason": ...}`. Status is
  imported    it was imported the way ComfyUI does it
  checked     it needs the running server; it compiles, and the modules it names are there
  failed      ComfyUI will not be able to import it either

Standard library only, for any Python from 3.8 on.
"""

import ast
import importlib.util
import json
import os
import signal
import sys
from types import ModuleType
from typing import Iterator, List, Tuple  # noqa: UP035 - it runs on older Pythons

TIME_LIMIT_S = 120
COMFY = {
    "api_server", "app", "comfy", "comfy_api", "comfy_api_nodes", "comfy_config",
    "comfy_execution", "comfy_extras", "custom_nodes", "cuda_malloc", "execution", "folder_paths",
    "latent_preview", "main", "middleware", "node_helpers", "nodes", "protocol", "server", "utils",
}  # fmt: skip


def check(home: str, pack: str) -> Tuple[str, str]:  # noqa: UP006
    """Status and reason for the pack in folder `pack` of the ComfyUI in `home`."""
    init = os.path.join(pack, "__init__.py")
    try:
        with open(init, "rb") as file:
            tree = ast.parse(file.read(), init)
    except OSError:
        return "failed", "it has no __init__.py, so ComfyUI cannot load it"
    except (SyntaxError, ValueError) as error:
        return "failed", f"its __init__.py is not valid Python ({error})"
    try:
        _import_as_comfyui_does(home, pack, init)
    except BaseException as error:  # noqa: BLE001 - a pack may raise anything, SystemExit included
        return _judged(error, tree)
    return "imported", ""


def _import_as_comfyui_does(home: str, pack: str, init: str) -> ModuleType:
    sys.path.insert(0, home)
    sys.argv = [os.path.join(home, "main.py"), "--cpu"]  # leave the GPU to the running ComfyUI
    try:
        options = importlib.import_module("comfy.options")
    except ImportError:
        pass  # not a ComfyUI that knows command line options
    else:
        options.enable_args_parsing()
    name = pack.replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, init)
    if spec is None or spec.loader is None:
        raise ImportError("Python cannot load it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _judged(error: BaseException, tree: ast.Module) -> Tuple[str, str]:  # noqa: UP006
    """A missing module is certain; most other errors may come from the missing server."""
    words = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.split(".")[0]
        if top not in COMFY or (_is_there(top) and "." in error.name):
            return "failed", f"No module named '{error.name}'"
    elif _is_certain(error):
        return "failed", words
    missing = sorted(top for top in set(_imported(tree.body)) - COMFY if not _is_there(top))
    if missing:
        return "failed", f"No module named '{missing[0]}'"
    return "checked", f"it needs the running ComfyUI ({words})"


def _is_certain(error: BaseException) -> bool:
    """True for an error that the running server would not cure."""
    if isinstance(error, ImportError):  # a name or a library is missing
        return (error.name or "").split(".")[0] not in COMFY
    return isinstance(error, (SyntaxError, SystemExit, KeyboardInterrupt))


def _imported(statements: List[ast.stmt]) -> Iterator[str]:  # noqa: UP006
    """Top names of the modules imported for certain: not inside functions or `try`."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name.split(".")[0]
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module.split(".")[0]


def _is_there(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return top in sys.modules


def main() -> None:
    """Report on what may print anything: our line gets a descriptor of its own."""
    report = os.dup(1)
    os.dup2(2, 1)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(TIME_LIMIT_S)
    status, reason = check(*sys.argv[1:3])
    sys.stdout.flush()
    line = json.dumps({"status": status, "reason": reason})
    os.write(report, f"\n@vastgui import {line}\n".encode())
    os._exit(1 if status == "failed" else 0)  # threads a pack has started do not keep us


if __name__ == "__main__":
    main()
