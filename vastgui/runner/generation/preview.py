"""The newest preview picture of a running prompt, as one file of the run that is replaced."""

import time
from typing import TYPE_CHECKING

from vastgui.comfy.media import HEAD_BYTES, sniff
from vastgui.errors import StorageError
from vastgui.runner.generation.files import replace_file
from vastgui.state import events as ev

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation
    from vastgui.runner.generation.watch import Watch

EVERY_S = 0.25
MAX_BYTES = 4 << 20


class Previews:
    """Shows at most four pictures a second: the newest, the others are let go."""

    def __init__(self, gen: "Generation", watch: "Watch") -> None:
        self._gen = gen
        self._watch = watch
        self._next_at = 0.0
        self._failed = False

    def show_newest(self) -> None:
        now = time.monotonic()
        if now < self._next_at or (found := self._watch.take_preview()) is None:
            return
        preview, node_id = found
        media = sniff(preview.data[:HEAD_BYTES])
        if len(preview.data) > MAX_BYTES or media.kind != "image" or not media.inline:
            return
        self._next_at = now + EVERY_S
        try:
            replace_file(self._gen.run.preview, preview.data, synced=False)
        except StorageError as error:  # a full disk costs the preview, not the run
            if not self._failed:
                self._gen.say(f"[vastgui] {error}")
            self._failed = True
            return
        self._gen.previews += 1
        self._gen.record(
            ev.PreviewShown(number=self._gen.previews, node_id=node_id, media_type=media.media_type)
        )
