"""JSON lines as rows: the type of each column from all lines, and what is wrong with a line that can't be read.

DuckDB guesses types from a file's beginning and makes dates of texts that look like some; a push wants what the file
says. So the structure is asked of every line first, and a text stays a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from shoptide.errors import SourceError
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.source import refuse_names

LONGEST = 64 * 1024 * 1024  # bytes of a line


def select(connection: duckdb.DuckDBPyConnection, path: Path, what: str) -> str:
    """The SELECT of a file's rows. Raises SourceError for a file without rows, duckdb.Error for lines it can't read."""
    options = f"maximum_object_size = {LONGEST}"
    found = connection.execute(
        f"SELECT json_group_structure(json) FROM read_ndjson_objects({literal(str(path))}, {options})"
    ).fetchone()
    structure = json.loads(found[0]) if found and found[0] else None
    if structure is None:
        raise SourceError(f"{what} is empty", hint="write one JSON object a line")
    if not isinstance(structure, dict):
        raise wrong_line(path, what)
    refuse_names(what.removeprefix("source "), structure)
    columns = ", ".join(f"{literal(name)}: {literal(_type(kind))}" for name, kind in structure.items())
    return (
        f"SELECT * FROM read_json({literal(str(path))}, format = 'newline_delimited', columns = {{{columns}}},"
        f" {options})"
    )


def _type(kind: Any) -> str:
    """A structure as DuckDB tells it as a type. What differs from line to line stays the text of its JSON."""
    if isinstance(kind, list):
        return f"{_type(kind[0])}[]"
    if isinstance(kind, dict):
        return f"STRUCT({', '.join(f'{quoted(name)} {_type(inner)}' for name, inner in kind.items())})"
    return "VARCHAR" if kind in ("JSON", "NULL") else str(kind)


def wrong_line(path: Path, what: str) -> SourceError:
    """What is wrong with the first line that is no JSON object, for a file that DuckDB refused."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            told = _wrong(line.strip(), first=number == 1)
            if told:
                return SourceError(f"{what}, line {number}{told[0]}", hint=told[1])
    return SourceError(f"{what} can't be read as JSON lines", hint="write one JSON object a line")


def _wrong(line: bytes, *, first: bool) -> tuple[str, str] | None:
    """The reason and what to do; None for a line that is well."""
    if not line:
        return None
    if len(line) > LONGEST:
        return f": longer than {LONGEST // 1024**2} MB", "write one JSON object a line"
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f", character {error.start + 1}: byte 0x{line[error.start]:02X} is no UTF-8", (
            'name the encoding: file = { encoding = "cp1252" } (or latin-1 …)'
        )
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except _DoubledError as doubled:
        return f", column {doubled}: named twice in one object", "give each value its own name"
    except json.JSONDecodeError as error:
        if first and text.startswith("["):
            return ": a JSON array that goes over several lines", "write one object a line, without brackets and commas"
        return f", character {error.colno}: {error.msg}", "each line must be a whole JSON object"
    if not isinstance(value, dict):
        kind = "a JSON array" if isinstance(value, list) else f"{text[:40]}"
        return f": {kind} and no object", "write one object a line, with a name for each value"
    return None


class _DoubledError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _DoubledError(name)
        found[name] = value
    return found


@dataclass
class Numbers:
    """The rows of a file, to be counted; `line` is where the present one stands."""

    path: Path
    encoding: str
    line: int = 0

    def __iter__(self) -> Iterator[None]:
        with self.path.open(encoding=self.encoding, errors="replace", newline="\n") as file:
            for self.line, text in enumerate(file, 1):
                if text.strip():
                    yield
