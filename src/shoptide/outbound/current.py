"""Reads what the store holds of records' fields now, in the shapes rows have: for column policies and live plans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoptide.outbound.session import Session
from shoptide.resources.objects import PushObject
from shoptide.shopify.schema import Schema, Type

MOST_METAFIELDS = 100
BATCH = 250  # ids in one document, when nothing of the selection is a list
FEW = 100  # ids in one document otherwise


def selection(target: PushObject, schema: Schema, name: str) -> str | None:
    """How to ask for a field in the shape a row gives it; None where the store doesn't show what was written."""
    field = schema.type(target.kind).fields.get(name)
    given = schema.type(target.fields(schema)[name].strip("[]!")) if name in target.fields(schema) else None
    if field is None or given is None:
        return None
    held = schema.type(field.type.name)
    if name == "metafields":
        return f"metafields(first: {MOST_METAFIELDS}) {{ nodes {{ namespace key type value }} }}"
    if held.is_leaf:
        return name if given.is_leaf else None
    if given.name == "ID":
        return f"{name} {{ id }}"
    shared = _shared(schema, held, given)
    return f"{name} {{ {' '.join(shared)} }}" if shared and not held.is_connection else None


def _shared(schema: Schema, held: Type, given: Type) -> list[str]:
    """The plain fields that an input type and the type it becomes have in common."""
    both = [name for name in given.inputs if name in held.fields]
    return [name for name in both if schema.type(held.fields[name].type.name).is_leaf]


def current(session: Session, gids: Iterable[str], names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the store holds of some fields: gid → field → value; fields that can't be read that way are left out."""
    found: dict[str, dict[str, Any]] = {}
    asked = {name: text for name in names if (text := selection(session.target, session.schema, name))}
    wanted = sorted(set(gids))
    if not asked or not wanted:
        return found
    kind, fields = session.target.kind, " ".join(asked.values())
    document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ id {fields} }} }} }}"
    size = BATCH if all(text == name for name, text in asked.items()) else FEW
    for start in range(0, len(wanted), size):
        for node in session.query(document, {"ids": wanted[start : start + size]})["nodes"]:
            if node:
                found[node["id"]] = {name: _as_given(node[name], text) for name, text in asked.items()}
    return found


def _as_given(value: Any, text: str) -> Any:
    """A connection as its list, a record that is named by its id as that id."""
    if isinstance(value, dict):
        if "nodes" in value:
            return value["nodes"]
        if text.endswith("{ id }"):
            return value["id"]
    return value
