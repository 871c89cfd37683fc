"""What a program asks of the running app, one method for each request of docs/api.md."""

from collections.abc import Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

from vastgui.client.errors import AppGone, Broken, NoAnswer
from vastgui.config import Paths
from vastgui.state import lock
from vastgui.state.from_json import from_json
from vastgui.state.model import RunState
from vastgui.state.plan import new_id

if TYPE_CHECKING:  # httpx takes a fifth of a second: only who asks pays for it
    from vastgui.client.link import Where

GONE_AFTER_S = 10.0
TICK_S = 1.0


class Client:
    """Not for use from several threads. Close it, or use it in a `with`."""

    def __init__(self, where: "Where", agent: str | None = None) -> None:
        from vastgui.client.link import AGENT, Link

        self._link = Link(where, agent or AGENT)

    @classmethod
    def of_running_app(cls, paths: Paths, agent: str | None = None) -> Self | None:
        """A client of the app that serves this home, None when none does."""
        if not lock.is_held(paths.state / "app.lock"):
            return None
        from vastgui.desktop import AppInfo, read_info

        def where() -> AppInfo | None:
            return read_info(paths) if lock.is_held(paths.state / "app.lock") else None

        return cls(where, agent) if where() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._link.close()

    def start(self, body: Mapping[str, Any]) -> str:
        """POST /workflow/start; returns the run's id."""
        return self._started("/workflow/start", {"workflow_id": new_id(), **body})

    def execute(self, body: Mapping[str, Any]) -> str:
        """POST /comfyui/workflow/execute; returns the run's id."""
        return self._started("/comfyui/workflow/execute", {"workflow_id": new_id(), **body})

    def stop(self, run_id: str, mode: str = "now") -> dict[str, Any]:
        """`mode`: now, after_step or force. Stopping an ended run changes nothing."""
        return self._asked("POST", "/workflow/stop", {"workflow_id": run_id, "mode": mode})

    def pause(self, run_id: str) -> dict[str, Any]:
        return self._asked("POST", "/workflow/pause", {"workflow_id": run_id})

    def resume(self, run_id: str) -> dict[str, Any]:
        return self._asked("POST", "/workflow/resume", {"workflow_id": run_id})

    def answer(self, run_id: str, ask_id: str, answer: str) -> dict[str, Any]:
        """Answer the question that a blocked run asks."""
        body = {"workflow_id": run_id, "ask_id": ask_id, "answer": answer}
        return self._asked("POST", "/workflow/answer", body)

    def continue_run(self, run_id: str, from_step: int | None = None) -> str:
        """The id of a new run that takes an ended one up again, at the step with this index."""
        body = {} if from_step is None else {"from_step": from_step}
        path = f"/workflows/{run_id}/continue"
        return str(self._asked("POST", path, body, tries=1)["workflow_id"])

    def state(self, run_id: str) -> RunState:
        return from_json(self._asked("GET", f"/workflows/{run_id}"))

    def list(self, **filters: Any) -> dict[str, Any]:
        """One page of runs, newest first: `workflows`, and `next_cursor` to give as `before`."""
        return self._asked("GET", "/workflows", **filters)

    def delete(self, run_id: str) -> dict[str, Any]:
        """Move an ended run to the trash."""
        return self._asked("DELETE", f"/workflows/{run_id}")

    def follow(
        self, run_id: str, *, tick_s: float = TICK_S, gone_after_s: float = GONE_AFTER_S
    ) -> Generator[RunState]:
        """The run's states until its end; the same one again after `tick_s` without news.

        Lost connections come back by themselves. Raises `AppGone` when the app is away for
        `gone_after_s`, `Refused` when there is no such run.
        """
        from vastgui.client.following import Following

        following = Following(self._link, run_id, tick_s=tick_s, gone_after_s=gone_after_s)
        with closing(following.states()) as states:
            yield from states

    def _started(self, path: str, body: Mapping[str, Any]) -> str:
        """With an id of our own the same request may be sent twice and starts one run."""
        return str(self._asked("POST", path, body)["workflow_id"])

    def _asked(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        tries: int = 2,
        **query: Any,
    ) -> dict[str, Any]:
        """Raises `Refused`, `NoAnswer` or `AppGone`. `tries`: 1 where two are too many."""
        for left in reversed(range(tries)):
            try:
                return self._link.ask(method, path, body, **query)
            except Broken as broken:
                if not self._link.look():
                    raise AppGone("The running vastgui has ended.") from broken
                if not left:
                    raise NoAnswer(f"The running vastgui did not answer: {broken}") from broken
        raise AssertionError
