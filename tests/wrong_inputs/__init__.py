"""Over 200 wrong inputs to API, command line, templates and forms, and what each must answer."""

import contextlib
from pathlib import Path

from tests.wrong_inputs import api, cli, forms, templates
from tests.wrong_inputs.case import Answer, Wrong
from tests.wrong_inputs.world import World

__all__ = ["WRONG", "Answer", "World", "Wrong", "run_all"]

WRONG = (*api.cases(), *cli.cases(), *templates.cases(), *forms.cases())


def run_all(folder: Path, tries: int = 5) -> list[Answer]:
    """Give every one of them, those with slow answers up to `tries` times: machines are noisy."""
    with contextlib.closing(World(folder)) as world:
        return [world.ask(case, tries) for case in WRONG]
