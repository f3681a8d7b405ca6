"""Iceberg tables in a folder, their catalogue in a SQLite file beside them: a merge is one snapshot of the table."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import In

from shoptide.warehouse.lake.folder import Folder, arrow, as_plain, take
from shoptide.warehouse.lake.outlet import Change, Columns
from shoptide.warehouse.names import quoted

MOST = 5_000  # owners named in one condition; beyond that the table is written anew


class IcebergFolder(Folder):
    """One Iceberg table a table, in a namespace of the schema's name."""

    def __init__(self, folder: Path, schema: str) -> None:
        super().__init__(folder / schema)
        self.namespace = schema
        with self.errors("its catalogue can't be opened"):
            folder.mkdir(parents=True, exist_ok=True)
            self.catalog = SqlCatalog(
                "shoptide", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder.resolve()}"
            )
            self.catalog.create_namespace_if_not_exists(schema)

    def close(self) -> None:
        self.catalog.close()

    def read(self, connection: duckdb.DuckDBPyConnection, table: str, into: str, columns: Columns) -> None:
        with self.errors(f"{table} can't be read"):
            if (found := self._table(table)) is not None:
                take(connection, found.scan().to_arrow(), into, columns)

    def replace(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        rows = arrow(connection, f"SELECT {as_plain(change.columns, instants=True)} FROM ({change.rows})")
        with self.errors(f"{change.table} can't be written"):
            found = self._table(change.table)
            if found is None:
                self.catalog.create_table((self.namespace, change.table), schema=rows.schema).append(rows)
                return
            with found.transaction() as transaction:
                _fit(transaction, found.schema().as_arrow(), rows.schema)
                with _quiet():
                    transaction.overwrite(rows)

    def merge(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Rows by their owner (their own gid, or their parent's): those of every owner that changed are exchanged."""
        owner = next(name for name in change.key if name.endswith("gid"))
        touched = f"SELECT {quoted(owner)} FROM ({change.changed}) UNION SELECT {quoted(owner)} FROM ({change.gone})"
        owners = [row[0] for row in connection.execute(touched).fetchall()]
        found = self._table(change.table)
        if found is None or len(owners) > MOST:
            self.replace(connection, change)
            return
        plain = as_plain(change.columns, instants=True)
        rows = arrow(connection, f"SELECT {plain} FROM ({change.rows}) WHERE {quoted(owner)} IN ({touched})")
        with self.errors(f"{change.table} can't be written"), found.transaction() as transaction:
            with _quiet():
                transaction.delete(In(owner, owners))  # type: ignore[call-arg, arg-type]  # its model's own constructor takes both
            if rows.num_rows:
                transaction.append(rows)

    def _table(self, name: str) -> Any:
        try:
            return self.catalog.load_table((self.namespace, name))
        except NoSuchTableError:
            return None


@contextmanager
def _quiet() -> Iterator[None]:
    """Taking away rows of which there are none yet is nothing to warn of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Delete operation did not match")
        yield


def _fit(transaction: Any, held: pa.Schema, wanted: pa.Schema) -> None:
    """Give the table the columns of what comes, in its own transaction; what it has more of goes."""
    plain = {field.name: _plain(field.type) for field in held}
    if plain == {field.name: _plain(field.type) for field in wanted}:
        return
    with transaction.update_schema(allow_incompatible_changes=True) as update:
        for name, kind in plain.items():
            if name not in wanted.names or kind != _plain(wanted.field(name).type):
                update.delete_column(name)
    with transaction.update_schema(allow_incompatible_changes=True) as update:
        update.union_by_name(wanted)


def _plain(kind: pa.DataType) -> str:
    return str(kind).replace("large_", "")
