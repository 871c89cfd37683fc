"""The runner starts light: nothing of the user interface, and heavy clients only when used."""

import subprocess
import sys
from pathlib import Path

NEVER = ("nicegui", "fastapi", "uvicorn", "starlette", "rich", "webview")
NOT_AT_START = ("paramiko", "keyring", "httpx", "websocket", "asyncio")


ROOT = Path(__file__).parent.parent.parent


def modules_after(code: str, *flags: str) -> set[str]:
    words = [sys.executable, *flags, "-c", f"import sys; {code}; print(*sys.modules)"]
    out = subprocess.run(words, capture_output=True, check=True, text=True, cwd=ROOT)
    return {name.split(".")[0] for name in out.stdout.split()}


def test_the_runner_starts_without_what_it_may_not_need() -> None:
    assert not modules_after("import vastgui.runner.__main__").intersection(NEVER + NOT_AT_START)


def test_no_step_loads_the_user_interface() -> None:
    load_all = (
        "import importlib, pkgutil, vastgui.runner.steps as s; "
        "[importlib.import_module(f's.{m.name}'.replace('s.', s.__name__ + '.', 1)) "
        "for m in pkgutil.iter_modules(s.__path__)]; import vastgui.ssh.session, vastgui.ssh.job"
    )
    assert not modules_after(load_all).intersection(NEVER)


def test_the_state_package_is_standard_library_only() -> None:
    load_all = "import vastgui.state.history, vastgui.state.control, vastgui.state.checks"
    loaded = modules_after(load_all, "-S")  # without site-packages
    assert loaded <= set(sys.stdlib_module_names) | {"vastgui", "__main__"}
