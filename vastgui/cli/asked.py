"""The values of `--set`, `--input` and `--seed-control`: by field, or by what a person calls it."""

from collections.abc import Iterable
from pathlib import Path

from vastgui.config import local_path
from vastgui.errors import InvalidInput
from vastgui.generating import Form
from vastgui.generating.naming import Naming

CONTROLS = ("fixed", "increment", "decrement", "randomize")


class Asked:
    """Reads the flags against the form of a workflow, which may be unknown without a link."""

    def __init__(self, form: Form) -> None:
        self._naming = Naming(form)

    def parameters(self, pairs: Iterable[str]) -> dict[str, str]:
        """`6.text=a cat`, or `prompt=a cat` where only one field is the prompt."""
        out: dict[str, str] = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not key.strip() or not equals:
                raise InvalidInput("--set", f"{pair[:80]!r} must be FIELD=VALUE.")
            out[self._naming.field("--set", key.strip())] = value
        return out

    def inputs(self, given: Iterable[str]) -> dict[str, Path]:
        """`10.image=cat.png`, or `cat.png` where the workflow wants one file only."""
        out: dict[str, Path] = {}
        for text in given:
            key, equals, value = text.partition("=")
            if equals and self._naming.knows(key) and not Path(text).exists():
                out[self._naming.field("--input", key)] = Path(value)
            else:
                out[self._only_file(text)] = Path(text)
        for field, path in out.items():
            if not local_path(str(path), field).is_file():
                raise InvalidInput(field, f"there is no file {path}: check its path.")
        return out

    def controls(self, given: Iterable[str]) -> dict[str, str]:
        """`randomize` for every seed, or `3.seed=fixed` for one."""
        out: dict[str, str] = {}
        for text in given:
            key, equals, control = text.rpartition("=")
            if control not in CONTROLS:
                raise InvalidInput("--seed-control", f"must be one of {', '.join(CONTROLS)}.")
            seeds = [self._naming.field("--seed-control", key)] if equals else self._naming.seeds
            if not seeds:
                raise InvalidInput("--seed-control", "the workflow has no seed: leave it out.")
            out |= dict.fromkeys(seeds, control)
        return out

    def _only_file(self, text: str) -> str:
        return self._naming.only_file("--input", text, lambda name: f"--input {name}={text}")
