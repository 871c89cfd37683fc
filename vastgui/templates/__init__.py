"""Setup templates: YAML files that say which steps a run has. See docs/templates.md.

yamlfile (strict reading) < actions, variables, secrets, nodelist < parse < library; build.
"""

from vastgui.templates.actions import load_actions
from vastgui.templates.build import build_plan
from vastgui.templates.library import Templates
from vastgui.templates.model import (
    Actions,
    ActionSpec,
    BrokenTemplate,
    ParamSpec,
    Template,
    TemplateStep,
)
from vastgui.templates.parse import load_template

__all__ = [
    "ActionSpec",
    "Actions",
    "BrokenTemplate",
    "ParamSpec",
    "Template",
    "TemplateStep",
    "Templates",
    "build_plan",
    "load_actions",
    "load_template",
]
