"""What a blocked run asks, as its card takes it. Pure."""

from collections.abc import Mapping
from typing import Any

from vastgui.pages.present import Json
from vastgui.state.model import Question


def question(q: Question | None) -> Json | None:
    """The card of a blocked run. Details are shown line by line, under their names."""
    if q is None:
        return None
    return {
        "ask_id": q.ask_id,
        "kind": q.kind,
        "text": q.text,
        "choices": [{"value": c, "label": choice_label(c)} for c in q.choices],
        "details": [[detail_label(k), str(v)] for k, v in details(q.details)],
        "warns": q.kind.endswith("changed"),
    }


def details(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(k, v) for k, v in values.items() if v not in ("", None)]


def choice_label(choice: str) -> str:
    words = {"trust": "Trust this key", "refuse": "Refuse and stop"}
    return words.get(choice, choice.replace("_", " ").capitalize())


def detail_label(name: str) -> str:
    words = {
        "fingerprint": "Shown now",
        "known_fingerprint": "Trusted before",
        "key_type": "Key type",
        "host": "Address",
    }
    return words.get(name, name.replace("_", " ").capitalize())
