"""Postgres as the warehouse: psycopg for statements and transactions, COPY for rows in both directions.

Everything of a landing is one transaction of one connection, the rows' COPY included, so readers see all of it or
nothing. An advisory lock on the schema makes writers of several machines wait for each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from shoptide.config import WarehouseConfig
from shoptide.errors import ConfigError, SourceError, WarehouseDenied, WarehouseError, WarehouseLocked
from shoptide.errors import WarehouseUnreachable as Unreachable
from shoptide.warehouse import postgres_text as text
from shoptide.warehouse.names import listed, literal, quoted
from shoptide.warehouse.piped import blocks
from shoptide.warehouse.protocol import Columns, Row
from shoptide.warehouse.remote import Remote
from shoptide.warehouse.source import refuse_names, unreadable_because

LONGEST_NAME = 63  # bytes
SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "standard_conforming_strings": "on",
    "lock_timeout": "10min",
}
DEFAULTS = {"application_name": "shoptide", "connect_timeout": "15", "keepalives_idle": "60"}
DENIED = ("28", "42501")  # SQLSTATE: invalid authorization, insufficient privilege
LOST = ("08", "57P")  # connection exceptions, shutdown
BUSY = ("55P03", "40P01", "40001", "53300")  # lock not available, deadlock, serialization, too many connections
TEMPORARY = "pg_temp."
FEW = 100  # rows that Postgres plans well for without being told of them


class PostgresWarehouse(Remote):
    """One schema of a Postgres database; see `protocol.Warehouse`."""

    dialect = "postgres"
    numbered = True

    def __init__(self, config: WarehouseConfig, *, read_only: bool = False) -> None:
        super().__init__(config, read_only=read_only)
        try:
            import psycopg
        except ImportError:
            hint = "pip install 'shoptide[postgres]'"
            raise ConfigError(f"{self.what} needs psycopg, which is not installed", hint=hint) from None
        self._driver = psycopg
        self._secrets = {name: value.reveal() for name, value in config.secrets.items()}
        self._url = config.url
        self._unindexed: dict[str, Sequence[Sequence[str]]] = {}
        self._inside = False
        self.connection = self._connect()
        try:
            if not read_only:
                self._make_schema()
        except BaseException:
            self.disconnect()
            raise

    def _connect(self) -> Any:
        from psycopg.conninfo import conninfo_to_dict

        with self.engine_errors():
            try:
                parameters: dict[str, Any] = DEFAULTS | conninfo_to_dict(self._url) | self._secrets
            except self._driver.ProgrammingError as error:
                hint = 'for example "postgresql://me@host:5432/database", with password = "env:NAME" beside it'
                raise ConfigError(f"[warehouse] url is not understood: {self._clean(error)}", hint=hint) from None
            found = self._driver.connect(
                **parameters, autocommit=True, prepare_threshold=None, cursor_factory=self._driver.RawCursor
            )
            try:
                self._set_up(found)
            except BaseException:
                found.close()
                raise
        return found

    def _set_up(self, connection: Any) -> None:
        from psycopg.types.json import set_json_loads

        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            hint = "create a database with ENCODING 'UTF8'"
            raise WarehouseError(f"{self.what} keeps its texts as {encoding}, which can't hold all of them", hint=hint)
        set_json_loads(_as_text, connection)
        settings = SETTINGS | {"search_path": f"{quoted(self.schema)}, public"}
        if self.read_only:
            settings["default_transaction_read_only"] = "on"
        for name, value in settings.items():
            connection.execute("SELECT set_config($1, $2, false)", [name, value])

    def _make_schema(self) -> None:
        """Made only when it is not there: asking for it needs no right to make schemas."""
        with self.errors():
            if not self.execute("SELECT 1 FROM pg_namespace WHERE nspname = $1", [self.schema])[1]:
                with self.transaction():  # processes that begin together make it one after the other
                    self.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.schema)}")

    def disconnect(self) -> None:
        self.connection.close()

    # errors

    @contextmanager
    def engine_errors(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            raise self._mapped(error) from None  # its own words may hold more than ours

    def _clean(self, error: Exception) -> str:
        """The first line of an error, without anything secret."""
        found = next(iter(str(error).strip().splitlines()), type(error).__name__)
        for secret in self._secrets.values():
            found = found.replace(secret, "…")
        return found

    def _mapped(self, error: Any) -> WarehouseError:
        state, told = error.sqlstate or "", f"{self.what}: {self._clean(error)}"
        if state.startswith(DENIED) or "authentication failed" in told or "no password supplied" in told:
            hint = "check user and password, and what docs/howto/warehouses.md says of rights"
            return WarehouseDenied(told, hint=hint)
        if state in BUSY:
            return WarehouseLocked(told, hint="another run or query is in the way: run the same command again later")
        if state.startswith(LOST) or (not state and isinstance(error, self._driver.OperationalError)):
            return Unreachable(told, hint="check [warehouse] url and the network, then run the command again")
        if state == "3D000":
            return WarehouseError(told, hint="create the database first")
        return WarehouseError(told)

    # statements

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self.errors():
            self.execute("BEGIN")
            self._inside = True
            try:
                # Waits for a writer on another machine, also for one that was killed until the server noticed.
                self.execute("SELECT pg_advisory_xact_lock(hashtext('shoptide'), hashtext($1))", [self.schema])
                yield self.connection
                for name in list(self._unindexed):
                    self._index(name)
            except BaseException:
                with suppress(self._driver.Error):
                    self.connection.execute("ROLLBACK")
                raise
            else:
                self.connection.execute("COMMIT")
            finally:
                self._inside = False
                self._unindexed = {}

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[Row]]:
        given = [_storable(each) for each in values]
        with self.engine_errors():
            cursor = self._run(sql, given)
            found = cursor.fetchall() if cursor.description else []
        return max(cursor.rowcount, 0), found

    def _run(self, sql: str, values: list[object]) -> Any:
        """Outside a transaction, a connection that was lost while nothing was asked is made anew."""
        try:
            return self.connection.execute(sql, values)
        except self._driver.OperationalError:
            if self._inside or not self.connection.closed:
                raise
            self.connection = self._connect()
            return self.connection.execute(sql, values)

    # tables

    def rename(self, name: str) -> str:
        """Postgres cuts names to 63 bytes, which may make two into one: ours end in a hash instead."""
        if len(name.encode()) <= LONGEST_NAME:
            return name
        mark = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]
        return f"{name.encode()[: LONGEST_NAME - 9].decode(errors='ignore')}_{mark}"

    def type_of(self, kind: str) -> str:
        return text.type_of(kind)

    def tables(self) -> list[str]:
        found = self.execute(
            "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1",
            [self.schema],
        )[1]
        return [self._own_name(*row) for row in found]

    def columns(self, name: str) -> dict[str, str]:
        found = self.execute(
            "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [self.table(name)],
        )[1]
        return {self._own_name(column, told): text.kind_of(kind) for column, kind, told in found}

    def _own_name(self, held: str, told: str | None) -> str:
        """What we call a table or column: its comment says it where that is too long for Postgres."""
        return told if told and told != held and self.rename(told) == held else held

    def create(self, name: str, columns: Columns, keys: Sequence[Sequence[str]] = ()) -> None:
        super().create(name, columns, keys)
        if self.rename(name) != name:
            self.execute(f"COMMENT ON TABLE {self.table(name)} IS {literal(name)}")
        self._note_names(name, columns)
        self._unindexed[name] = keys
        if not self._inside:
            self._index(name)

    def add_column(self, name: str, column: str, kind: str) -> None:
        super().add_column(name, column, kind)
        self._note_names(name, [column])

    def _note_names(self, name: str, columns: Columns | Sequence[str]) -> None:
        for column in columns:
            if (short := self.rename(column)) != column:
                self.execute(f"COMMENT ON COLUMN {self.table(name)}.{quoted(short)} IS {literal(column)}")

    def retype(self, name: str, column: str, kind: str) -> None:
        from shoptide.warehouse.views import views_aside

        held, wanted = quoted(self.rename(column)), self.type_of(kind)
        with views_aside(self, name):
            self.execute(f"ALTER TABLE {self.table(name)} ALTER {held} TYPE {wanted} USING CAST({held} AS {wanted})")

    def make_temporary(self, name: str, columns: Columns) -> str:
        found = f"{TEMPORARY}{quoted(self.rename(name))}"
        self.execute(f"DROP TABLE IF EXISTS {found}")
        self.execute(f"CREATE TEMP TABLE {quoted(self.rename(name))} ({self.declared(columns)})")
        return found

    def _index(self, name: str) -> None:
        """After the first rows came: an index is made faster than it is kept."""
        for key in self._unindexed.pop(name, ()):
            self.execute(f"CREATE INDEX ON {self.table(name)} ({listed([self.rename(each) for each in key])})")

    # rows

    def load(self, target: str, columns: Sequence[str], query: str, values: Sequence[object] = ()) -> None:
        kinds = self.kinds(query, values)
        into = f"COPY {target} ({listed([self.rename(each) for each in columns])}) FROM STDIN"
        with self.errors(), self.connection.cursor() as cursor:
            with cursor.copy(into) as copy:
                sent = _send(copy, blocks(self.workbench, text.outgoing(query, kinds), text.OPTIONS, values))
            rows = cursor.rowcount
        if rows != sent:
            raise WarehouseError(f"{self.what}: {sent} rows were sent to {target} and {rows} arrived")
        if rows > FEW or target.startswith(TEMPORARY):  # of which no other process ever learns how many rows they have
            self.execute(f"ANALYZE {target}")

    def fetch(self, sql: str, into: str, columns: Columns) -> None:
        with self.errors():
            self._read(self._copied(sql), self.workbench, into, columns)

    def _read(
        self, copied: tuple[Path, int], connection: duckdb.DuckDBPyConnection, into: str, columns: Columns
    ) -> None:
        """Take in what COPY wrote, all of it."""
        path, rows = copied
        made = f"CREATE OR REPLACE TEMP TABLE {into} AS {text.reading(path, columns)}"
        (read,) = connection.execute(made).fetchall()[0]
        path.unlink()
        if read != rows:
            raise WarehouseError(f"{self.what}: {rows} rows were sent from there and {read} arrived")

    def _copied(self, sql: str) -> tuple[Path, int]:
        """A query's rows as COPY writes them, in a file beside the workbench, and their number."""
        path = self.folder / "copied.csv"
        query = f"COPY ({sql}\n) TO STDOUT ({text.COPIED})"
        with path.open("wb") as file, self.connection.cursor() as cursor:
            with cursor.copy(query) as copy:
                file.writelines(copy)
            return path, cursor.rowcount

    # what users ask

    def source_query(self, source: str) -> str:
        """A table is meant as it is written where there is one of that name, else as Postgres folds names."""
        query = super().source_query(source)
        name = query.removeprefix("SELECT * FROM ")
        if not query.startswith('SELECT * FROM "') or self.execute("SELECT to_regclass($1)", [name])[1][0][0]:
            return query
        return query.lower() if re.fullmatch(r'[\w."]+', name) else query

    def pour(self, query: str, into: str, connection: duckdb.DuckDBPyConnection, source: str) -> None:
        try:
            with self._reading_only():
                columns = self._described(query, source)
                chosen = ", ".join(f"{made} AS {quoted(name)}" for name, (made, _kind) in columns.items())
                copied = self._copied(f"SELECT {chosen} FROM ({query}\n) AS source")
            self._read(copied, connection, into, {name: kind for name, (_made, kind) in columns.items()})
        except (self._driver.Error, duckdb.Error) as error:
            raise unreadable_because(source, self._clean(error)) from None

    @contextmanager
    def _reading_only(self) -> Iterator[None]:
        self._run("BEGIN READ ONLY", [])
        try:
            yield
        finally:
            with suppress(self._driver.Error):
                self.connection.execute("ROLLBACK")

    def _described(self, query: str, source: str) -> dict[str, tuple[str, str]]:
        """A query's columns: how Postgres hands each out, and what DuckDB reads it as."""
        cursor = self.connection.execute(f"SELECT * FROM ({query}\n) AS source LIMIT 0")
        if cursor.description is None:
            raise SourceError(f"source {source}: it gives no rows", hint="use a query that does")
        names = [column.name for column in cursor.description]
        refuse_names(source, names)
        kinds = self.connection.execute(
            "SELECT CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod) ELSE format_type(t.oid, m) END,"
            " typtype FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS u (o, m, n) JOIN pg_type t ON t.oid = o"
            " ORDER BY n",
            [[column.type_code for column in cursor.description], _modifiers(cursor)],
        ).fetchall()
        return {name: text.incoming(name, *kind) for name, kind in zip(names, kinds, strict=True)}

    def run_query(self, sql: str) -> tuple[list[str], list[Row]]:
        with self.engine_errors():
            cursor = self._run(sql, [])
            if cursor.description is None:
                return [], []
            return [column.name for column in cursor.description], cursor.fetchall()


def _send(copy: Any, stream: Generator[bytes, None, int]) -> int:
    """Hand over all of a stream; returns what it does."""
    while True:
        try:
            block = next(stream)
        except StopIteration as end:
            return int(end.value)
        copy.write(block)


def _modifiers(cursor: Any) -> list[int]:
    return [cursor.pgresult.fmod(index) for index in range(cursor.pgresult.nfields)]


def _as_text(data: str | bytes) -> str:
    return data if isinstance(data, str) else bytes(data).decode()


def _storable(value: object) -> object:
    if isinstance(value, str):
        return value.replace(text.NUL, text.SHOWN_NUL)
    return [_storable(each) for each in value] if isinstance(value, list) else value
