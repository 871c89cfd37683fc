"""What the nodes do. `nodes.json` has their inputs, as ComfyUI 0.3.64's /object_info told them."""

from vastgui.demo.comfy.nodes import (
    images,
    loaders,
    media,
    practice,
    rig,
    sampling,
    savers,
    values,
)

__all__ = ["images", "loaders", "media", "practice", "rig", "sampling", "savers", "values"]
