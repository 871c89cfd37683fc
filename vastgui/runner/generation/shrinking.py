"""Thumbnails of a run's outputs, made beside everything else: nothing waits for one."""

import queue
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.state import events as ev

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation
    from vastgui.runner.thumbnails import Thumbnailer

MAX_WAITING = 2000


class Thumbnails:
    """One thread, begun at the first picture. A picture that makes trouble has no thumbnail."""

    def __init__(self, gen: "Generation") -> None:
        self._gen = gen
        self._wanted: queue.Queue[tuple[ev.OutputSaved, Path] | None] = queue.Queue(MAX_WAITING)
        self._open = 0
        self._done = threading.Condition()
        self._thread: threading.Thread | None = None
        self._thumbnailer: Thumbnailer | None = None
        self._closing = False

    def want(self, saved: ev.OutputSaved, picture: Path) -> None:
        if saved.media != "image" or self._wanted.full():
            return
        with self._done:
            self._open += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="thumbnails", daemon=True)
                self._thread.start()
        self._wanted.put((saved, picture))

    def wait(self, timeout_s: float) -> None:
        """Until all are made, `timeout_s` at most."""
        with self._done:
            self._done.wait_for(lambda: self._open == 0, timeout_s)

    def close(self) -> None:
        self._closing = True
        if self._thumbnailer is not None:
            self._thumbnailer.close()
        if self._thread is not None:
            if not self._wanted.full():
                self._wanted.put(None)
            self._thread.join(5)

    def _work(self) -> None:
        from vastgui.runner.thumbnails import Thumbnailer

        self._thumbnailer = Thumbnailer()
        while not self._closing and (wanted := self._wanted.get()) is not None:
            try:
                self._make(self._thumbnailer, *wanted)
            finally:
                with self._done:
                    self._open -= 1
                    self._done.notify_all()

    def _make(self, thumbnailer: "Thumbnailer", saved: ev.OutputSaved, picture: Path) -> None:
        to = self._gen.run.thumbnails / f"{saved.number}.webp"
        if not self._closing and thumbnailer.make(picture, to) is not None and not self._closing:
            place = f"{to.parent.name}/{to.name}"
            self._gen.record(replace(saved, thumbnail=place))
