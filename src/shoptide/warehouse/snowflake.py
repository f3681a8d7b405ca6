"""Snowflake as the warehouse: rows go as Parquet through a stage, changes are statements of one transaction.

Snowflake commits an open transaction when its session changes a table's definition. So whatever makes, alters or drops
a table runs in a session of its own: rows and cursor stay one transaction. An alteration stands by itself, and one
that is left over by a broken landing is a table or a column without rows.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import duckdb

from shoptide.config import WarehouseConfig
from shoptide.errors import SourceError, WarehouseError
from shoptide.warehouse import snowflake_login as login
from shoptide.warehouse import snowflake_text as text
from shoptide.warehouse.lines import reading
from shoptide.warehouse.names import listed, literal, quoted
from shoptide.warehouse.protocol import Columns, Row
from shoptide.warehouse.remote import NEWER, Remote
from shoptide.warehouse.source import refuse_names, unreadable_because

PART = "128MB"  # of Parquet a file: Snowflake loads files side by side
STAGED_TYPES = {  # the driver's numbers of types → DuckDB's, as a source of pushes has them
    0: "FIXED",
    1: "DOUBLE",
    3: "DATE",
    4: "TIMESTAMP",
    6: "TIMESTAMP WITH TIME ZONE",
    7: "TIMESTAMP WITH TIME ZONE",
    8: "TIMESTAMP",
    12: "TIME",
    13: "BOOLEAN",
}
READS = re.compile(r"\s*(select|with|show|describe|desc|explain|values|\()\b", re.IGNORECASE)
Connect = Callable[..., Any]


class SnowflakeWarehouse(Remote):
    """One schema of a Snowflake database; see `protocol.Warehouse`."""

    dialect = "snowflake"

    def __init__(
        self,
        config: WarehouseConfig,
        base: Path,
        *,
        read_only: bool = False,
        connect: Connect | None = None,
    ) -> None:
        super().__init__(config, read_only=read_only)
        self.schema = login.schema_of(config).upper()
        self._base = base
        self._parameters = login.parameters(config, base)
        self._secrets = {name: value.reveal() for name, value in config.secrets.items()}
        self._connect = connect or _driver()
        self._inside = self._begun = False
        self._token = secrets.token_hex(4).upper()
        self._loads = 0
        self._columns: dict[str, dict[str, str]] | None = None
        self._sets: dict[str, int] = {}  # what was brought, and under which number it stands
        self._definitions: Any = None
        with self.engine_errors():
            self.connection = self._connect(**self._parameters)
        if not read_only:
            self._prepare()

    def beside(self) -> Self:
        return type(self)(self.config, self._base, read_only=self.read_only, connect=self._connect)

    def _prepare(self) -> None:
        """The schema, where the driver's files go, and what writers wait for each other at."""
        with self.errors():
            if not self.execute("SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = ?", [self.schema])[1]:
                self.define(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.schema)}")
            self.execute(f"USE SCHEMA {quoted(self.schema)}")
            self.execute(f"CREATE TEMPORARY STAGE IF NOT EXISTS {self._name(text.STAGE)}")
            self.execute(text.carrier())
            self.define(f"CREATE TABLE IF NOT EXISTS {self._name(text.LOCK)} (TAKEN TIMESTAMP_NTZ)")
            if not self.execute(f"SELECT count(*) FROM {self._name(text.LOCK)}")[1][0][0]:
                self.execute(f"INSERT INTO {self._name(text.LOCK)} VALUES (NULL)")

    def _name(self, name: str) -> str:
        return f"{quoted(self.schema)}.{quoted(name)}"

    def disconnect(self) -> None:
        if self._definitions is not None:
            self._definitions.close()
        self.connection.close()

    @contextmanager
    def engine_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "snowflake":
                raise
            raise login.mapped(error, self.what, self._secrets) from None  # its own words may hold more than ours

    # statements

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[Row]]:
        self._begin()
        return self._run(self.connection, sql, values)

    def _begin(self) -> None:
        """Begin the transaction that was asked for; one writer a schema goes on, the others wait at LOCK's row."""
        if self._inside and not self._begun:
            self._begun = True
            self._run(self.connection, "BEGIN")
            self._run(self.connection, f"UPDATE {self._name(text.LOCK)} SET TAKEN = CURRENT_TIMESTAMP()")

    def define(self, sql: str) -> None:
        """Make, alter or drop something, without an end to the transaction that is open."""
        if self._definitions is None:
            with self.engine_errors():
                self._definitions = self._connect(**self._parameters)
        self._run(self._definitions, sql)

    def _run(self, connection: Any, sql: str, values: Sequence[object] = ()) -> tuple[int, list[Row]]:
        with self.engine_errors(), connection.cursor() as cursor:
            cursor.execute(sql, [_bound(value) for value in values] or None)
            rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            return max(cursor.rowcount or 0, 0), rows

    @contextmanager
    def transaction(self) -> Iterator[object]:
        """Rows are all or nothing. It begins with its first statement, so that tables are made before it."""
        self._inside, self._begun = True, False
        try:
            with self.errors():
                yield self.connection
                self._end("COMMIT")
        except BaseException:
            with suppress(Exception):  # what went wrong first is what is told
                self._end("ROLLBACK")
            raise
        finally:
            self._inside = self._begun = False

    def _end(self, how: str) -> None:
        if self._begun:
            self._begun = False
            self._run(self.connection, how)

    # names and types

    def rename(self, name: str) -> str:
        return text.upper(name)

    def type_of(self, kind: str) -> str:
        return text.type_of(kind)

    def _known(self) -> dict[str, dict[str, str]]:
        """All tables of the schema with their columns: asked once, since Snowflake's catalogue takes its time."""
        if self._columns is None:
            rows = self._run(
                self.connection,
                "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE"
                " FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION",
                [self.schema],
            )[1]
            found: dict[str, dict[str, str]] = {}
            for table, column, kind, precision, scale in rows:
                if table not in (text.BROUGHT, text.LOCK):
                    columns = found.setdefault(text.lower(str(table)), {})
                    columns[text.lower(str(column))] = text.kind_of(str(kind), precision, scale)
            self._columns = found
        return self._columns

    def tables(self) -> list[str]:
        return sorted(self._known())

    def columns(self, name: str) -> dict[str, str]:
        return dict(self._known().get(name, {}))

    def create(self, name: str, columns: Columns, keys: Sequence[Sequence[str]] = ()) -> None:  # noqa: ARG002  # it has no indexes
        known = self._known()
        self.define(f"CREATE TABLE {self.table(name)} ({self.declared(columns)})")
        known[name] = dict(columns)

    def add_column(self, name: str, column: str, kind: str) -> None:
        known = self._known()
        self.define(f"ALTER TABLE {self.table(name)} ADD COLUMN {self.declared({column: kind})}")
        known.setdefault(name, {})[column] = kind

    def retype(self, name: str, column: str, kind: str) -> None:
        self.define(text.retyped(self.table(name), self.columns(name), column, kind))
        self._known()[name][column] = kind

    def make_temporary(self, name: str, columns: Columns) -> str:
        """Room under a number of its own, in the one table that takes all that is brought."""
        if (held := self._sets.pop(name, None)) is not None:
            self.execute(f"DELETE FROM {quoted(text.BROUGHT)} WHERE SET_ID = ?", [held])
        self._loads += 1
        self._sets[name] = self._loads
        return text.brought(self._loads, columns)

    def bring(self, staged: str, columns: Sequence[str]) -> str:
        query = f"SELECT {listed(tuple(columns))} FROM {staged}"
        with self.errors():
            kinds = self.kinds(query)
            found = self.make_temporary(staged, kinds)
            number = self._sets[staged]
            self._upload(query, kinds, (), lambda folder: text.copy_brought(number, len(kinds), self._stage, folder))
        return found

    def _replace(self, name: str, columns: Columns, query: str | None) -> None:
        if list(self.columns(name)) == list(columns):
            self.execute(f"DELETE FROM {self.table(name)}")
        else:
            self.define(f"DROP TABLE IF EXISTS {self.table(name)}")
            self._known().pop(name, None)
            self.create(name, columns)
        if query is not None:
            self.load(self.table(name), list(columns), query)

    # rows

    def load(self, target: str, columns: Sequence[str], query: str, values: Sequence[object] = ()) -> None:
        kinds = self.kinds(query, values)
        renamed = dict(zip(columns, kinds.values(), strict=True))
        self._upload(query, kinds, values, lambda folder: text.copy(target, renamed, self._stage, folder))

    @property
    def _stage(self) -> str:
        return self._name(text.STAGE)

    def _upload(self, query: str, kinds: Columns, values: Sequence[object], copy: Callable[[str], str]) -> None:
        """Put a query's rows into a folder of the stage, and copy them from there."""
        self._loads += 1
        folder = f"{self._token}_{self._loads}"
        files = self._written(text.parquet(query, kinds), values, self.folder / folder)
        try:
            for file in files:
                self.execute(text.put(file, self._stage, folder))
        finally:
            for file in files:
                file.unlink()
        if files:
            self.execute(copy(folder))

    def _written(self, query: str, values: Sequence[object], folder: Path) -> list[Path]:
        """A query of the workbench as Parquet files; none for no rows."""
        options = f"FORMAT parquet, COMPRESSION zstd, FILE_SIZE_BYTES {literal(PART)}"
        row = self.workbench.execute(f"COPY ({query}) TO {literal(str(folder))} ({options})", list(values)).fetchone()
        files = sorted(folder.iterdir())
        if row and row[0]:
            return files
        for file in files:
            file.unlink()
        return []

    def fetch(self, sql: str, into: str, columns: Columns) -> None:
        declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
        self._begin()
        with self.errors(), self.connection.cursor() as cursor:
            self.workbench.execute(f"CREATE OR REPLACE TEMP TABLE {into} ({declared})")
            cursor.execute(sql)
            _take(self.workbench, into, cursor.fetch_arrow_batches())

    def merge_lines(self, name: str, columns: Columns, keys: tuple[str, ...], lines: Iterable[str]) -> None:
        with self.errors(), reading(columns, lines) as rows:
            if rows is None:
                return
            self.workbench.execute(f"CREATE OR REPLACE TEMP TABLE {NEWER} AS {rows}")
        newer = self.bring(quoted(NEWER), tuple(columns))
        source = self.translated(f"SELECT * FROM {newer} s").removeprefix("SELECT * FROM ").removesuffix(' AS "S"')
        self.execute(text.merge(self.table(name), source, tuple(columns), keys))  # one statement: all or nothing

    # what users ask

    def source_query(self, source: str) -> str:
        """A name without quotes is meant as Snowflake folds it: in capitals."""
        query = super().source_query(source)
        return (
            f"SELECT * FROM {query[14:].upper()}"
            if query.startswith('SELECT * FROM "') and '"' not in source
            else query
        )

    def pour(self, query: str, into: str, connection: duckdb.DuckDBPyConnection, source: str) -> None:
        try:
            with self.engine_errors(), self.connection.cursor() as cursor:
                cursor.execute(query)
                names = [text.lower(str(column[0])) for column in cursor.description]
                refuse_names(source, names)
                kinds = [_staged_kind(column) for column in cursor.description]
                declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in zip(names, kinds, strict=True))
                connection.execute(f"CREATE TEMP TABLE {into} ({declared})")
                _take(connection, into, cursor.fetch_arrow_batches())
            _narrow(connection, into, [name for name, kind in zip(names, kinds, strict=True) if kind == "HUGEINT"])
        except SourceError:
            raise
        except Exception as error:
            if not isinstance(error, duckdb.Error) and not hasattr(error, "message"):
                raise
            raise unreadable_because(source, str(error).splitlines()[0]) from None

    def run_query(self, sql: str) -> tuple[list[str], list[Row]]:
        if self.read_only and not READS.match(sql):  # Snowflake has no session that can only read
            raise WarehouseError(f"{self.what} is open for questions only", hint="begin with SELECT, WITH or SHOW")
        with self.engine_errors(), self.connection.cursor() as cursor:
            cursor.execute(sql)
            names = [text.lower(str(column[0])) for column in cursor.description or []]
            return names, [tuple(row) for row in cursor.fetchall()] if names else []


def _driver() -> Connect:
    try:
        import snowflake.connector  # type: ignore[import-not-found, unused-ignore]  # an extra
    except ImportError:
        raise login.missing() from None
    found: Connect = snowflake.connector.connect
    return found


def _bound(value: object) -> object:
    """A time is bound with its type named: the driver asks for that."""
    return ("TIMESTAMP_NTZ", value) if isinstance(value, datetime) else value


def _staged_kind(column: Any) -> str:
    """What DuckDB reads a column of a result as; what it has no like of is text."""
    kind = STAGED_TYPES.get(column[1], "VARCHAR")
    if kind == "FIXED":
        if column[5]:
            return f"DECIMAL({column[4] or 38}, {column[5]})"
        return "BIGINT" if (column[4] or 38) <= 19 else "HUGEINT"  # where BIGINT is written it is 38 digits wide
    return "TIMESTAMP" if kind == "TIMESTAMP WITH TIME ZONE" else kind


def _narrow(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> None:
    """Make whole numbers of 38 digits, as all of Snowflake's are unless it is told otherwise, as wide as they are."""
    for name in columns:
        column = quoted(name)
        fits = f"SELECT coalesce(bool_and({column} BETWEEN -9223372036854775808 AND 9223372036854775807), true)"
        if connection.execute(f"{fits} FROM {table}").fetchall()[0][0]:
            connection.execute(f"ALTER TABLE {table} ALTER {column} TYPE BIGINT")


def _take(connection: duckdb.DuckDBPyConnection, into: str, batches: Iterable[Any]) -> None:
    """Append Arrow batches to a table of DuckDB's by their place; instants become UTC."""
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

    for batch in batches:
        plain = [
            column.cast(pa.timestamp("us"), safe=False) if pa.types.is_timestamp(column.type) else column
            for column in batch.columns
        ]
        names = [f"c{at}" for at in range(len(plain))]
        connection.register("_batch", pa.table(plain, names=names))
        connection.execute(f"INSERT INTO {into} SELECT * FROM _batch")
        connection.unregister("_batch")
