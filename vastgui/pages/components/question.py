"""The card of a run that waits for an answer."""

from collections.abc import Callable

from vastgui.feed import RunView
from vastgui.pages import present_question
from vastgui.pages.live import Live, LiveElement
from vastgui.state.model import Question


class QuestionCard(LiveElement, component="question.js"):
    def __init__(self, live: Live, view: RunView, on_answer: Callable[[str, str], None]) -> None:
        super().__init__(live)
        self._view = view
        self._sent = self._question()
        self._props["question"] = present_question.question(self._sent)
        self.on("answer", lambda e: on_answer(str(e.args["ask_id"]), str(e.args["choice"])))

    def changed(self, ids: frozenset[str], /) -> None:
        if self._view.run_id in ids and self._question() is not self._sent:
            self.snapshot()

    def snapshot(self) -> None:
        self._sent = self._question()
        self.run_method("patch", present_question.question(self._sent))

    def release(self) -> None:
        """The answer could not be given: it may be tried again."""
        self.run_method("release")

    def _question(self) -> Question | None:
        return self._view.state.question if self._view.state else None
