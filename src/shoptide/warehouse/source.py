"""Reads what a push starts from: a table, a query or a file, row by row, whatever its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from shoptide.errors import SourceError
from shoptide.warehouse.names import literal, quoted

BATCH = 2_000
FILES = {
    ".csv": "read_csv({path}, header = true, all_varchar = true, null_padding = false)",
    ".parquet": "read_parquet({path})",
    ".jsonl": "read_json({path}, format = 'newline_delimited')",
    ".ndjson": "read_json({path}, format = 'newline_delimited')",
}
ZONED = "TIMESTAMP WITH TIME ZONE"
QUERY = re.compile(r"^\s*(select|with|from|values|\()", re.IGNORECASE)


@dataclass
class SourceRows:
    """The columns of a source, and its rows in batches of dicts; iterating twice is not possible."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    _result: Any = field(repr=False)
    _connection: Any = field(repr=False)
    what: str = ""

    def batches(self, size: int = BATCH) -> Iterator[list[dict[str, Any]]]:
        while True:
            try:
                rows = self._result.fetchmany(size)
            except duckdb.Error as error:
                raise unreadable(self.what, error) from None
            if not rows:
                self._connection.close()
                return
            yield [dict(zip(self.columns, row, strict=True)) for row in rows]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self.batches():
            yield from batch


def statement(source: str, base: Path) -> str:
    """The SELECT that a source stands for; raises SourceError when a file it names is not there."""
    text = source.strip().rstrip(";")
    if not text:
        raise SourceError("the source is empty", hint="name a table, a query or a .csv, .parquet or .jsonl file")
    suffix = Path(text).suffix.lower()
    if suffix in FILES and not QUERY.match(text):
        path = (base / text).resolve()
        if not path.is_file():
            raise SourceError(f"source {source}: there is no file {path}", hint="paths are relative to shoptide.toml")
        return f"SELECT * FROM {FILES[suffix].format(path=literal(str(path)))}"
    if QUERY.match(text):
        return text
    return "SELECT * FROM " + ".".join(quoted(part) for part in text.split("."))


def in_plain_times(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """The query with its times as UTC without a zone, also inside lists and structs; the session's zone is UTC.

    DuckDB hands out times with a zone through another package only, which we do without.
    """
    rows = connection.execute(f"DESCRIBE {query}").fetchall()
    casts = [
        f"CAST({quoted(name)} AS {kind.replace(ZONED, 'TIMESTAMP')}) AS {quoted(name)}"
        for name, kind, *_rest in rows
        if ZONED in kind
    ]
    return f"SELECT * REPLACE ({', '.join(casts)}) FROM ({query})"


def unreadable(source: str, error: duckdb.Error) -> SourceError:
    reason = str(error).split("\n\n")[0].strip()
    return SourceError(f"source {source}: {reason}", hint="try it with `shoptide query`")


def read(connection: duckdb.DuckDBPyConnection, source: str, base: Path) -> SourceRows:
    """Start reading a source; `connection` is closed when the rows are through."""
    query = statement(source, base)
    try:
        result = connection.execute(query)
        if any(ZONED in str(column[1]) for column in result.description or []):
            result = connection.execute(in_plain_times(connection, query))
        described = result.description or []
    except duckdb.Error as error:
        connection.close()
        raise unreadable(source, error) from None
    columns = tuple(str(column[0]) for column in described)
    doubled = sorted({name for name in columns if [c.lower() for c in columns].count(name.lower()) > 1})
    if doubled:
        connection.close()
        raise SourceError(f"source {source}: two columns are named {', '.join(doubled)}", hint="give each its own name")
    return SourceRows(columns, tuple(str(column[1]) for column in described), result, connection, source)
