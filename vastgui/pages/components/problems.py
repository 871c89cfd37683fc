"""Says which nodes of a workflow are not known, and what to do about it."""

from collections.abc import Sequence

from nicegui import ui

from vastgui.comfy.convert import Problem

SHOWN = 12


def problems_note(problems: Sequence[Problem], *, known_from_instance: bool) -> None:
    """`known_from_instance`: it was the instance itself that did not know them."""
    where = "on this instance" if known_from_instance else "without its instance"
    with ui.element("div").classes("vg-note tone-wait"):
        ui.element("i").classes("ico ico-info")
        with ui.element("div").classes("vg-grow"):
            with ui.element("p"), ui.element("b"):
                ui.label(f"The parameters of this workflow cannot be shown {where}.")
            with ui.element("p"):
                ui.label(
                    "Install the packs below with a setup, or choose another instance."
                    if known_from_instance
                    else "Press Check: once the instance has told which nodes it has, they come."
                )
    _list(problems)


def missing_note(problems: Sequence[Problem]) -> None:
    """Nodes that the chosen instance has not; the rest of the form can be filled in meanwhile."""
    one = len(problems) == 1
    with ui.element("div").classes("vg-note tone-wait"):
        ui.element("i").classes("ico ico-warning")
        with ui.element("div").classes("vg-grow"):
            with ui.element("p"), ui.element("b"):
                ui.label(
                    "This instance lacks a node." if one else "This instance lacks some nodes."
                )
            _list(problems)


def _list(problems: Sequence[Problem]) -> None:
    with ui.element("ul").classes("vg-problems"):
        for problem in problems[:SHOWN]:
            with ui.element("li"):
                with ui.element("b"):
                    ui.label(problem.title or problem.node_type or "The file")
                ui.label(problem.reason)
                if problem.pack:
                    ui.label(f"Comes with {problem.pack}.").classes("vg-muted")
        if len(problems) > SHOWN:
            with ui.element("li"):
                ui.label(f"and {len(problems) - SHOWN} more.").classes("vg-muted")
