"""Two landings that tests of lakes do, and what a mirror holds after them."""

from __future__ import annotations

from typing import Any

from shoptide.warehouse.duckdb import DuckDBWarehouse

COLUMNS = (
    '_shop VARCHAR, gid VARCHAR, total DECIMAL(20, 6), "select" TIMESTAMP, tags JSON, _run_id VARCHAR,'
    " _row_hash VARCHAR, _deleted_at TIMESTAMP"
)
LINES = "_shop VARCHAR, order_gid VARCHAR, position BIGINT, title VARCHAR, _row_hash VARCHAR, _deleted_at TIMESTAMP"
CURSORS = "stream VARCHAR, cursor TIMESTAMP"


def held(warehouse: DuckDBWarehouse, table: str) -> list[tuple[Any, ...]]:
    return warehouse.connection.execute(f"from shopify.{table} order by all").fetchall()


def begin(warehouse: DuckDBWarehouse) -> None:
    """A first landing: forty orders with two lines each, and a cursor."""
    with warehouse.transaction() as run:
        run.execute(f"create table shopify.orders ({COLUMNS})")
        run.execute(f"create table shopify.order_lines ({LINES})")
        run.execute(f"create table shopify._shoptide_cursors ({CURSORS})")
        run.execute(
            "insert into shopify.orders select 's', 'gid://Order/' || range, range * 1.1,"
            " timestamp '2026-01-02 03:04:05.5', '[\"ä\"]', 'r1', 'h' || range, null from range(40)"
        )
        run.execute(
            "insert into shopify.order_lines"
            " select 's', 'gid://Order/' || range // 2, range % 2, 'x', 'h', null from range(80)"
        )
        run.execute("insert into shopify._shoptide_cursors values ('orders', timestamp '2026-01-01')")


def go_on(warehouse: DuckDBWarehouse) -> None:
    """A second landing: one order changed, one new, one gone, one deleted, its lines exchanged; the cursor moved."""
    with warehouse.transaction() as run:
        run.execute("update shopify.orders set total = 5, _row_hash = 'new' where gid = 'gid://Order/1'")
        run.execute("insert into shopify.orders (_shop, gid, _row_hash) values ('s', 'gid://Order/40', 'h40')")
        run.execute("update shopify.orders set _deleted_at = timestamp '2026-02-01' where gid = 'gid://Order/2'")
        run.execute("delete from shopify.orders where gid = 'gid://Order/3'")
        run.execute("delete from shopify.order_lines where order_gid = 'gid://Order/1' and position = 1")
        run.execute("update shopify.order_lines set title = 'y', _row_hash = 'z' where order_gid = 'gid://Order/2'")
        run.execute("update shopify._shoptide_cursors set cursor = timestamp '2026-02-01'")
