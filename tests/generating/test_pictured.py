"""A picture's workflow is opened with what the picture was made with."""

import json
from typing import Any

from vastgui.services import Services


def picture(services: Services, **changed: Any) -> bytes:
    """A file that holds the workflow as it was saved, and the prompt as it ran."""
    form = services.form("text-to-image")
    prompt = json.loads(json.dumps(form.prompt))
    for field, value in changed.items():
        node_id, _, name = field.partition("_")
        prompt[node_id]["inputs"][name] = value
    return json.dumps({"workflow": form.workflow.graph, "prompt": prompt}).encode()


def test_the_form_shows_what_ran_and_the_run_repeats_it(services: Services) -> None:
    data = picture(services, **{"2_text": "a red fox", "4_seed": 2**64 - 1})
    form = services.form(data)
    values = {f.id: f.value for f in form.fields}
    assert (values["2.text"], values["4.seed"], values["4.steps"]) == ("a red fox", 2**64 - 1, 20)
    assert next(f.control for f in form.fields if f.id == "4.seed") == "fixed"
    run = services.run(services.launch_generate(data, server="localhost:8199"))
    params = run.plan().steps[0].params
    assert params["parameters"] == {"2.text": "a red fox", "4.seed": 2**64 - 1}
    assert params["seed_controls"] == {"4.seed": "fixed"}


def test_what_the_user_says_wins(services: Services) -> None:
    data = picture(services, **{"2_text": "a red fox", "4_seed": 9})
    run_id = services.launch_generate(
        data, server="localhost:8199", parameters={"2.text": "a blue fox"},
        seed_controls={"4.seed": "randomize"},
    )  # fmt: skip
    params = services.run(run_id).plan().steps[0].params
    assert params["parameters"] == {"2.text": "a blue fox"}
    assert params["seed_controls"] == {"4.seed": "randomize"}


def test_links_and_other_nodes_of_the_same_id_are_left_alone(services: Services) -> None:
    form = services.form("text-to-image")
    prompt = json.loads(json.dumps(form.prompt))
    prompt["2"] = {"class_type": "Other", "inputs": {"text": "x"}}
    prompt["4"]["inputs"] = {"model": "text for a link", "steps": ["9", 0], "cfg": None}
    prompt["6"] = 5
    data = json.dumps({"workflow": form.workflow.graph, "prompt": prompt}).encode()
    assert services.form(data).prompt == form.prompt
