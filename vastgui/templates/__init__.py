"""Setup templates: YAML files that say which steps a run has. See docs/templates.md.

secrets, astext, actions, nodelist, variables < params < parse < library; build.
"""

from vastgui.templates.actions import load_actions
from vastgui.templates.astext import as_text
from vastgui.templates.build import build_plan
from vastgui.templates.library import Templates
from vastgui.templates.model import (
    Actions,
    ActionSpec,
    BrokenTemplate,
    NoSuchTemplate,
    ParamSpec,
    Template,
    TemplateStep,
)
from vastgui.templates.parse import load_template, template_of_steps

__all__ = [
    "ActionSpec",
    "Actions",
    "BrokenTemplate",
    "NoSuchTemplate",
    "ParamSpec",
    "Template",
    "TemplateStep",
    "Templates",
    "as_text",
    "build_plan",
    "load_actions",
    "load_template",
    "template_of_steps",
]
