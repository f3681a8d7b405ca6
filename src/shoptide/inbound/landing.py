"""From a stream's staged rows to its tables: what did not change is left alone, the rest replaced.

Everything happens inside the caller's transaction, so that rows and cursor are committed together or not at all.
Children are replaced with their parent: what a parent that was read no longer has is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import duckdb

from shoptide.inbound.reading import TYPES
from shoptide.inbound.staging import Staging, Target
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.tables import Table
from shoptide.warehouse.duckdb import DuckDBWarehouse
from shoptide.warehouse.names import listed, literal, quoted

BOOKKEEPING = {  # what every row has behind its content
    "_synced_at": "TIMESTAMP",
    "_run_id": "VARCHAR",
    "_row_hash": "VARCHAR",
    "_deleted_at": "TIMESTAMP",
}
STAYS = "t._row_hash = s._row_hash AND t._deleted_at IS NULL"  # the table has the row as it came
REDACTED = "redacted"  # the hash of a row that was emptied on request: no row read from the store has it


@dataclass(frozen=True)
class TableChange:
    """What landing did to a table, in rows."""

    table: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Landing:
    """One stream's rows on their way in: whose they are, which run brings them, at what moment."""

    warehouse: DuckDBWarehouse
    plan: StreamPlan
    shop: str
    run_id: str
    now: datetime
    known: bool = False  # the tables were made, and hashed by this engine, when this process landed the stream before
    staging: Staging = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "staging", Staging(self.warehouse, self.plan))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.warehouse.connection

    # declarations

    def columns(self, table: Table) -> dict[str, str]:
        """A table's columns and their types in order: shop, key, content, bookkeeping."""
        found = {"_shop": "VARCHAR"}
        found |= {name: "VARCHAR" if name != "position" else "BIGINT" for name in table.key if name != "gid"}
        if table.parent_column:
            found[table.parent_column] = "VARCHAR"
        found |= {column.name: TYPES[column.type] for column in table.columns}
        return found | BOOKKEEPING

    def declare(self) -> list[str]:
        """Make the stream's tables, and the columns they lack; returns what was altered, for the run's record.

        What is scanned from now on may go straight into them: this and the scan belong into one transaction.
        """
        return [told for table in (() if self.known else self.plan.tables) for told in self._declare(table)]

    def _declare(self, table: Table) -> list[str]:
        wanted, held = self.columns(table), self.warehouse.columns(table.name)
        target = self.warehouse.table(table.name)
        if not held:
            declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
            self.connection.execute(f"CREATE TABLE {target} ({declared})")
        altered = []
        for name in wanted.keys() - held.keys() if held else ():
            self.connection.execute(f"ALTER TABLE {target} ADD COLUMN {quoted(name)} {wanted[name]}")
            altered.append(f"{table.name}.{name} added as {wanted[name]}")
        altered += self._retype(table, wanted, held)
        insert = partial(self._insert, table) if not held or self._empty(table) else None
        # The reader sees the table as it is committed: one that was altered just now is not what it will be.
        self.staging.targets[table.name] = Target(
            target, self.shop, insert, None if altered or not held else f"{self._mine(table)} AND {STAYS}"
        )
        return altered

    def _empty(self, table: Table) -> bool:
        mine = f"FROM {self.warehouse.table(table.name)} WHERE _shop = {literal(self.shop)}"
        return not self._count(f"SELECT count(*) FROM ({mine} LIMIT 1)")

    def _mine(self, table: Table) -> str:
        """The condition for a row `t` of the table to be the one that a staged row `s` is about."""
        same = " AND ".join(f"t.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in table.key)
        return f"t._shop = {literal(self.shop)} AND {same}"

    def _retype(self, table: Table, wanted: dict[str, str], held: dict[str, str]) -> list[str]:
        """A field whose type changed between API versions becomes text, which loses nothing."""
        altered = []
        for name, kind in wanted.items():
            if name in held and _plain(held[name]) not in (_plain(kind), "VARCHAR"):
                self.connection.execute(
                    f"ALTER TABLE {self.warehouse.table(table.name)} ALTER {quoted(name)} TYPE VARCHAR"
                )
                altered.append(f"{table.name}.{name} is text now: it was {held[name]} and comes as {kind}")
        return altered

    # merging

    def merge(self, *, whole: bool) -> list[TableChange]:
        """Take the staged rows over. `whole` says the files hold all of the stream: what is missing was deleted."""
        return [self._merge(table, whole=whole) for table in self.plan.tables]

    def _merge(self, table: Table, *, whole: bool) -> TableChange:
        target, staged = self.warehouse.table(table.name), self.staging.staged(table)
        total = self._count(f"SELECT count(*) FROM {staged}")
        if self.staging.straight(table):
            return TableChange(table.name, total)
        if self._empty(table):
            if not total:
                return TableChange(table.name)
            self._insert(table, f"({self.staging.fresh(table)})")
            return TableChange(table.name, total)
        if not self.known:
            self._rehash(table)
        same = self._mine(table)
        row = self.connection.execute(
            f"SELECT count(*), count(*) FILTER ({STAYS}) FROM {target} t JOIN {staged} s ON {same}"
        ).fetchone()
        matched, unchanged = row or (0, 0)
        gone = self._remove(table, whole=whole)
        if matched > unchanged:  # an unchanged row keeps its place; the others make room for what comes
            self.connection.execute(f"DELETE FROM {target} t USING {staged} s WHERE {same} AND NOT ({STAYS})")
        if total > unchanged:
            missing = f"NOT EXISTS (SELECT 1 FROM {target} t WHERE {same})"
            self._insert(table, f"(SELECT * FROM ({self.staging.fresh(table)}) s WHERE {missing})")
        return TableChange(table.name, total - matched, matched - unchanged, unchanged, gone)

    def _insert(self, table: Table, rows: str) -> None:
        names = [name for name in self.columns(table) if name not in BOOKKEEPING and name != "_shop"]
        self.connection.execute(
            f"INSERT INTO {self.warehouse.table(table.name)}"
            f" (_shop, {listed(names)}, _synced_at, _run_id, _row_hash, _deleted_at)"
            f" SELECT ?, {listed(names)}, ?, ?, _row_hash, NULL FROM {rows}",
            [self.shop, _naive(self.now), self.run_id],
        )

    def _rehash(self, table: Table) -> None:
        """Hashes of another engine's making are made anew, so that no unchanged row looks changed after an upgrade."""
        mark = f"_row_hash IS NOT NULL AND _row_hash <> {literal(REDACTED)}"
        old = f"{mark} AND NOT starts_with(_row_hash, {literal(self.staging.fingerprint)})"
        for name in (table.name, f"{table.name}_history"):
            held = self.warehouse.columns(name)
            if held and self._count(f"SELECT count(*) FROM (FROM {self.warehouse.table(name)} WHERE {old} LIMIT 1)"):
                content = [
                    f"TRY_CAST({quoted(column)} AS {kind})"
                    for column, kind in self.staging.content(table).items()
                    if column in held
                ]
                self.connection.execute(
                    f"UPDATE {self.warehouse.table(name)} SET _row_hash = {self.staging.hash_of(content)} WHERE {old}"
                )

    def _remove(self, table: Table, *, whole: bool) -> int:
        """Rows that are no more: a parent's children that it lost, and in a whole read every record not met."""
        target, staged = self.warehouse.table(table.name), self.staging.staged(table)
        same = " AND ".join(f"t.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in table.key)
        missing = f"t._shop = {literal(self.shop)} AND NOT EXISTS (SELECT 1 FROM {staged} s WHERE {same})"
        if table.parent is None:
            scope = "" if whole else self._carried(table)
            if scope is None:
                return 0
            return self._run(
                f"UPDATE {target} t SET _deleted_at = ? WHERE t._deleted_at IS NULL AND {missing}{scope}",
                [_naive(self.now)],
            )
        parent = self.plan.table(table.parent)
        scope = f" AND t.{quoted(table.parent_column or '')} IN (SELECT gid FROM {self.staging.staged(parent)})"
        return self._run(f"DELETE FROM {target} t WHERE {missing}{'' if whole else scope}")

    def _carried(self, table: Table) -> str | None:
        """What hangs on a carrier that was read; None for records that stand for themselves or came by a search."""
        if self.plan.stream.via is None or self.plan.stream.search_via:
            return None
        return f" AND t.{quoted(table.parent_column or '')} IN ({self.staging.carriers()})"

    def _run(self, sql: str, values: list[object] | None = None) -> int:
        return int((self.connection.execute(sql, values or []).fetchone() or (0,))[0])

    def _count(self, sql: str) -> int:
        return int((self.connection.execute(sql).fetchone() or (0,))[0])


def _naive(moment: datetime) -> datetime:
    """DuckDB's TIMESTAMP is without a zone; ours are UTC."""
    return moment.replace(tzinfo=None)


def _plain(kind: str) -> str:
    return kind.replace(" ", "").upper()
