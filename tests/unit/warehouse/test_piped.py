"""Rows through a pipe: all of them, few or many, and errors on either side end both."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pytest

from shoptide.warehouse.piped import blocks

OPTIONS = "FORMAT csv, HEADER false"


@pytest.mark.parametrize("rows", [0, 1, 3, 400_000])
def test_every_row_comes_through(rows: int) -> None:
    """Also those of a writer that is done before anybody looks; the count comes with them."""
    stream, counted, found = blocks(duckdb.connect(), f"SELECT i FROM range({rows}) r(i)", OPTIONS), None, b""
    while counted is None:
        try:
            found += next(stream)
        except StopIteration as end:
            counted = end.value
    assert (counted, found.count(b"\n")) == (rows, rows)


def test_an_error_of_the_query_is_raised() -> None:
    for query in ("SELECT * FROM nowhere", "SELECT CASE WHEN i = 99999 THEN error('no') END FROM range(100000) r(i)"):
        with pytest.raises(duckdb.Error):
            list(blocks(duckdb.connect(), query, OPTIONS))


def test_a_reader_that_gives_up_ends_the_writer() -> None:
    """The connection can be used again afterwards."""
    connection = duckdb.connect()
    stream = blocks(connection, "SELECT i, 'x' || i FROM range(3000000) r(i)", OPTIONS)
    assert next(stream)
    with pytest.raises(duckdb.Error):
        stream.throw(duckdb.Error("the server went away"))
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_values_stand_for_marks() -> None:
    assert list(blocks(duckdb.connect(), "SELECT ? AS a", OPTIONS, ["x"])) == [b"x\n"]


def test_rows_wait_in_the_workbench_for_a_slow_reader(tmp_path: Path) -> None:
    """Not in memory: there may be more of them than it holds."""
    with duckdb.connect(str(tmp_path / "bench.duckdb"), config={"threads": 2, "memory_limit": "60MB"}) as connection:
        made = "SELECT i, md5(i::VARCHAR) || repeat('x', i % 200) AS text FROM range(1000000) r(i)"
        connection.execute(f"CREATE TEMP TABLE many AS {made}")
        read = blocks(connection, "SELECT * FROM many", "FORMAT csv")
        size = len(next(read))
        time.sleep(1)  # the reader's own work, for instance a server that takes its time
        size += sum(map(len, read))
        assert size > 100_000_000
        assert connection.execute("SELECT current_setting('preserve_insertion_order')").fetchone() == (True,)
