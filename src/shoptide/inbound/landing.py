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
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.protocol import Lacking

BOOKKEEPING = {  # what every row has behind its content
    "_synced_at": "TIMESTAMP",
    "_run_id": "VARCHAR",
    "_row_hash": "VARCHAR",
    "_deleted_at": "TIMESTAMP",
}
STAYS = "t._row_hash = s._row_hash AND t._deleted_at IS NULL"  # the table has the row as it came
KEPT = "_kept"  # what rows that are replaced have in columns that are read no more
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

    warehouse: Warehouse
    plan: StreamPlan
    shop: str
    run_id: str
    now: datetime
    known: bool = False  # the tables were made, and hashed by this engine, when this process landed the stream before
    staging: Staging = field(init=False)
    brought: dict[str, str] = field(default_factory=dict, init=False)  # table → what the engine calls its staged rows

    def __post_init__(self) -> None:
        object.__setattr__(self, "staging", Staging(self.warehouse, self.plan))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.warehouse.workbench

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
        if not held:
            above = [(table.parent_column,)] if table.parent_column else []
            self.warehouse.create(table.name, wanted, [table.key, *above])
        altered = []
        for name in wanted.keys() - held.keys() if held else ():
            self.warehouse.add_column(table.name, name, wanted[name])
            altered.append(f"{table.name}.{name} added as {wanted[name]}")
        altered += self._retype(table, wanted, held)
        if not self.warehouse.capabilities.local_files:
            return altered
        insert = partial(self._insert, table) if not held or self._empty(table) else None
        # The reader sees the table as it is committed: one that was altered just now is not what it will be.
        self.staging.targets[table.name] = Target(
            self.warehouse.table(table.name),
            self.shop,
            insert,
            None if altered or not held else f"{self._mine(table)} AND {STAYS}",
        )
        return altered

    def _empty(self, table: Table) -> bool:
        mine = f"SELECT 1 FROM {self.warehouse.table(table.name)} WHERE _shop = ? LIMIT 1"
        return not self.warehouse.rows(mine, [self.shop])

    def _mine(self, table: Table) -> str:
        """The condition for a row `t` of the table to be the one that a staged row `s` is about."""
        same = " AND ".join(f"t.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in table.key)
        return f"t._shop = {literal(self.shop)} AND {same}"

    def _retype(self, table: Table, wanted: dict[str, str], held: dict[str, str]) -> list[str]:
        """A field whose type changed between API versions becomes text, which loses nothing."""
        altered = []
        for name, kind in wanted.items():
            if name in held and _plain(held[name]) not in (_plain(kind), "VARCHAR"):
                self.warehouse.retype(table.name, name, "VARCHAR")
                altered.append(f"{table.name}.{name} is text now: it was {held[name]} and comes as {kind}")
        return altered

    # merging

    def merge(self, *, whole: bool) -> list[TableChange]:
        """Take the staged rows over. `whole` says the files hold all of the stream: what is missing was deleted."""
        self.brought.clear()
        return [self._merge(table, whole=whole) for table in self.plan.tables]

    def _merge(self, table: Table, *, whole: bool) -> TableChange:
        target = self.warehouse.table(table.name)
        total = self.staging.numbers[table.name]
        if self.staging.straight(table):
            return TableChange(table.name, total)
        if self._empty(table):
            if not total:
                return TableChange(table.name)
            self._insert(table, f"({self.staging.fresh(table)})")
            return TableChange(table.name, total)
        if not self.known:
            self._rehash(table)
        same, brought = self._mine(table), self._bring(table)
        met = f"SELECT count(*), count(*) FILTER ({STAYS}) FROM {target} t JOIN {brought} s ON {same}"
        matched, unchanged = self.warehouse.rows(met)[0] if total else (0, 0)
        gone = self._remove(table, whole=whole)
        retired = self._retired(table) if matched > unchanged else []
        if matched > unchanged:  # an unchanged row keeps its place; the others make room for what comes
            self._set_aside(retired, f"{target} t JOIN {brought} s ON {same} WHERE NOT ({STAYS})")
            self.warehouse.run(f"DELETE FROM {target} t USING {brought} s WHERE {same} AND NOT ({STAYS})")
        if total > unchanged:
            missing = f"NOT EXISTS (SELECT 1 FROM {target} t WHERE {same})"
            self._insert(table, f"({self.staging.fresh(table)})", Lacking(brought, table.key, missing))
        self._put_back(table, retired)
        return TableChange(table.name, total - matched, matched - unchanged, unchanged, gone)

    def _retired(self, table: Table) -> list[str]:
        """Columns that are read no more, and keep the last values that they had.

        Rows that are told by their position keep none: it may be another row's today.
        """
        wanted = self.columns(table)
        return [name for name in self.warehouse.columns(table.name) if name not in wanted] if table.has_gid else []

    def _set_aside(self, retired: list[str], rows: str) -> None:
        if retired:
            self.warehouse.run(f"DROP TABLE IF EXISTS {KEPT}")
            kept = ", ".join(f"t.{quoted(name)}" for name in ("gid", *retired))
            self.warehouse.run(f"CREATE TEMP TABLE {KEPT} AS SELECT {kept} FROM {rows}")

    def _put_back(self, table: Table, retired: list[str]) -> None:
        if retired:
            values = ", ".join(f"{quoted(name)} = k.{quoted(name)}" for name in retired)
            mine = f"t._shop = {literal(self.shop)} AND t.gid = k.gid"
            self.warehouse.run(f"UPDATE {self.warehouse.table(table.name)} t SET {values} FROM {KEPT} k WHERE {mine}")
            self.warehouse.run(f"DROP TABLE {KEPT}")

    def _bring(self, table: Table) -> str:
        """The staged rows' keys and hashes as the engine sees them."""
        if table.name not in self.brought:
            names = [*self.staging.identity(table), "_row_hash"]
            self.brought[table.name] = self.warehouse.bring(self.staging.staged(table), names)
        return self.brought[table.name]

    def _insert(self, table: Table, rows: str, lacking: Lacking | None = None) -> None:
        names = [name for name in self.columns(table) if name not in BOOKKEEPING and name != "_shop"]
        chosen = {"_shop": "?", **{name: quoted(name) for name in names}, "_synced_at": "?", "_run_id": "?"}
        chosen |= {"_row_hash": "_row_hash", "_deleted_at": "NULL"}
        self.warehouse.insert(table.name, chosen, rows, [self.shop, _naive(self.now), self.run_id], lacking)

    def _rehash(self, table: Table) -> None:
        """Hashes of another engine's making are made anew, so that no unchanged row looks changed after an upgrade."""
        mark = f"t._row_hash IS NOT NULL AND t._row_hash <> {literal(REDACTED)}"
        old = f"{mark} AND NOT starts_with(t._row_hash, {literal(self.staging.fingerprint)})"
        if not self.warehouse.capabilities.local_files:  # those that came: looking at all would cost more than merging
            old += f" AND EXISTS (SELECT 1 FROM {self._bring(table)} s WHERE {self._mine(table)})"
        for name in (table.name, f"{table.name}_history"):
            held = self.warehouse.columns(name)
            if held and self.warehouse.rows(f"SELECT 1 FROM {self.warehouse.table(name)} t WHERE {old} LIMIT 1"):
                content = [
                    f"TRY_CAST({quoted(column)} AS {kind})"
                    for column, kind in self.staging.content(table).items()
                    if column in held
                ]
                self.warehouse.rehash(name, table.key, self.staging.hash_of(content), old)

    def _remove(self, table: Table, *, whole: bool) -> int:
        """Rows that are no more: a parent's children that it lost, and in a whole read every record not met."""
        target, brought = self.warehouse.table(table.name), self._bring(table)
        same = " AND ".join(f"t.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in table.key)
        missing = f"t._shop = {literal(self.shop)} AND NOT EXISTS (SELECT 1 FROM {brought} s WHERE {same})"
        if table.parent is None:
            scope = "" if whole else self._carried(table)
            if scope is None:
                return 0
            return self.warehouse.run(
                f"UPDATE {target} t SET _deleted_at = ? WHERE t._deleted_at IS NULL AND {missing}{scope}",
                [_naive(self.now)],
            )
        parent = self.plan.table(table.parent)
        scope = f" AND t.{quoted(table.parent_column or '')} IN (SELECT gid FROM {self._bring(parent)})"
        return self.warehouse.run(f"DELETE FROM {target} t WHERE {missing}{'' if whole else scope}")

    def _carried(self, table: Table) -> str | None:
        """What hangs on a carrier that was read; None for records that stand for themselves or came by a search."""
        if self.plan.stream.via is None or self.plan.stream.search_via:
            return None
        carriers = self.warehouse.bring(self.staging.carriers(), ["id"])
        return f" AND t.{quoted(table.parent_column or '')} IN (SELECT id FROM {carriers})"


def _naive(moment: datetime) -> datetime:
    """DuckDB's TIMESTAMP is without a zone; ours are UTC."""
    return moment.replace(tzinfo=None)


def _plain(kind: str) -> str:
    return kind.replace(" ", "").upper()
