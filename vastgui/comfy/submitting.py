"""POST /prompt: sent once, and never silent about whether it may have arrived."""

from collections.abc import Mapping
from typing import Any

from vastgui.comfy import answers
from vastgui.comfy.answers import Submitted
from vastgui.comfy.connection import json_request
from vastgui.comfy.errors import AnswerTooBig, BadAnswer, PromptRefused, ServerGone
from vastgui.comfy.http import UNAVAILABLE, Answer, Http


def submit(
    http: Http,
    prompt: Mapping[str, Any],
    prompt_id: str,
    extra_data: Mapping[str, Any] | None,
    timeout_s: float,
) -> Submitted:
    """See `ComfyClient.submit`."""
    words = {"prompt": prompt, "prompt_id": prompt_id, "client_id": prompt_id}
    if extra_data:
        words["extra_data"] = extra_data
    answer: Answer | None = None
    try:
        answer = http.ask(json_request("/prompt", words, timeout_s))
        if answer.status in UNAVAILABLE:
            raise ServerGone(http.where, f"status {answer.status}")
        return _submitted(answer, prompt_id)
    except (BadAnswer, AnswerTooBig) as error:
        error.maybe_queued = True
        raise
    except ServerGone as error:
        error.maybe_queued = error.maybe_queued or answer is not None
        raise


def _submitted(answer: Answer, prompt_id: str) -> Submitted:
    if answer.status == 200:
        return answers.submitted(answer.json(), prompt_id)
    if answer.status == 400:
        raise answers.prompt_refused(answer.json())
    if answer.status == 413:
        raise PromptRefused("too_large", f"it is too large for the server ({answer.text})")
    if answer.status == 500:  # what ComfyUI says to a request that it cannot even read
        raise PromptRefused("malformed", "the server cannot read it")
    raise BadAnswer(answer.endpoint, f"status {answer.status}")
