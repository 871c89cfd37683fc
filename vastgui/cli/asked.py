"""The values of `--set`, `--input` and `--seed-control`: by field, or by what a person calls it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vastgui.comfy.fields import FILE_KINDS, Field
from vastgui.comfy.roles import ROLES
from vastgui.errors import InvalidInput
from vastgui.generating import Form

CONTROLS = ("fixed", "increment", "decrement", "randomize")


@dataclass
class Asked:
    """Reads the flags against the form of a workflow, which may be unknown without a link."""

    form: Form

    def parameters(self, pairs: Iterable[str]) -> dict[str, str]:
        """`6.text=a cat`, or `prompt=a cat` where only one field is the prompt."""
        out: dict[str, str] = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not key.strip() or not equals:
                raise InvalidInput("--set", f"{pair[:80]!r} must be FIELD=VALUE.")
            out[self._field("--set", key.strip())] = value
        return out

    def inputs(self, given: Iterable[str]) -> dict[str, Path]:
        """`10.image=cat.png`, or `cat.png` where the workflow wants one file only."""
        out: dict[str, Path] = {}
        for text in given:
            key, equals, value = text.partition("=")
            if equals and self._is_field(key) and not Path(text).exists():
                out[self._field("--input", key)] = Path(value)
            else:
                out[self._only_file(text)] = Path(text)
        return out

    def controls(self, given: Iterable[str]) -> dict[str, str]:
        """`randomize` for every seed, or `3.seed=fixed` for one."""
        out: dict[str, str] = {}
        for text in given:
            key, equals, control = text.rpartition("=")
            if control not in CONTROLS:
                raise InvalidInput("--seed-control", f"must be one of {', '.join(CONTROLS)}.")
            seeds = [self._field("--seed-control", key)] if equals else self._seeds
            if not seeds:
                raise InvalidInput("--seed-control", "the workflow has no seed: leave it out.")
            out |= dict.fromkeys(seeds, control)
        return out

    @cached_property
    def _seeds(self) -> list[str]:
        return [f.id for f in self.form.fields if f.role == "seed" or f.control]

    @cached_property
    def _files(self) -> list[Field]:
        return [f for f in self.form.fields if f.kind in FILE_KINDS]

    def _is_field(self, key: str) -> bool:
        return key in ROLES or any(f.id == key for f in self.form.fields) or not self._files

    def _field(self, flag: str, key: str) -> str:
        """The field that `key` names: its id, or the one field that has this role."""
        if key not in ROLES:
            return key
        found = [f.id for f in self.form.fields if f.role == key]
        if len(found) != 1:
            which = f"is {', '.join(found[:6])}: name one" if found else "is not in this workflow"
            raise InvalidInput(flag, f"{key} {which}.")
        return found[0]

    def _only_file(self, text: str) -> str:
        found = [f.id for f in self._files]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InvalidInput(
                "--input", f"the workflow wants no file: {text[:80]!r} has no place."
            )
        hint = f"Name one: --input {found[0]}={text}"
        raise InvalidInput("--input", f"the workflow wants {len(found)} files.", hint=hint)
