"""DuckDB as the warehouse: opening it, its errors in our words, and its schema's bookkeeping tables."""

from __future__ import annotations

import copy
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb

from shoptide.config import FileConfig
from shoptide.errors import ConfigError, WarehouseError, WarehouseLocked, WarehouseMemory
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.staged import StagedSource, stage

LOCKED = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
BASE_MEMORY, THREAD_MEMORY = 256, 64  # megabytes of DuckDB's in bounded work; beyond that it spills beside the file
SETTINGS = {
    "TimeZone": "UTC",
    # Extensions would be fetched from the network when a query needs one.
    "autoinstall_known_extensions": False,
}


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


def mapped(error: duckdb.Error, what: str) -> WarehouseError:
    """A DuckDB error in our words: who holds the lock, which path can't be written."""
    text = str(error)
    if found := LOCKED.search(text):
        return WarehouseLocked(
            f"{what} is held by another process ({Path(found['program']).name}, pid {found['pid']})",
            hint="wait for it or close it, then run the same command again",
        )
    if "Could not set lock" in text:
        return WarehouseLocked(f"{what} is held by another process", hint="wait for it, then run the command again")
    first = text.split("\n")[0]
    if (
        isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in text
    ):  # or another's, read as a stream
        return WarehouseMemory(f"{what}: {first}", hint="give it more memory, or less to do at once")
    if "Permission denied" in text or "Cannot open file" in text or "No such file" in text or "read-only" in text:
        return WarehouseError(
            f"{what} can't be opened: {first}", hint="check [warehouse] url, the folder and its rights"
        )
    return WarehouseError(f"{what}: {first}")


class DuckDBWarehouse:
    """One DuckDB database. A connection is used by one thread at a time; `beside` opens more."""

    dialect = "duckdb"

    def __init__(self, path: Path | None, schema: str, *, read_only: bool = False, views: tuple[str, ...] = ()) -> None:
        self.path = path
        self.schema = schema
        self.views = views  # other people's layouts that are kept beside the tables
        self.read_only = read_only
        self.what = f"warehouse {path}" if path else "warehouse in memory"
        self._writing = threading.RLock()
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
            found = duckdb.connect(str(self.path or ":memory:"), read_only=self.read_only and self.path is not None)
            for name, value in SETTINGS.items():
                found.execute(f"SET {name} = ?", [value])
        except duckdb.Error as error:
            raise mapped(error, self.what) from None
        return found

    def beside(self) -> DuckDBWarehouse:
        """Open another connection to the same database, for another thread of this process.

        Transactions of all such connections come one after the other: DuckDB refuses the later of two that meet.
        """
        other = copy.copy(self)
        with self.errors():
            other.connection = self.connection.cursor()
            for name, value in SETTINGS.items():
                other.connection.execute(f"SET {name} = ?", [value])
        return other

    def __enter__(self) -> DuckDBWarehouse:
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

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Work within memory that does not grow with the data; a database in memory has nowhere else to go."""
        if self.path is None:
            yield
            return
        row = self.connection.execute("SELECT current_setting('threads')").fetchone()
        threads = int(row[0]) if row else 1
        self.connection.execute(f"SET memory_limit = '{BASE_MEMORY + THREAD_MEMORY * threads}MB'")
        try:
            yield
        finally:
            self.connection.execute("RESET memory_limit")

    @contextmanager
    def few_threads(self) -> Iterator[None]:
        """Work with one thread a connection where there are no more than two.

        Two threads that fill one table copy their halves together in the end, which takes longer than one alone; the
        other is of better use to a second connection.
        """
        row = self.connection.execute("SELECT current_setting('threads')").fetchone()
        if not row or int(row[0]) > 2:
            yield
            return
        self.connection.execute("SET threads = 1")
        try:
            yield
        finally:
            self.connection.execute(f"SET threads = {int(row[0])}")

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing."""
        with self._writing, self.errors():
            self.connection.execute("BEGIN TRANSACTION")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[tuple[Any, ...]]]:
        """Run a statement; returns rows affected and rows found."""
        with self.errors():
            found = self.connection.execute(sql, list(values)).fetchall()
        return len(found), found

    def table(self, name: str) -> str:
        """A table's quoted name with its schema."""
        return f"{quoted(self.schema)}.{quoted(name)}"

    def has_table(self, name: str) -> bool:
        return bool(self.columns(name))

    def columns(self, name: str) -> dict[str, str]:
        """Column → type of a table; empty when there is no such table."""
        rows = self.connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_catalog = current_database() AND table_schema = ? AND table_name = ?"
            " ORDER BY ordinal_position",
            [self.schema, name],
        ).fetchall()
        return dict(rows)

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

    def publish(self, name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]) -> None:
        """Replace a small bookkeeping table with these rows, in one transaction."""
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        with self.transaction() as connection:
            connection.execute(f"CREATE OR REPLACE TABLE {self.table(name)} ({declared})")
            if rows:
                marks = ", ".join("?" for _ in columns)
                connection.executemany(f"INSERT INTO {self.table(name)} VALUES ({marks})", rows)

    # tables that follow others, row by row of a file

    def newest(self, name: str, columns: dict[str, str], column: str) -> Any:
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

    def merge_lines(self, name: str, columns: dict[str, str], keys: tuple[str, ...], lines: Iterable[str]) -> None:
        """Put rows, as blocks of lines of JSON objects, in place of those with the same keys."""
        with self._read_lines(columns, lines) as rows, self.transaction() as connection:
            if rows is None:
                return
            same = " AND ".join(f"t.{quoted(key)} = n.{quoted(key)}" for key in keys)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE newer AS {rows}")
            connection.execute(f"DELETE FROM {self.table(name)} t USING newer n WHERE {same}")
            connection.execute(f"INSERT INTO {self.table(name)} SELECT * FROM newer")
            connection.execute("DROP TABLE newer")

    def replace_lines(self, name: str, columns: dict[str, str], lines: Iterable[str]) -> None:
        """Make a table of just these rows, given as blocks of lines of JSON objects."""
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        with self._read_lines(columns, lines) as rows, self.transaction() as connection:
            connection.execute(f"CREATE OR REPLACE TABLE {self.table(name)} ({declared})")
            if rows is not None:
                connection.execute(f"INSERT INTO {self.table(name)} {rows}")

    @contextmanager
    def _read_lines(self, columns: dict[str, str], lines: Iterable[str]) -> Iterator[str | None]:
        """The SELECT of lines' rows, which stand in a file meanwhile; None when there are none."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as file:
            file.writelines(lines)
            file.flush()
            if not file.tell():
                yield None
                return
            as_text = {"TIMESTAMP": "VARCHAR"}  # instants come with their offset
            declared = ", ".join(
                f"{literal(name)}: {literal(as_text.get(kind, kind))}" for name, kind in columns.items()
            )
            casts = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
            read = f"read_json({literal(file.name)}, format = 'newline_delimited', columns = {{{declared}}})"
            yield f"SELECT {casts} FROM {read}"
