"""Modules that take long to import."""

import sys


def load_paramiko() -> None:
    """Import paramiko without `invoke` (45 ms), which it wants for `Match exec` in ssh configs only.

    vastgui reads those files itself.
    """
    hidden = "paramiko" not in sys.modules and "invoke" not in sys.modules
    if hidden:
        sys.modules["invoke"] = None  # type: ignore[assignment] # makes `import invoke` fail
    try:
        import paramiko  # noqa: F401
    finally:
        if hidden:
            del sys.modules["invoke"]
