"""A DuckDB of this machine that is worked in, and the lake that is made like it: rows first, the cursor last.

A lake has no transaction over several tables. So a landing is a transaction of the mirror, and before it is committed
the lake is brought up to it: first a note that writing began, then tables of rows, then our own with the cursors, then
the note that all of it arrived. Whatever breaks between leaves the first note behind: whoever opens the lake next
reads its mirror anew from what is really there, and the cursor, which was not reached, makes the next pull do the
rest again. A mirror that is missing, or older than the lake, is read anew too: it may be thrown away at any time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from shoptide.errors import WarehouseError
from shoptide.warehouse.duckdb import DuckDBWarehouse
from shoptide.warehouse.lake.outlet import Change, Outlet, State
from shoptide.warehouse.names import listed, quoted
from shoptide.warehouse.protocol import Capabilities

BOOK = "_mirror"  # the mirror's schema of its own: what the lake holds, row by row
OURS = "_shoptide_"
CURSORS = f"{OURS}cursors"
# What changes whenever a row does; tables that lack `_row_hash` are compared by all their columns.
TELLING = ("_row_hash", "_deleted_at", "_run_id", "_valid_from", "_valid_to")
MOST = 0.5  # of a table's rows: when more changed, it is written anew


def mirror_path(base: Path, url: str, schema: str) -> Path:
    name = hashlib.sha256(f"{url} {schema}".encode()).hexdigest()[:16]
    return base / ".shoptide" / "mirrors" / f"{name}.duckdb"


class MirroredWarehouse(DuckDBWarehouse):
    """A lake as a warehouse; see `protocol.Warehouse`. Queries and sources of pushes are answered by the mirror."""

    capabilities = Capabilities(transactions=False, local_files=True)

    def __init__(
        self, path: Path, schema: str, outlet: Outlet, *, read_only: bool = False, views: tuple[str, ...] = ()
    ) -> None:
        self.outlet = outlet
        if read_only:
            _make_current(path, schema, outlet)
        super().__init__(path, schema, read_only=read_only, views=views)
        self.what = f"warehouse {outlet.what}"
        if not read_only:
            with self.errors():
                self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {BOOK}")
                self.connection.execute(f"CREATE TABLE IF NOT EXISTS {BOOK}.token (token VARCHAR)")
            self._settle()

    def _settle(self) -> None:
        """Make the mirror like the lake, unless it is."""
        state = self.outlet.state()
        with self.errors():
            if _is_like(self.connection, state):
                return
        with DuckDBWarehouse.transaction(self) as connection:
            for name in self._own_tables():
                connection.execute(f"DROP TABLE {self.table(name)}")
            for (name,) in _fetched(connection, _TABLES_OF, BOOK):
                connection.execute(f"DROP TABLE {BOOK}.{quoted(name)}")
            connection.execute(f"CREATE TABLE {BOOK}.token (token VARCHAR)")
            for name, columns in state.tables.items() if state else ():
                declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
                connection.execute(f"CREATE TABLE {self.table(name)} ({declared})")
                self.outlet.read(connection, name, self.table(name), columns)
                self._remember(name, columns)
            self._sign(state.token if state else "")
        if state and not state.whole:  # what is there is all there is now
            self.outlet.note(State(state.token, True, state.tables))

    def close(self) -> None:
        super().close()
        self.outlet.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with super().transaction() as connection:
            yield connection
            self._publish()

    # what changed

    def _own_tables(self) -> list[str]:
        return [name for (name,) in _fetched(self.connection, _TABLES_OF, self.schema)]

    def _publish(self) -> None:
        """Bring the lake up to the mirror: rows, then our own tables, then the cursors."""
        names = self._own_tables()
        held = {name: self.columns(name) for name in names}
        before = self.outlet.state() or State()
        changes = [
            change
            for name in sorted(names, key=lambda name: (name == CURSORS, name.startswith(OURS), name))
            if (change := self._change(name, held[name], before.tables.get(name)))
        ]
        if not changes and before.tables == held:
            return
        token = secrets.token_hex(8)
        self.outlet.note(State(token, False, before.tables | held))
        for change in changes:
            if change.changed:
                self.outlet.merge(self.connection, change)
            else:
                self.outlet.replace(self.connection, change)
            self._remember(change.table, change.columns)
        self.outlet.note(State(token, True, held))
        self._sign(token)

    def _change(self, name: str, columns: dict[str, str], published: dict[str, str] | None) -> Change | None:
        """What the lake lacks of a table; None where it lacks nothing. `changed` is empty where it is written anew."""
        table, book, key = self.table(name), f"{BOOK}.{quoted(name)}", _key(name, columns)
        anew = Change(name, columns, key, f"SELECT * FROM {table}", "", "")
        if published != columns:
            return anew
        if not key:
            here, there = f"SELECT {_print(columns)} FROM {table}", f"SELECT print FROM {book}"
            return anew if self._count(f"SELECT count(*) FROM {_differing(here, there)}") else None
        same = " AND ".join(f"b.{quoted(column)} IS NOT DISTINCT FROM t.{quoted(column)}" for column in key)
        changed = f"FROM {table} t LEFT JOIN {book} b ON {same} WHERE b.print IS DISTINCT FROM {_print(columns, 't.')}"
        gone = f"FROM {book} b WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})"
        new, away = self._count(f"SELECT count(*) {changed}"), self._count(f"SELECT count(*) {gone}")
        if not new and not away:
            return None
        total = self._count(f"SELECT count(*) FROM {table}")
        keys = self._count(f"SELECT count(*) FROM (SELECT DISTINCT {listed(key)} FROM {table})")
        if keys != total or new + away > total * MOST:
            return anew
        rows = ", ".join(f"b.{quoted(column)}" for column in key)
        return Change(name, columns, key, anew.rows, f"SELECT t.* {changed}", f"SELECT {rows} {gone}")

    def _remember(self, name: str, columns: dict[str, str]) -> None:
        """Note what the lake holds of a table now."""
        keys = ", ".join(quoted(column) for column in _key(name, columns))
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {BOOK}.{quoted(name)} AS"
            f" SELECT {keys}{', ' if keys else ''}{_print(columns)} AS print FROM {self.table(name)}"
        )

    def _sign(self, token: str) -> None:
        self.connection.execute(f"DELETE FROM {BOOK}.token")
        self.connection.execute(f"INSERT INTO {BOOK}.token VALUES (?)", [token])

    def _count(self, sql: str) -> int:
        return int(self.connection.execute(sql).fetchall()[0][0])


_TABLES_OF = (
    "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()"
    " AND table_type = 'BASE TABLE' AND table_schema = ? ORDER BY table_name"
)


def _make_current(path: Path, schema: str, outlet: Outlet) -> None:
    """Read the mirror anew for one that will only be read, unless an earlier run left it as the lake is."""
    state = outlet.state()
    if state is None:
        raise WarehouseError(f"warehouse {outlet.what} does not exist yet", hint="run `shoptide pull` first")
    if path.exists():
        with DuckDBWarehouse(path, schema, read_only=True) as found, found.errors():
            if _is_like(found.connection, state):
                return
    MirroredWarehouse(path, schema, outlet).connection.close()


def _fetched(connection: duckdb.DuckDBPyConnection, sql: str, value: str) -> list[tuple[str, ...]]:
    return connection.execute(sql, [value]).fetchall()


def _is_like(connection: duckdb.DuckDBPyConnection, state: State | None) -> bool:
    """Whether a mirror signed the lake's last state, which arrived whole."""
    if ("token",) not in _fetched(connection, _TABLES_OF, BOOK):
        return False
    rows = connection.execute(f"SELECT token FROM {BOOK}.token").fetchall()
    return [row[0] for row in rows] == [state.token] and state.whole if state else False


def _differing(one: str, other: str) -> str:
    return f"(({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))"


def _key(name: str, columns: dict[str, str]) -> tuple[str, ...]:
    """What tells a table's rows apart: its gid, or its parent and position; empty for our own tables.

    A table's key columns stand right behind `_shop` (see `inbound.landing`).
    """
    names = list(columns)
    if name.startswith(OURS) or not names or names[0] != "_shop":
        return ()
    version = ("_valid_from",) if "_valid_from" in columns else ()
    if "gid" in columns:
        return ("_shop", "gid", *version)
    if "position" in columns:
        return ("_shop", *names[1 : names.index("position") + 1], *_parent(names), *version)
    return ()


def _parent(names: list[str]) -> tuple[str, ...]:
    """The column behind the position, where it is the parent's gid and not in the key already."""
    after = names[names.index("position") + 1 : names.index("position") + 2]
    return tuple(name for name in after if name.endswith("_gid") and name not in names[1 : names.index("position")])


def _print(columns: dict[str, str], prefix: str = "") -> str:
    telling = [name for name in TELLING if name in columns] if "_row_hash" in columns else list(columns)
    return f"hash({', '.join(f'{prefix}{quoted(name)}' for name in telling)})"
