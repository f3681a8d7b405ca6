"""Landing of a stream's file: types, children with their parent, hashes, deletions, and refusal of orphans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import WarehouseConfig
from shoptide.errors import ProofFailed
from shoptide.inbound.landing import Landing, TableChange
from shoptide.inbound.reading import USUAL_LINE
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.stream import Child, Stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.duckdb import DuckDBWarehouse

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHOP = "acme.myshopify.com"
ONE, TWO = "gid://shopify/Order/1", "gid://shopify/Order/2"


def money(amount: str) -> dict[str, Any]:
    held = {"amount": amount, "currencyCode": "CAD"}
    return {"shopMoney": held, "presentmentMoney": held}


def order(gid: str, **fields: Any) -> dict[str, Any]:
    return {"__typename": "Order", "id": gid, "name": "#1", "updatedAt": "2026-10-01T10:00:00Z", **fields}


def line(number: int, parent: str, **fields: Any) -> dict[str, Any]:
    return {"__typename": "LineItem", "id": f"gid://shopify/LineItem/{number}", "__parentId": parent, **fields}


@pytest.fixture(scope="module")
def plan() -> StreamPlan:
    return plan_stream(STREAMS["orders"], load("2026-10"))


@pytest.fixture
def landing(plan: StreamPlan) -> Iterator[Landing]:
    warehouse = DuckDBWarehouse(None, "shopify")
    yield Landing(warehouse, plan, SHOP, "run-1", NOW)
    warehouse.connection.close()


def land(landing: Landing, folder: Path, *records: dict[str, Any], whole: bool = False) -> dict[str, TableChange]:
    path = folder / "lines.jsonl"
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    try:
        with landing.warehouse.transaction():
            landing.declare()
            landing.staging.scan([path])
            landing.staging.split()
            return {change.table: change for change in landing.merge(whole=whole)}
    finally:
        landing.staging.drop()


def rows(landing: Landing, sql: str) -> list[tuple[Any, ...]]:
    return landing.connection.execute(sql).fetchall()


def test_values_arrive_typed(landing: Landing, tmp_path: Path) -> None:
    """Money as DECIMAL and currency, instants as UTC timestamps, ids as given, text unchanged."""
    given = order(ONE, note='Zoë said "ja"\n🙂', totalPriceSet=money("1234567.89"), tags=["a", "b"], test=False)
    land(landing, tmp_path, given)
    assert rows(
        landing,
        "select _shop, gid, note, total_price_set_amount, total_price_set_currency, updated_at, tags->>0, test from"
        " shopify.orders",
    ) == [
        (
            SHOP,
            ONE,
            given["note"],
            Decimal("1234567.890000"),
            "CAD",
            NOW.replace(month=10, hour=10, tzinfo=None),
            "a",
            False,
        )
    ]


def test_children_far_from_their_parent_find_it(landing: Landing, tmp_path: Path) -> None:
    land(landing, tmp_path, order(ONE), order(TWO), line(21, TWO, quantity=1), line(11, ONE, quantity=3))
    found = rows(landing, "select order_gid, gid, quantity from shopify.order_line_items order by all")
    assert found == [(ONE, "gid://shopify/LineItem/11", 3), (TWO, "gid://shopify/LineItem/21", 1)]


def test_unchanged_rows_are_not_written_again(landing: Landing, tmp_path: Path) -> None:
    records = [order(ONE), line(11, ONE, quantity=3), order(TWO)]
    first = land(landing, tmp_path, *records)
    later = replace(landing, run_id="run-2")
    second = land(later, tmp_path, *records[:2], order(TWO, note="changed"))
    assert (first["orders"].new, first["order_line_items"].new) == (2, 1)
    assert second["orders"] == TableChange("orders", changed=1, unchanged=1)
    assert second["order_line_items"] == TableChange("order_line_items", unchanged=1)
    assert rows(landing, "select gid, _run_id from shopify.orders order by gid") == [(ONE, "run-1"), (TWO, "run-2")]


def test_children_that_a_parent_lost_go_and_others_stay(landing: Landing, tmp_path: Path) -> None:
    land(landing, tmp_path, order(ONE), line(11, ONE), line(12, ONE), order(TWO), line(21, TWO))
    changes = land(landing, tmp_path, order(ONE), line(12, ONE))
    assert changes["order_line_items"].deleted == 1
    kept = rows(landing, "select gid from shopify.order_line_items order by gid")
    assert kept == [("gid://shopify/LineItem/12",), ("gid://shopify/LineItem/21",)]


def test_a_whole_read_marks_what_is_missing(landing: Landing, tmp_path: Path) -> None:
    land(landing, tmp_path, order(ONE), order(TWO), line(21, TWO))
    changes = land(landing, tmp_path, order(ONE), whole=True)
    assert changes["orders"].deleted == 1
    assert rows(landing, "select gid from shopify.orders where _deleted_at is not null") == [(TWO,)]
    assert rows(landing, "select count(*) from shopify.order_line_items") == [(0,)]
    back = land(landing, tmp_path, order(TWO), line(21, TWO))
    assert back["orders"].changed == 1
    assert rows(landing, "select count(*) from shopify.orders where _deleted_at is null") == [(2,)]


def test_another_shops_rows_are_left_alone(landing: Landing, tmp_path: Path) -> None:
    land(landing, tmp_path, order(ONE))
    other = replace(landing, shop="other.myshopify.com")
    land(other, tmp_path, order(TWO), whole=True)
    assert rows(landing, "select _shop, gid from shopify.orders where _deleted_at is null order by all") == [
        (SHOP, ONE),
        ("other.myshopify.com", TWO),
    ]


def test_orphans_are_refused(landing: Landing, tmp_path: Path) -> None:
    with pytest.raises(ProofFailed, match="1 rows came without their parent"):
        land(landing, tmp_path, order(ONE), line(99, TWO))
    assert not landing.warehouse.has_table("orders")
    land(landing, tmp_path, order(ONE, note="whole"))
    with pytest.raises(ProofFailed, match="1 rows came without their parent"):
        land(landing, tmp_path, order(ONE, note="broken"), line(99, TWO))
    assert rows(landing, "select note from shopify.orders") == [("whole",)]


def test_the_last_of_a_record_read_twice_counts(landing: Landing, tmp_path: Path) -> None:
    land(landing, tmp_path, order(ONE, note="early"), order(ONE, note="late"))
    assert rows(landing, "select note from shopify.orders") == [("late",)]


def test_a_picture_of_two_products_is_a_row_of_each(tmp_path: Path) -> None:
    """A file may be media of several products; taken from one of them it stays the other's."""

    def product(number: int) -> dict[str, Any]:
        gid = f"gid://shopify/Product/{number}"
        return {"__typename": "Product", "id": gid, "updatedAt": "2026-10-01T10:00:00Z"}

    def picture(number: int, image: int = 7) -> dict[str, Any]:
        gid = f"gid://shopify/MediaImage/{image}"
        return {"__typename": "MediaImage", "id": gid, "__parentId": f"gid://shopify/Product/{number}"}

    select = "select product_gid, gid from shopify.product_media order by all"
    both = [(f"gid://shopify/Product/{product}", "gid://shopify/MediaImage/7") for product in (1, 2)]
    other = ("gid://shopify/Product/2", "gid://shopify/MediaImage/8")
    with DuckDBWarehouse(None, "shopify") as warehouse:
        landing = Landing(warehouse, plan_stream(STREAMS["products"], load("2026-10")), SHOP, "run-1", NOW)
        land(landing, tmp_path, product(1), picture(1), product(2), picture(2), picture(2, 8))
        assert rows(landing, select) == [*both, other]
        land(landing, tmp_path, product(1))
        assert rows(landing, select) == [both[1], other]


def test_a_line_that_is_no_json_is_refused(landing: Landing, tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps(order(ONE)) + '\n{"id": "gid://sho')
    landing.declare()
    with pytest.raises(ProofFailed, match="can't be read"):
        landing.staging.scan([path])


def test_a_line_longer_than_usual_is_read(landing: Landing, tmp_path: Path) -> None:
    """Its chunk is typed once more with room for it."""
    note = "n" * (2 * USUAL_LINE)
    land(landing, tmp_path, order(ONE, note="short"), order(TWO, note=note))
    assert rows(landing, "select length(note) from shopify.orders order by gid") == [(5,), (len(note),)]


def test_an_amount_that_is_no_number_is_refused(landing: Landing, tmp_path: Path) -> None:
    """Nothing of its read is kept, and the next read is none the worse for it."""
    with pytest.raises(ProofFailed, match=r"orders: what arrived can't be read: .*1\.2x"):
        land(landing, tmp_path, order(ONE, totalPriceSet=money("1.25")), order(TWO, totalPriceSet=money("1.2x")))
    landing.staging.drop()
    assert landing.warehouse.tables() == []
    land(landing, tmp_path, order(ONE, totalPriceSet=money("1.25")), order(TWO, totalPriceSet=money("1.255")))
    found = rows(landing, "select total_price_set_amount from shopify.orders order by gid")
    assert found == [(Decimal("1.250000"),), (Decimal("1.255000"),)]


def test_a_new_field_is_a_new_column(landing: Landing, tmp_path: Path) -> None:
    """Rows read before keep standing; the column is empty for them until they are read again."""
    schema = load("2026-10")
    narrow = replace(landing, plan=plan_stream(STREAMS["orders"], schema, exclude=["note"]))
    land(narrow, tmp_path, order(ONE))
    assert "shopify.orders.note" not in landing.warehouse.columns("orders")
    altered = landing.declare()
    land(landing, tmp_path, order(TWO, note="n"))
    assert altered == ["orders.note added as VARCHAR"]
    assert rows(landing, "select gid, note from shopify.orders order by gid") == [(ONE, None), (TWO, "n")]


@pytest.fixture(params=["duckdb", "postgres"])
def either(request: pytest.FixtureRequest, plan: StreamPlan, tmp_path: Path) -> Iterator[Landing]:
    """A landing in each of the engines."""
    url = "duckdb:///w.duckdb" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    with open_warehouse(WarehouseConfig(url), base=tmp_path) as warehouse:
        yield Landing(warehouse, plan, SHOP, "run-1", NOW)


def test_a_field_that_is_read_no_more_keeps_its_values(either: Landing, tmp_path: Path) -> None:
    """Left out by the configuration, by a scope that was lost or by another version: rows that change keep theirs."""
    land(either, tmp_path, order(ONE, note="kept", name="#1"), line(1, ONE, title="t", sku="S"), order(TWO, note="n"))
    schema = load("2026-10")
    narrow = replace(either, plan=plan_stream(STREAMS["orders"], schema, exclude=["note", "lineItems.sku"]))
    changes = land(narrow, tmp_path, order(ONE, name="#2"), line(1, ONE, title="u"), order("gid://shopify/Order/3"))
    assert (changes["orders"].new, changes["orders"].changed) == (1, 1)
    held = either.warehouse.rows(f"select name, note from {either.warehouse.table('orders')} order by gid")
    assert held == [("#2", "kept"), ("#1", "n"), ("#1", None)]
    lines = either.warehouse.rows(f"select title, sku from {either.warehouse.table('order_line_items')}")
    assert lines == [("u", "S")]
    again = land(narrow, tmp_path, order(ONE, name="#2"), line(1, ONE, title="u"))
    assert again["orders"].unchanged == again["order_line_items"].unchanged == 1
    land(either, tmp_path, order(ONE, name="#2", note="new"))
    wide = either.warehouse.rows(f"select note from {either.warehouse.table('orders')} where gid = '{ONE}'")
    assert wide == [("new",)]


def test_a_field_of_another_type_becomes_text(landing: Landing, tmp_path: Path) -> None:
    landing.declare()
    landing.connection.execute("ALTER TABLE shopify.orders ALTER note TYPE BIGINT USING 7")
    altered = landing.declare()
    land(landing, tmp_path, order(ONE, note="words"))
    assert altered == ["orders.note is text now: it was BIGINT and comes as VARCHAR"]
    assert rows(landing, "select note from shopify.orders") == [("words",)]


def test_a_line_of_an_unknown_type_is_refused(landing: Landing, tmp_path: Path) -> None:
    """A type that the API has got since, a child nobody asked for, a line without a type: none is dropped unseen."""
    tip = {"__typename": "TipLine", "id": "gid://shopify/TipLine/1", "__parentId": ONE}
    for stranger, told in (
        (tip, "1 of TipLine below Order"),
        ({"id": TWO}, "1 of no type"),
        ({**order(TWO), "__typename": "DraftOrder"}, "1 of DraftOrder"),
        (line(3, "gid://shopify/Refund/1"), "1 of LineItem below Refund"),
    ):
        with pytest.raises(ProofFailed, match=told):
            land(landing, tmp_path, order(ONE), stranger)
    assert not landing.warehouse.has_table("orders")


def test_an_orphan_is_found_also_where_lines_have_no_id(landing: Landing, tmp_path: Path) -> None:
    """Shipping lines may come without an id; an id that is missing is nobody's parent."""
    shipping = {"__typename": "ShippingLine", "id": None, "__parentId": ONE, "title": "post"}
    with pytest.raises(ProofFailed, match="1 rows came without their parent"):
        land(landing, tmp_path, order(ONE), shipping, line(11, TWO))


WIDE = Stream(
    name="orders",
    root="orders",
    node_type="Order",
    count_root="ordersCount",
    children=(
        Child("lineItems", "order_line_items"),
        Child("shippingLines", "order_shipping_lines"),
        Child("discountApplications", "order_discount_applications", position="index"),
        Child("fulfillmentOrders", "order_fulfillment_orders"),
        Child("returns", "order_returns", children=(Child("returnLineItems", "order_return_line_items"),)),
    ),
)


@pytest.fixture
def wide() -> Iterator[Landing]:
    warehouse = DuckDBWarehouse(None, "shopify")
    yield Landing(warehouse, plan_stream(WIDE, load("2026-10")), SHOP, "run-1", NOW)
    warehouse.connection.close()


def stub(gid: str) -> dict[str, Any]:
    return {"id": gid, "_stub": "Order"}


def test_what_several_operations_read_is_joined(wide: Landing, tmp_path: Path) -> None:
    """A record whose content one operation missed has no children either, however deep."""
    back = {"__typename": "Return", "id": "gid://shopify/Return/1", "__parentId": ONE}
    gone = {"__typename": "Return", "id": "gid://shopify/Return/2", "__parentId": TWO}
    below = {"__typename": "ReturnLineItem", "id": "gid://shopify/ReturnLineItem/{}", "__parentId": ""}
    land(
        wide,
        tmp_path,
        order(ONE, note="content"),
        line(11, ONE),
        stub(ONE),
        stub(TWO),
        back,
        gone,
        {**below, "id": "gid://shopify/ReturnLineItem/1", "__parentId": back["id"]},
        {**below, "id": "gid://shopify/ReturnLineItem/2", "__parentId": gone["id"]},
    )
    assert rows(wide, "select gid, note from shopify.orders") == [(ONE, "content")]
    assert rows(wide, "select gid from shopify.order_returns") == [(back["id"],)]
    assert rows(wide, "select gid from shopify.order_return_line_items") == [("gid://shopify/ReturnLineItem/1",)]


def test_a_file_in_chunks_is_landed_as_if_it_were_one(landing: Landing, tmp_path: Path, monkeypatch: Any) -> None:
    """Children far behind their parents, rows numbered as they arrive, and a record met twice."""
    monkeypatch.setattr("shoptide.inbound.chunks.CHUNK", 2_000)
    numbers = range(60)
    records = [order(f"gid://shopify/Order/{n}", note=f"n{n}") for n in numbers]
    records += [line(n, f"gid://shopify/Order/{59 - n}", quantity=n) for n in numbers]
    records += [order(ONE, note="later")]
    changes = land(landing, tmp_path, *records, whole=True)
    assert (changes["orders"].new, changes["order_line_items"].new) == (60, 60)
    found = rows(landing, "select gid, order_gid, quantity from shopify.order_line_items order by quantity")
    assert found == [(f"gid://shopify/LineItem/{n}", f"gid://shopify/Order/{59 - n}", n) for n in numbers]
    assert rows(landing, "select note from shopify.orders where gid like '%/1'") == [("later",)]
    again = land(landing, tmp_path, *records, whole=True)
    assert again["orders"] == TableChange("orders", unchanged=60)


def test_a_broken_line_in_a_later_chunk_leaves_nothing(landing: Landing, tmp_path: Path, monkeypatch: Any) -> None:
    """It is met while the chunks before it are on their way into the tables; no piece of the file stays behind."""
    monkeypatch.setattr("shoptide.inbound.chunks.CHUNK", 2_000)
    path = tmp_path / "lines.jsonl"
    whole = "".join(json.dumps(order(f"gid://shopify/Order/{n}", note=f"n{n}")) + "\n" for n in range(60))
    path.write_text(whole + '{"__typename": "Order", "id": \n')

    def read() -> None:
        with landing.warehouse.transaction():
            landing.declare()
            landing.staging.scan([path])

    with pytest.raises(ProofFailed, match="orders: what arrived can't be read"):
        read()
    landing.staging.drop()
    assert landing.warehouse.tables() == []
    assert list(tmp_path.iterdir()) == [path]


def test_hashes_of_another_engine_are_made_anew(landing: Landing, tmp_path: Path) -> None:
    """After an upgrade that hashes otherwise, no row looks changed."""
    land(landing, tmp_path, order(ONE, note="n", totalPriceSet=money("1.10")), line(11, ONE, quantity=3))
    landing.connection.execute("UPDATE shopify.orders SET _row_hash = 'old:' || _row_hash")
    changes = land(landing, tmp_path, order(ONE, note="n", totalPriceSet=money("1.10")), line(11, ONE, quantity=3))
    assert changes["orders"] == TableChange("orders", unchanged=1)
