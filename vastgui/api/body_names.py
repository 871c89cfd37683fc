"""Which names there are at a place of a request, to say which one may have been meant."""

import types
import typing
from collections.abc import Collection, Sequence
from typing import Any

from fastapi import Request
from pydantic import BaseModel


def known_names(request: Request, loc: Sequence[str | int]) -> Collection[str]:
    """The keys of the body's object that holds the last part of `loc`."""
    field = getattr(request.scope.get("route"), "body_field", None)
    hint: Any = field.field_info.annotation if field is not None and loc[:1] == ("body",) else None
    for part in loc[1:-1]:
        model = _model(hint)
        if isinstance(part, int) or model is None:
            continue
        known = model.model_fields.get(part)
        hint = known.annotation if known else None
    model = _model(hint)
    return list(model.model_fields) if model else []


def _model(hint: Any) -> type[BaseModel] | None:
    """The model inside `Model | None` or `list[Model]`."""
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        return hint if issubclass(hint, BaseModel) else None
    return next((m for inner in typing.get_args(hint) if (m := _model(inner))), None)
