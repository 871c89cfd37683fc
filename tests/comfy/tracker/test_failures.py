"""Failures in words: the recorded refusals, the known causes, and whatever a server may invent."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.comfy.tracker.tape import rows
from vastgui.comfy.answers import NodeProblem, prompt_refused, submitted
from vastgui.comfy.errors import ComfyError, PromptRefused, RequestRefused, ServerGone, ServerSilent
from vastgui.comfy.explained import Explained
from vastgui.comfy.failures import explain, explain_left_out, find_loop
from vastgui.comfy.outcome import Verdict, lost

# what was wrong -> action: message [field]
REFUSED = {
    "unknown node type": "install_pack: “NoSuchNode” (node 1): the node type “NoSuchNode” is not installed on the instance.",
    "no class_type": "edit: Node 1 has no type: the workflow is damaged.",
    "no output node": "edit: The workflow has no node that saves or shows anything.",
    "empty prompt": "edit: The workflow has no node that saves or shows anything.",
    "missing required input": "edit: ComfyUI did not accept the workflow: 3 things need attention. [1.batch_size 1.height 1.color]",
    "value out of range (big)": "edit: “EmptyImage” (node 1): “width” is 999,999, too big; at most 16,384 is allowed. [1.width]",
    "value out of range (small)": "edit: “EmptyImage” (node 1): “width” is 0, too small; at least 1 is allowed. [1.width]",
    "not convertible": "edit: “EmptyImage” (node 1): “width” is “wide”, but a whole number is needed. [1.width]",
    "value not in list": "edit: “ImageScale” (node 1): “magic” is not a choice of “upscale_method”; it takes nearest-exact, bilinear, area, bicubic, lanczos. [1.upscale_method]",
    "value not in a list of more than 20": "edit: ComfyUI did not accept the workflow: 5 things need attention. [1.latent_image 1.model 1.positive 1.negative 1.sampler_name]",
    "checkpoint not on disk (value_not_in_list with an empty list)": "choose_model: “CheckpointLoaderSimple” (node 1): the model “sd15.safetensors” is not on the instance. [1.ckpt_name]",
    "link to a node that is not in the prompt": "edit: “PreviewImage” (node 1): “images” is connected to node 99, which is not there. [1.images]",
    "link to a missing node, one level deeper": "edit: “ImageInvert” (node 1): “image” is connected to node 99, which is not there. [1.image]",
    "link to an output slot that does not exist": "edit: “PreviewImage” (node 2) is connected to an output that does not exist.",
    "link of a wrong type": "edit: “PreviewImage” (node 2): “images” gets LATENT, but takes IMAGE. [2.images]",
    "link list of length 3": "edit: “PreviewImage” (node 2): the connection at “images” is damaged. [2.images]",
    "link node id as int (not string)": "edit: “PreviewImage” (node 2): “images” is connected to node 1, which is not there. [2.images]",
    "LoadImage with a missing file": "edit: “LoadImage” (node 1): the image “nothere.png” is not on the instance. [1.image]",
    "LoadImage path traversal": "edit: “LoadImage” (node 1): the image “../../../../etc/passwd” is not on the instance. [1.image]",
    "a dependency cycle": "edit: These nodes wait for each other: “ImageInvert” (node 1), “ImageInvert” (node 2).",
    "ONE GOOD AND ONE BAD OUTPUT: status 200, the bad one is left out and reported in node_errors": "run_rest: ComfyUI left out what depends on “LoadImage” (node 3). [3.image]",
    "node without inputs key": "edit: “EmptyImage” (node 1) has no inputs at all: the workflow is damaged.",
    "a UI-format workflow posted as prompt": "open_log: ComfyUI could not read the workflow at all.",
    "UI workflow as body": "edit: ComfyUI got no workflow.",
    "no prompt key": "edit: ComfyUI got no workflow.",
    "not JSON": "open_log: ComfyUI could not read the workflow at all.",
    "JSON list body": "edit: ComfyUI got no workflow.",
    "prompt is a list": "edit: The workflow has no node that saves or shows anything.",
    "prompt is null": "open_log: ComfyUI could not read the workflow at all.",
    "no body": "open_log: ComfyUI could not read the workflow at all.",
    "list as a widget value": "edit: “RigWidgets” (node 1): a list is not a choice of “multi”; it takes m1, m2, m3. [1.multi]",
    "widget value as bare list of 2 is taken for a link": "edit: “RigWidgets” (node 1): “multi” is connected to node m1, which is not there. [1.multi]",
    "null for an INT": "edit: “EmptyImage” (node 1): “width” is nothing, but a whole number is needed. [1.width]",
}  # fmt: skip


def test_every_recorded_refusal_is_said_in_words() -> None:
    said = {}
    note = ""
    for row in rows("06_validation_errors"):
        note = row.get("text", note)
        if row["kind"] == "http" and row["req"]["path"] == "/prompt" and (found := _explained(row)):
            fields = " ".join(problem.field for problem in found.problems if problem.field)
            said[note] = f"{found.action}: {found.message}" + (f" [{fields}]" if fields else "")
            assert found.hint.endswith(".")

    assert said == REFUSED


def _explained(row: dict[str, Any]) -> Explained | None:
    status, body = row["res"]["status"], row["res"]["body"]
    sent = row["req"]["body"]
    prompt = sent.get("prompt") if isinstance(sent, dict) else None
    prompt = prompt if isinstance(prompt, dict) else {}
    if status == 400:
        return explain(prompt_refused(body), prompt)
    if status == 500:
        return explain(RequestRefused("/prompt", 500, body), prompt)
    left_out = submitted(body, body["prompt_id"]).node_errors
    return explain_left_out(left_out, prompt) if left_out else None


PROMPT = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_bse.safetensors"}, "_meta": {"title": "Load Checkpoint"}},
    "3": {"class_type": "KSampler", "inputs": {"model": ["4", 0], "sampler_name": "eular"}, "_meta": {"title": "Sampler"}},
}  # fmt: skip
OBJECT_INFO = {
    "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["sd_xl_base.safetensors", "flux1-dev.safetensors"], {}]}}},
    "KSampler": {"input": {"required": {"sampler_name": ["COMBO", {"options": ["euler", "heun"]}], "model": ["MODEL", {}]}}},
}  # fmt: skip


def test_a_missing_model_comes_with_the_ones_that_are_like_it() -> None:
    long_list = NodeProblem("4", "CheckpointLoaderSimple", "value_not_in_list", "Value not in list", "ckpt_name: 'sd_xl_bse.safetensors' not in (list of length 40)", "ckpt_name", {"input_config": None})  # fmt: skip
    refused = PromptRefused("prompt_outputs_failed_validation", "failed", [long_list])

    found = explain(refused, PROMPT, OBJECT_INFO)

    assert found.message == (
        "“Load Checkpoint” (node 4): the model “sd_xl_bse.safetensors” is not on the instance; "
        "it has sd_xl_base.safetensors."
    )
    assert found.action == "choose_model"
    assert found.problems[0].field == "4.ckpt_name"


def test_choices_of_newer_servers_are_offered_too() -> None:
    problem = NodeProblem("3", "KSampler", "value_not_in_list", "", "", "sampler_name", {"received_value": "eular"})  # fmt: skip

    found = explain(PromptRefused("x", "y", [problem]), PROMPT, OBJECT_INFO)

    assert "“eular” is not a choice of “sampler_name”; it takes euler." in found.message


def test_the_gravest_problem_decides_what_to_do() -> None:
    problems = [
        NodeProblem("3", "KSampler", "required_input_missing", "", "model", "model"),
        NodeProblem("4", "CheckpointLoaderSimple", "value_not_in_list", "", "", "ckpt_name"),
    ]

    found = explain(PromptRefused("x", "y", problems), PROMPT, OBJECT_INFO)

    assert found.action == "choose_model"
    assert found.problems[0].message == "“Sampler” (node 3): “model” is not connected, but the node needs it."  # fmt: skip


def test_newer_servers_name_the_missing_node_type_in_the_error_itself() -> None:
    extra = {"node_id": "3", "class_type": "FancySampler", "node_title": "Sampler"}

    found = explain(PromptRefused("missing_node_type", "Node not found", extra_info=extra), PROMPT)

    assert found.action == "install_pack"
    assert found.message == "“Sampler” (node 3): the node type “FancySampler” is not installed on the instance."  # fmt: skip


CAUSES = {
    "OOM of torch": ("torch.OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB", "free_memory", "the GPU ran out of memory"),
    "OOM of older torch": ("torch.cuda.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory.", "free_memory", "the GPU ran out of memory"),
    "OOM by text": ("RuntimeError", "Allocation on device ", "free_memory", "the GPU ran out of memory"),
    "OOM of AMD": ("RuntimeError", "HIP error: out of memory", "free_memory", "the GPU ran out of memory"),
    "RAM": ("RuntimeError", "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory", "free_memory", "the instance ran out of main memory (RAM)"),
    "module": ("ModuleNotFoundError", "No module named 'insightface'", "install_pack", "the Python package “insightface” is missing on the instance"),
    "disk": ("OSError", "[Errno 28] No space left on device", "retry", "the instance's disk is full"),
    "cut model": ("safetensors_rust.SafetensorError", "Error while deserializing header: MetadataIncompleteBuffer", "choose_model", "a model file is damaged or incomplete"),
    "family": ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (77x2048 and 768x320)", "choose_model", "models that do not belong together are combined"),
    "numpy": ("numpy._core._exceptions._ArrayMemoryError", "Unable to allocate 3.00 GiB", "free_memory", "the instance ran out of main memory (RAM)"),
    "sizes": ("RuntimeError", "Sizes of tensors must match except in dimension 1. Expected size 64 but got size 80", "edit", "things of different sizes meet"),
    "no clip": ("RuntimeError", "ERROR: clip input is invalid: None", "choose_model", "a model file is not of the kind that the node needs"),
    "driver": ("RuntimeError", "CUDA error: no kernel image is available for execution on the device", "open_log", "CUDA error: no kernel image is available for execution on the device"),
    "unknown": ("ValueError", "\n\n  something odd\nsecond line", "open_log", "something odd"),
    "nothing said": ("ValueError", "", "open_log", "ValueError"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "said", "action", "words"), CAUSES.values(), ids=CAUSES)
def test_known_causes(kind: str, said: str, action: str, words: str) -> None:
    end = Verdict(outcome="error", node_id="3", node_type="KSampler", error=said, error_type=kind)

    found = explain(end, PROMPT)

    assert found.message == f"“Sampler” (node 3) failed: {words}."
    assert found.action == action


def test_a_long_traceback_keeps_its_end() -> None:
    lines = tuple(f"line {number} " + "x" * 300 for number in range(200))
    end = Verdict(outcome="error", node_id="3", error="boom", traceback=lines)

    found = explain(end, PROMPT)

    assert found.traceback[-1].startswith("line 199 ")
    assert sum(map(len, found.traceback)) < 2000


def test_the_other_endings() -> None:
    assert explain(Verdict(outcome="interrupted", node_id="3"), PROMPT).message == "Someone else interrupted the run on the instance while “Sampler” (node 3) ran."  # fmt: skip
    assert explain(lost("the server was restarted"), PROMPT).message == "ComfyUI does not know this run any more: the server was restarted."  # fmt: skip
    assert explain(lost("x"), PROMPT).action == "retry"
    assert explain(RequestRefused("/prompt", 413, "too big"), PROMPT).message == "The workflow is bigger than ComfyUI accepts."  # fmt: skip
    gone: list[ComfyError] = [ServerGone("1.2.3.4:8188", "refused"), ServerSilent("/queue", 10)]
    assert [explain(error, PROMPT).action for error in gone] == ["retry", "retry"]


def test_a_loop_is_found_in_a_chain_of_thousands() -> None:
    chain = {str(n): {"inputs": {"x": [str(n + 1), 0]}} for n in range(20_000)}

    assert find_loop(chain) == []
    chain["20000"] = {"inputs": {"x": ["19998", 0]}}
    assert find_loop(chain) == ["19998", "19999", "20000"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
KINDS = st.sampled_from(
    ["required_input_missing", "value_not_in_list", "value_smaller_than_min", "value_bigger_than_max",
     "invalid_input_type", "custom_validation_failed", "return_type_mismatch", "bad_linked_input",
     "exception_during_validation", "dependency_cycle", "missing_node_type", "new_in_2027"]
)  # fmt: skip
PROBLEMS = st.builds(
    NodeProblem,
    node_id=st.sampled_from(["3", "4", "99", "", "a.b"]) | st.text(max_size=30),
    node_type=st.text(max_size=30),
    kind=KINDS,
    message=st.text(max_size=50),
    details=st.text(max_size=50),
    input_name=st.sampled_from(["", "model", "ckpt_name"]) | st.text(max_size=20),
    extra_info=st.dictionaries(
        st.sampled_from(["input_config", "received_value", "received_type", "exception_type"]), JSON
    ),
)


@settings(max_examples=50, deadline=None)
@given(
    problems=st.lists(PROBLEMS, max_size=4),
    prompt=st.dictionaries(st.sampled_from(["3", "4"]), JSON, max_size=2),
    info=st.dictionaries(st.text(max_size=8), JSON, max_size=2),
)
def test_any_refusal_has_words(problems: list[NodeProblem], prompt: Any, info: Any) -> None:
    found = explain(PromptRefused("prompt_outputs_failed_validation", "no", problems), prompt, info)

    assert found.message
    assert all(p.message.isprintable() and len(p.message) < 1000 for p in found.problems)
