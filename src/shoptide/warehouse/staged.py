"""A push's source read once, and asked which of its rows may differ from what is known: sets, before anything is a row.

A query or file is put into a temporary table of a connection of its own, so it is run once whatever is asked
afterwards; a table is read where it lies, in one transaction. Either way all answers are about the same rows.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from shoptide.config import FileConfig
from shoptide.warehouse.files import Places, load
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.source import ZONED, file_of, in_plain_times, refuse_names, statement, unreadable

BATCH = 2_000
STAGED = "staged"
WHOLE = "SELECT * FROM "
PLAIN_NAME = re.compile(r'"(?:[^"]|"")*"(\."(?:[^"]|"")*")*')
# One line for each known record: its key in hexadecimal, the hash of its values, what it is to the reader.
KNOWN = "columns = {'key': 'VARCHAR', 'hash': 'VARCHAR', 'fate': 'VARCHAR'}"


@dataclass(frozen=True)
class Kind:
    """A DuckDB type: its name in lower case without parameters (`varchar`, `decimal`, `struct`), and what it is of."""

    id: str
    children: tuple[tuple[str, Kind], ...] = ()

    @classmethod
    def of(cls, found: Any) -> Kind:
        if found.id not in ("list", "struct"):
            return cls(found.id)
        return cls(found.id, tuple((str(name), cls.of(inner)) for name, inner in found.children))


@dataclass
class StagedSource:
    """The rows of a source; `types` are DuckDB's, by column. Close it: it holds the rows."""

    what: str
    columns: tuple[str, ...]
    types: dict[str, Kind]
    count: int
    connection: duckdb.DuckDBPyConnection = field(repr=False)
    rows: str = STAGED  # the table's name in SQL
    key: str = ""
    places: Places | None = field(default=None, repr=False)  # of a file's rows

    def __enter__(self) -> StagedSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def mark(self, key: str, values: str | None) -> None:
        """Note each row's key as text, and the hash of `values`: SQL for a text, null where it can't be told."""
        self.key = key
        hashed = "NULL::VARCHAR" if values is None else f"md5({values})"
        self._run(
            f"CREATE TEMP TABLE marked AS SELECT rowid AS row, CAST({quoted(key)} AS VARCHAR) AS key, {hashed} AS hash"
            f" FROM {self.rows}"
        )
        self._run("CREATE TEMP TABLE doubled AS SELECT key FROM marked GROUP BY key HAVING count(*) > 1")

    def know(self, lines: Iterable[str]) -> int:
        """Take in what is known, as blocks of lines (KNOWN); returns how many records that are."""
        with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".tsv") as file:
            file.writelines(lines)
            file.flush()
            return self.know_file(Path(file.name))

    def know_file(self, path: Path) -> int:
        if path.stat().st_size == 0:
            self._run("CREATE TEMP TABLE known (key VARCHAR, hash VARCHAR, fate VARCHAR)")
            return 0
        options = f"delim = '\t', quote = '', escape = '', header = false, auto_detect = false, {KNOWN}"
        self._run(
            "CREATE TEMP TABLE known AS SELECT decode(unhex(key)) AS key, hash, fate"
            f" FROM read_csv({literal(str(path))}, {options})"
        )
        return self._number("SELECT count(*) FROM known")

    def select(self, *, done: str, by_hash: bool, only: str = "") -> int:
        """Choose the rows to look at: those that are new, not `done`, doubled, or (by_hash) of another hash.

        With `only`, just those whose record is known with one of these fates. Returns their number.
        """
        same = f"k.fate = {literal(done)}" + (" AND k.hash = m.hash" if by_hash else "")
        found = "SELECT m.row FROM marked m LEFT JOIN known k ON k.key = m.key"
        doubled = "m.key IN (SELECT key FROM doubled)"
        wanted = (
            f"k.fate IN ({_letters(only)})" if only else f"NOT coalesce({same}, false) OR m.key IS NULL OR {doubled}"
        )
        self._run(f"CREATE OR REPLACE TEMP TABLE chosen AS {found} WHERE {wanted}")
        return self._number("SELECT count(*) FROM chosen")

    def chosen(self) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """The chosen rows in the source's order, each with its key as text."""
        listed = f"SELECT CAST({quoted(self.key)} AS VARCHAR), * FROM {self.rows}"
        whole = self._number("SELECT count(*) FROM chosen") == self.count
        part = "" if whole else " WHERE rowid IN (SELECT row FROM chosen)"
        result = self._run(f"{listed}{part} ORDER BY rowid")
        while True:
            try:
                rows = result.fetchmany(BATCH)
            except duckdb.Error as error:
                raise unreadable(self.what, error) from None
            if not rows:
                return
            for row in rows:
                yield row[0], dict(zip(self.columns, row[1:], strict=True))

    def whereabouts(self, indices: list[int]) -> dict[int, str]:
        """Where in the source's file rows stand, by their index among the chosen ones; nothing for other sources."""
        if self.places is None or not indices:
            return {}
        rows = [row[0] for row in self._run("SELECT row FROM chosen ORDER BY row").fetchall()]
        found = self.places(rows[index] for index in indices)
        return {index: found[rows[index]] for index in indices if rows[index] in found}

    def missing(self, fates: str) -> list[str]:
        """The keys that are known with one of these fates and have no row."""
        listed = "SELECT k.key FROM known k ANTI JOIN marked m ON m.key = k.key"
        rows = self._run(f"{listed} WHERE k.fate IN ({_letters(fates)}) ORDER BY k.key").fetchall()
        return [row[0] for row in rows]

    def present(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that have a row."""
        listed = "SELECT DISTINCT key FROM marked WHERE key IN (SELECT unnest(CAST($keys AS VARCHAR[])))"
        try:
            return {row[0] for row in self.connection.execute(listed, {"keys": list(keys)}).fetchall()}
        except duckdb.Error as error:
            raise unreadable(self.what, error) from None

    def number_known(self, fates: str) -> int:
        return self._number(f"SELECT count(*) FROM known WHERE fate IN ({_letters(fates)})")

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:
            raise unreadable(self.what, error) from None

    def _number(self, sql: str) -> int:
        row = self._run(sql).fetchone()
        return int(row[0]) if row else 0


def _letters(fates: str) -> str:
    return ", ".join(literal(each) for each in fates)


def stage(
    connection: duckdb.DuckDBPyConnection, source: str, base: Path, file: FileConfig | None = None
) -> StagedSource:
    """Read a source; `connection` is closed with it. Raises SourceError when it can't be read or has two same names.

    `file` says how a file is written, where the file itself does not tell.
    """
    try:
        path = file_of(source, base)
        if path is not None:
            rows, places = STAGED, load(connection, STAGED, path, source, file or FileConfig())
        else:
            rows, places = _of_query(connection, source), None
    except duckdb.Error as error:
        connection.close()
        raise unreadable(source, error) from None
    except BaseException:
        connection.close()
        raise
    return staged_rows(connection, source, rows, places)


def staged_rows(
    connection: duckdb.DuckDBPyConnection, source: str, rows: str, places: Places | None = None
) -> StagedSource:
    """A source whose rows stand in a table of `connection`, which is closed with it."""
    try:
        found = connection.sql(f"SELECT * FROM {rows}")
        number = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
    except duckdb.Error as error:
        connection.close()
        raise unreadable(source, error) from None
    types = {name: Kind.of(kind) for name, kind in zip(found.columns, found.types, strict=True)}
    count = int(number[0]) if number else 0
    return StagedSource(source, tuple(found.columns), types, count, connection, rows, places=places)


def _of_query(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    """Begin a transaction in which a table or query is read; returns the name of what holds its rows."""
    query = statement(source)
    described = connection.execute(f"DESCRIBE {query}").fetchall()
    refuse_names(source, [str(column[0]) for column in described])
    rows = _in_place(connection, query, described)
    connection.execute("BEGIN TRANSACTION")
    if rows is None:
        connection.execute(f"CREATE TEMP TABLE {STAGED} AS {in_plain_times(query, described)}")
        rows = STAGED
    return rows


def _in_place(connection: duckdb.DuckDBPyConnection, query: str, described: list[tuple[Any, ...]]) -> str | None:
    """The table that the query reads whole, if it is one of DuckDB's own whose values Python takes as they are."""
    name = query.removeprefix(WHOLE)
    if not query.startswith(WHOLE) or not PLAIN_NAME.fullmatch(name) or any(ZONED in str(row[1]) for row in described):
        return None
    try:
        connection.execute(f"SELECT rowid FROM {name} LIMIT 0")
    except duckdb.Error:
        return None  # a view has no row numbers
    return name
