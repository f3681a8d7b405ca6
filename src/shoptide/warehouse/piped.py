"""A query of the workbench as a stream of bytes: DuckDB writes into a pipe while its reader sends on what came."""

from __future__ import annotations

import os
import select
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from shoptide.warehouse.names import literal

BLOCK = 1024 * 1024
PATIENCE = 0.2  # seconds between looks at whether the writer gave up before it began


def blocks(
    connection: duckdb.DuckDBPyConnection, query: str, options: str, values: Sequence[object] = ()
) -> Iterator[bytes]:
    """What `COPY (query) TO … (options)` writes. Raises duckdb.Error as the query does."""
    with tempfile.TemporaryDirectory(prefix="shoptide-") as folder, ThreadPoolExecutor(1) as pool:
        pipe = Path(folder) / "rows"
        os.mkfifo(pipe)
        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            copy = f"COPY ({query}) TO {literal(str(pipe))} ({options}, USE_TMP_FILE false)"
            writing = pool.submit(connection.execute, copy, list(values))
            while True:
                ready, _, _ = select.select([end], [], [], PATIENCE)
                if ready:
                    block = os.read(end, BLOCK)
                    if not block:
                        break
                    yield block
                elif writing.done():
                    break
        finally:
            os.close(end)  # a writer that is still at it fails now
        writing.result()
