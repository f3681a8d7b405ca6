"""Lakes that are folders of this machine: what they share, and the plainest of them, one Parquet file a table."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import duckdb

from shoptide.errors import ConfigError, WarehouseError
from shoptide.warehouse.lake.outlet import Change, Columns, Outlet, State
from shoptide.warehouse.names import literal, quoted

STATE = "_shoptide_state.json"
FORMATS = ("parquet", "delta", "iceberg")


def folder_of(url: str, base: Path) -> tuple[Path, str]:
    """`filesystem:///lake?format=delta` → a folder below `base` and the format; four slashes are an absolute path."""
    found = re.fullmatch(r"filesystem:///(?P<path>[^?]+)(\?(?P<query>.*))?", url)
    options = dict(parse_qsl(found["query"] or "", keep_blank_values=True)) if found else {}
    kind = options.pop("format", "parquet")
    if not found or options or kind not in FORMATS:
        told = f"format {kind!r} is none of {', '.join(FORMATS)}" if kind not in FORMATS else "is not understood"
        raise ConfigError(f"[warehouse] url {url!r}: {told}", hint='for example "filesystem:///lake?format=delta"')
    return base / unquote(found["path"]), kind


def folder_outlet(url: str, base: Path, schema: str) -> Outlet:
    """The lake that a URL names. Raises ConfigError for one that is not understood, or whose library is missing."""
    folder, kind = folder_of(url, base)
    if kind == "parquet":
        return ParquetFolder(folder / schema)
    try:
        if kind == "delta":
            from shoptide.warehouse.lake.delta import DeltaFolder

            return DeltaFolder(folder / schema)
        from shoptide.warehouse.lake.iceberg import IcebergFolder

        return IcebergFolder(folder, schema)
    except ImportError as error:
        hint = "pip install 'shoptide[lake]'"
        raise ConfigError(f"format={kind} needs {error.name}, which is not installed", hint=hint) from None


class Folder:
    """A lake's folder and the note of its state in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.what = str(folder)

    @contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (WarehouseError, duckdb.Error):
            raise
        except OSError as error:
            told = error.strerror or str(error)
            raise WarehouseError(
                f"{self.what}: {doing}: {told}", hint="check the folder, its rights and its disk"
            ) from None
        except Exception as error:
            # The libraries share no base of their errors; whatever they say, the tables are as they were.
            first = next(iter(str(error).splitlines()), type(error).__name__)
            raise WarehouseError(f"{self.what}: {doing}: {first}") from error

    def state(self) -> State | None:
        path = self.folder / STATE
        with self.errors("its state can't be read"):
            return State.of(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def note(self, state: State) -> None:
        with self.errors("its state can't be written"):
            self.folder.mkdir(parents=True, exist_ok=True)
            put(self.folder / STATE, lambda path: _write(path, json.dumps(state.plain(), indent=1)))

    def close(self) -> None:
        """Nothing is held."""


class ParquetFolder(Folder):
    """One Parquet file a table, replaced whole: for tables that are read by many tools and changed by one."""

    def read(self, connection: duckdb.DuckDBPyConnection, table: str, into: str, columns: Columns) -> None:
        path = self._file(table)
        if path.exists():  # a run that broke off before its first row left none
            connection.execute(
                f"INSERT INTO {into} BY NAME SELECT {_typed(columns)} FROM read_parquet({literal(str(path))})"
            )

    def replace(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        query = f"SELECT {as_plain(change.columns)} FROM ({change.rows})"
        with self.errors(f"{change.table} can't be written"):
            put(
                self._file(change.table),
                lambda path: connection.execute(
                    f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
                ),
            )

    def merge(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        self.replace(connection, change)

    def _file(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there when it is whole and on the disk."""
    spare = path.with_name(f".{path.name}.new")
    write(spare)
    with spare.open("rb+") as file:
        os.fsync(file.fileno())
    spare.replace(path)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def as_plain(columns: Columns, *, instants: bool = False) -> str:
    """Columns as every reader knows them: JSON is text; with `instants`, times say that they are UTC."""
    return ", ".join(_plain(quoted(name), kind, instants=instants) for name, kind in columns.items())


def _plain(column: str, kind: str, *, instants: bool) -> str:
    if kind == "JSON":
        return f"CAST({column} AS VARCHAR) AS {column}"
    return f"CAST({column} AS TIMESTAMP WITH TIME ZONE) AS {column}" if kind == "TIMESTAMP" and instants else column


def _typed(columns: Columns) -> str:
    return ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in columns.items())


def take(connection: duckdb.DuckDBPyConnection, found: Any, into: str, columns: Columns) -> None:
    """Append Arrow rows to a table of the mirror."""
    connection.register("_lake", found)
    try:
        connection.execute(f"INSERT INTO {into} BY NAME SELECT {_typed(columns)} FROM _lake")
    finally:
        connection.unregister("_lake")


def arrow(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """A query's rows as an Arrow table of types that every reader of Arrow knows."""
    # DuckDB's own extension types (of booleans, say) are what its streams use; lakes' libraries don't know them.
    held = connection.execute("SELECT current_setting('arrow_lossless_conversion')").fetchall()[0][0]
    connection.execute("SET arrow_lossless_conversion = false")
    try:
        connection.complete()  # a statement before it that gave more than was fetched
        return connection.sql(query).to_arrow_table()
    finally:
        connection.execute(f"SET arrow_lossless_conversion = {held}")
