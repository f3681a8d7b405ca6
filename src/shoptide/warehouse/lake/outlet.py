"""What a place of tables must be able to do that a mirror writes to, and how each of its tables stands.

Nothing here is atomic over several tables; a table is. `mirror` puts the order on top that makes up for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb

Columns = Mapping[str, str]


@dataclass(frozen=True)
class State:
    """What was last written: by which `token`, whether all of it arrived, and each table's columns with their types."""

    token: str = ""
    whole: bool = True
    tables: dict[str, dict[str, str]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return {"token": self.token, "whole": self.whole, "tables": self.tables}

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> State:
        tables = {str(name): dict(columns) for name, columns in found["tables"].items()}
        return cls(str(found["token"]), bool(found["whole"]), tables)


@dataclass(frozen=True)
class Change:
    """What became of a table: queries over the mirror, in DuckDB's SQL.

    `key` tells rows apart. `changed` selects rows to put in place of those with the same key, `gone` the keys of rows
    to take away; `rows` is all of the table, for places that write it anew.
    """

    table: str
    columns: dict[str, str]
    key: tuple[str, ...]
    rows: str
    changed: str
    gone: str


class Outlet(Protocol):
    """A place of tables. Errors of its libraries come out as WarehouseError."""

    what: str  # for messages; never holds a secret

    def state(self) -> State | None:
        """What was last written here; None where nothing was."""

    def note(self, state: State) -> None: ...

    def read(self, connection: duckdb.DuckDBPyConnection, table: str, into: str, columns: Columns) -> None:
        """Fill a table of the mirror, named in SQL, from here."""

    def replace(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Make the table of just `rows`."""

    def merge(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Apply `changed` and `gone`. Doing it again changes nothing more."""

    def close(self) -> None: ...
