"""Tables as files that other tools read: Parquet or CSV, all of one moment, each there whole or not at all.

A list of what was written stands beside the files (MANIFEST). What is not on it is somebody else's and stays.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb

from shoptide.errors import UsageError
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.protocol import Warehouse
from shoptide.warehouse.source import ZONED

Format = Literal["parquet", "csv"]
MANIFEST, WORKROOM = ".shoptide-export.json", ".shoptide-export"
OPTIONS: dict[Format, str] = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    # Quoted as RFC 4180 says; an empty text is "", a null is nothing at all.
    "csv": "FORMAT csv, HEADER true, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ', DATEFORMAT '%Y-%m-%d'",
}
LARGE = 10_000_000  # rows, from which on a table becomes several files
PART = "512MB"  # about so large is each of them


@dataclass(frozen=True)
class Written:
    """A table as written: `files` are names in the folder, `size` their bytes together."""

    table: str
    files: tuple[str, ...]
    rows: int
    size: int


@dataclass
class Export:
    """Tables on their way into a folder; `rows_in_one` is how many a file takes before there are several."""

    warehouse: Warehouse
    folder: Path
    format: Format = "parquet"
    with_deleted: bool = False
    rows_in_one: int = LARGE
    _own: dict[str, str] = field(default_factory=dict)  # file → table, of this export and earlier ones

    def write(self, tables: Iterable[str]) -> list[Written]:
        """Write the tables as they are at one moment, in place of what an earlier export wrote of them.

        One export a folder at a time: the caller sees to that. Raises UsageError for a folder that can't be written
        or holds files of those names that no export wrote; then none was touched.
        """
        names = list(tables)
        with self._folder_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._own = self._read_manifest()
            self._refuse_foreign(names)
            work = self.folder / WORKROOM
            shutil.rmtree(work, ignore_errors=True)  # what a killed export left
            work.mkdir()
            try:
                with self._one_moment():
                    found = [self._copy(name, work) for name in names]
                self._publish(work, found)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        return found

    def _one_moment(self) -> AbstractContextManager[object]:
        """Orders and their lines are of the same moment, whatever a pull does meanwhile, where the engine is ours."""
        return self.warehouse.transaction() if self.warehouse.capabilities.local_files else nullcontext()

    @contextmanager
    def _folder_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(
                f"--to {self.folder} can't be written: {reason}", hint="check the folder, its rights and its disk"
            ) from None

    # whose files are there

    def _read_manifest(self) -> dict[str, str]:
        path = self.folder / MANIFEST
        if not path.exists():
            return {}
        try:
            files = json.loads(path.read_text(encoding="utf-8"))["files"]
            return {str(name): str(table) for name, table in files.items()}
        except (ValueError, KeyError, AttributeError, TypeError):
            raise UsageError(f"{path} is not what an export writes", hint="choose another folder") from None

    def _refuse_foreign(self, tables: list[str]) -> None:
        held = {path.name for path in self.folder.iterdir()}
        meant = {f"{table}.{self.format}" for table in tables}
        meant |= {name for name in held for table in tables if self._is_part(name, table)}
        foreign = sorted(name for name in held & meant if name not in self._own)
        if foreign:
            several = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
            raise UsageError(
                f"{self.folder / foreign[0]}{several} would be overwritten, and no export wrote it",
                hint="choose an empty folder, or move the file away",
            )

    def _is_part(self, name: str, table: str) -> bool:
        start, end = f"{table}-", f".{self.format}"
        return name.startswith(start) and name.endswith(end) and name[len(start) : -len(end)].isdigit()

    # writing

    def _copy(self, table: str, work: Path) -> Written:
        if self.warehouse.capabilities.local_files:
            name, columns = self.warehouse.table(table), self.warehouse.columns(table)
            return self._copied(self.warehouse.workbench, table, self._select(name, columns), work)
        with self.warehouse.stage(f"{self.warehouse.schema}.{table}", base=self.folder) as staged:
            described = staged.connection.execute(f"DESCRIBE {staged.rows}").fetchall()
            columns = {str(row[0]): str(row[1]) for row in described}
            return self._copied(staged.connection, table, self._select(staged.rows, columns), work)

    def _copied(self, connection: duckdb.DuckDBPyConnection, table: str, select: str, work: Path) -> Written:
        if self._number(connection, f"SELECT count(*) FROM ({select})") <= self.rows_in_one:
            target, options = work / f"{table}.{self.format}", OPTIONS[self.format]
        else:
            target = work / f"{table}.parts"
            options = f"{OPTIONS[self.format]}, FILE_SIZE_BYTES {literal(PART)}"
        rows = self._number(connection, f"COPY ({select}) TO {literal(str(target))} ({options})")
        files = _number_parts(target, table, self.format) if target.is_dir() else [target]
        for path in files:
            _sync(path)
        return Written(table, tuple(path.name for path in files), rows, sum(path.stat().st_size for path in files))

    def _select(self, table: str, columns: Mapping[str, str]) -> str:
        chosen = ", ".join(self._as_written(name, kind) for name, kind in columns.items())
        present = " WHERE _deleted_at IS NULL" if "_deleted_at" in columns and not self.with_deleted else ""
        return f"SELECT {chosen} FROM {table}{present}"

    def _as_written(self, name: str, kind: str) -> str:
        column = quoted(name)
        if kind == "JSON":
            return f"CAST({column} AS VARCHAR) AS {column}"
        if self.format == "csv" and kind == ZONED:
            return f"CAST({column} AS TIMESTAMP) AS {column}"
        return column

    def _number(self, connection: duckdb.DuckDBPyConnection, sql: str) -> int:
        with self.warehouse.errors():
            return int(connection.execute(sql).fetchall()[0][0])

    # taking the place of what was there

    def _publish(self, work: Path, found: list[Written]) -> None:
        """Name the files first, so that a break between two of them leaves none that looks like somebody else's."""
        new = {name: each.table for each in found for name in each.files}
        written = {each.table for each in found}
        end = f".{self.format}"
        outdated = [
            name for name, table in self._own.items() if table in written and name.endswith(end) and name not in new
        ]
        self._write_manifest(self._own | new, work)
        for name in new:
            (work / name).replace(self.folder / name)
        for name in outdated:
            (self.folder / name).unlink(missing_ok=True)
        self._write_manifest({name: table for name, table in (self._own | new).items() if name not in outdated}, work)

    def _write_manifest(self, files: dict[str, str], work: Path) -> None:
        path = work / MANIFEST
        path.write_text(json.dumps({"files": files}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        _sync(path)
        path.replace(self.folder / MANIFEST)


def _number_parts(folder: Path, table: str, ending: str) -> list[Path]:
    """Give a table's parts their names, beside the other files."""
    parts = sorted(folder.iterdir(), key=lambda path: int(path.stem.rpartition("_")[2]))
    found = []
    for number, part in enumerate(parts):
        found.append(part.replace(folder.parent / f"{table}-{number:05}.{ending}"))
    folder.rmdir()
    return found


def _sync(path: Path) -> None:
    """On the disk before it takes another file's place."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
