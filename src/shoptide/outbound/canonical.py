"""A row's values as canonical JSON, in SQL: what `rows.content_hash` hashes, for a million rows at once.

It need not know every conversion of `resources.inputs`. Where it can't tell (null), or writes a value otherwise than
Python would, the row's hash differs from the one that was kept, and Python looks at the row. What must never happen is
the reverse, a changed row with an unchanged hash: so nothing here loses a difference that Python would see.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shoptide.outbound.rows import Columns
from shoptide.resources.inputs import FILLED, Shaper, camel
from shoptide.shopify.schema import Schema, Type, TypeRef
from shoptide.warehouse import Kind
from shoptide.warehouse.names import literal, quoted

WHOLE = ("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint")
FLOATS = ("float", "double")
PLAIN = (*WHOLE, "date", "uuid", "decimal", *FLOATS)
UNTOLD = "NULL::VARCHAR"
INTEGER = "^-?(0|[1-9][0-9]*)$"
AMOUNT = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


def values_in_sql(columns: Columns, types: dict[str, Kind], schema: Schema, *, clear: bool) -> str | None:
    """An expression for the canonical JSON of a row; None when two columns mean the same field."""
    names = [name for name, _kind in columns.fields.values()]
    if len(set(names)) < len(names):
        return None
    canon = _Canon(schema)
    members = []
    for column, (name, kind) in sorted(columns.fields.items(), key=lambda item: item[1][0]):
        # A customer of an order may be an id, e-mail address or phone number, and stays what the row says.
        wanted = TypeRef("String") if name == "customer" and types[column].id != "struct" else TypeRef(kind)
        held = canon.value(wanted, types[column], quoted(column))
        members.append(_member(name, quoted(column), held, _cleared(schema, kind, name) if clear else ""))
    return _object(members)


def _cleared(schema: Schema, kind: str, name: str) -> str:
    """What a null stands for where nulls clear: the field with its empty value, or nothing."""
    try:
        empty = Shaper(schema).cleared(kind, name)
    except KeyError:
        return ""
    return f",{json.dumps(name)}:{json.dumps(empty)}"


def _member(name: str, column: str, value: str, absent: str) -> str:
    key = literal(f",{json.dumps(name)}:")
    return f"CASE WHEN {column} IS NULL THEN {literal(absent)} ELSE {key} || {value} END"


def _object(members: list[str]) -> str:
    return f"'{{' || substr({' || '.join(members) or repr('')}, 2) || '}}'"


@dataclass
class _Canon:
    """Expressions for values by the type the store wants and the type DuckDB has; null where it can't be told."""

    schema: Schema
    depth: int = 0

    def value(self, wanted: TypeRef, held: Kind, at: str) -> str:
        if wanted.is_list:
            return self._list(wanted.item, held, at)
        kind = self.schema.type(wanted.name)
        if kind.kind == "INPUT_OBJECT":
            return self._input(kind, held, at) if held.id == "struct" else UNTOLD
        if kind.kind == "ENUM":
            known = f"upper(replace(replace(trim({at}), ' ', '_'), '-', '_'))"
            return _text(known) if held.id in ("varchar", "enum") else UNTOLD
        found: str = SCALARS.get(wanted.name, _plain_text)(held.id, at)
        return found

    def _list(self, item: TypeRef, held: Kind, at: str) -> str:
        if held.id == "list":
            inner = dict(held.children)["child"]
            return self._items(item, inner, at)
        if held.id != "varchar" or self.schema.type(item.name).kind == "INPUT_OBJECT":
            return UNTOLD
        parts = f"list_filter(list_transform(string_split({at}, ','), lambda p: trim(p)), lambda p: p <> '')"
        listed = self._items(item, held, parts)
        return f"CASE WHEN starts_with(ltrim({at}), '[') THEN {UNTOLD} ELSE {listed} END"

    def _items(self, item: TypeRef, held: Kind, items: str) -> str:
        if self._is_text(item) and held.id == "varchar":
            return _json(items)
        self.depth += 1
        name = f"x{self.depth}"
        each = self.value(item, held, name)
        self.depth -= 1
        # An item that can't be told becomes what no JSON holds there.
        made = f"list_transform({items}, lambda {name}: coalesce({each}, '!'))"
        return f"'[' || array_to_string({made}, ',') || ']'"

    def _is_text(self, item: TypeRef) -> bool:
        return not item.is_list and item.name not in SCALARS and self.schema.type(item.name).kind == "SCALAR"

    def _input(self, kind: Type, held: Kind, at: str) -> str:
        members: dict[str, str] = {}
        for column, inner in held.children:
            name = camel(column)
            field = kind.inputs.get(name)
            if field is None or name in members:
                return UNTOLD
            spot = f"{at}.{quoted(column)}"
            members[name] = _member(name, spot, self.value(field.type, inner, spot), self._default(kind, name))
        for name, field in kind.inputs.items():
            if name not in members and field.required:
                if f"{kind.name}.{name}" not in FILLED:
                    return UNTOLD
                members[name] = literal(self._default(kind, name))
        return _object([members[name] for name in sorted(members)])

    @staticmethod
    def _default(kind: Type, name: str) -> str:
        filled = FILLED.get(f"{kind.name}.{name}")
        return "" if filled is None else f",{json.dumps(name)}:{json.dumps(filled)}"


def _text(at: str) -> str:
    # A column of DuckDB's type JSON is text to us: without the inner cast it would stay what it says.
    return _json(f"CAST({at} AS VARCHAR)")


def _json(at: str) -> str:
    return f"CAST(to_json({at}) AS VARCHAR)"


def _bare(at: str) -> str:
    return f"'\"' || CAST({at} AS VARCHAR) || '\"'"


def _fitting(at: str, pattern: str) -> str:
    """The trimmed text where it is written as Python would write it."""
    return f"CASE WHEN regexp_matches(trim({at}), {literal(pattern)}) THEN trim({at}) END"


def _plain_text(held: str, at: str) -> str:
    if held in ("varchar", "enum"):
        return _text(at)
    return _bare(at) if held in PLAIN else UNTOLD


def _whole(held: str, at: str) -> str:
    if held in WHOLE:
        return f"CAST({at} AS VARCHAR)"
    return _fitting(at, INTEGER) if held == "varchar" else UNTOLD


def _number(held: str, at: str) -> str:
    return f"CAST(CAST({at} AS DOUBLE) AS VARCHAR)" if held in (*WHOLE, *FLOATS) else UNTOLD


def _amount(held: str, at: str) -> str:
    if held == "varchar":
        return f"'\"' || {_fitting(at, AMOUNT)} || '\"'"
    return _bare(at) if held in (*WHOLE, *FLOATS, "decimal") else UNTOLD


def _flag(held: str, at: str) -> str:
    if held == "boolean":
        return f"CAST({at} AS VARCHAR)"
    text = f"lower(trim({at}))"
    told = f"CASE WHEN {text} IN ('true', 't', '1') THEN 'true' WHEN {text} IN ('false', 'f', '0') THEN 'false' END"
    return told if held == "varchar" else UNTOLD


def _instant(held: str, at: str) -> str:
    if held in ("timestamp", "timestamp with time zone"):
        whole = f"strftime({at}, '%Y-%m-%dT%H:%M:%S')"
        parts = f"CASE WHEN datepart('us', {at}) % 1000000 = 0 THEN '' ELSE strftime({at}, '.%f') END"
        return f"'\"' || {whole} || {parts} || 'Z\"'"
    return f"'\"' || {_fitting(at, INSTANT)} || '\"'" if held == "varchar" else UNTOLD


def _day(held: str, at: str) -> str:
    if held == "date":
        return _bare(at)
    return _text(f"trim({at})") if held == "varchar" else UNTOLD


def _trimmed(held: str, at: str) -> str:
    return _text(f"trim({at})") if held == "varchar" else UNTOLD


SCALARS: dict[str, Any] = {
    "Int": _whole,
    "UnsignedInt64": lambda held, at: f"'\"' || {_whole(held, at)} || '\"'",
    "Float": _number,
    "Money": _amount,
    "Decimal": _amount,
    "Boolean": _flag,
    "DateTime": _instant,
    "Date": _day,
    "URL": _trimmed,
    "ID": _trimmed,
    "JSON": lambda held, at: _text(at) if held == "varchar" else UNTOLD,
}
