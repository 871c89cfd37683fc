"""The built wheel carries everything that is not Python, and finds it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True, timeout=120)
    return next(out.glob("vastgui-*.whl"))


def test_assets_and_box_files_are_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [p for p in (ROOT / "assets").rglob("*") if p.is_file()]
    boxed = [p for p in (ROOT / "vastgui").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    wanted = {f"vastgui/{p.relative_to(ROOT)}" for p in shipped}
    wanted |= {str(p.relative_to(ROOT)) for p in boxed}
    assert wanted - names == set()
    assert shipped


def test_installed_package_finds_its_assets(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "from vastgui.config import assets_dir; print(assets_dir())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert Path(done.stdout.strip()) == tmp_path / "site" / "vastgui" / "assets"
