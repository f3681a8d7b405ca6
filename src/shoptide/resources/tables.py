"""How a record's JSON becomes rows: tables, their columns and keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "bigint", "double", "decimal", "rate", "boolean", "timestamp", "date", "json"]
Origin = Literal["root", "lines", "list"]

SCALAR_COLUMNS: dict[str, ColumnType] = {
    "Boolean": "boolean",
    "Int": "bigint",
    "Float": "double",
    "Money": "decimal",
    "Decimal": "rate",  # exchange rates and the like: more digits than money
    "UnsignedInt64": "bigint",
    "BigInt": "bigint",
    "DateTime": "timestamp",
    "Date": "date",
    "JSON": "json",
}


@dataclass(frozen=True)
class Column:
    """A column and where its value is: `path` are the JSON keys inside the node.

    `tail` columns hold the number at the end of the gid found there (null where it ends in none). `others` are places
    where the value is when it is not at `path`: the members of a union may type one field differently.
    """

    name: str
    type: ColumnType
    path: tuple[str, ...]
    tail: bool = False
    others: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of a stream.

    `origin` says where its rows come from: `root` nodes, `lines` of their own with `__parentId` (connections), or a
    `list` inside the parent's node at `path`. `typenames` are the `__typename`s its lines carry. `parent` is None for
    a stream's own table, also where that hangs on a carrier: then `parent_column` holds the carrier's gid. `key` comes
    behind `_shop`; `position_path` numbers rows without an id, arrival does where it is None.
    """

    name: str
    node_type: str
    origin: Origin
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    parent: str | None = None
    parent_column: str | None = None
    path: tuple[str, ...] = ()
    typenames: tuple[str, ...] = ()
    position_path: tuple[str, ...] | None = None

    @property
    def has_gid(self) -> bool:
        return self.key == ("gid",)


def snake(name: str) -> str:
    """`totalPriceSet` → total_price_set; `addressesV2` → addresses_v2; `countryCodeV2` → country_code_v2."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", spaced).lower()


def singular(table: str) -> str:
    """The singular of a table's name, for `<parent>_gid`: orders → order, order_refunds → order_refund."""
    if table.endswith("ies"):
        return table[:-3] + "y"
    if table.endswith(("addresses", "statuses")):
        return table[:-2]
    return table[:-1] if table.endswith("s") and not table.endswith("ss") else table
