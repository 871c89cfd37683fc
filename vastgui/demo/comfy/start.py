"""Starts the server in this process: alone, or as the ComfyUI of a practice instance."""

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vastgui.demo.comfy.nodes  # noqa: F401 - what it defines is played
from vastgui.demo.comfy.folders import Folders
from vastgui.demo.comfy.kinds import Kinds
from vastgui.demo.comfy.options import parse
from vastgui.demo.comfy.server import serve


def start(
    words: Sequence[str],
    base: Path,
    *,
    classes: Mapping[str, Any] | None = None,
    titles: Mapping[str, str] | None = None,
    **told: Any,
) -> None:
    """Serve as `words` say, with the node packs' `classes`; never returns.

    `told`: fields of `Options` that no flag sets, as `system` and `devices`.
    """
    options = parse(words, base)
    for name, value in told.items():
        setattr(options, name, value)
    folders = Folders(options.base, **options.folders)
    folders.prepare()
    kinds = Kinds(folders)
    kinds.add_classes(classes or {}, titles or {})
    serve(options, kinds, folders)


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    start(sys.argv[1:], Path.cwd())
