"""The form of a workflow: what was typed, what it stands for, what is wrong."""

from typing import Any

import pytest

from vastgui.comfy.form import fields
from vastgui.pages.sheet import Sheet, as_text, form, rows_of

INFO: dict[str, Any] = {
    "KSampler": {
        "input": {
            "required": {
                "seed": ["INT", {"min": 0, "max": 2**64 - 1}],
                "steps": ["INT", {"min": 1, "max": 10000}],
                "cfg": ["FLOAT", {"min": 0.0, "max": 100.0, "step": 0.1}],
                "sampler_name": [["euler", "dpmpp_2m"]],
                "scheduler": [["normal", "karras"]],
                "positive": ["CONDITIONING"],
            }
        },
        "output": ["LATENT"],
    },
    "CLIPTextEncode": {
        "input": {"required": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}},
        "output": ["CONDITIONING"],
    },
    "LoadImage": {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE"],
    },
}
PROMPT: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 2**63 + 1, "steps": 20, "cfg": 7.0, "sampler_name": "euler",
                   "scheduler": "normal", "positive": ["6", 0]},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
    "10": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
}  # fmt: skip


@pytest.fixture
def sheet() -> Sheet:
    return Sheet(PROMPT, INFO, fields(PROMPT, INFO, {"3.seed": "randomize"}))


def rows(sheet: Sheet) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in form(sheet)["rows"]}


def test_nothing_typed_is_nothing_set(sheet: Sheet) -> None:
    assert sheet.check() == ""
    assert sheet.parameters() == {}
    assert sheet.seed_controls() == {"3.seed": "randomize"}
    assert not sheet.is_changed


def test_what_is_typed_becomes_values(sheet: Sheet) -> None:
    sheet.put({"6.text": "two\nfoxes", "3.steps": "8", "3.cfg": "6.5", "3.scheduler": "karras"})
    sheet.control("3.seed", "fixed")
    sheet.put({"3.seed": str(2**64 - 1)})
    assert sheet.check() == ""
    assert sheet.parameters() == {
        "6.text": "two\nfoxes", "3.steps": 8, "3.cfg": 6.5, "3.scheduler": "karras",
        "3.seed": 2**64 - 1,
    }  # fmt: skip


def test_a_random_seed_is_not_sent(sheet: Sheet) -> None:
    sheet.put({"3.seed": "77"})
    assert sheet.parameters() == {}


def test_all_wrong_fields_are_told_at_once_and_heal_by_typing(sheet: Sheet) -> None:
    sheet.put({"3.steps": "0", "3.cfg": "warm"})
    assert sheet.check() == "3.steps"
    assert sheet.errors.keys() == {"3.steps", "3.cfg"}
    assert "3.steps" not in sheet.errors["3.steps"]
    assert sheet.put({"3.steps": "9"}) == ["3.steps"]
    assert rows(sheet)["3.steps"]["error"] == ""


def test_back_to_the_own_value_is_no_change(sheet: Sheet) -> None:
    sheet.put({"3.cfg": "8"})
    assert sheet.is_changed
    sheet.put({"3.cfg": "7"})
    assert not sheet.is_changed


def test_a_file_takes_the_place_of_the_name(sheet: Sheet) -> None:
    sheet.put({"10.image": "b.png"})
    sheet.files["10.image"] = {"id": "x", "name": "c.png"}
    assert sheet.parameters() == {}
    assert sheet.kept()["files"] == {"10.image": "x"}


def test_a_drawn_seed_stays_and_fits_its_range(sheet: Sheet) -> None:
    sheet.dice("3.seed")
    assert sheet.seed_controls() == {"3.seed": "fixed"}
    assert 0 <= sheet.parameters()["3.seed"] < 2**64


def test_a_seed_that_counts_is_not_typed_again(sheet: Sheet) -> None:
    sheet.control("3.seed", "increment")
    sheet.put({"3.seed": "5"})
    sheet.launched()
    assert sheet.parameters() == {}


def test_wide_numbers_travel_as_text_without_a_number_field(sheet: Sheet) -> None:
    seed = rows(sheet)["3.seed"]
    assert (seed["value"], seed["wide"], seed["max"]) == (str(2**63 + 1), True, None)


def test_a_slider_spans_what_a_hand_wants_and_what_is_set(sheet: Sheet) -> None:
    assert rows(sheet)["3.steps"]["slider"] == [1, 60]
    sheet.put({"3.steps": "150"})
    assert rows(sheet)["3.steps"]["slider"] == [1, 150]
    sheet.put({"3.steps": "many"})
    assert rows(sheet)["3.steps"]["slider"] == [1, 60]


def test_choices_are_sent_once_and_rows_keep_their_numbers(sheet: Sheet) -> None:
    whole = form(sheet)
    assert whole["lists"] == [["euler", "dpmpp_2m"], ["normal", "karras"]]
    (row,) = rows_of(sheet, ["3.scheduler"])
    assert row["list"] == 1


def test_values_of_another_workflow_are_dropped() -> None:
    kept = {"99.text": "x", "3.steps": "4"}
    sheet = Sheet(PROMPT, INFO, fields(PROMPT, INFO), typed=kept, controls={"99.seed": "fixed"})
    assert sheet.parameters() == {"3.steps": 4}
    assert "99.seed" not in sheet.seed_controls()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (7.0, "7"), (0.35, "0.35"), (None, ""), (2**64 - 1, "18446744073709551615")],
)
def test_values_as_text(value: object, text: str) -> None:
    assert as_text(value) == text
