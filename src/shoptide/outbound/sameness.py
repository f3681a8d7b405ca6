"""Whether a row's changed value is one value with what was sent before, to the store: then it is no change.

The store keeps tags sorted and once each, numbers in E.164, e-mail addresses in small letters. A source that reads a
pulled table gets its own writes back that way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shoptide.outbound.likeness import Shape, holds
from shoptide.outbound.lookup import fold_email, fold_handle
from shoptide.outbound.session import Session

Same = Callable[[str, Any, Any], bool]  # field, value sent last, value of the row now


def no_others(_name: str, _before: Any, _after: Any) -> bool:
    """Only values that are written alike are one."""
    return False


def to_the_store(session: Session) -> Same:
    """How values of a push's object are compared."""
    schema, fields = session.schema, session.target.fields(session.schema)

    def same(name: str, before: Any, after: Any) -> bool:
        if name == "tags" and isinstance(before, list) and isinstance(after, list):
            return tags(before) == tags(after)
        if name in FOLDS and isinstance(before, str) and isinstance(after, str):
            folded = FOLDS[name](session, before)
            return folded is not None and folded == FOLDS[name](session, after)
        if _has_text_list(before) or _has_text_list(after):
            return False  # what their order and letters mean is not known
        shape = Shape.of(schema, fields, name)
        return shape is not None and holds(before, after, shape) and holds(after, before, shape)

    return same


FOLDS: Mapping[str, Callable[[Session, str], str | None]] = {
    "email": lambda _session, text: fold_email(text),
    "phone": lambda session, text: session.phone(text),
    "handle": lambda _session, text: fold_handle(text),
}


def tags(given: list[Any]) -> list[str]:
    """Tags as the store keeps them: trimmed, cut at commas, each once in its first spelling, sorted (FACTS 31)."""
    first: dict[str, str] = {}
    for each in given:
        for tag in str(each).split(","):
            if tag.strip():
                first.setdefault(tag.strip().lower(), tag.strip())
    return sorted(first.values())


def _has_text_list(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_text_list(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(isinstance(each, str) or _has_text_list(each) for each in value)
    return False
