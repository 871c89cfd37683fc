"""Every recorded HTTP answer of a real ComfyUI that this client can meet, and what it takes it for.

The recorded server is played by a loopback server; the row's request only says which call to make.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from tests.comfy.client.servers import Server, answer, answering, recording, recordings
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.errors import FileMissing, PromptRefused, RequestRefused
from vastgui.comfy.remote_files import Viewed

Row = dict[str, Any]


def http_rows(name: str) -> Iterator[Row]:
    for row in recording(name):
        if row["kind"] != "http" or "res" not in row or not is_plain(row["req"]):
            continue
        if call_of(row) and not is_cut(row["res"]["body"]):
            yield row


def is_plain(req: Row) -> bool:
    """A GET of this client has no header that matters; `test_files` has its ranges."""
    return req["method"] != "GET" or not req["headers"]


def is_cut(body: Any) -> bool:
    return isinstance(body, dict) and "$summary" in body


def as_said(row: Row) -> bytes:
    """The recorded answer, as bytes on the line."""
    res, body = row["res"], row["res"]["body"]
    if isinstance(body, dict) and "$b64" in body:
        raw = base64.b64decode(body["$b64"])
    elif "json" in res["headers"].get("Content-Type", ""):
        raw = json.dumps(body).encode()
    else:
        raw = str(body).encode()
    headers = dict(res["headers"])
    if headers.get("Transfer-Encoding") == "chunked":
        raw = (b"%x\r\n%b\r\n" % (len(raw), raw) if raw else b"") + b"0\r\n\r\n"
    else:
        headers["Content-Length"] = str(len(raw))
    head = [f"HTTP/1.1 {res['status']} {res['reason']}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*head, "", ""]).encode() + raw


def call_of(row: Row) -> Callable[[ComfyClient], Any] | None:
    """The call that would send such a request; None when this client never sends it."""
    asked = f"{row['req']['method']} {row['req']['path']}"
    for pattern, call in CALLS.items():
        if found := re.fullmatch(pattern, asked):
            return partial(call, row, *map(unquote, found.groups()))
    return None


CALLS: dict[str, Callable[..., Any]] = {
    r"GET (?:/api)?/system_stats": lambda row, client: client.system_stats(),
    r"GET (?:/api)?/features": lambda row, client: client.features(),
    r"GET (?:/api)?/queue": lambda row, client: client.queue(),
    r"GET /api/jobs": lambda row, client: client.has_jobs(),
    r"GET (?:/api)?/history/([^/?]+)": lambda row, name, client: client.history(name),
    r"GET (?:/api)?/object_info": lambda row, client: client.object_info(),
    r"GET (?:/api)?/object_info/([^/?]+)": lambda row, name, client: client.object_info(name),
    r"GET (?:/api)?/models/([^/?]+)": lambda row, name, client: client.models(name),
    r"GET /internal/folder_paths": lambda row, client: client.folder_paths(),
    r"GET /internal/logs/raw": lambda row, client: client.log_tail(),
    r"POST /prompt": lambda row, client: client.submit({}, prompt_id_of(row)),
    r"POST /free": lambda row, client: client.free(),
    r"POST /interrupt": lambda row, client: client.interrupt("x"),
    r"POST /queue": lambda row, client: client.delete_pending("x"),
    r"GET (?:/api)?/view(?:(?!preview|channel).)*": lambda row, client: view(client, row),
    r"POST (?:/api)?/upload/image": lambda row, client: client.upload("a.png", Path(__file__)),
}


def view(client: ComfyClient, row: Row) -> Viewed:
    name = dict(parse_qsl(urlsplit(row["req"]["path"]).query)).get("filename", "")
    return client.view(name, on_chunk=lambda _: None, max_bytes=1 << 30)


def prompt_id_of(row: Row) -> str:
    body = row["res"]["body"]
    return str(body.get("prompt_id", "")) if isinstance(body, dict) else ""


def verdict_wanted(row: Row) -> type:
    """What a person would say: an answer, or which refusal."""
    status, path = row["res"]["status"], urlsplit(row["req"]["path"]).path
    if status in {200, 206} or "/jobs" in path or "/models" in path:
        return object
    if path.endswith("/prompt"):
        return PromptRefused
    return FileMissing if status == 404 else RequestRefused


def check(value: Any, row: Row) -> None:
    """The value says what the recorded body says."""
    body = row["res"]["body"]
    match urlsplit(row["req"]["path"]).path.removeprefix("/api").strip("/").split("/"):
        case ["queue"] if row["req"]["method"] == "GET":
            assert [i.prompt_id for i in value.running] == [i[1] for i in body["queue_running"]]
            in_order = [i[1] for i in sorted(body["queue_pending"], key=lambda i: i[0])]
            assert [i.prompt_id for i in value.pending] == in_order
        case ["history", _]:
            assert (value is None) == (body == {})
            if value is not None:
                (entry,) = body.values()
                assert value.outputs == entry["outputs"]
                assert value.status_str == entry["status"]["status_str"]
                assert [list(m) for m in value.messages] == entry["status"]["messages"]
        case ["prompt"]:
            assert {p.node_id for p in value.node_errors} == body["node_errors"].keys()
        case ["object_info", *_] | ["internal", "folder_paths"] | ["features"]:
            assert value == body
        case ["system_stats"]:
            assert value.version == "0.3.64"
            assert value.devices[0].vram_total_bytes == body["devices"][0]["vram_total"]
            assert list(value.argv) == body["system"]["argv"]
        case ["jobs"]:
            assert value is False
        case ["view"]:
            assert value.etag == row["res"]["headers"]["Etag"]
            assert value.size_bytes == (
                body["size"] if isinstance(body, dict) and "$b64" in body else value.size_bytes
            )
        case ["upload", "image"]:
            assert value == "/".join(filter(None, (body["subfolder"], body["name"])))


@pytest.mark.parametrize("name", [name for name in recordings() if any(http_rows(name))])
def test_answers_are_taken_for_what_they_are(name: str) -> None:
    met: Counter[str] = Counter()
    for row in http_rows(name):
        call, wanted = call_of(row), verdict_wanted(row)
        assert call is not None
        with answering(as_said(row)) as server:
            met[result(call, server, row, wanted)] += 1
    assert met["as wanted"] == sum(met.values()) > 0, met


def result(call: Callable[[ComfyClient], Any], server: Server, row: Row, wanted: type) -> str:
    client = server.client()
    try:
        value = call(client)
    except (RequestRefused, PromptRefused) as error:
        return "as wanted" if type(error) is wanted else f"{row['req']}: {error!r}"
    finally:
        client.close()
    if wanted is not object:
        return f"{row['req']}: accepted"
    check(value, row)
    return "as wanted"


def test_a_refused_workflow_names_nodes_and_fields() -> None:
    refusals = [r for r in http_rows("06") if r["res"]["status"] == 400]
    errors = {}
    for row in refusals:
        with answering(as_said(row)) as server, pytest.raises(PromptRefused) as caught:
            server.client().submit({}, "x")
        for problem in caught.value.problems or [None]:
            errors[problem.kind if problem else caught.value.error_type] = caught.value
    assert {
        "invalid_prompt", "prompt_no_outputs", "no_prompt", "required_input_missing",
        "value_smaller_than_min", "value_bigger_than_max", "value_not_in_list",
        "custom_validation_failed", "return_type_mismatch", "bad_linked_input",
        "invalid_input_type", "exception_during_inner_validation",
    } <= errors.keys()  # fmt: skip
    small = errors["value_smaller_than_min"].problems[0]
    assert (small.node_id, small.input_name) == ("1", "width")
    assert small.extra_info["received_value"] is not None
    assert small.node_type == "EmptyImage"


def test_a_partly_valid_workflow_is_accepted_and_says_what_was_left_out() -> None:
    rows = [r for r in http_rows("06") if r["res"]["status"] == 200]
    partly = [r for r in rows if r["res"]["body"]["node_errors"]]
    assert partly
    for row in partly:
        with answering(as_said(row)) as server:
            submitted = server.client().submit({}, prompt_id_of(row))
        assert submitted.node_errors
        assert all(problem.message for problem in submitted.node_errors)


def test_submit_sends_our_own_id_as_both_ids_and_the_extra_data() -> None:
    said = {"prompt_id": "11aa", "number": 7, "node_errors": {}}
    with answering(answer(said)) as server:
        submitted = server.client().submit({"1": {}}, "11aa", {"extra_pnginfo": {"workflow": {}}})
    assert submitted.number == 7
    assert server.asked[0].json() == {
        "prompt": {"1": {}},
        "prompt_id": "11aa",
        "client_id": "11aa",
        "extra_data": {"extra_pnginfo": {"workflow": {}}},
    }
