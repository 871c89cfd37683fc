"""The local packages that pip finds inside a practice instance: tiny wheels, built at its start."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Distribution:
    """A package as pip sees it. Its source is the folder of that name in box/wheels."""

    name: str
    version: str
    summary: str
    requires: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        return self.name.replace("-", "_")


TORCH = Distribution("torch", "2.9.1+cu128", "Plays torch: tells which GPU there is")
DISTRIBUTIONS = (
    TORCH,
    Distribution(
        "civitdl",
        "2.1.2",
        "Plays civitdl: help, version and settings",
        scripts={"civitdl": "civitdl.__main__:main", "civitconfig": "civitconfig.__main__:main"},
    ),
    Distribution("practice-colors", "1.2.0", "Names of colours"),
    Distribution("practice-units", "0.3.0", "Steps of a number"),
    Distribution(
        "practice-geometry", "0.4.1", "Sizes of pictures", requires=("practice-units>=0.3",)
    ),
    Distribution("opencv-python-headless", "4.12.0.88", "Plays OpenCV"),
)


def build(distribution: Distribution, sources: Path, into: Path) -> Path:
    """Write `distribution` as a wheel into the folder `into` and return the file."""
    stem = f"{distribution.stem}-{distribution.version}"
    info = f"{stem}.dist-info"
    files = {
        path.relative_to(sources / distribution.stem).as_posix(): path.read_bytes()
        for path in sorted((sources / distribution.stem).rglob("*.py"))
    }
    files |= {f"{info}/{name}": text.encode() for name, text in _metadata(distribution).items()}
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = into / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return wheel


def install(wheel: Path, site_packages: Path) -> None:
    """Put a wheel without scripts where pip would put it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)
        info = next(n.split("/")[0] for n in archive.namelist() if n.endswith("/RECORD"))
    (site_packages / info / "INSTALLER").write_text("pip\n")


def _metadata(distribution: Distribution) -> dict[str, str]:
    requires = "".join(f"Requires-Dist: {text}\n" for text in distribution.requires)
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {distribution.name}\n"
        f"Version: {distribution.version}\nSummary: {distribution.summary}\n{requires}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: vastgui\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if distribution.scripts:
        lines = "".join(f"{name} = {target}\n" for name, target in distribution.scripts.items())
        files["entry_points.txt"] = f"[console_scripts]\n{lines}"
    return files


def _digest(data: bytes) -> str:
    encoded = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={encoded.decode()}"
