"""From a stream's spooled JSONL to its tables: DuckDB reads the file, drops what did not change, replaces the rest.

Everything happens inside the caller's transaction, so that rows and cursor are committed together or not at all.
Children are replaced with their parent: what a parent that was read no longer has is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from shoptide.errors import ProofFailed
from shoptide.inbound.extraction import unreadable
from shoptide.inbound.reading import ROOTS, TYPES, Nodes, file_tree, is_line_of, nodes, scan, value
from shoptide.resources.extraction import BULK_LEVELS, STUB, StreamPlan
from shoptide.resources.tables import Table
from shoptide.warehouse.duckdb import DuckDBWarehouse
from shoptide.warehouse.names import listed, literal, quoted

LANDED = "_landed"
BOOKKEEPING = {  # what every row has behind its content
    "_synced_at": "TIMESTAMP",
    "_run_id": "VARCHAR",
    "_row_hash": "VARCHAR",
    "_deleted_at": "TIMESTAMP",
}
UNIT, NULL = "chr(31)", "chr(30)"  # between values, and for null: neither stands in the store's text


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
        """Make the stream's tables, and the columns they lack; returns what was altered, for the run's record."""
        altered = []
        for table in self.plan.tables:
            wanted, held = self.columns(table), self.warehouse.columns(table.name)
            if not held:
                declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
                self.connection.execute(f"CREATE TABLE {self.warehouse.table(table.name)} ({declared})")
                continue
            for name in wanted.keys() - held.keys():
                self.connection.execute(
                    f"ALTER TABLE {self.warehouse.table(table.name)} ADD COLUMN {quoted(name)} {wanted[name]}"
                )
                altered.append(f"{table.name}.{name} added as {wanted[name]}")
            altered += self._retype(table, wanted, held)
        return altered

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

    # staging

    def scan(self, paths: list[Path], *, more: bool = False) -> None:
        """Read the files' lines, typed, into a temporary table; `more` adds to what an earlier call read."""
        read = f"SELECT * FROM {scan(paths, file_tree(self.plan))}"
        try:
            self.connection.execute(
                f"INSERT INTO {LANDED} {read}" if more else f"CREATE OR REPLACE TEMP TABLE {LANDED} AS {read}"
            )
        except duckdb.InvalidInputException as error:
            raise unreadable(self.plan.stream.name, error) from None

    def lines(self) -> int:
        return self._count(f"SELECT count(*) FROM {LANDED}")

    def roots(self) -> int:
        return self._count(f"SELECT count(*) FROM {LANDED} WHERE {ROOTS}")

    def records(self) -> int:
        """As `roots`, each record counted once however often it came."""
        return self._count(f"SELECT count(DISTINCT id) FROM {LANDED} WHERE {ROOTS}")

    def ids(self, name: str) -> list[str]:
        """The gids of a table's nodes among the lines read so far."""
        found = nodes(self.plan, self.plan.table(name), LANDED)
        rows = self.connection.execute(f"SELECT {found.at(('id',))} FROM {found.source}").fetchall()
        return [row[0] for row in rows]

    def split(self) -> dict[str, int]:
        """Sort the lines into temporary tables, one a table; returns rows by table.

        Raises ProofFailed for lines of a type that no table takes and for orphans: neither may get lost unnoticed.
        """
        self._refuse_strangers()
        self._refuse_orphans()
        if len(self.plan.bulk_parts) > 1:
            self._join()
        counts = {}
        for table in self.plan.tables:
            self.connection.execute(self._staging(table))
            counts[table.name] = self._count(f"SELECT count(*) FROM {self._staged(table)}")
        return counts

    def _refuse_strangers(self) -> None:
        names = ", ".join(literal(name) for name in self.plan.root_types)
        places = [f"({ROOTS} AND coalesce(__typename, '') IN ({names}))"]
        places += [f"({is_line_of(self.plan, table)})" for table in self.plan.tables if table.origin == "lines"]
        told = "coalesce(__typename, 'no type') || coalesce(' below ' || split_part(__parentId, '/', 4), '')"
        strange = self.connection.execute(
            f"SELECT {told} AS kind,"
            f" count(*) FROM {LANDED} WHERE {STUB} IS NULL AND NOT ({' OR '.join(places)}) GROUP BY 1 ORDER BY 1"
        ).fetchall()
        if strange:
            listed_kinds = ", ".join(f"{count} of {name}" for name, count in strange)
            raise ProofFailed(
                f"stream {self.plan.stream.name}: lines came that no table takes: {listed_kinds}",
                hint="nothing was taken over and the cursor stayed; the store's API may be newer than api_version",
            )

    def _refuse_orphans(self) -> None:
        orphans = self._count(f"SELECT count(*) FROM {LANDED} l WHERE {self._orphaned(stubs=True)}")
        if orphans:
            raise ProofFailed(
                f"stream {self.plan.stream.name}: {orphans} rows came without their parent",
                hint="nothing was taken over and the cursor stayed; run the pull again",
            )

    def _orphaned(self, *, stubs: bool) -> str:
        """The condition for a line's parent to be missing; `stubs` says whether one that is only named counts."""
        known = f"SELECT id FROM {LANDED} WHERE id IS NOT NULL" + ("" if stubs else f" AND {STUB} IS NULL")
        for table in self.plan.tables:
            if table.origin == "list" and "id" in {column.path[0] for column in table.columns}:
                found = nodes(self.plan, table, LANDED)
                known += f" UNION ALL SELECT {found.at(('id',))} FROM {found.source}"
        return f"l.__parentId IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ({known}) k WHERE k.id = l.__parentId)"

    def _join(self) -> None:
        """Bring together what several operations read: children stay with parents whose content came.

        The operations run at different moments. A record that only some of them met was made or deleted in between:
        it changed after the earliest began, so the next read, which goes back behind that, has it whole.
        """
        for _ in range(BULK_LEVELS):
            self.connection.execute(f"DELETE FROM {LANDED} l WHERE {self._orphaned(stubs=False)}")
        self.connection.execute(f"DELETE FROM {LANDED} WHERE {STUB} IS NOT NULL")

    def _staged(self, table: Table) -> str:
        return quoted(f"_staged_{table.name}")

    def _staging(self, table: Table) -> str:
        found = nodes(self.plan, table, LANDED)
        selected = [f"{literal(self.shop)} AS _shop"]
        if table.parent_column:
            selected.append(f"{found.parent} AS {quoted(table.parent_column)}")
        if "position" in table.key:
            selected.append(f"{_position(table, found)} AS position")
        selected += [f"{value(column, found)} AS {quoted(column.name)}" for column in table.columns]
        content = [name for name in self.columns(table) if name not in BOOKKEEPING and name != "_shop"]
        texts = ", ".join(f"coalesce({quoted(name)}::VARCHAR, {NULL})" for name in content)
        last = "ORDER BY _line DESC" if "position" not in table.key else "ORDER BY position"
        inner = f"SELECT {', '.join(selected)}, {found.order} AS _line FROM {found.source}"
        return (
            f"CREATE OR REPLACE TEMP TABLE {self._staged(table)} AS "
            f"SELECT * EXCLUDE (_line), md5(concat_ws({UNIT}, {texts})) AS _row_hash FROM ({inner}) "
            f"QUALIFY row_number() OVER (PARTITION BY {listed(table.key)} {last}) = 1"
        )

    # merging

    def merge(self, *, whole: bool) -> list[TableChange]:
        """Take the staged rows over. `whole` says the files hold all of the stream: what is missing was deleted."""
        return [self._merge(table, whole=whole) for table in self.plan.tables]

    def _merge(self, table: Table, *, whole: bool) -> TableChange:
        target, staged = self.warehouse.table(table.name), self._staged(table)
        same = " AND ".join(f"t.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in table.key)
        mine = f"t._shop = {literal(self.shop)}"
        met = f"FROM {target} t JOIN {staged} s ON {mine} AND {same}"
        stays = "t._row_hash = s._row_hash AND t._deleted_at IS NULL"
        total = self._count(f"SELECT count(*) FROM {staged}")
        matched = self._count(f"SELECT count(*) {met}")
        unchanged = self._count(f"SELECT count(*) {met} AND {stays}")
        gone = self._remove(table, whole=whole)
        # An unchanged row keeps its place; the others make room for what comes.
        self.connection.execute(f"DELETE FROM {target} t USING {staged} s WHERE {mine} AND {same} AND NOT ({stays})")
        names = [name for name in self.columns(table) if name not in BOOKKEEPING]
        chosen = ", ".join(f"s.{quoted(name)}" for name in names)
        self.connection.execute(
            f"INSERT INTO {target} ({listed(names)}, _synced_at, _run_id, _row_hash, _deleted_at)"
            f" SELECT {chosen}, ?, ?, s._row_hash, NULL FROM {staged} s"
            f" WHERE NOT EXISTS (SELECT 1 FROM {target} t WHERE {mine} AND {same})",
            [_naive(self.now), self.run_id],
        )
        return TableChange(table.name, total - matched, matched - unchanged, unchanged, gone)

    def _remove(self, table: Table, *, whole: bool) -> int:
        """Rows that are no more: a parent's children that it lost, and in a whole read every record not met."""
        target, staged = self.warehouse.table(table.name), self._staged(table)
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
        scope = f" AND t.{quoted(table.parent_column or '')} IN (SELECT gid FROM {self._staged(parent)})"
        return self._run(f"DELETE FROM {target} t WHERE {missing}{'' if whole else scope}")

    def _carried(self, table: Table) -> str | None:
        """What hangs on a carrier that was read; None for records that stand for themselves or came by a search."""
        if self.plan.stream.via is None or self.plan.stream.search_via:
            return None
        carriers = f"SELECT id FROM {LANDED} WHERE {ROOTS}"
        return f" AND t.{quoted(table.parent_column or '')} IN ({carriers})"

    def _run(self, sql: str, values: list[object] | None = None) -> int:
        return int((self.connection.execute(sql, values or []).fetchone() or (0,))[0])

    def _count(self, sql: str) -> int:
        return int((self.connection.execute(sql).fetchone() or (0,))[0])

    def newest(self, column: str, floor: datetime) -> tuple[int, datetime | None]:
        """How many records of the file changed at `floor` or later, and when the last one did."""
        row = self.connection.execute(
            f"SELECT count(*), max({quoted(column)}) FROM {LANDED} WHERE {ROOTS} AND {quoted(column)} >= ?",
            [_naive(floor)],
        ).fetchone()
        assert row is not None  # noqa: S101  # an aggregate always has a row
        return int(row[0]), row[1]

    def drop(self) -> None:
        for name in [LANDED, *(f"_staged_{table.name}" for table in self.plan.tables)]:
            self.connection.execute(f"DROP TABLE IF EXISTS temp.{quoted(name)}")


def _position(table: Table, found: Nodes) -> str:
    """The row's number among its parent's: the store's own where it has one, else as they arrived."""
    if table.position_path:
        return found.at(table.position_path)
    return f"(row_number() OVER (PARTITION BY {found.parent} ORDER BY {found.order}) - 1)"


def _naive(moment: datetime) -> datetime:
    """DuckDB's TIMESTAMP is without a zone; ours are UTC."""
    return moment.replace(tzinfo=None)


def _plain(kind: str) -> str:
    return kind.replace(" ", "").upper()
