"""DuckDB as the warehouse: opening it, its errors in our words, and its schema's bookkeeping tables."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import duckdb

from shoptide.config import FileConfig
from shoptide.errors import ConfigError, WarehouseError
from shoptide.warehouse.lines import reading
from shoptide.warehouse.names import listed, literal, quoted
from shoptide.warehouse.protocol import Capabilities, Columns, Lacking, Row
from shoptide.warehouse.staged import StagedSource, stage
from shoptide.warehouse.workbench import SETTINGS, bounded, few_threads, mapped

ROW_GROUP = 20_480  # rows; a sixth of DuckDB's own number, so that a wide table's wait in memory a sixth as long
_opening = threading.Lock()


def database_path(url: str, base: Path) -> Path | None:
    """`duckdb:///acme.duckdb` → a file below `base`; four slashes are an absolute path; `duckdb://` lives in memory."""
    found = re.fullmatch(r"duckdb:(?://)?(?P<path>.*)", url)
    if not found:
        raise ConfigError(f"[warehouse] url {url!r} is not understood", hint='for example "duckdb:///acme.duckdb"')
    path = unquote(found["path"])
    if path in ("", "/", "/:memory:", ":memory:"):
        return None
    path = path.removeprefix("/") if url.startswith("duckdb:///") else path
    return base / path


def tell_apart(database: str, schema: str) -> None:
    """Raise ConfigError where `schema.table` may be read as `database.table`: DuckDB refuses to guess."""
    if database.lower() == schema.lower():
        raise ConfigError(
            f"[warehouse] url: the database {database} has the name of the schema in it, and DuckDB can't tell which is"
            " meant",
            hint='name the file otherwise, for example url = "duckdb:///warehouse.duckdb", or set schema = "…"',
        )


class DuckDBWarehouse:
    """One DuckDB database, engine and workbench at once. A connection is used by one thread at a time; `beside` opens
    more."""

    capabilities = Capabilities(local_files=True)

    dialect = "duckdb"

    def __init__(self, path: Path | None, schema: str, *, read_only: bool = False, views: tuple[str, ...] = ()) -> None:
        self.path = path
        self.schema = schema
        self.views = views  # other people's layouts that are kept beside the tables
        self.read_only = read_only
        self.what = f"warehouse {path}" if path else "warehouse in memory"
        self._writing = threading.RLock()
        # Columns by table: None outside of transactions, empty in one until asked for. DuckDB walks all tables to tell
        # of one.
        self._known: dict[str, dict[str, str]] | None = None
        if path:
            tell_apart(path.name.lstrip(".").partition(".")[0], schema)
        self.connection = self._connect()
        if not read_only:
            with self.errors():
                self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        if self.path is not None and not self.read_only:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WarehouseError(f"{self.what} can't be made: {error}", hint="check [warehouse] url") from None
        if self.path is not None and self.read_only and not self.path.exists():
            raise WarehouseError(f"{self.what} does not exist yet", hint="run `shoptide pull` first")
        try:
            if self.path is None or self.read_only:
                found = duckdb.connect(str(self.path or ":memory:"), read_only=self.path is not None)
            else:
                found = _connect_to_write(self.path)
            for name, value in SETTINGS.items():
                found.execute(f"SET {name} = ?", [value])
        except duckdb.Error as error:
            raise mapped(error, self.what) from None
        return found

    def beside(self) -> Self:
        """Open another connection to the same database, for another thread of this process.

        Transactions of all such connections come one after the other: DuckDB refuses the later of two that meet.
        """
        other = copy.copy(self)
        other._known = None  # noqa: SLF001  # one of our own kind
        with self.errors():
            other.connection = self.connection.cursor()
            for name, value in SETTINGS.items():
                other.connection.execute(f"SET {name} = ?", [value])
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Map DuckDB's errors to ours."""
        try:
            yield
        except duckdb.Error as error:
            raise mapped(error, self.what) from error

    def bounded(self) -> AbstractContextManager[None]:
        """As `workbench.bounded`; a database in memory has nowhere else to go."""
        return nullcontext() if self.path is None else bounded(self.connection)

    def few_threads(self) -> AbstractContextManager[None]:
        return few_threads(self.connection)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing."""
        with self._writing, self.errors():
            self.connection.execute("BEGIN TRANSACTION")
            self._known = {}
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            finally:
                self._known = None
            self.connection.execute("COMMIT")

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[Row]]:
        """Run a statement; returns rows affected and rows found."""
        with self.errors():
            found = self.connection.execute(sql, list(values)).fetchall()
        return len(found), found

    @property
    def workbench(self) -> duckdb.DuckDBPyConnection:
        return self.connection

    def reader(self) -> duckdb.DuckDBPyConnection:
        return self.beside().connection

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Execute a statement; returns how many rows it affected."""
        with self.errors():
            found = self.connection.execute(sql, list(values)).fetchall()
        return int(found[0][0]) if found and isinstance(found[0][0], int) else 0

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        with self.errors():
            return self.connection.execute(sql, list(values)).fetchall()

    def create(self, name: str, columns: Columns, keys: Sequence[Sequence[str]] = ()) -> None:  # noqa: ARG002  # indexes would slow it
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        self.connection.execute(f"CREATE TABLE {self.table(name)} ({declared})")
        self._note(name, columns)

    def add_column(self, name: str, column: str, kind: str) -> None:
        self.connection.execute(f"ALTER TABLE {self.table(name)} ADD COLUMN {quoted(column)} {kind}")
        self._note(name, {column: kind})

    def retype(self, name: str, column: str, kind: str) -> None:
        self.connection.execute(f"ALTER TABLE {self.table(name)} ALTER {quoted(column)} TYPE {kind}")
        self._note(name, {column: kind})

    def _note(self, name: str, columns: Columns) -> None:
        if self._known:
            spelled = {column: kind.replace(", ", ",") for column, kind in columns.items()}  # as DuckDB does
            self._known.setdefault(name, {}).update(spelled)

    def bring(self, staged: str, columns: Sequence[str]) -> str:  # noqa: ARG002  # all of it is here already
        return staged

    def insert(
        self,
        name: str,
        chosen: Mapping[str, str],
        rows: str,
        values: Sequence[object] = (),
        lacking: Lacking | None = None,
    ) -> None:
        where = f" WHERE {lacking.condition}" if lacking else ""
        self.connection.execute(
            f"INSERT INTO {self.table(name)} ({listed(tuple(chosen))})"
            f" SELECT {', '.join(chosen.values())} FROM {rows} s{where}",
            list(values),
        )

    def rehash(self, name: str, keys: Sequence[str], hashed: str, where: str) -> int:  # noqa: ARG002  # rows are at hand
        return self.run(f"UPDATE {self.table(name)} t SET _row_hash = {hashed} WHERE {where}")

    def table(self, name: str) -> str:
        """A table's quoted name with its schema."""
        return f"{quoted(self.schema)}.{quoted(name)}"

    def has_table(self, name: str) -> bool:
        return bool(self.columns(name))

    def columns(self, name: str) -> dict[str, str]:
        """Column → type of a table; empty when there is no such table."""
        if self._known is None:
            return self._columns("AND table_name = ?", [name]).get(name, {})
        self._known = self._known or self._columns("", [])
        return dict(self._known.get(name, {}))

    def _columns(self, condition: str, values: list[str]) -> dict[str, dict[str, str]]:
        rows = self.connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            f" WHERE table_catalog = current_database() AND table_schema = ? {condition} ORDER BY ordinal_position",
            [self.schema, *values],
        ).fetchall()
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            found.setdefault(table, {})[column] = kind
        return found

    def tables(self) -> list[str]:
        rows = self.connection.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_catalog = current_database() AND table_schema = ? ORDER BY table_name",
            [self.schema],
        ).fetchall()
        return [row[0] for row in rows]

    def stage(self, source: str, *, base: Path, file: FileConfig | None = None) -> StagedSource:
        """Read a push's source: a table, a query or a file below `base`. Raises SourceError.

        Names without a schema are looked for in ours first, as `run_query` does. `file` says how a file is written.
        """
        cursor = self.connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        self._look_here_first(cursor)
        return stage(cursor, source, base, file)

    def run_query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """A query's columns and rows, names without a schema looked for in ours first. Raises WarehouseError."""
        with self.errors():
            self._look_here_first(self.connection)
            result = self.connection.execute(sql)
            columns = [str(column[0]) for column in result.description or []]
            return columns, result.fetchall()

    def _look_here_first(self, connection: duckdb.DuckDBPyConnection) -> None:
        known = "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?"
        if connection.execute(known, [self.schema]).fetchone():
            connection.execute(f"SET search_path = {literal(f'{self.schema},main')}")

    def publish(self, name: str, columns: Columns, rows: Sequence[Row]) -> None:
        """Replace a small bookkeeping table with these rows, in one transaction."""
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        with self.transaction() as connection:
            connection.execute(f"CREATE OR REPLACE TABLE {self.table(name)} ({declared})")
            if rows:
                marks = ", ".join("?" for _ in columns)
                connection.executemany(f"INSERT INTO {self.table(name)} VALUES ({marks})", rows)

    # tables that follow others, row by row of a file

    def newest(self, name: str, columns: Columns, column: str) -> Any:
        """The largest value of a column; None where there is no such table, an empty one, or one of other columns."""
        if list(self.columns(name)) != list(columns):
            return None
        with self.errors():
            found = self.connection.execute(f"SELECT max({quoted(column)}) FROM {self.table(name)}").fetchone()
        return found[0] if found else None

    def size(self, name: str) -> int:
        with self.errors():
            found = self.connection.execute(f"SELECT count(*) FROM {self.table(name)}").fetchone()
        return int(found[0]) if found else 0

    def merge_lines(self, name: str, columns: Columns, keys: tuple[str, ...], lines: Iterable[str]) -> None:
        """Put rows, as blocks of lines of JSON objects, in place of those with the same keys."""
        with reading(columns, lines) as rows, self.transaction() as connection:
            if rows is None:
                return
            same = " AND ".join(f"t.{quoted(key)} = n.{quoted(key)}" for key in keys)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE newer AS {rows}")
            connection.execute(f"DELETE FROM {self.table(name)} t USING newer n WHERE {same}")
            connection.execute(f"INSERT INTO {self.table(name)} SELECT * FROM newer")
            connection.execute("DROP TABLE newer")

    def replace_lines(self, name: str, columns: Columns, lines: Iterable[str]) -> None:
        """Make a table of just these rows, given as blocks of lines of JSON objects."""
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        with reading(columns, lines) as rows, self.transaction() as connection:
            connection.execute(f"CREATE OR REPLACE TABLE {self.table(name)} ({declared})")
            if rows is not None:
                connection.execute(f"INSERT INTO {self.table(name)} {rows}")


def _connect_to_write(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database so that new rows go to disk in groups of `ROW_GROUP`: the first to open it attaches it anew.

    DuckDB takes the size of groups with ATTACH only. Whoever opens the file in this process later shares the database.
    """
    with _opening:
        found = duckdb.connect(str(path))
        ((number, database),) = found.execute(
            "SELECT count, current_database() FROM duckdb_connection_count()"
        ).fetchall()
        if number > 1:
            return found
        name, aside = quoted(database), quoted(f"not {database}")
        try:
            found.execute(f"ATTACH ':memory:' AS {aside}")
            found.execute(f"USE {aside}")
            found.execute(f"DETACH {name}")
            found.execute(f"ATTACH {literal(str(path))} AS {name} (ROW_GROUP_SIZE {ROW_GROUP})")
            found.execute(f"USE {name}")
            found.execute(f"DETACH {aside}")
        except duckdb.Error:
            found.close()
            raise
        return found
