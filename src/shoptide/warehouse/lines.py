"""Rows that come as blocks of lines of JSON objects, as a DuckDB reads them: how the ledger hands over its tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from shoptide.warehouse.names import literal, quoted


@contextmanager
def reading(columns: Mapping[str, str], lines: Iterable[str]) -> Iterator[str | None]:
    """The SELECT of lines' rows, which stand in a file meanwhile; None when there are none."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as file:
        file.writelines(lines)
        file.flush()
        if not file.tell():
            yield None
            return
        as_text = {"TIMESTAMP": "VARCHAR"}  # instants come with their offset
        declared = ", ".join(f"{literal(name)}: {literal(as_text.get(kind, kind))}" for name, kind in columns.items())
        casts = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
        read = f"read_json({literal(file.name)}, format = 'newline_delimited', columns = {{{declared}}})"
        yield f"SELECT {casts} FROM {read}"
