"""The DuckDB in which files are read and rows are hashed: its settings, its bounds, its errors in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from shoptide.errors import WarehouseError, WarehouseLocked, WarehouseMemory

LOCKED = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
BASE_MEMORY, THREAD_MEMORY = 320, 64  # megabytes of DuckDB's in bounded work; beyond that it spills beside the file
SETTINGS = {
    "TimeZone": "UTC",
    # Extensions would be fetched from the network when a query needs one.
    "autoinstall_known_extensions": False,
}


def mapped(error: duckdb.Error, what: str) -> WarehouseError:
    """A DuckDB error in our words: who holds the lock, which path can't be written."""
    text = str(error)
    if found := LOCKED.search(text):
        return WarehouseLocked(
            f"{what} is held by another process ({Path(found['program']).name}, pid {found['pid']})",
            hint="wait for it or close it, then run the same command again",
        )
    if "Could not set lock" in text:
        return WarehouseLocked(f"{what} is held by another process", hint="wait for it, then run the command again")
    first = text.split("\n")[0]
    # Another connection's, whose rows are read as a stream, comes as text only.
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in text:
        return WarehouseMemory(f"{what}: {first}", hint="give it more memory, or less to do at once")
    if "Permission denied" in text or "Cannot open file" in text or "No such file" in text or "read-only" in text:
        return WarehouseError(
            f"{what} can't be opened: {first}", hint="check [warehouse] url, the folder and its rights"
        )
    return WarehouseError(f"{what}: {first}")


@contextmanager
def bounded(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Work within memory that does not grow with the data; what is more is spilled beside the file."""
    row = connection.execute("SELECT current_setting('threads')").fetchone()
    threads = int(row[0]) if row else 1
    connection.execute(f"SET memory_limit = '{BASE_MEMORY + THREAD_MEMORY * threads}MB'")
    try:
        yield
    finally:
        connection.execute("RESET memory_limit")


@contextmanager
def few_threads(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Work with one thread where there are no more than two.

    Two threads that fill a small wide table copy their halves together in the end, which takes more processor time than
    one thread needs for all of it.
    """
    row = connection.execute("SELECT current_setting('threads')").fetchone()
    if not row or int(row[0]) > 2:
        yield
        return
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute(f"SET threads = {int(row[0])}")
