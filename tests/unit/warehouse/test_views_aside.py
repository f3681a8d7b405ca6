"""Views in Postgres out of the way of a change, and back: whoever made them, nothing is lost and nothing half done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from layouts import asked, opened

from shoptide.errors import WarehouseError
from shoptide.warehouse import Warehouse
from shoptide.warehouse.views import layout, make_views, views_aside

SHOP = "a.myshopify.com"
RETYPE = 'ALTER TABLE shopify.orders ALTER "number" TYPE text'


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """A table with the layout over it, and a view of a model over that, which a role may read."""
    with opened(request, "postgres") as found:
        prepare(found)
        yield found


def prepare(found: Warehouse) -> None:
    for statement in (
        "CREATE TABLE shopify.orders (_shop text, _synced_at timestamp, _deleted_at timestamp, id bigint, tags json)",
        'ALTER TABLE shopify.orders ADD COLUMN "number" bigint',
        f"INSERT INTO shopify.orders VALUES ('{SHOP}', '2026-10-01', NULL, 1, '[\"x\"]', 1001)",
    ):
        found.execute(statement)
    make_views(found, layout("fivetran"), [SHOP])
    for statement in (
        "CREATE SCHEMA dbt",
        'CREATE VIEW dbt.stg_order AS SELECT id AS order_id, "number" + 1 AS following FROM shopify_fivetran."order"',
        "CREATE VIEW dbt.orders WITH (security_barrier=true) AS SELECT order_id, following FROM dbt.stg_order",
        "COMMENT ON VIEW dbt.orders IS 'what the dashboard reads'",
        "DO $$ BEGIN CREATE ROLE reading; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        'GRANT SELECT ON dbt.orders, shopify_fivetran."order" TO reading',
    ):
        found.execute(statement)


def described(engine: Warehouse) -> list[tuple[Any, ...]]:
    """Every view with its columns and types, who may read it, what is said of it."""
    columns = asked(
        engine,
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema IN ('dbt', 'shopify_fivetran') ORDER BY 1, 2, ordinal_position",
    )
    about = asked(
        engine,
        "SELECT c.relname, c.relacl::text, c.reloptions::text, pg_get_userbyid(c.relowner) FROM pg_class c"
        " WHERE c.relkind = 'v' AND relnamespace::regnamespace::text IN ('dbt', 'shopify_fivetran') ORDER BY 1",
    )
    return columns + about


def test_a_column_becomes_another_type_below_all_views(engine: Warehouse) -> None:
    """The layout's view keeps its types, the model over it its rows, its readers and its comment."""
    before = described(engine)
    with pytest.raises(WarehouseError, match="used by a view"):
        engine.execute(RETYPE)
    with engine.transaction(), views_aside(engine, "orders"):
        engine.execute(RETYPE)
    assert described(engine) == before
    assert asked(engine, "SELECT order_id, following FROM dbt.orders") == [(1, 1002)]
    assert asked(engine, "SELECT obj_description('dbt.orders'::regclass)") == [("what the dashboard reads",)]
    anew = make_views(engine, layout("fivetran"), [SHOP]).anew
    assert anew == tuple(
        f"shopify_fivetran.{name}" for name in ("customer_visit", "order", "order_discount_code", "order_tag")
    )


def test_a_view_that_can_not_be_made_again_is_named_and_nothing_is_changed(engine: Warehouse) -> None:
    """Somebody sums a column that becomes text: the stream fails with that view's name, and everything is as it was."""
    engine.execute('CREATE VIEW dbt.numbers AS SELECT sum("number") AS total FROM shopify.orders')
    before = described(engine)
    with (
        pytest.raises(WarehouseError, match=r'the view "dbt"."numbers" stands on shopify.orders') as caught,
        engine.transaction(),
        views_aside(engine, "orders"),
    ):
        engine.execute(RETYPE)
    assert "drop it" in (caught.value.hint or "")
    assert described(engine) == before
    assert asked(engine, "SELECT total FROM dbt.numbers") == [(1001,)]


def test_a_materialized_view_is_left_to_its_owner(engine: Warehouse) -> None:
    """Making it again may take hours, and its indexes would be gone."""
    engine.execute('CREATE MATERIALIZED VIEW dbt.kept AS SELECT id FROM shopify_fivetran."order"')
    with (
        pytest.raises(WarehouseError, match=r'materialized view "dbt"."kept"'),
        engine.transaction(),
        views_aside(engine, "orders"),
    ):
        engine.execute(RETYPE)
    assert asked(engine, "SELECT id FROM dbt.kept") == [(1,)]


def test_a_layout_that_gets_a_column_keeps_what_stands_on_it(engine: Warehouse) -> None:
    """Postgres lets no view have its columns in another order: it is made again, with those over it."""
    whole = layout("fivetran")
    orders = {name: kind for name, kind in whole.columns["order"].items() if name != "app_id"}
    query = whole.queries["order"].replace("  NUMBER_OF(o.app_gid) AS app_id,\n", "")
    older = replace(whole, columns=whole.columns | {"order": orders}, queries=whole.queries | {"order": query})
    readers = asked(engine, "SELECT relacl::text FROM pg_class WHERE relname = 'order'")
    for each in (older, whole):
        make_views(engine, each, [SHOP])
        assert asked(engine, "SELECT relacl::text FROM pg_class WHERE relname = 'order'") == readers
        assert asked(engine, "SELECT order_id FROM dbt.orders") == [(1,)]
    assert asked(engine, 'SELECT app_id FROM shopify_fivetran."order"') == [(None,)]
