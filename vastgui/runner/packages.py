"""From the module a node pack lacks to the package that brings it. Pure."""

import re
import sys
from collections.abc import Mapping

from vastgui.errors import InvalidInput
from vastgui.state import checks

KNOWN = {
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "clip_interrogator": "clip-interrogator",
    "color_matcher": "color-matcher",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "google.genai": "google-genai",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "insightface": "insightface",
    "jwt": "pyjwt",
    "llama_cpp": "llama-cpp-python",
    "magic": "python-magic",
    "mediapipe": "mediapipe",
    "pkg_resources": "setuptools",
    "pydantic_settings": "pydantic-settings",
    "pynvml": "nvidia-ml-py",
    "requests_toolbelt": "requests-toolbelt",
    "segment_anything": "segment-anything",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "soundfile": "soundfile",
    "torch_directml": "torch-directml",
    "websocket": "websocket-client",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
COMFY_MODULES = frozenset(
    {
        "api_server", "app", "comfy", "comfy_api", "comfy_api_nodes", "comfy_config",
        "comfy_execution", "comfy_extras", "custom_nodes", "cuda_malloc", "execution",
        "folder_paths", "latent_preview", "main", "middleware", "node_helpers", "nodes",
        "protocol", "server", "utils",
    }
)  # fmt: skip
"""Modules of ComfyUI itself: no package brings them, and one of the same name would be another's."""
NEVER = frozenset({"torch", "torchvision", "torchaudio", "xformers", "triton"})
"""Packages that must fit the machine's CUDA: the image's business, not a guess's."""


def package_for(module: str, names: Mapping[str, str] | None = None) -> str:
    """The package that brings `module` ("a.b" or "a"), or "" when none should be installed.

    `names` maps module to package and wins over what vastgui knows.
    """
    top = module.partition(".")[0]
    for table in (names or {}, KNOWN):
        if known := table.get(module) or table.get(top):
            return _valid(known)
    if top in COMFY_MODULES or top in NEVER or top in sys.stdlib_module_names:
        return ""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{1,60}", top):
        return ""
    return _valid(top.replace("_", "-"))


def _valid(package: str) -> str:
    try:
        return str(checks.package(package, "package"))
    except InvalidInput:
        return ""
