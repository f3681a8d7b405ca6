"""Which column of a row an error of the store is about, and the value there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shoptide.outbound.rows import Draft
from shoptide.outbound.session import UserError
from shoptide.resources.objects import PushObject

# Steps of paths that mean the record itself.
RECORD = frozenset({"id", "customerId", "productId", "orderId", "fulfillmentId", "ownerId"})


def leading(target: PushObject, draft: Draft, errors: Sequence[UserError]) -> UserError:
    """The error to tell first: one that leads to a column; the store often begins with a general one."""
    return next((error for error in errors if column_of(target, draft, error)), errors[0])


def column_of(target: PushObject, draft: Draft, error: UserError) -> str | None:
    """The row's field an error is about: a step of its path, what the store calls it otherwise, what the mutation
    that was refused is for, or the message's first words."""
    steps, values = error.path, draft.values
    found = next((step for step in steps if step in values), None)
    if found is not None:
        return found
    named = (name for step in reversed(steps) for name in target.told.get(step, ()))
    found = next((name for name in named if name in values), None)
    if found is None:
        found = next((name for name in target.told.get(error.mutation or "", ()) if name in values), None)
    if found is None and steps and steps[-1] in RECORD:
        found = draft.named_by or next((name for name in target.match if name in values), None)
    return found or _named_in(error.message, values)


def _named_in(message: str, values: Iterable[str]) -> str | None:
    """`Product type is too long` → productType, when its path says nothing."""
    spoken = {name: re.sub(r"(?<=[a-z0-9])([A-Z])", r" \1", name).lower() for name in values}
    begins = [name for name, words in spoken.items() if re.match(rf"{re.escape(words)}\b", message.lower())]
    return max(begins, key=len, default=None)


def value_at(draft: Draft, column: str, path: Sequence[str]) -> Any:
    """The value a path points at inside a column, as deep as the row has it."""
    if column == draft.named_by:
        return draft.gid
    value = draft.values.get(column)
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
