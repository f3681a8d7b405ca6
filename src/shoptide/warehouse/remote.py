"""What engines with a workbench beside them have in common; each adds how it is spoken to and how rows get there.

The workbench is a DuckDB file in a temporary folder, made when it is first needed: memory stays bounded whatever is
carried. Rows go over narrow first (keys and hashes) and whole only where the engine lacks them.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb

from shoptide.config import FileConfig, WarehouseConfig
from shoptide.warehouse.lines import reading
from shoptide.warehouse.names import listed, quoted
from shoptide.warehouse.protocol import Capabilities, Columns, Lacking, Row
from shoptide.warehouse.source import file_of, statement
from shoptide.warehouse.staged import STAGED, StagedSource, stage, staged_rows
from shoptide.warehouse.translation import translated
from shoptide.warehouse.workbench import SETTINGS, bounded, few_threads, mapped

WANTED, STALE, FRESH, NEWER, PUBLISHED = "_wanted", "_stale", "_fresh", "_newer", "_published"


class Remote(ABC):
    """A warehouse (see `protocol.Warehouse`) that is not the DuckDB in which files are read."""

    dialect: ClassVar[str]  # sqlglot's name
    numbered: ClassVar[bool] = False  # whether values are marked $1, $2 … instead of ?
    capabilities = Capabilities()

    def __init__(self, config: WarehouseConfig, *, read_only: bool) -> None:
        self.config = config
        self.schema = config.schema
        self.views = config.views
        self.what = f"warehouse {config.url}"  # which has no secrets left
        self.read_only = read_only
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._workbench: duckdb.DuckDBPyConnection | None = None

    # what each engine adds

    @abstractmethod
    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[Row]]:
        """Run a statement in the engine's own SQL; returns rows affected and rows found."""

    @abstractmethod
    def load(self, target: str, columns: Sequence[str], query: str, values: Sequence[object] = ()) -> None:
        """Append what a query of the workbench gives to these columns of a table, named in the engine's SQL."""

    @abstractmethod
    def fetch(self, sql: str, into: str, columns: Columns) -> None:
        """Make a temporary table of the workbench from a query in the engine's own SQL; streamed, in a transaction."""

    @abstractmethod
    def pour(self, query: str, into: str, connection: duckdb.DuckDBPyConnection, source: str) -> None:
        """As `fetch`, for a query of the user's: its types are taken over. Raises SourceError."""

    @abstractmethod
    def make_temporary(self, name: str, columns: Columns) -> str:
        """An empty table of this connection's own in place of the last of its name; returns its name in SQL."""

    @abstractmethod
    def type_of(self, kind: str) -> str:
        """DuckDB's name of a type → the engine's."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[object]: ...

    @abstractmethod
    def engine_errors(self) -> AbstractContextManager[None]:
        """Map the driver's errors to ours."""

    @abstractmethod
    def columns(self, name: str) -> dict[str, str]: ...

    @abstractmethod
    def disconnect(self) -> None: ...

    def rename(self, name: str) -> str:
        """An identifier as the engine has it."""
        return name

    # the workbench

    @property
    def folder(self) -> Path:
        """For files on their way; gone when the warehouse is closed."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="shoptide-", ignore_cleanup_errors=True)
        return Path(self._folder.name)

    @property
    def workbench(self) -> duckdb.DuckDBPyConnection:
        if self._workbench is None:
            self._workbench = duckdb.connect(str(self.folder / "workbench.duckdb"))
            for name, value in SETTINGS.items():
                self._workbench.execute(f"SET {name} = ?", [value])
        return self._workbench

    def reader(self) -> duckdb.DuckDBPyConnection:
        found = self.workbench.cursor()
        for name, value in SETTINGS.items():
            found.execute(f"SET {name} = ?", [value])
        return found

    def beside(self) -> Self:
        """Another connection, with a workbench of its own, for another thread of this process."""
        return type(self)(self.config, read_only=self.read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.disconnect()
        if self._workbench is not None:
            self._workbench.close()
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            with self.engine_errors():
                yield
        except duckdb.Error as error:
            raise mapped(error, f"the workbench of {self.what}") from error

    def bounded(self) -> AbstractContextManager[None]:
        return bounded(self.workbench)

    def few_threads(self) -> AbstractContextManager[None]:
        return few_threads(self.workbench)

    # SQL

    def has_table(self, name: str) -> bool:
        return bool(self.columns(name))

    def translated(self, sql: str) -> str:
        return translated(sql, self.dialect, numbered=self.numbered, rename=self.rename)

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        return self.execute(self.translated(sql), values)[0]

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self.execute(self.translated(sql), values)[1]

    def table(self, name: str) -> str:
        return f"{quoted(self.schema)}.{quoted(self.rename(name))}"

    def create(self, name: str, columns: Columns, keys: Sequence[Sequence[str]] = ()) -> None:  # noqa: ARG002  # for engines with indexes
        self.execute(f"CREATE TABLE {self.table(name)} ({self.declared(columns)})")

    def declared(self, columns: Columns) -> str:
        return ", ".join(f"{quoted(self.rename(column))} {self.type_of(kind)}" for column, kind in columns.items())

    def add_column(self, name: str, column: str, kind: str) -> None:
        self.execute(f"ALTER TABLE {self.table(name)} ADD COLUMN {self.declared({column: kind})}")

    # from the workbench to the engine

    def kinds(self, query: str, values: Sequence[object] = ()) -> dict[str, str]:
        """Column → type of a query of the workbench."""
        found = self.workbench.execute(f"DESCRIBE {query}", list(values)).fetchall()
        return {str(row[0]): str(row[1]) for row in found}

    def bring(self, staged: str, columns: Sequence[str]) -> str:
        query = f"SELECT {listed(tuple(columns))} FROM {staged}"
        with self.errors():
            bare = staged.replace('"', "")
            brought = self.make_temporary(f"brought_{bare}", self.kinds(query))
            self.load(brought, columns, query)
        return brought

    def insert(
        self,
        name: str,
        chosen: Mapping[str, str],
        rows: str,
        values: Sequence[object] = (),
        lacking: Lacking | None = None,
    ) -> None:
        query = f"SELECT {', '.join(f'{made} AS {quoted(column)}' for column, made in chosen.items())} FROM {rows} s"
        with self.errors():
            if lacking:
                keys = listed(lacking.keys)
                wanted = self.translated(f"SELECT {keys} FROM {lacking.brought} s WHERE {lacking.condition}")
                self.fetch(wanted, WANTED, self.kinds(f"SELECT {keys} FROM {rows} s"))
                same = " AND ".join(f"w.{quoted(key)} IS NOT DISTINCT FROM s.{quoted(key)}" for key in lacking.keys)
                query += f" WHERE EXISTS (SELECT 1 FROM {WANTED} w WHERE {same})"
            self.load(self.table(name), list(chosen), query, values)

    def rehash(self, name: str, keys: Sequence[str], hashed: str, where: str) -> int:
        """The rows come to the workbench and their hashes go back, each by its row's keys and the hash it had."""
        held = self.columns(name)
        query = self.translated(f"SELECT {listed(tuple(held))} FROM {self.table(name)} t WHERE {where}")
        known = listed(tuple(keys))
        same = " AND ".join(f"t.{quoted(key)} IS NOT DISTINCT FROM s.{quoted(key)}" for key in keys)
        with self.errors():
            self.fetch(query, STALE, held)
            self.workbench.execute(
                f"CREATE OR REPLACE TEMP TABLE {FRESH} AS"
                f" SELECT DISTINCT {known}, _row_hash AS _was, {hashed} AS _is FROM {STALE}"
            )
            fresh = self.bring(quoted(FRESH), [*keys, "_was", "_is"])
            self.workbench.execute(f"DROP TABLE {STALE}")
        return self.run(
            f"UPDATE {self.table(name)} t SET _row_hash = s._is FROM {fresh} s WHERE {same} AND t._row_hash = s._was"
        )

    # small tables of our own

    def publish(self, name: str, columns: Columns, rows: Sequence[Row]) -> None:
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        with self.errors():
            self.workbench.execute(f"CREATE OR REPLACE TEMP TABLE {PUBLISHED} ({declared})")
            if rows:
                marks = ", ".join("?" for _ in columns)
                self.workbench.executemany(f"INSERT INTO {PUBLISHED} VALUES ({marks})", rows)
        with self.transaction():
            self._replace(name, columns, f"SELECT * FROM {PUBLISHED}")

    def newest(self, name: str, columns: Columns, column: str) -> Any:
        if list(self.columns(name)) != list(columns):
            return None
        return self.rows(f"SELECT max({quoted(column)}) FROM {self.table(name)}")[0][0]

    def size(self, name: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {self.table(name)}")[0][0])

    def merge_lines(self, name: str, columns: Columns, keys: tuple[str, ...], lines: Iterable[str]) -> None:
        with self.errors(), reading(columns, lines) as rows:
            if rows is None:
                return
            self.workbench.execute(f"CREATE OR REPLACE TEMP TABLE {NEWER} AS {rows}")
        same = " AND ".join(f"t.{quoted(key)} = s.{quoted(key)}" for key in keys)
        with self.transaction():
            newer = self.bring(quoted(NEWER), keys)
            self.run(f"DELETE FROM {self.table(name)} t USING {newer} s WHERE {same}")
            self.load(self.table(name), list(columns), f"SELECT * FROM {NEWER}")

    def replace_lines(self, name: str, columns: Columns, lines: Iterable[str]) -> None:
        with self.errors(), reading(columns, lines) as rows, self.transaction():
            self._replace(name, columns, rows)

    def _replace(self, name: str, columns: Columns, query: str | None) -> None:
        """Other rows in the same table, which stays what views refer to; another one where the columns are others."""
        if list(self.columns(name)) == list(columns):
            self.execute(f"DELETE FROM {self.table(name)}")
        else:
            self.execute(f"DROP TABLE IF EXISTS {self.table(name)}")
            self.create(name, columns)
        if query is not None:
            self.load(self.table(name), list(columns), query)

    # what users ask

    def stage(self, source: str, *, base: Path, file: FileConfig | None = None) -> StagedSource:
        connection = self.workbench.cursor()
        connection.execute("SET TimeZone = 'UTC'")
        if file_of(source, base) is not None:
            return stage(connection, source, base, file)
        try:
            self.pour(self.source_query(source), STAGED, connection, source)
        except BaseException:
            connection.close()
            raise
        return staged_rows(connection, source, STAGED)

    def source_query(self, source: str) -> str:
        """The query in the engine's own SQL that a source stands for which is no file."""
        return statement(source)
