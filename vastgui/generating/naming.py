"""What a person calls a field of a workflow: its id, or what it is to them where only one is it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from vastgui.comfy.fields import FILE_KINDS, Field
from vastgui.comfy.roles import ROLES
from vastgui.errors import InvalidInput
from vastgui.generating.form import Form


@dataclass
class Naming:
    """Of one form, which may be empty: then only the instance knows the workflow's fields.

    `where` is what errors call the place that named the field.
    """

    form: Form

    @cached_property
    def files(self) -> list[Field]:
        return [f for f in self.form.fields if f.kind in FILE_KINDS]

    @cached_property
    def seeds(self) -> list[str]:
        return [f.id for f in self.form.fields if f.role == "seed" or f.control]

    def knows(self, key: str) -> bool:
        return key in ROLES or any(f.id == key for f in self.form.fields) or not self.files

    def field(self, where: str, key: str) -> str:
        """The field that `key` names: its id, or the one field that has this role."""
        if key not in ROLES:
            return key
        found = [f.id for f in self.form.fields if f.role == key]
        if len(found) != 1:
            some = ", ".join(f.id for f in self.form.fields[:6])
            missing = f"is not in this workflow: its fields are {some}, ..."
            which = f"is {', '.join(found[:6])}: name one" if found else missing
            raise InvalidInput(where, f"{key} {which}.")
        return found[0]

    def only_file(self, where: str, given: str, naming: Callable[[str], str]) -> str:
        """The one field that wants a file. `naming`: how a field is named, for the hint."""
        found = [f.id for f in self.files]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InvalidInput(where, f"the workflow wants no file: leave {given[:80]!r} out.")
        hint = f"Name one: {naming(found[0])}"
        raise InvalidInput(where, f"the workflow wants {len(found)} files.", hint=hint)
