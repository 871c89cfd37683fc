"""Wrong requests to the HTTP API."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.wrong_inputs.case import Wrong
from tests.wrong_inputs.cli import NOBODY
from tests.wrong_inputs.served import JSON, Request

NO_RUN = "01" + "0" * 24
START, EXECUTE = "/workflow/start", "/comfyui/workflow/execute"

BODIES = {
    "half a body": (b'{"steps": [', "body", "line 1, column", 400),
    "nothing where something is needed": (b"", "body", "is missing", 422),
    "no text": (b"\xff\xfe{}", "body", "UTF-8", 400),
    "NaN": (b'{"step_delay": NaN}', "NaN", "no JSON number", 400),
    "a number without end": (b'{"step_delay": 1e999}', "1e999", "too large", 400),
    "5000 digits": (b'{"only": ' + b"1" * 5000 + b"}", "5000 digits", "at most 20", 400),
    "a million brackets": (b'{"steps": ' + b"[" * 1_000_000, "body", "nested too deeply", 400),
    "a key twice": (b'{"only": 1, "only": 2}', "only", "twice", 400),
    "half a character": (b'{"template_id": "\\ud800"}', "body", "half a character", 400),
    "a NUL": (b'{"template_id": "a\\u0000"}', "body", "NUL", 400),
    "21 MB": (b'{"label": "' + b"x" * 21_000_000 + b'"}', "body", "larger than 20 MB", 413),
    "a list": (b"[]", "body", "must be an object", 422),
    "a text": (b'"x"', "body", "must be an object", 422),
}  # fmt: skip

STARTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "neither template nor steps": ({"template_id": None}, "template_id", "GET /config/workflow"),
    "template and steps": ({"steps": [{"action": "wait"}]}, "steps", "give one of them"),
    "a number as template": ({"template_id": 7}, "template_id", "must be a text"),
    "a connection as a list": ({"ssh_connection": ["x"]}, "ssh_connection", "must be a text"),
    "no connection": ({"ssh_connection": ""}, "ssh_connection", "paste the line"),
    "a connection with a command": ({"ssh_connection": "root@box; id"}, "ssh_connection", "Paste the line"),
    "a port of 6 digits": ({"ssh_connection": "root@box:123456"}, "ssh_connection", "1 to 65535"),
    "a key file that is not there": ({"key_file": "/nowhere/id"}, "key_file", "private key"),
    "a text for true": ({"use_agent": "yes"}, "use_agent", "true or false"),
    "a number as instance id": ({"instance_id": 27491003}, "instance_id", "must be a text"),
    "an instance id that climbs": ({"instance_id": "../x"}, "instance_id", "letters, digits"),
    "a short id": ({"workflow_id": "x"}, "workflow_id", "26 characters"),
    "an id with an l": ({"workflow_id": "l" * 26}, "workflow_id", "without i, l, o, u"),
    "variables as a list": ({"variables": []}, "variables", "must be an object"),
    "an unknown variable": ({"variables": {"ui_hom": "/x"}}, "variables › ui_hom", "Did you mean ui_home"),
    "a variable of another kind": ({"variables": {"comfyui_port": []}}, "variables › comfyui_port", "whole number"),
    "a variable with shell text": ({"variables": {"ui_home": "/x$(id)"}}, "variables › ui_home", "letters, digits"),
    "an unknown step to leave out": ({"enabled": {"tets_ssh": False}}, "enabled", "Did you mean test_ssh"),
    "half on": ({"enabled": {"test_ssh": 0.5}}, "enabled › test_ssh", "true or false"),
    "a list as only": ({"only": []}, "only", "a whole number or a text"),
    "a step beyond the last": ({"only": 3}, "only", "index 0 to 2"),
    "a negative step": ({"from_step": -1}, "from_step", "index 0 to 2"),
    "an unknown step": ({"from_step": "reboot"}, "from_step", "Known: "),
    "only and from": ({"only": 0, "from_step": 1}, "from_step", "only"),
    "a text as pause": ({"step_delay": "1"}, "step_delay", "must be a number"),
    "a negative pause": ({"step_delay": -1}, "step_delay", "0 to 2592000"),
    "true as pause": ({"step_delay": True}, "step_delay", "must be a number"),
    "an unknown key": ({"stepdelay": 1}, "stepdelay", "Did you mean step_delay"),
}  # fmt: skip

STEPS: dict[str, tuple[Any, str, str]] = {
    "no list": ({"0": {}}, "steps", "must be a list"),
    "no step": ([], "steps", "1 to 200 steps"),
    "201 steps": ([{"action": "test_ssh"}] * 201, "steps", "at most 200"),
    "a number": ([1], "steps[0]", "must be an object"),
    "no action": ([{"label": "x"}], "steps[0] › action", "is missing"),
    "an unknown action": ([{"action": "tets_ssh"}], "steps[0]", "Did you mean test_ssh"),
    "an unknown key": ([{"acton": "wait"}], "steps[0] › acton", "Did you mean action"),
    "params as a list": ([{"action": "wait", "params": []}], "steps[0] › params", "must be an object"),
    "an unknown parameter": ([{"action": "wait", "params": {"duration": 1}}], "duration", "Did you mean duration_s"),
    "a text as time": ([{"action": "wait", "params": {"duration_s": "soon"}}], "duration_s", "number of seconds"),
    "no time": ([{"action": "wait", "timeout_s": 0}], "timeout_s", "more than 0"),
    "half a retry": ([{"action": "wait", "retries": 1.5}], "steps[0] › retries", "whole number"),
    "HTML as label": ([{"action": "wait", "label": "<b>"}], "label", "must not contain < >"),
    "a list file of the server": ([{"action": "install_custom_nodes", "params": {"list_file": "/etc/passwd"}}], "list_file", "beside the template|repos"),
}  # fmt: skip

EXECUTES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no workflow": ({"workflow_file": None}, "workflow_file", "GET /config/workflow"),
    "two workflows": ({"workflow": {}}, "workflow", "give one of them"),
    "almost a workflow": ({"workflow_file": "text-to-imag"}, "workflow_file", "Did you mean text-to-image"),
    "a file that is not there": ({"workflow_file": "/nowhere.json"}, "workflow_file", "check its path"),
    "a workflow as a text": ({"workflow": "x", "workflow_file": None}, "workflow", "must be an object"),
    "an empty workflow": ({"workflow": {}, "workflow_file": None}, "workflow", "Save it in ComfyUI"),
    "a place elsewhere": ({"target": "http://10.0.0.1"}, "target", "over SSH"),
    "two places": ({"ssh_connection": NOBODY}, "target", "give one of them"),
    "an unknown parameter": ({"parameters": {"99.x": 1}}, "parameters › 99.x", "Known: "),
    "a list as parameter": ({"parameters": {"2.text": []}}, "parameters › 2.text", "a text, a number"),
    "too many steps": ({"parameters": {"steps": 99999}}, "parameters › steps", "10000 is the most"),
    "parameters as a text": ({"parameters": "6.text=x"}, "parameters", "must be an object"),
    "a file nobody wants": ({"input_images": ["x.png"]}, "input_images[0]", "leave .x.png. out"),
    "a number as file": ({"input_images": [7]}, "input_images[0]", "must be an object|a text"),
    "a seed's unknown control": ({"seed_controls": {"seed": "dice"}}, "seed_controls › seed", "randomize"),
    "a port out of range": ({"comfyui_port": 70000}, "comfyui_port", "65535 or less"),
    "results into a file": ({"output_dir": "/etc/passwd"}, "output_dir", "name another"),
    "a name of 101 characters": ({"workflow_name": "x" * 101}, "workflow_name", "100 characters"),
}  # fmt: skip

QUERIES = {
    "a limit of 0": ("limit=0", "limit", "1 or more"),
    "a limit of 201": ("limit=201", "limit", "200 or less"),
    "a word as limit": ("limit=all", "limit", "whole number"),
    "a bad cursor": ("before=abc", "before", "next_cursor"),
    "an unknown status": ("status=happy", "status", "completed"),
    "an unknown kind": ("kind=train", "kind", "setup or comfyui"),
    "a time in words": ("since=yesterday", "since", "2026-11-29T16:00:00Z"),
    "201 characters to find": (f"text={'x' * 201}", "text", "200 characters"),
    "an unknown filter": ("stauts=failed", "stauts", "Did you mean status"),
    "a filter twice": ("limit=1&limit=2", "limit", "give it once"),
}  # fmt: skip

RUNS: dict[str, tuple[str, str, Any, str, str, int]] = {
    "an unknown run": ("GET", f"/workflows/{NO_RUN}", None, NO_RUN, "GET /workflows lists", 404),
    "the end of an id": ("GET", "/workflows/0000", None, "0000", "GET /workflows lists", 404),
    "a path as id": ("GET", "/workflows/..%2f..%2fetc", None, "/workflows/../../etc", "/docs|GET /workflows", 404),
    "deleting an unknown run": ("DELETE", f"/workflows/{NO_RUN}", None, NO_RUN, "GET /workflows", 404),
    "deleting what goes on": ("DELETE", "/workflows/{asks}", None, "{asks}", "[Ss]top", 409),
    "restoring what was never deleted": ("POST", f"/workflows/{NO_RUN}/restore", None, NO_RUN, "GET /workflows|vastgui runs|trash", 404),
    "continuing what goes on": ("POST", "/workflows/{asks}/continue", {}, "{asks}", "Wait for its end or stop it", 409),
    "continuing at a word": ("POST", "/workflows/{done}/continue", {"from_step": "x"}, "from_step", "whole number", 422),
    "continuing beyond the end": ("POST", "/workflows/{done}/continue", {"from_step": 9}, "from_step", "0 to 2", 422),
    "a step again that is not there": ("POST", "/workflows/{done}/again", {"only": 9}, "only", "0 to 2", 422),
    "pausing what has ended": ("POST", "/workflow/pause", {"workflow_id": "{done}"}, "{done}", "ended", 409),
    "stopping in another way": ("POST", "/workflow/stop", {"workflow_id": "{asks}", "mode": "kill"}, "mode", "force", 422),
    "stopping an unknown run": ("POST", "/workflow/stop", {"workflow_id": "x"}, "'x'", "GET /workflows", 404),
    "stopping a number": ("POST", "/workflow/stop", {"workflow_id": 7}, "workflow_id", "must be a text", 422),
    "an answer that is none": ("POST", "/workflow/answer", {"workflow_id": "{asks}", "ask_id": "q1", "answer": "maybe"}, "answer", "one of: Trust", 422),
    "an answer to another question": ("POST", "/workflow/answer", {"workflow_id": "{asks}", "ask_id": "q9", "answer": "Trust"}, "{asks}", "ask_id", 409),
    "an answer to nothing": ("POST", "/workflow/answer", {"workflow_id": "{done}", "ask_id": "q1", "answer": "Trust"}, "{done}", "GET /workflows", 409),
    "no answer": ("POST", "/workflow/answer", {"ask_id": "q1"}, "answer", "is missing", 422),
    "dismissing what goes on": ("POST", "/workflow/clear", {"workflow_id": "{asks}"}, "{asks}", "Stop it first", 409),
    "the state of an unknown run": ("GET", "/workflow/state?workflow_id=x", None, "'x'", "GET /workflows", 404),
    "a summary of two": ("GET", "/workflow/state/summary?workflow=x", None, "workflow", "Did you mean workflow_id", 422),
    "the progress of a setup": ("GET", "/comfyui/workflow/{done}/progress", None, "{done}", "GET /workflows", 404),
    "the outputs of a setup": ("GET", "/comfyui/workflow/{done}/outputs", None, "{done}", "GET /workflows", 404),
    "cancelling an unknown run": ("POST", "/comfyui/workflow/x/cancel", None, "'x'", "GET /workflows", 404),
    "events of an unknown run": ("GET", f"/events/workflows/{NO_RUN}", None, NO_RUN, "GET /workflows", 404),
    "events from a word": ("GET", "/events/workflows/{asks}?from=begin", None, "from", "Give the `seq`", 422),
    "events from below 0": ("GET", "/events/workflows/{asks}?from=-1", None, "from", "Give the `seq`", 422),
    "another way to say from": ("GET", "/events/workflows/{asks}?form=1", None, "form", "Did you mean from", 422),
    "a page that is not there": ("GET", "/workflow/nothing", None, "/workflow/nothing", "/docs", 404),
    "a method that is not there": ("PUT", "/workflow/start", {}, "PUT", "It takes POST", 405),
}  # fmt: skip


def post(what: str, path: str, body: Any, named: str, fix: str, code: int = 422) -> Wrong:
    return Wrong("api", what, Request("POST", path, body), named, fix, code)


def cases() -> Iterator[Wrong]:
    for what, (body, named, fix, code) in BODIES.items():
        yield Wrong("api", f"body, {what}", Request("POST", START, body, JSON), named, fix, code)
    start = {"template_id": "quick-check", "ssh_connection": NOBODY}
    for what, (more, named, fix) in STARTS.items():
        yield post(f"start, {what}", START, start | more, named, fix)
    yield post("start, almost a template", START, start | {"template_id": "quik-check"}, "template_id", "Did you mean quick-check", 404)  # fmt: skip
    for what, (steps, named, fix) in STEPS.items():
        yield post(f"steps, {what}", START, {"steps": steps, "ssh_connection": NOBODY}, named, fix)
    execute = {"workflow_file": "text-to-image", "target": "local"}
    for what, (more, named, fix) in EXECUTES.items():
        yield post(f"execute, {what}", EXECUTE, execute | more, named, fix)
    for what, (query, named, fix) in QUERIES.items():
        yield Wrong("api", f"list, {what}", Request("GET", f"/workflows?{query}"), named, fix, 422)
    for what, (method, path, body, named, fix, code) in RUNS.items():
        yield Wrong("api", what, Request(method, path, body), named, fix, code)
    yield from _headers()


def _headers() -> Iterator[Wrong]:
    wanted: Mapping[str, tuple[Request, str, str, int]] = {
        "the body as a form": (Request("POST", START, b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}), "body", "application/json", 415),
        "the body as XML": (Request("POST", EXECUTE, b"<a/>", {"Content-Type": "text/xml"}), "body", "application/json", 415),
        "events after a word": (Request("GET", "/events/workflows/{asks}", None, {"Last-Event-ID": "x"}), "Last-Event-ID", "Give the `seq`", 422),
        "a garbled ETag of no run": (Request("GET", f"/workflows/{NO_RUN}", None, {"If-None-Match": 'W/"", ,"'}), NO_RUN, "GET /workflows", 404),
    }  # fmt: skip
    for what, (request, named, fix, code) in wanted.items():
        yield Wrong("api", what, request, named, fix, code)
