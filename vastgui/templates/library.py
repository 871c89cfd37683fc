"""All templates there are: the shipped ones and the user's own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from vastgui.errors import InvalidInput, VastguiError
from vastgui.templates.actions import load_actions
from vastgui.templates.model import BrokenTemplate, NoSuchTemplate, Template
from vastgui.templates.nodelist import is_node_list
from vastgui.templates.parse import load_template
from vastgui.yamlfile import suggest


class Templates:
    """Reads the files anew at each call, so that an edited template is seen at once."""

    def __init__(self, assets: Path, user_dir: Path) -> None:
        self.actions = load_actions(assets)
        self.shipped_dir = assets / "setups"
        self.user_dir = user_dir

    def all(self) -> list[Template | BrokenTemplate]:
        """The shipped templates, then the user's; one of the user's replaces a shipped namesake."""
        shipped = {t.id: t for t in self._load(self.shipped_dir)}
        user: dict[str, Template | BrokenTemplate] = {}
        for template in self._load(self.user_dir):
            twin = user[template.id].path if template.id in user else None
            user[template.id] = _as_users(template, shipped, twin)
        return [*(user.pop(id_, template) for id_, template in shipped.items()), *user.values()]

    def get(self, template_id: str) -> Template:
        """The template of this id. Raises `InvalidInput` when it is broken or not there."""
        known = {t.id: t for t in self.all()}
        match known.get(template_id):
            case Template() as template:
                return template
            case BrokenTemplate(error=error, hint=hint):
                raise InvalidInput("template", f"{template_id} cannot be used. {error}", hint=hint)
            case _:
                said = f"there is no {template_id[:100]!r}. {suggest(template_id[:100], known)}"
                raise NoSuchTemplate("template", said)

    def _load(self, folder: Path) -> Iterator[Template | BrokenTemplate]:
        paths = [*folder.glob("*.yaml"), *folder.glob("*.yml")]
        for path in sorted(p for p in paths if not p.name.startswith(".")):
            try:
                yield load_template(path, self.actions)
            except VastguiError as error:
                if not is_node_list(path):
                    yield BrokenTemplate(path.stem, path, error.message, error.hint)


def _as_users(
    template: Template | BrokenTemplate, shipped: Mapping[str, object], twin: Path | None
) -> Template | BrokenTemplate:
    if twin:
        error = f"{template.path.name} has the same id as {twin.name}."
        return BrokenTemplate(template.id, template.path, error, "Give one of them another id.")
    if isinstance(template, Template):
        return replace(template, user=True, overrides=template.id in shipped)
    if template.id in shipped:
        hint = f"{template.hint} Without this file the shipped {template.id} is used.".strip()
        return replace(template, hint=hint)
    return template
