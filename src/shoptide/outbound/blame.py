"""Which column of a row an error of the store is about, and the value there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shoptide.outbound.session import UserError
from shoptide.resources.objects import PushObject


def leading(target: PushObject, values: Mapping[str, Any], errors: Sequence[UserError]) -> UserError:
    """The error to tell first: one that leads to a column; the store often begins with a general one."""
    return next((error for error in errors if column_of(target, values, error.path)), errors[0])


def column_of(target: PushObject, values: Mapping[str, Any], path: Iterable[str]) -> str | None:
    """The row's field that a path leads to: a step that is one, or what the store calls it otherwise."""
    steps = list(path)
    found = next((step for step in steps if step in values), None)
    if found is not None:
        return found
    named = (name for step in reversed(steps) for name in target.told.get(step, ()))
    return next((name for name in named if name in values), None)


def value_at(values: Mapping[str, Any], column: str, path: Sequence[str]) -> Any:
    """The value a path points at inside a column, as deep as the row has it."""
    value = values.get(column)
    if column not in path:
        return value
    for step in path[list(path).index(column) + 1 :]:
        inner = _inner(value, step)
        if inner is None:
            return value
        value = inner
    return value


def _inner(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, (list, tuple)) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None
