"""A walk through the JSON schemas of payloads, as far as these use the language: types, required names, entries.

The schemas were drawn from examples. Where an example showed nothing (`items: false`, a bare null), they say nothing of
what may stand there, and the walk asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),  # a rate or a weight was whole in the example: see WHOLE
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
WHOLE = frozenset({"rate", "weight_value"})
Problem = tuple[str, str]  # where, what


def problems(value: Any, schema: Any, path: str = "") -> Iterator[Problem]:
    """What of a value the schema does not allow."""
    names = _types(schema)
    if isinstance(schema, bool) or names == ["null"]:
        return
    if "anyOf" in schema:
        if all(list(problems(value, branch, path)) for branch in schema["anyOf"]):
            yield path, "fits no branch"
    elif names and not any(_is(value, name) for name in (*names, *(("number",) if _named(path) in WHOLE else ()))):
        yield path, f"{type(value).__name__} is not {'|'.join(names)}"
    elif isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        for entry in value:
            yield from problems(entry, schema.get("items", True), f"{path}[]")
    elif schema.get("format") == "date-time" and path.endswith("_at") and not _is_time(value):
        yield path, "a time without a zone"


def _types(schema: Any) -> list[str]:
    names = schema.get("type", []) if isinstance(schema, dict) else []
    return [names] if isinstance(names, str) else list(names)


def _named(path: str) -> str:
    return path.rsplit(".", 1)[-1]


def _is_time(value: Any) -> bool:
    return value is None or datetime.fromisoformat(value).tzinfo is not None


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _object(value: dict[str, Any], schema: Any, path: str) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}", "is missing"
    for name, held in value.items():
        if name in schema.get("properties", {}):
            yield from problems(held, schema["properties"][name], f"{path}.{name}")
