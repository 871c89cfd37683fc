"""Where a missing node pack is to be found, by what a workflow file names it. Pure.

The editor writes a pack's id in the Comfy registry (`cnr_id`), or `owner/repo` on GitHub (`aux_id`).
"""

import re
from collections.abc import Iterable

from vastgui.comfy import values
from vastgui.comfy.explained import listed

CORE = "comfy-core"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def address(pack: str) -> str:
    """The page of `pack` ("name version"); empty when the name is none that has one."""
    name = pack.split(" ", maxsplit=1)[0]
    owner, slash, repo = name.partition("/")
    if not _ID.fullmatch(owner) or (slash and not _ID.fullmatch(repo)):
        return ""
    return f"https://github.com/{name}" if slash else f"https://registry.comfy.org/nodes/{name}"


def to_install(packs: Iterable[str]) -> str:
    """What to do about node types of `packs`; the names come from a file."""
    known = [pack for pack in dict.fromkeys(values.text(p, 80) for p in packs) if pack]
    if not known:
        return "Install the packs they are from."
    others = [_named(pack) for pack in known if pack.split(" ")[0] != CORE]
    done = (
        [f"Install {listed(others)} on the instance, by its git address in Setup."]
        if others
        else []
    )
    if len(others) < len(known):
        done.append("Update ComfyUI on the instance.")
    return " ".join(done)


def _named(pack: str) -> str:
    where = address(pack)
    return f"{pack} ({where})" if where else pack
