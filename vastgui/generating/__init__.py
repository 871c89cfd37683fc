"""ComfyUI runs as the app knows them: launched, looked back at, shown in the gallery."""

from vastgui.generating import staging
from vastgui.generating.choices import Choices, attachments
from vastgui.generating.form import Form
from vastgui.generating.gallery import Gallery, GalleryItem
from vastgui.generating.planning import Generating, Request
from vastgui.generating.record import record
from vastgui.generating.services import ComfyServices
from vastgui.generating.target import checked_server, instance_queue, is_server, server_queue

__all__ = [
    "Choices",
    "ComfyServices",
    "Form",
    "Gallery",
    "GalleryItem",
    "Generating",
    "Request",
    "attachments",
    "checked_server",
    "instance_queue",
    "is_server",
    "record",
    "server_queue",
    "staging",
]
