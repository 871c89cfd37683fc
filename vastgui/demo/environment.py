"""The Python environment of a practice instance: a real venv whose pip knows the local wheels only."""

import importlib.util
import shutil
import sysconfig
import venv
import zipfile
from pathlib import Path

from vastgui.demo import wheels
from vastgui.demo.box import SHIPPED
from vastgui.errors import StorageError


def make(folder: Path, wheel_folder: Path) -> None:
    """Create the venv `folder` with pip and torch, and fill `wheel_folder`."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    site_packages = next(folder.glob("lib/python3.*/site-packages"))
    _put_pip(site_packages)
    (folder / "pip.conf").write_text(
        "[global]\nno-index = true\n"
        f"find-links = {wheel_folder.as_uri()}\n"  # an address: pip splits a path at its spaces
        "disable-pip-version-check = true\nroot-user-action = ignore\n"
    )
    built = {
        d.name: wheels.build(d, SHIPPED / "wheels", wheel_folder) for d in wheels.DISTRIBUTIONS
    }
    wheels.install(built[wheels.TORCH.name], site_packages)


def _put_pip(site_packages: Path) -> None:
    if wheel := _bundled_pip():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site_packages)
        return
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        raise StorageError(
            "This Python has no pip, which the practice instance needs.",
            hint="Install your system's python3-venv package, or run vastgui from a usual Python.",
        )
    shutil.copytree(Path(spec.origin).parent, site_packages / "pip")


def _bundled_pip() -> Path | None:
    """The pip that comes with Python for `python -m venv`: faster to unpack than to install."""
    spec = importlib.util.find_spec("ensurepip")
    folders = [Path(spec.origin).parent / "_bundled"] if spec and spec.origin else []
    if debian := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        folders.append(Path(str(debian)))
    found = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    return found[-1] if found else None
