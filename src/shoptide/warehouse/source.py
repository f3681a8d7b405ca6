"""What a push starts from, as SQL: a table, a query or a file; `staged` reads it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from shoptide.errors import SourceError
from shoptide.warehouse.names import quoted

FILES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
ZONED = "TIMESTAMP WITH TIME ZONE"
QUERY = re.compile(r"^\s*(select|with|from|values|\()", re.IGNORECASE)


def file_of(source: str, base: Path) -> Path | None:
    """The file that a source names; raises SourceError when it is not there."""
    text = source.strip().rstrip(";")
    if Path(text).suffix.lower() not in FILES or QUERY.match(text):
        return None
    path = (base / text).resolve()
    if not path.is_file():
        raise SourceError(f"source {source}: there is no file {path}", hint="paths are relative to shoptide.toml")
    return path


def statement(source: str) -> str:
    """The SELECT that a table or query stands for."""
    text = source.strip().rstrip(";")
    if not text:
        raise SourceError("the source is empty", hint="name a table, a query or a .csv, .parquet or .jsonl file")
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
    return unreadable_because(source, str(error).split("\n\n")[0].strip())


def unreadable_because(source: str, reason: str) -> SourceError:
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
