"""From spooled JSONL to the rows of a stream's tables: typed, hashed, proved, each record once.

DuckDB reads the lines itself. It does so in chunks of a file, so that memory stays bounded however large the file is;
what has to be known of all lines together (ids, parents, the newest change) is kept in one narrow row per line.

Each row is copied once: into its table where the shop has no rows there yet, else only its key and its hash, and the
row itself when the table has it otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from shoptide.errors import ProofFailed
from shoptide.inbound.chunks import LANDED, Chunks
from shoptide.inbound.extraction import unreadable
from shoptide.inbound.kinds import contents
from shoptide.inbound.reading import AS_READ, ROOTS, TYPES, Nodes, file_tree, nodes, value
from shoptide.resources.branches import BULK_LEVELS
from shoptide.resources.extraction import STUB, StreamPlan
from shoptide.resources.tables import Table
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import listed, literal, quoted

HEADS, CARRIERS, INCOMING = "_heads", "_carriers", "_incoming"


@dataclass(frozen=True)
class Target:
    """The table that staged rows are on their way to, as it was before the read.

    `insert` takes a FROM item of rows over into it, and is there only while the shop has no rows in the table.
    `known` is the condition for the table to have a row `s` as it is; None where that can't be told.
    """

    rows: str
    shop: str
    insert: Callable[[str], None] | None = None
    known: str | None = None


class Staging:
    """The lines of one stream's read, on their way to its tables.

    `scan` takes files, as often as needed; `split` proves what came and makes it ready; `staged(table)` names a
    temporary view with each row's key, its parent's gid, `_row_hash` and place among the lines; `fresh(table)` one of
    the rows with all columns, those left out that the target has as they are.

    What `targets` has for a table decides whether its rows go straight there: who sets them has begun a transaction.
    """

    def __init__(self, warehouse: Warehouse, plan: StreamPlan) -> None:
        self.warehouse = warehouse
        self.plan = plan
        self.targets: dict[str, Target] = {}
        self._tree = file_tree(plan, AS_READ)
        self._chunks = Chunks(warehouse, plan.stream.name, self._tree)
        self._fingerprint: str | None = None
        self._lines = 0
        self._parts: dict[str, list[str]] = {table.name: [] for table in plan.tables}
        self._fresh: dict[str, list[str]] = {table.name: [] for table in plan.tables}
        self._straight: dict[str, Callable[[str], None]] = {}
        self._compared: set[str] = set()  # tables of whose rows only keys and hashes are staged
        self._strange: Counter[str] = Counter()
        self.numbers: dict[str, int] = {}  # rows that `split` made ready, by table

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.warehouse.workbench

    @property
    def fingerprint(self) -> str:
        """What hashes of this engine begin with: DuckDB may hash otherwise in another version (see `rehash`)."""
        if self._fingerprint is None:
            probe = "hash('probe', 1::BIGINT, 1.5::DECIMAL(20, 6), NULL::VARCHAR, TIMESTAMP '2026-01-01', true)"
            row = self.connection.execute(f"SELECT substr(to_hex({probe}), 1, 4) || ':'").fetchone()
            self._fingerprint = str(row[0]) if row else ""
        return self._fingerprint

    def content(self, table: Table) -> dict[str, str]:
        """What a table's hash is made of, in order, with types: its columns, its parent, its position."""
        found: dict[str, str] = {column.name: TYPES[column.type] for column in table.columns}
        if table.parent_column:
            found[table.parent_column] = "VARCHAR"
        if "position" in table.key:
            found["position"] = "BIGINT"
        return found

    def hash_of(self, expressions: list[str]) -> str:
        return f"{literal(self.fingerprint)} || to_hex(hash({', '.join(expressions)}))"

    # lines

    def scan(self, paths: list[Path]) -> None:
        """Take the lines of these files, in their order. Raises ProofFailed for what does not fit the types."""
        if not self._lines:
            self._straight = self._ways()
        with self.warehouse.few_threads(), closing(self._chunks.typed(paths)) as typed:
            for reader in typed:
                self._take(reader)

    def _take(self, reader: duckdb.DuckDBPyConnection) -> None:
        found = contents(reader, self.plan, LANDED)
        self._strange += found.strangers(self.plan)
        cursor = self.plan.stream.cursor
        stamp = quoted(cursor) if cursor and cursor in self._tree else "NULL::TIMESTAMP"
        heads = (
            f"SELECT rowid + {self._lines} AS _line, id, __parentId AS parent, {STUB} IS NOT NULL AS stub,"
            f" CASE WHEN {ROOTS} THEN {stamp} END AS changed FROM {LANDED}"
        )
        into = f"INSERT INTO {HEADS}" if self._lines else f"CREATE OR REPLACE TEMP TABLE {HEADS} AS"
        self._bring(reader, heads, lambda rows: self.connection.execute(f"{into} SELECT * FROM {rows}"))
        for table in found.tables(self.plan):
            self._take_rows(reader, table)
        self._lines += found.lines  # what a later chunk's rows are counted from

    def _bring(self, reader: duckdb.DuckDBPyConnection, select: str, take: Callable[[str], object]) -> None:
        """Hand the rows of a query of the reader's to a statement of the landing's, without a copy in between."""
        self.connection.complete()  # a result whose last row nobody fetched would be in the way
        try:
            self.connection.register(INCOMING, Stream(reader.sql(select)))
            take(INCOMING)
        except duckdb.Error as error:
            if "Conversion Error" in str(error):  # the other connection's errors come as text
                raise unreadable(self.plan.stream.name, error) from None
            raise
        self.connection.unregister(INCOMING)

    def _take_rows(self, reader: duckdb.DuckDBPyConnection, table: Table) -> None:
        rows, target = self._selection(table), self.targets.get(table.name)
        if insert := self._straight.get(table.name):
            self._bring(reader, rows, insert)
            return
        parts, name = self._parts[table.name], f"_part_{table.name}"
        if _counted_late(table) or target is None or target.known is None:
            self._keep(reader, parts, name, rows)
            return
        names = listed([*self.identity(table), "_row_hash", "_at", "_line"])
        part = self._keep(reader, parts, name, f"SELECT {names} FROM ({rows})")
        self._compared.add(table.name)
        unknown = f"NOT EXISTS (SELECT 1 FROM {target.rows} t WHERE {target.known})"
        if self.connection.execute(f"SELECT 1 FROM {part} s WHERE {unknown} LIMIT 1").fetchone():
            changed = f"SELECT * FROM ({rows}) s WHERE {unknown}"
            self._keep(reader, self._fresh[table.name], f"_fresh_{table.name}", changed)

    def _keep(self, reader: duckdb.DuckDBPyConnection, parts: list[str], name: str, select: str) -> str:
        """A chunk's rows stay a table of their own: adding them to one would copy them once more."""
        part = quoted(f"{name}_{len(parts)}")
        made = f"CREATE OR REPLACE TEMP TABLE {part} AS SELECT * FROM "
        self._bring(reader, select, lambda rows: self.connection.execute(made + rows))
        parts.append(part)
        return part

    def identity(self, table: Table) -> list[str]:
        """The columns by which a row is known and found below its parent."""
        names = [*table.key, *([table.parent_column] if table.parent_column else [])]
        names += ["gid"] if table.has_gid else []
        return list(dict.fromkeys(names))

    def straight(self, table: Table) -> bool:
        """Whether the table's rows are in it already."""
        return table.name in self._straight

    def _ways(self) -> dict[str, Callable[[str], None]]:
        """How rows go straight into their tables, for those whose rows need not be looked at together first."""
        if len(self.plan.bulk_parts) > 1:
            return {}
        targets = {table.name: self.targets.get(table.name) for table in self.plan.tables if not _counted_late(table)}
        return {name: target.insert for name, target in targets.items() if target and target.insert}

    def _selection(self, table: Table) -> str:
        found = nodes(self.plan, table, LANDED)
        selected = [f"{value(column, found)} AS {quoted(column.name)}" for column in table.columns]
        if table.parent_column:
            selected.append(f"{found.parent} AS {quoted(table.parent_column)}")
        if "position" in table.key and not _counted_late(table):
            selected.append(f"{_position(table, found)}::BIGINT AS position")
        hashed = "NULL::VARCHAR" if _counted_late(table) else self.hash_of([*map(quoted, self.content(table))])
        place = f"{found.line} + {self._lines} AS _at, {found.order} AS _line"
        return f"SELECT *, {hashed} AS _row_hash FROM (SELECT {', '.join(selected)}, {place} FROM {found.rows()})"

    # what came

    def lines(self) -> int:
        return self._lines

    def roots(self) -> int:
        return self._count(f"SELECT count(*) FROM {HEADS} WHERE parent IS NULL AND NOT stub")

    def records(self) -> int:
        """As `roots`, each record counted once however often it came."""
        return self._count(f"SELECT count(DISTINCT id) FROM {HEADS} WHERE parent IS NULL AND NOT stub")

    def newest(self, floor: datetime) -> tuple[int, datetime | None]:
        """How many records changed at `floor` or later by the stream's cursor, and when the last one did."""
        row = self.connection.execute(
            f"SELECT count(*), max(changed) FROM {HEADS} WHERE changed >= ?", [floor.replace(tzinfo=None)]
        ).fetchone()
        return (int(row[0]), row[1]) if row else (0, None)

    def carriers(self) -> str:
        """The name of a view of the root lines' gids."""
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {CARRIERS} AS SELECT id FROM {HEADS} WHERE parent IS NULL AND NOT stub"
        )
        return CARRIERS

    def split(self) -> dict[str, int]:
        """Prove the lines and make each table's rows ready; returns rows by table.

        Raises ProofFailed for lines of a type that no table takes and for orphans: neither may get lost unnoticed.
        """
        self._refuse_strangers()
        for table in self.plan.tables:
            self._unite(table)
        self._refuse_orphans()
        if len(self.plan.bulk_parts) > 1:
            self._join()
        for table in self.plan.tables:
            if self.came(table):
                if _counted_late(table):
                    self._number(table)
                self._once(table)
        for table in self.plan.tables:
            self.numbers[table.name] = (
                self._count(f"SELECT count(*) FROM {self.staged(table)}") if self.came(table) else 0
            )
        return self.numbers

    def came(self, table: Table) -> bool:
        """Whether any line may have held rows of the table."""
        return bool(self._parts[table.name]) or self.straight(table)

    def _refuse_strangers(self) -> None:
        if self._strange:
            told = ", ".join(f"{count} of {name}" for name, count in sorted(self._strange.items()))
            raise ProofFailed(
                f"stream {self.plan.stream.name}: lines came that no table takes: {told}",
                hint="nothing was taken over and the cursor stayed; the store's API may be newer than api_version",
            )

    def _refuse_orphans(self) -> None:
        orphans = self._count(f"SELECT count(*) FROM {HEADS} l WHERE {self._orphaned(stubs=True)}")
        if orphans:
            raise ProofFailed(
                f"stream {self.plan.stream.name}: {orphans} rows came without their parent",
                hint="nothing was taken over and the cursor stayed; run the pull again",
            )

    def _orphaned(self, *, stubs: bool) -> str:
        """The condition for a line's parent to be missing; `stubs` says whether one that is only named counts."""
        known = f"SELECT id FROM {HEADS} WHERE id IS NOT NULL" + ("" if stubs else " AND NOT stub")
        for table in self.plan.tables:
            if table.origin == "list" and "gid" in {column.name for column in table.columns} and self.came(table):
                known += f" UNION ALL SELECT r.gid FROM {self.staged(table)} r"
                if not self.straight(table):
                    known += f" SEMI JOIN {HEADS} h ON h._line = r._at"
        return f"l.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ({known}) k WHERE k.id = l.parent)"

    def _join(self) -> None:
        """Bring together what several operations read: children stay with parents whose content came.

        The operations run at different moments. A record that only some of them met was made or deleted in between:
        it changed after the earliest began, so the next read, which goes back behind that, has it whole.
        """
        for _ in range(BULK_LEVELS):
            self.connection.execute(f"DELETE FROM {HEADS} l WHERE {self._orphaned(stubs=False)}")
        self.connection.execute(f"DELETE FROM {HEADS} WHERE stub")
        gone = f"NOT EXISTS (SELECT 1 FROM {HEADS} h WHERE h._line = r._at)"
        for part in [part for parts in self._parts.values() for part in parts]:
            self.connection.execute(f"DELETE FROM {part} r WHERE {gone}")

    def _number(self, table: Table) -> None:
        """Rows without an id and without a number of the store's: numbered below their parent as they arrived."""
        parent = quoted(table.parent_column or "")
        content = [*map(quoted, self.content(table))]
        numbered = f"(row_number() OVER (PARTITION BY {parent} ORDER BY _at) - 1)::BIGINT AS position"
        whole = quoted(f"_numbered_{table.name}")
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {whole} AS SELECT *, {self.hash_of(content)} AS _row_hash"
            f" FROM (SELECT * EXCLUDE (_row_hash), {numbered} FROM {self.staged(table)})"
        )
        self._drop(self._parts[table.name])
        self._parts[table.name] = [whole]
        self._unite(table)

    def _once(self, table: Table) -> None:
        """Of a record that came more than once, keep what came last."""
        keys = [quoted(name) for name in table.key]
        twice = f"SELECT {', '.join(keys)} FROM {self.staged(table)} GROUP BY ALL HAVING count(*) > 1"
        if not self.connection.execute(f"{twice} LIMIT 1").fetchone():
            return
        same = " AND ".join(f"o.{key} IS NOT DISTINCT FROM r.{key}" for key in keys)
        if self.straight(table):  # rows are numbered as they arrive
            later = f"SELECT 1 FROM {self.staged(table)} o WHERE {same} AND o._at > r.rowid"
            self.connection.execute(f"DELETE FROM {self.targets[table.name].rows} r WHERE EXISTS ({later})")
            return
        later = f"SELECT 1 FROM {self.staged(table)} o WHERE {same} AND (o._at, o._line) > (r._at, r._line)"
        for part in self._parts[table.name]:
            self.connection.execute(f"DELETE FROM {part} r WHERE EXISTS ({later})")

    def staged(self, table: Table) -> str:
        """The name of a table's staged keys and hashes."""
        return quoted(f"_staged_{table.name}")

    def fresh(self, table: Table) -> str:
        """A query of the table's staged rows with all their columns, but for those that the target has already."""
        if table.name not in self._compared:
            return f"SELECT * FROM {self.staged(table)}"
        parts = " UNION ALL ".join(f"FROM {part}" for part in self._fresh[table.name])
        same = " AND ".join(f"k.{quoted(n)} IS NOT DISTINCT FROM f.{quoted(n)}" for n in (*table.key, "_at", "_line"))
        return f"SELECT * FROM ({parts}) f SEMI JOIN {self.staged(table)} k ON {same}"

    def _unite(self, table: Table) -> None:
        if self.straight(table):
            target = self.targets[table.name]
            parts = f"SELECT {listed(self.identity(table))}, _row_hash, rowid AS _at, 0 AS _line FROM {target.rows}"
            parts += f" WHERE _shop = {literal(target.shop)}"
        elif self.came(table):
            parts = " UNION ALL ".join(f"FROM {part}" for part in self._parts[table.name])
        else:
            kinds = self.content(table)
            nothing = [f"NULL::{kinds.get(name, 'VARCHAR')} AS {quoted(name)}" for name in self.identity(table)]
            parts = f"SELECT {', '.join(nothing)}, '' AS _row_hash, 0 AS _at, 0 AS _line WHERE false"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {self.staged(table)} AS {parts}")

    def drop(self) -> None:
        """Forget everything that was scanned."""
        self.close()
        for table in self.plan.tables:
            self.connection.execute(f"DROP VIEW IF EXISTS temp.{self.staged(table)}")
            for parts in (self._parts[table.name], self._fresh[table.name]):
                self._drop(parts)
                parts.clear()
        self.connection.execute(f"DROP VIEW IF EXISTS temp.{CARRIERS}")
        self._drop([HEADS])
        self._lines, self._strange, self._straight = 0, Counter(), {}
        self._compared.clear()

    def close(self) -> None:
        """Let go of the lines; what was split stays."""
        self._chunks.close()

    def _drop(self, names: list[str]) -> None:
        for name in names:
            self.connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def _count(self, sql: str) -> int:
        return int((self.connection.execute(sql).fetchone() or (0,))[0])


class Stream:
    """Rows that a query of one connection makes while another connection reads them, once."""

    def __init__(self, rows: duckdb.DuckDBPyRelation) -> None:
        self._stream = rows.__arrow_c_stream__()

    def __arrow_c_stream__(self, _schema: object | None = None) -> object:
        # Asked for again when the rows are read: the query would run again if it were made anew.
        return self._stream


def _counted_late(table: Table) -> bool:
    """Lines numbered below their parent can only be counted when all have come."""
    return "position" in table.key and table.origin == "lines" and not table.position_path


def _position(table: Table, found: Nodes) -> str:
    """The row's number among its parent's: the store's own where it has one, else its place in the list."""
    return found.at(table.position_path) if table.position_path else found.order
