"""A query of the workbench as a stream of bytes: DuckDB writes into a pipe while its reader sends on what came."""

from __future__ import annotations

import os
import select
import tempfile
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from shoptide.warehouse.names import literal

BLOCK = 1024 * 1024
PATIENCE = 200  # milliseconds between looks at whether the writer gave up before it began


def blocks(
    connection: duckdb.DuckDBPyConnection, query: str, options: str, values: Sequence[object] = ()
) -> Generator[bytes, None, int]:
    """What `COPY (query) TO … (options)` writes; returns how many rows that were.

    Raises duckdb.Error as the query does.
    """
    with tempfile.TemporaryDirectory(prefix="shoptide-") as folder, ThreadPoolExecutor(1) as pool:
        pipe = Path(folder) / "rows"
        os.mkfifo(pipe)
        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            copy = f"COPY ({query}) TO {literal(str(pipe))} ({options}, USE_TMP_FILE false)"
            writing = pool.submit(_count, connection, copy, values)
            look = select.poll()
            look.register(end, select.POLLIN)
            while True:
                over = writing.done()  # asked first: what was written before is still there to read
                if look.poll(PATIENCE):
                    block = os.read(end, BLOCK)
                    if not block:
                        break
                    yield block
                elif over:
                    break
        finally:
            os.close(end)  # a writer that is still at it fails now
        return writing.result()


def _count(connection: duckdb.DuckDBPyConnection, copy: str, values: Sequence[object]) -> int:
    # Kept in order, what is written piles up in memory behind what is not written yet.
    connection.execute("SET preserve_insertion_order = false")
    try:
        (number,) = connection.execute(copy, list(values)).fetchall()[0]
    finally:
        connection.execute("RESET preserve_insertion_order")
    return int(number)
