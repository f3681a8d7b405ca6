"""A pull into Postgres that changes a column's type below the views of a layout, and below what stands on those."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pulling import pulling, store

from shoptide.config import WarehouseConfig
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.views import views_aside

KINDS = (
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'shopify_fivetran'"
    " AND table_name = 'order' ORDER BY ordinal_position"
)


def test_a_field_of_another_type_lands_below_the_views(postgres_url: str, tmp_path: Path) -> None:
    """The column becomes text, as everywhere; the layout keeps its types, and a model on top of it its rows."""
    with (
        store(customers=3, products=2, orders=5) as running,
        pulling(tmp_path, running, "orders") as puller,
        open_warehouse(WarehouseConfig(postgres_url, views=("fivetran",)), base=tmp_path) as warehouse,
    ):
        puller.quick()
        there = replace(puller, warehouse=warehouse)
        there.whole()
        warehouse.execute("CREATE SCHEMA dbt")
        warehouse.execute(
            'CREATE VIEW dbt.numbers AS SELECT id, "number" + 1 AS following FROM shopify_fivetran."order"'
        )
        kinds, numbers = (warehouse.execute(each)[1] for each in (KINDS, "SELECT * FROM dbt.numbers ORDER BY id"))
        with warehouse.transaction(), views_aside(warehouse, "orders"):
            warehouse.execute('ALTER TABLE shopify.orders ALTER "number" TYPE double precision')
        with running.world.shop.lock:
            order = next(iter(running.world.shop.table("Order")))
            order["note"] = "changed since"
            running.world.shop.touch(order)
            running.world.shop.table("Order").put(order)
        report = there.whole()
        assert report.streams[0].altered == ["orders.number is text now: it was DOUBLE and comes as BIGINT"]
        assert [(each.error, each.schemas) for each in report.layouts] == [(None, ("shopify_fivetran",))]
        assert warehouse.columns("orders")["number"] == "VARCHAR"
        assert warehouse.execute(KINDS)[1] == kinds
        assert warehouse.execute("SELECT * FROM dbt.numbers ORDER BY id")[1] == numbers
        noted = warehouse.execute("SELECT count(*) FROM shopify_fivetran.\"order\" WHERE note = 'changed since'")
        assert noted[1] == [(1,)]
