"""From spooled JSONL to one temporary table per table of the stream: typed, hashed, proved, each record once.

DuckDB reads the lines itself. It does so in chunks of a file, so that memory stays bounded however large the file is;
what has to be known of all lines together (ids, parents, the newest change) is kept in one narrow row per line.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from shoptide.errors import ProofFailed
from shoptide.inbound.extraction import unreadable
from shoptide.inbound.reading import (
    LARGEST_LINE,
    ROOTS,
    TYPES,
    USUAL_LINE,
    Nodes,
    file_tree,
    is_line_of,
    nodes,
    scan,
    value,
)
from shoptide.resources.extraction import BULK_LEVELS, STUB, StreamPlan
from shoptide.resources.tables import Table
from shoptide.warehouse.duckdb import DuckDBWarehouse
from shoptide.warehouse.names import literal, quoted

LANDED, HEADS = "_landed", "_heads"
CHUNK = 128 * 1024 * 1024  # bytes of a file that are typed at once; each chunk costs a tenth of a second by itself


class Staging:
    """The lines of one stream's read, on their way to its tables.

    `scan` takes files, as often as needed; `split` proves what came and makes it ready; `staged(table)` names a
    temporary view with the table's columns, its parent's gid, `position` and `_row_hash`.
    """

    def __init__(self, warehouse: DuckDBWarehouse, plan: StreamPlan) -> None:
        self.warehouse = warehouse
        self.plan = plan
        self._tree = file_tree(plan)
        self._fingerprint: str | None = None
        self._lines = 0
        self._parts: dict[str, list[str]] = {table.name: [] for table in plan.tables}
        self._strange: dict[str, int] = {}

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.warehouse.connection

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
        for path in paths:
            for chunk in chunks(path, CHUNK):
                self._take(chunk)

    def _take(self, path: Path) -> None:
        self._type(path)
        # What a later chunk's rows are counted from.
        count, parent = self._count(f"SELECT count(*) FROM {LANDED}"), "__parentId"
        cursor = self.plan.stream.cursor
        stamp = quoted(cursor) if cursor and cursor in self._tree else "NULL::TIMESTAMP"
        heads = (
            f"SELECT rowid + {self._lines} AS _line, id, {parent} AS parent, {STUB} IS NOT NULL AS stub,"
            f" CASE WHEN {ROOTS} THEN {stamp} END AS changed FROM {LANDED}"
        )
        into = f"INSERT INTO {HEADS}" if self._lines else f"CREATE OR REPLACE TEMP TABLE {HEADS} AS"
        self.connection.execute(f"{into} {heads}")
        for table in self.plan.tables:
            self._add_part(table, self._selection(table))
        self._note_strangers()
        self._lines += count

    def _type(self, path: Path) -> None:
        """The chunk's lines with the stream's types."""
        into = f"CREATE OR REPLACE TEMP TABLE {LANDED} AS SELECT * FROM "
        try:
            self.connection.execute(into + scan([path], self._tree, longest=USUAL_LINE))
        except duckdb.InvalidInputException as error:
            if "maximum_object_size" not in str(error):
                raise unreadable(self.plan.stream.name, error) from None
            try:
                self.connection.execute(into + scan([path], self._tree, longest=LARGEST_LINE))
            except duckdb.InvalidInputException as again:
                raise unreadable(self.plan.stream.name, again) from None

    def _add_part(self, table: Table, select: str) -> None:
        """A chunk's rows stay a table of their own: adding them to one would copy them once more."""
        parts = self._parts[table.name]
        name = quoted(f"_part_{table.name}_{len(parts)}")
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}")
        parts.append(name)

    def _selection(self, table: Table) -> str:
        found = nodes(self.plan, table, LANDED)
        selected = [f"{value(column, found)} AS {quoted(column.name)}" for column in table.columns]
        if table.parent_column:
            selected.append(f"{found.parent} AS {quoted(table.parent_column)}")
        if "position" in table.key and not _counted_late(table):
            selected.append(f"{_position(table, found)}::BIGINT AS position")
        hashed = "NULL::VARCHAR" if _counted_late(table) else self.hash_of([*map(quoted, self.content(table))])
        place = f"{found.line} + {self._lines} AS _at, {found.order} AS _line"
        return f"SELECT *, {hashed} AS _row_hash FROM (SELECT {', '.join(selected)}, {place} FROM {found.source})"

    def _note_strangers(self) -> None:
        """Count lines that no table takes, by kind."""
        names = ", ".join(literal(name) for name in self.plan.root_types)
        places = [f"({ROOTS} AND coalesce(__typename, '') IN ({names}))"]
        places += [f"({is_line_of(self.plan, table)})" for table in self.plan.tables if table.origin == "lines"]
        told = "coalesce(__typename, 'no type') || coalesce(' below ' || split_part(__parentId, '/', 4), '')"
        found = self.connection.execute(
            f"SELECT {told} AS kind, count(*) FROM {LANDED}"
            f" WHERE {STUB} IS NULL AND NOT ({' OR '.join(places)}) GROUP BY 1"
        ).fetchall()
        for name, number in found:
            self._strange[name] = self._strange.get(name, 0) + number

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
        """A query of the root lines' gids."""
        return f"SELECT id FROM {HEADS} WHERE parent IS NULL AND NOT stub"

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
            if _counted_late(table):
                self._number(table)
            self._once(table)
        return {table.name: self._count(f"SELECT count(*) FROM {self.staged(table)}") for table in self.plan.tables}

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
            if table.origin == "list" and "gid" in {column.name for column in table.columns}:
                known += f" UNION ALL SELECT r.gid FROM {self.staged(table)} r SEMI JOIN {HEADS} h ON h._line = r._at"
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
        later = f"SELECT 1 FROM {self.staged(table)} o WHERE {same} AND (o._at, o._line) > (r._at, r._line)"
        for part in self._parts[table.name]:
            self.connection.execute(f"DELETE FROM {part} r WHERE EXISTS ({later})")

    def staged(self, table: Table) -> str:
        """The name of a table's staged rows."""
        return quoted(f"_staged_{table.name}")

    def _unite(self, table: Table) -> None:
        parts = " UNION ALL ".join(f"FROM {part}" for part in self._parts[table.name])
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {self.staged(table)} AS {parts}")

    def drop(self) -> None:
        """Forget everything that was scanned."""
        for table in self.plan.tables:
            self.connection.execute(f"DROP VIEW IF EXISTS temp.{self.staged(table)}")
            self._drop(self._parts[table.name])
            self._parts[table.name] = []
        self._drop([LANDED, HEADS])
        self._lines, self._strange = 0, {}

    def _drop(self, names: list[str]) -> None:
        for name in names:
            self.connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def _count(self, sql: str) -> int:
        return int((self.connection.execute(sql).fetchone() or (0,))[0])


def chunks(path: Path, size: int) -> Iterator[Path]:
    """A file in pieces of whole lines of about `size` bytes, each there until the next is asked for."""
    if path.stat().st_size <= size:
        yield path
        return
    piece = path.with_suffix(".chunk")
    try:
        with path.open("rb") as file:
            while block := file.read(size):
                with piece.open("wb") as part:
                    part.write(block)
                    part.write(file.readline())
                del block
                yield piece
    finally:
        piece.unlink(missing_ok=True)


def _counted_late(table: Table) -> bool:
    """Lines numbered below their parent can only be counted when all have come."""
    return "position" in table.key and table.origin == "lines" and not table.position_path


def _position(table: Table, found: Nodes) -> str:
    """The row's number among its parent's: the store's own where it has one, else its place in the list."""
    return found.at(table.position_path) if table.position_path else found.order
