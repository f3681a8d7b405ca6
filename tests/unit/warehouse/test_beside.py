"""Several connections to one DuckDB file: threads of one process write one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shoptide.warehouse import DuckDBWarehouse


def test_transactions_of_several_threads_do_not_meet(tmp_path: Path) -> None:
    """Each adds to the same row; none is refused and none is lost, and their temporary tables are their own."""
    with DuckDBWarehouse(tmp_path / "w.duckdb", "shopify") as first:
        first.connection.execute(f"CREATE TABLE {first.table('n')} AS SELECT 0 AS n")

        def add(warehouse: DuckDBWarehouse) -> None:
            for number in range(25):
                warehouse.connection.execute(f"CREATE OR REPLACE TEMP TABLE mine AS SELECT {number} AS n")
                with warehouse.transaction() as connection:
                    connection.execute(f"UPDATE {warehouse.table('n')} SET n = n + 1")
                    assert connection.execute("FROM mine").fetchone() == (number,)

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(add, first.beside()) for _ in range(4)]:
                done.result()
        assert first.run_query("FROM n")[1] == [(100,)]


def test_times_are_utc_on_every_connection(tmp_path: Path) -> None:
    """Settings of a connection are not handed on by DuckDB."""
    with DuckDBWarehouse(tmp_path / "w.duckdb", "shopify") as first:
        assert first.beside().run_query("SELECT current_setting('TimeZone')")[1] == [("UTC",)]
