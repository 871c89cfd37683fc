"""Everything a run asks of a ComfyUI server, over any kind of byte stream.

The server has no accounts: every call here names one prompt and touches no other.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vastgui.comfy import answers
from vastgui.comfy.answers import HistoryEntry, Queue, ServerInfo, Submitted, Where
from vastgui.comfy.connection import Request, json_request
from vastgui.comfy.dial import Dial
from vastgui.comfy.errors import RequestRefused, ServerGone
from vastgui.comfy.http import UNAVAILABLE, Answer, Http
from vastgui.comfy.jobs import Job, job_of
from vastgui.comfy.remote_files import Viewed, Wanted, upload, view
from vastgui.comfy.submitting import submit

__all__ = ["ComfyClient", "Viewed"]

_SUBMIT_S = 60.0  # the server checks the whole prompt before it answers
_OBJECT_INFO_S = 60.0  # every pack's node is asked, and reads its folders


class ComfyClient:
    """Usable from several threads. `timeout_s` bounds the silence of one call.

    `checkpoint` is called several times a second while waiting; what it raises ends the call.
    """

    def __init__(
        self,
        dial: Dial,
        *,
        host: str = "127.0.0.1",
        port: int,
        timeout_s: float = 10,
        checkpoint: Callable[[], None] | None = None,
    ) -> None:
        self.where = f"{host}:{port}"
        self.timeout_s = timeout_s
        self._http = Http(dial, host=host, port=port, checkpoint=checkpoint)
        self._has_jobs: bool | None = None

    def close(self) -> None:
        self._http.close()

    # -- the server

    def system_stats(self) -> ServerInfo:
        return answers.server_info(self._json("/system_stats"))

    def features(self) -> dict[str, Any]:
        """{"max_upload_size": bytes, ...}; {} from a server that is too old to tell."""
        answer = self._get("/features")
        return answers.feature_flags(answer.json()) if answer.status == 200 else {}

    def object_info(self, cls: str | None = None) -> dict[str, dict[str, Any]]:
        """Node types by name; only `cls`, and {} when it is unknown."""
        path = "/object_info" if cls is None else f"/object_info/{_part(cls)}"
        timeout_s = max(self.timeout_s, _OBJECT_INFO_S)
        return answers.node_types(self._json(path, "/object_info", timeout_s))

    def folder_paths(self) -> dict[str, list[str]]:
        """Where the server keeps its models; {} when it does not tell."""
        answer = self._get("/internal/folder_paths")
        return answers.folder_paths(answer.json()) if answer.status == 200 else {}

    def models(self, folder: str) -> list[str]:
        """File names of one kind of model; [] when the server knows no such kind."""
        answer = self._get(f"/models/{_part(folder)}", "/models")
        return answers.names(answer.json(), "/models") if answer.status == 200 else []

    def log_tail(self, lines: int = 200) -> tuple[str, ...]:
        """The last lines of the server's own log; () when it does not show it."""
        answer = self._get("/internal/logs/raw")
        return answers.log_lines(answer.json())[-lines:] if answer.status == 200 else ()

    def free(self, *, unload_models: bool = True, free_memory: bool = True) -> None:
        self._post("/free", {"unload_models": unload_models, "free_memory": free_memory})

    # -- one prompt

    def queue(self) -> Queue:
        return answers.queue(self._json("/queue"))

    def position(self, prompt_id: str) -> int | None:
        """0 while it runs, 1 when it is next, None when it is not in the queue."""
        return self.queue().position(prompt_id)

    def history(self, prompt_id: str) -> HistoryEntry | None:
        """None while it waits and runs, and for a prompt that the server does not know."""
        data = self._json(f"/history/{_part(prompt_id)}", "/history")
        return answers.history_entry(data, prompt_id)

    def where_is(self, prompt_id: str) -> Where:
        """Looks in the queue, then in the history: the other way round misses one that ends."""
        position = self.queue().position(prompt_id)
        if position is not None:
            return "pending" if position else "running"
        return "unknown" if self.history(prompt_id) is None else "history"

    def has_jobs(self) -> bool:
        """Whether the server is new enough to have /api/jobs. Asked once."""
        if self._has_jobs is None:
            answer = self._get("/api/jobs?limit=1", "/api/jobs")
            self._has_jobs = answer.status == 200 and answer.body[:1] == b"{"
        return self._has_jobs

    def job(self, prompt_id: str) -> Job | None:
        """None when the server has no /api/jobs; status "unknown" when it has no such job."""
        if not self.has_jobs():
            return None
        answer = self._get(f"/api/jobs/{_part(prompt_id)}", "/api/jobs")
        if answer.status == 404:
            return Job(prompt_id, "unknown", {}, {})
        return job_of(self._checked(answer).json(), prompt_id)

    def submit(
        self,
        prompt: Mapping[str, Any],
        prompt_id: str,
        extra_data: Mapping[str, Any] | None = None,
    ) -> Submitted:
        """Queue `prompt` under `prompt_id`, which is its client id too. Sent once, never again.

        Raises `PromptRefused`. Any other `ComfyError` with `maybe_queued` leaves it open whether
        it arrived: ask `where_is` before it is sent another time.
        """
        timeout_s = max(self.timeout_s, _SUBMIT_S)
        return submit(self._http, prompt, prompt_id, extra_data, timeout_s)

    def cancel(self, prompt_id: str) -> None:
        """Take it out of the queue, or ask it to stop; nothing when it is over.

        A running prompt ends at its next check point: follow it until it left the queue.
        """
        if self.has_jobs():
            answer = self._ask_post(f"/api/jobs/{_part(prompt_id)}/cancel", {}, "/api/jobs/cancel")
            if answer.status == 200:
                return
        self.delete_pending(prompt_id)
        if self.queue().position(prompt_id) == 0:
            self.interrupt(prompt_id)

    def delete_pending(self, prompt_id: str) -> None:
        self._post("/queue", {"delete": [prompt_id]})

    def interrupt(self, prompt_id: str) -> None:
        """Only when it is the one that runs; `cancel` looks first, for servers that stop any."""
        self._post("/interrupt", {"prompt_id": prompt_id})

    # -- files

    def view(
        self,
        filename: str,
        subfolder: str = "",
        type: str = "output",  # noqa: A002 - ComfyUI's word
        *,
        start: int = 0,
        etag: str = "",
        on_chunk: Callable[[bytes], object],
        max_bytes: int,
    ) -> Viewed:
        """Hand the file's bytes from `start` on to `on_chunk`; `max_bytes` bounds the whole file.

        To go on with a part, give its `etag`: `FileChanged` when the file is another one now.
        Raises `FileMissing` and `AnswerTooBig`, the latter before anything is read if possible.
        """
        wanted = Wanted(
            filename=filename,
            subfolder=subfolder,
            type=type,
            start=start,
            etag=etag,
            max_bytes=max_bytes,
        )
        return view(self._http, wanted, on_chunk, self.timeout_s)

    def upload(
        self,
        name: str,
        data_path: Path,
        subfolder: str = "",
        type: str = "input",  # noqa: A002 - ComfyUI's word
    ) -> str:
        """Put a file into the server's folder; returns the name a prompt has to call it by.

        The server picks another name when it has another file of this one.
        """
        answer = upload(
            self._http, name, data_path, {"subfolder": subfolder, "type": type}, self.timeout_s
        )
        return answers.uploaded(self._checked(answer).json())

    # -- below: one request

    def _json(self, path: str, endpoint: str = "", timeout_s: float = 0) -> Any:
        return self._checked(self._get(path, endpoint, timeout_s)).json()

    def _get(self, path: str, endpoint: str = "", timeout_s: float = 0) -> Answer:
        """The answer, unless the server is away."""
        return self._present(
            self._http.ask(
                Request(
                    method="GET",
                    path=path,
                    endpoint=endpoint or path,
                    timeout_s=timeout_s or self.timeout_s,
                )
            )
        )

    def _post(self, path: str, words: Mapping[str, Any]) -> None:
        self._checked(self._ask_post(path, words, path))

    def _ask_post(self, path: str, words: Mapping[str, Any], endpoint: str) -> Answer:
        request = json_request(path, words, self.timeout_s, endpoint)
        return self._present(self._http.ask(request))

    def _present(self, answer: Answer) -> Answer:
        if answer.status in UNAVAILABLE:
            raise ServerGone(self.where, f"status {answer.status}")
        return answer

    def _checked(self, answer: Answer) -> Answer:
        if answer.status != 200:
            raise RequestRefused(answer.endpoint, answer.status, answer.text)
        return answer


def _part(name: str) -> str:
    return quote(name, safe="")
