"""What a push starts from, as SQL: a table, a query or a file; `staged` reads it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from shoptide.errors import SourceError
from shoptide.warehouse.names import literal, quoted

FILES = {
    ".csv": "read_csv({path}, header = true, all_varchar = true, null_padding = false)",
    ".parquet": "read_parquet({path})",
    ".jsonl": "read_json({path}, format = 'newline_delimited')",
    ".ndjson": "read_json({path}, format = 'newline_delimited')",
}
ZONED = "TIMESTAMP WITH TIME ZONE"
QUERY = re.compile(r"^\s*(select|with|from|values|\()", re.IGNORECASE)


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


def in_plain_times(query: str, described: Iterable[tuple[Any, ...]]) -> str:
    """The query with its times as UTC without a zone, also inside lists and structs; the session's zone is UTC.

    `described` are DuckDB's rows of DESCRIBE. It hands out times with a zone through another package only, which we do
    without.
    """
    casts = [
        f"CAST({quoted(name)} AS {kind.replace(ZONED, 'TIMESTAMP')}) AS {quoted(name)}"
        for name, kind, *_rest in described
        if ZONED in kind
    ]
    return f"SELECT * REPLACE ({', '.join(casts)}) FROM ({query}\n)" if casts else query


def unreadable(source: str, error: duckdb.Error) -> SourceError:
    reason = str(error).split("\n\n")[0].strip()
    return SourceError(f"source {source}: {reason}", hint="try it with `shoptide query`")


def refuse_names(source: str, columns: Iterable[str]) -> None:
    """Raise SourceError for columns that can't be told apart."""
    folded = Counter(name.lower() for name in columns)
    doubled = sorted(name for name, count in folded.items() if count > 1)
    if doubled:
        raise SourceError(f"source {source}: two columns are named {', '.join(doubled)}", hint="give each its own name")
    if "rowid" in folded:
        raise SourceError(
            f"source {source}: a column is named rowid, which DuckDB keeps for itself", hint="select it as another name"
        )
