"""Delta tables in a folder, written by delta-rs: a merge is one commit of the table."""

from __future__ import annotations

import duckdb
from deltalake import DeltaTable, write_deltalake

from shoptide.warehouse.lake.folder import Folder, arrow, as_plain, take
from shoptide.warehouse.lake.outlet import Change, Columns
from shoptide.warehouse.names import quoted

GONE = "_gone"  # marks keys to delete among the rows of a merge


class DeltaFolder(Folder):
    """One Delta table a table, in a folder of its name."""

    def read(self, connection: duckdb.DuckDBPyConnection, table: str, into: str, columns: Columns) -> None:
        with self.errors(f"{table} can't be read"):
            if DeltaTable.is_deltatable(self._place(table)):
                take(connection, DeltaTable(self._place(table)).to_pyarrow_table(), into, columns)

    def replace(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        with self.errors(f"{change.table} can't be written"):
            self.folder.mkdir(parents=True, exist_ok=True)
            rows = arrow(connection, f"SELECT {as_plain(change.columns, instants=True)} FROM ({change.rows})")
            write_deltalake(self._place(change.table), rows, mode="overwrite", schema_mode="overwrite")

    def merge(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        nothing = ", ".join(
            f"CAST({f'g.{quoted(name)}' if name in change.key else 'NULL'} AS {kind}) AS {quoted(name)}"
            for name, kind in change.columns.items()
        )
        plain = as_plain(change.columns, instants=True)
        query = (
            f"SELECT {plain}, false AS {GONE} FROM ({change.changed})"
            f" UNION ALL SELECT {plain}, true AS {GONE} FROM (SELECT {nothing} FROM ({change.gone}) g)"
        )
        same = " AND ".join(f"t.`{name}` = s.`{name}`" for name in change.key)
        with self.errors(f"{change.table} can't be written"):
            table = DeltaTable(self._place(change.table))
            (
                table.merge(arrow(connection, query), same, source_alias="s", target_alias="t")
                .when_matched_delete(predicate=f"s.{GONE}")
                .when_matched_update_all(predicate=f"NOT s.{GONE}", except_cols=[GONE])
                .when_not_matched_insert_all(predicate=f"NOT s.{GONE}", except_cols=[GONE])
                .execute()
            )

    def _place(self, table: str) -> str:
        return str(self.folder / table)
