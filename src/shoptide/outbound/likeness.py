"""Whether the store holds what a row gives, and how both are merged. Pure: two values in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from shoptide.shopify.schema import Schema, TypeRef

NUMBERS = ("Int", "UnsignedInt64", "Float", "Money", "Decimal")
INSTANTS = ("DateTime",)
EMPTY: tuple[Any, ...] = (None, "", [], {})


def is_empty(value: Any) -> bool:
    """Nothing there: also an object all of whose fields are empty, as the store's SEO is."""
    return value in EMPTY or (isinstance(value, Mapping) and all(is_empty(each) for each in value.values()))


@dataclass(frozen=True)
class Shape:
    """The input type of a value, by which is known what may be written in several ways: numbers and instants are,
    text is not, whatever digits it has."""

    schema: Schema
    type: TypeRef

    @classmethod
    def of(cls, schema: Schema, fields: Mapping[str, str], name: str) -> Shape | None:
        """The shape of a column, None where it is unknown."""
        return cls(schema, TypeRef(fields[name])) if name in fields else None

    def field(self, name: str) -> Shape:
        """The shape of a field inside; what is unknown counts as text."""
        found = self.schema.type(self.type.name).inputs.get(name)
        return Shape(self.schema, found.type if found else TypeRef("String"))

    @property
    def item(self) -> Shape:
        return Shape(self.schema, self.type.item) if self.type.is_list else self

    @property
    def is_text(self) -> bool:
        return self.type.name not in NUMBERS and self.type.name not in INSTANTS


def holds(now: Any, given: Any, shape: Shape | None = None) -> bool:
    """Whether what the store has is what a row would write: fields a row does not give don't count."""
    if isinstance(given, Mapping) and isinstance(now, Mapping):
        return all(holds(now.get(name), value, shape and shape.field(name)) for name, value in given.items())
    if isinstance(given, (list, tuple)) and isinstance(now, (list, tuple)):
        return _holds_list(now, given, shape and shape.item)
    if now == given or (is_empty(now) and is_empty(given)):
        return True
    return not (shape and shape.is_text) and _plain(now) is not None and _plain(now) == _plain(given)


def _holds_list(now: Sequence[Any], given: Sequence[Any], shape: Shape | None) -> bool:
    if is_keyed(given):
        # Metafields and the like are written one by one: those a row does not name stay.
        held = {_key(each): each for each in now}
        return all(_key(each) in held and holds(held[_key(each)], each, shape) for each in given)
    if all(isinstance(each, str) for each in (*now, *given)):
        return sorted(each.lower() for each in now) == sorted(each.lower() for each in given)
    return len(now) == len(given) and all(holds(each, wanted, shape) for each, wanted in zip(now, given, strict=True))


def _key(value: Any) -> tuple[Any, Any] | None:
    """What tells an entry of a list of keys and values from the others."""
    if isinstance(value, Mapping) and value.get("key"):
        return value.get("namespace"), value["key"]
    return None


def lacking(now: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """The entries of a list of keys and values, metafields and the like, whose key the store has nothing for."""
    held = {_key(each) for each in now if not is_empty(each.get("value"))}
    return [each for each in given if _key(each) not in held]


def is_keyed(value: Any) -> bool:
    """Whether a list's entries are told apart by a key of theirs, as metafields are."""
    return isinstance(value, (list, tuple)) and bool(value) and all(_key(each) for each in value)


def _plain(value: Any) -> Any:
    """A number or an instant that is written in several ways, as one value."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        pass
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if "T" in text else None  # noqa: FURB162  # Python 3.10 knows no Z
    except ValueError:
        return None


def merged(now: Sequence[Any], given: Any, shape: Shape | None = None) -> list[Any]:
    """The store's list with what a row adds; an entry of the same key takes the row's value."""
    result = list(now)
    for each in list(given) if isinstance(given, (list, tuple)) else [given]:
        if isinstance(each, str):
            if each.lower() not in {str(held).lower() for held in result}:
                result.append(each)
            continue
        key = _key(each)
        place = next((index for index, held in enumerate(result) if key and _key(held) == key), None)
        if place is not None:
            result[place] = each
        elif not any(holds(held, each, shape and shape.item) for held in result):
            result.append(each)
    return result
