"""Figures of Fivetran's layout: a store is pulled, and what people's models sum through the views is the store's truth.

The truth is what the store keeps of each line, payment and refund, added up here; on DuckDB and on Postgres.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import fivetran_models as models
import pytest
from pulling import HastyClock, Puller, pulling

from shoptide.config import LedgerConfig, WarehouseConfig
from shoptide.ledger import open_ledger
from shoptide.simulator.domain import money
from shoptide.simulator.domain.inventory import quantity
from shoptide.simulator.execution import Request
from shoptide.simulator.server import start
from shoptide.simulator.world import World
from shoptide.warehouse import Warehouse, open_warehouse
from shoptide.warehouse.views import layout

Record = dict[str, Any]
Row = dict[str, Any]
STREAMS = (
    "customers products orders fulfillments returns inventory_items inventory_levels locations collections shops files"
    " order_metafields customer_metafields product_metafields fulfillment_orders"
)
CENT = Decimal("0.01")


def cents(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(CENT)


def number(gid: str | None) -> int | None:
    return int(gid.rsplit("/", 1)[1].partition("?")[0]) if gid else None


# the store


def done(world: World, document: str, **variables: Any) -> Any:
    body = world.first.execute(Request(document, variables), "2026-10", "http://127.0.0.1")
    assert "errors" not in body, body["errors"]
    [payload] = body["data"].values()
    assert payload["userErrors"] == []
    return payload


REFUND = """mutation($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) {
  userErrors { message } } }"""


ORDER = "mutation($order: OrderCreateOrderInput!) { orderCreate(order: $order) { userErrors { message } } }"
RETURN = """mutation($input: ReturnInput!) { returnCreate(returnInput: $input) {
  return { id returnLineItems(first: 1) { nodes { id } } } userErrors { message } } }"""
RETURNED = "mutation($input: ReturnRefundInput!) { returnRefund(returnRefundInput: $input) { userErrors { message } } }"


def in_shop_money(amount: str) -> Record:
    return {"shopMoney": {"amount": amount, "currencyCode": "CAD"}}


def odd_orders(world: World) -> None:
    """One that is a test, one with its taxes in its prices, one paid in four ways of which one failed."""
    thing = {"title": "Thing", "quantity": 3, "priceSet": in_shop_money("11.00")}
    thing["taxLines"] = [{"title": "GST", "rate": 0.05, "priceSet": in_shop_money("1.65")}]
    customer = world.shop.table("Customer").all()[5]["id"]

    def paid(kind: str, gateway: str, amount: str, status: str = "SUCCESS", **more: Any) -> Record:
        return {"kind": kind, "gateway": gateway, "status": status, "amountSet": in_shop_money(amount), **more}

    order: Record = {"lineItems": [thing], "customer": {"toAssociate": {"id": customer}}}
    trial = [paid("SALE", "bogus", "34.65", test=True)]
    done(world, ORDER, order={**order, "test": True, "transactions": trial})
    done(world, ORDER, order={**order, "taxesIncluded": True, "transactions": [paid("SALE", "manual", "33.00")]})
    mixed = [paid("AUTHORIZATION", "manual", "10.00"), paid("CAPTURE", "manual", "10.00")]
    mixed += [paid("SALE", "paypal", "14.65"), paid("SALE", "gift_card", "10.00")]
    mixed += [paid("SALE", "paypal", "10.00", "FAILURE")]
    done(world, ORDER, order={**order, "transactions": mixed})


def returned(world: World, order: Record) -> None:
    """A piece that came back, for which three dollars were paid back."""
    parcel = next(row for row in world.shop.table("Fulfillment").all() if row["_order"] == order["id"])
    asked = "query($id: ID!) { fulfillment(id: $id) { fulfillmentLineItems(first: 1) { nodes { id } } } }"
    body = world.first.execute(Request(asked, {"id": parcel["id"]}), "2026-10", "http://127.0.0.1")
    [line] = body["data"]["fulfillment"]["fulfillmentLineItems"]["nodes"]
    rows = [{"fulfillmentLineItemId": line["id"], "quantity": 1, "returnReason": "COLOR"}]
    made = done(world, RETURN, input={"orderId": order["id"], "returnLineItems": rows})["return"]
    [back] = made["returnLineItems"]["nodes"]
    amount = {"amount": "3.00", "currencyCode": "CAD"}
    given: Record = {"returnId": made["id"], "returnRefundLineItems": [{"returnLineItemId": back["id"], "quantity": 1}]}
    given["orderTransactions"] = [{"parentId": sale_of(world, order)["id"], "transactionAmount": amount}]
    done(world, RETURNED, input=given)


def store() -> World:
    """Seeded, and then: refunds that pay less or more than was due, some with shipping, one of a return; odd orders."""
    world = World.seeded(customers=40, products=15, orders=140, seed=11, plan="enterprise")
    shop = world.shop
    refunded = {refund["_order"] for refund in shop.table("Refund").all()}
    paid = [
        order
        for order in shop.table("Order").all()
        if order["id"] not in refunded and not order.get("cancelledAt") and sale_of(world, order)
    ]
    for index, order in enumerate(paid[:6]):
        line = shop.get(order["_lines"][0])
        assert line is not None
        sale = sale_of(world, order)
        given: Record = {
            "orderId": order["id"],
            "refundLineItems": [{"lineItemId": line["id"], "quantity": 1, "restockType": "NO_RESTOCK"}],
        }
        if index % 2:
            given["shipping"] = {"fullRefund": True}
        amount = min(money.read(sale["_amount"]).shop, Decimal(5 + 40 * index))  # less than was due, or more
        payment = {"parentId": sale["id"], "amount": str(amount), "gateway": sale["gateway"], "kind": "REFUND"}
        given["transactions"] = [{"orderId": order["id"], **payment}]
        done(world, REFUND, input=given, key=f"refund {index}")
    shipped = {row["_order"] for row in shop.table("Fulfillment").all()}
    returned(world, next(order for order in paid[6:] if order["id"] in shipped))
    odd_orders(world)
    return world


def sale_of(world: World, order: Record) -> Record:
    rows = [row for row in world.shop.table("OrderTransaction").all() if row["_order"] == order["id"]]
    found = [row for row in rows if row["kind"] == "SALE" and row["status"] == "SUCCESS"]
    return found[0] if len(rows) == 1 and found and isinstance(found[0]["_amount"], str) else {}


@pytest.fixture(scope="module")
def puller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Puller]:
    world = store()
    world.shop.settings["bulk_seconds"] = 0.05
    folder = tmp_path_factory.mktemp("figures")
    with start(world) as running, pulling(folder, running, *STREAMS.split(), clock=HastyClock(20)) as found:
        found.quick()
        found.warehouse.views = ("fivetran",)
        found.whole()
        yield found


@pytest.fixture(scope="module")
def postgres(puller: Puller, postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The same store, pulled into Postgres."""
    postgres_server.psql("CREATE DATABASE figures")
    url = str(postgres_server.get_uri(database="figures"))
    folder = tmp_path_factory.mktemp("postgres")
    with (
        open_warehouse(WarehouseConfig(url, views=("fivetran",)), base=folder) as warehouse,
        open_ledger(LedgerConfig("sqlite:///ledger.db"), base=folder) as ledger,
    ):
        replace(puller, base=folder, warehouse=warehouse, ledger=ledger).whole()
        yield warehouse


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest, puller: Puller) -> Warehouse:
    if request.param == "duckdb":
        return puller.warehouse
    found: Warehouse = request.getfixturevalue("postgres")
    return found


@pytest.fixture
def shop(puller: Puller) -> Any:
    return puller.running.world.shop


def rows(engine: Warehouse, query: str) -> list[Row]:
    text = query.format(s="shopify_fivetran", states=models.PIVOT, receipt=models.RECEIPT[engine.dialect])
    names, found = engine.run_query(text)
    return [dict(zip(names, row, strict=True)) for row in found]


def total(amounts: Iterable[Any]) -> Decimal:
    return sum((money.read(each).shop for each in amounts), Decimal(0))


def grouped(records: Iterable[Record], key: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record[key]].append(record)
    return found


# orders


def test_orders_add_up(engine: Warehouse, shop: Any) -> None:
    """Items, discounts, taxes, shipping, what was refunded, and what is left: every order, to the cent."""
    refunds = grouped(shop.table("Refund").all(), "_order")
    payments = grouped(shop.table("OrderTransaction").all(), "_order")
    found = {row["order_id"]: row for row in rows(engine, models.ORDERS)}
    orders = [order for order in shop.table("Order").all() if not order.get("test")]
    assert found.keys() == {number(order["id"]) for order in orders}
    seen = set()
    for order in orders:
        row, lines = found[number(order["id"])], [shop.get(gid) for gid in order["_lines"]]
        items = sum((money.read(line["_price"]).shop * line["quantity"] for line in lines), Decimal(0))
        discounts = total(amount for line in lines for _index, amount in line.get("_discounts", ()))
        line_taxes = total(tax["_price"] for line in lines for tax in line.get("_taxes", ()))
        shipping = order.get("_shipping", ())
        charged = total(each["_price"] for each in shipping)
        shipping_tax = total(tax["_price"] for each in shipping for tax in each.get("_taxes", ()))
        included = bool(order.get("taxesIncluded"))
        price = items - discounts + charged + (Decimal(0) if included else line_taxes + shipping_tax)
        back = [line for refund in refunds[order["id"]] for line in refund["_lines"]]
        subtotal, tax = total(each["_subtotal"] for each in back), total(each["_tax"] for each in back)
        shipped_back = total(refund.get("_shipping") for refund in refunds[order["id"]])
        shipped_back += total(refund.get("_shippingTax") for refund in refunds[order["id"]])
        beyond = total(refund.get("_adjustment") for refund in refunds[order["id"]])
        assert [cents(row[name]) for name in ("items", "allocated", "line_taxes")] == [items, discounts, line_taxes]
        assert [cents(row[name]) for name in ("shipping", "discounted_shipping", "shipping_cost", "shipping_tax")] == [
            *(charged,) * 3, shipping_tax
        ]  # fmt: skip
        assert cents(row["subtotal_price_set_shop_amount"]) == items - discounts
        assert cents(row["total_discounts_set_shop_amount"]) == discounts
        assert cents(row["total_tax_set_shop_amount"]) == line_taxes + shipping_tax
        assert cents(row["total_price_set_shop_amount"]) == price
        assert (cents(row["refund_subtotal"]), cents(row["refund_tax"])) == (subtotal, tax)
        assert cents(row["order_adjusted_total"]) == price - subtotal - tax - shipped_back - beyond, order["name"]
        given_back = total(
            each["_amount"]
            for each in payments[order["id"]]
            if each["kind"] == "REFUND" and each["status"] == "SUCCESS"
        )
        if given_back:  # all that went back is what came off the order's total
            assert cents(row["total_price_set_shop_amount"] - row["order_adjusted_total"]) == given_back, order["name"]
        seen |= {"discounts"} if discounts else set()
        seen |= {"refunds"} if subtotal else set()
        seen |= {"shipping back"} if shipped_back else set()
        seen |= {"beyond"} if beyond else set()
        seen |= {"shipping tax"} if shipping_tax else set()
        seen |= {"presented"} if row["total_price_set_pres_currency_code"] != "CAD" else set()
        seen |= {"included"} if included else set()
    assert seen == {"discounts", "refunds", "shipping back", "beyond", "shipping tax", "presented", "included"}


def test_lines_add_up(engine: Warehouse, shop: Any) -> None:
    """What is left of each line after refunds, its price before taxes and of one piece, and the variant it is of."""
    back = grouped((line for refund in shop.table("Refund").all() for line in refund["_lines"]), "line")
    found = {row["id"]: row for row in rows(engine, models.ORDER_LINES)}
    lines = shop.table("LineItem").all()
    assert len({row["unique_key"] for row in found.values()}) == len(lines) == len(found)
    for line in lines:
        row = found[number(line["id"])]
        gone = back[line["id"]]
        taxes = total(tax["_price"] for tax in line.get("_taxes", ()))
        assert row["quantity_net_refunds"] == line["quantity"] - sum(each["quantity"] for each in gone)
        assert cents(row["refunded_subtotal"]) == total(each["_subtotal"] for each in gone)
        assert cents(row["unit_price"]) == money.read(line["_price"]).shop
        assert cents(row["pre_tax_price"]) == money.read(line["_price"]).shop * line["quantity"] - taxes
        if variant := shop.get(line.get("variant")):
            assert (cents(row["variant_price"]), row["variant_sku"]) == (cents(variant["price"]), line["sku"])
    assert {row["fulfillment_status"] for row in found.values()} == {"fulfilled", "partial", "unfulfilled"}


# customers


def test_customers_spend_what_the_store_says(engine: Warehouse, shop: Any) -> None:
    """Paid and given back by their transactions; the store's own count and sum; consent, tags, the default address."""
    every = grouped((order for order in shop.table("Order").all() if order.get("customer")), "customer")
    payments = grouped(shop.table("OrderTransaction").all(), "_order")
    found = {row["id"]: row for row in rows(engine, models.CUSTOMERS)}
    customers = shop.table("Customer").all()
    assert found.keys() == {number(customer["id"]) for customer in customers}
    for customer in customers:
        row, tried = found[number(customer["id"])], every[customer["id"]]
        theirs = [order for order in tried if not order.get("test")]
        told = [each for order in tried for each in payments[order["id"]] if each["status"] == "SUCCESS"]
        moved = [each for each in told if not each.get("test") and each["gateway"] != "gift_card"]
        spent = total(each["_amount"] for each in moved if each["kind"] in ("SALE", "CAPTURE"))
        beside = total(each["_amount"] for each in told if each not in moved and each["kind"] == "SALE")
        refunded = total(each["_amount"] for each in moved if each["kind"] == "REFUND")
        assert (row["orders_count"], row["lifetime_count_orders"]) == (len(tried), len(theirs))
        assert (cents(row["lifetime_total_spent"]), cents(row["lifetime_total_refunded"])) == (spent, refunded)
        assert cents(row["total_spent"]) == spent + beside - refunded
        consent = customer.get("_emailMarketingConsent") or {"marketingState": "NOT_SUBSCRIBED"}
        assert row["marketing_consent_state"] == (consent["marketingState"].lower() if customer["email"] else None)
        since = row["marketing_consent_updated_at"]
        assert (since and since.strftime("%Y-%m-%dT%H:%M:%SZ")) == consent.get("consentUpdatedAt")
        assert (row["email"] or "", row["verified_email"]) == (
            (customer["email"] or "").lower(),
            customer["verifiedEmail"],
        )
        assert row["default_address_id"] == number(customer.get("_defaultAddress"))
        assert set((row["customer_tags"] or "").split(", ")) - {""} == set(customer["tags"])
    assert any(row["lifetime_total_refunded"] for row in found.values())


# stock, discounts, refunds, days


def test_stock_is_what_lies_there(engine: Warehouse, shop: Any) -> None:
    """Every state of every item at every location."""
    found = {(row["inventory_item_id"], row["location_id"]): row for row in rows(engine, models.INVENTORY)}
    wanted = {
        (number(item["id"]), number(place)): (item, held)
        for item in shop.table("InventoryItem").all()
        for place, held in item["_levels"].items()
    }
    assert found.keys() == wanted.keys()
    for key, (item, held) in wanted.items():
        row = found[key]
        assert {state: row[f"{state}_quantity"] for state in models.STATES} == {
            state: quantity(held, state) for state in models.STATES
        }
        assert (row["variant_id"], cents(row["unit_cost_amount"])) == (number(item["_variant"]), cents(item["_cost"]))
    assert sum(row["committed_quantity"] for row in found.values()) > 0


def test_codes_are_known_by_their_kind(engine: Warehouse, shop: Any) -> None:
    """Each order's code with the percentage or the amount it takes off, once."""
    wanted = sorted(
        (number(order["id"]), each["code"], each.get("percentage"), money.read(each.get("_amount")).presentment)
        for order in shop.table("Order").all()
        for each in order.get("_discounts", ())
    )
    found = rows(engine, models.DISCOUNTS)
    assert (
        sorted((row["order_id"], row["code"], row["value_percentage"], cents(row["value_amount"])) for row in found)
        == wanted
    )
    assert {row["type"] for row in found} == {"percentage", "fixed_amount"}


def test_refunded_lines_know_their_refund(engine: Warehouse, shop: Any) -> None:
    """What each refund gave back in all, what is a discrepancy of it, and whether the pieces went back on the shelf."""
    payments = grouped((row for row in shop.table("OrderTransaction").all() if row.get("_refund")), "_refund")
    found = {row["id"]: row for row in rows(engine, models.REFUNDS)}
    wanted = {number(line["id"]): (refund, line) for refund in shop.table("Refund").all() for line in refund["_lines"]}
    assert found.keys() == wanted.keys()
    for key, (refund, line) in wanted.items():
        row = found[key]
        assert cents(row["total_refunded_set_shop_amount"]) == total(
            each["_amount"] for each in payments[refund["id"]] if each["status"] == "SUCCESS"
        )
        assert cents(row["total_refunded_line"]) == total([line["_subtotal"], line["_tax"]])
        assert cents(row["discrepancy"]) == -total([refund.get("_adjustment")])
        assert row["is_restocked"] == (line["restockType"] != "NO_RESTOCK")
        assert (row["order_id"], row["refund_id"]) == (number(refund["_order"]), number(refund["id"]))
        assert row["days_to_refund"] >= 0
        assert row["return_id"] == number(refund.get("_return"))
        assert row["returned_quantity"] == (line["quantity"] if refund.get("_return") else None)
    assert {row["return_status"] for row in found.values()} == {None, "OPEN"}
    assert any(row["discrepancy"] for row in found.values())


def test_days_are_the_shops(engine: Warehouse, shop: Any) -> None:
    """Times are UTC, and become the shop's own by the package's expression."""
    wanted: dict[Any, int] = defaultdict(int)
    for order in shop.table("Order").all():
        if order.get("test"):
            continue
        moment = datetime.strptime(order["createdAt"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        wanted[moment.astimezone(ZoneInfo("America/Toronto")).date()] += 1
    assert {row["date_day"]: row["orders"] for row in rows(engine, models.DAILY)} == wanted


def test_the_shops_address_stands_under_both_names(engine: Warehouse) -> None:
    """The older one, and the one that later versions of the package prefer."""
    [row] = rows(engine, "SELECT * FROM {s}.shop")
    older, newer = (
        {name.removeprefix(start): value for name, value in row.items() if name.startswith(start)}
        for start in ("billing_address_", "shop_address_")
    )
    assert older == newer
    assert {older["city"], older["country_code_v_2"]}.isdisjoint({None, ""})


# What tells a view's rows apart, where it is not `id`.
KEYS = {
    "abandoned_checkout_discount_code": ("checkout_id", "code"),
    "collection_product": ("collection_id", "product_id"),
    "collection_rule": ("collection_id", "index"),
    "customer_tag": ("customer_id", "index"),
    "discount_allocation": ("order_line_id", "discount_application_index"),
    "discount_application": ("index", "order_id"),
    "fulfillment_tracking_info": ("fulfillment_id", "index"),
    "inventory_level": ("id", "inventory_item_id", "location_id"),
    "inventory_quantity": ("id", "inventory_item_id", "inventory_level_id", "name"),
    "media_image": ("media_id", "image_id"),
    "order_custom_attribute": ("order_id", "key"),
    "order_discount_code": ("order_id", "index"),
    "order_line_tax_line": ("order_line_id", "index"),
    "order_note_attribute": ("order_id", "key"),
    "order_shipping_tax_line": ("order_shipping_line_id", "index"),
    "order_tag": ("order_id", "index"),
    "product_media": ("product_id", "media_id"),
    "product_tag": ("product_id", "index"),
    "product_variant_media": ("product_variant_id", "media_id"),
    "tax_line": ("order_line_id", "index"),
}


def test_rows_are_told_apart_by_their_keys(engine: Warehouse) -> None:
    """No key is there twice and none is missing: people's models test that."""
    for view in layout("fivetran").columns:
        key = ", ".join(f'"{name}"' for name in KEYS.get(view, ("id",)))
        missing = " OR ".join(f"{name} IS NULL" for name in key.split(", "))
        query = (
            f'SELECT count(*) AS held, (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {{s}}."{view}") AS d) AS told,'
            f' count(*) FILTER (WHERE {missing}) AS missing FROM {{s}}."{view}"'
        )
        [row] = rows(engine, query)
        assert (row["told"], row["missing"]) == (row["held"], 0), view


def test_both_engines_show_the_same_rows(puller: Puller, postgres: Warehouse) -> None:
    """Row by row and column by column, in every view; JSON as text may be spaced otherwise."""
    with_rows = 0
    for view in layout("fivetran").columns:
        query = f'SELECT * FROM {{s}}."{view}"'
        ours, theirs = (sorted(map(spelled, rows(each, query))) for each in (puller.warehouse, postgres))
        assert ours == theirs, view
        with_rows += bool(ours)
    assert with_rows >= 36


def spelled(row: Row) -> str:
    """The rows were landed at two moments."""
    shown = {name: value for name, value in row.items() if name != "_fivetran_synced"}
    return repr({name: value.replace(" ", "") if isinstance(value, str) else value for name, value in shown.items()})
