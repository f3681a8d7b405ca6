"""Ordering in a simulated shop through its API, as tests of orders, parcels, refunds and returns need it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from shoptide.simulator.execution import Request
from shoptide.simulator.world import World

NOON = datetime(2026, 10, 1, 12, 0, 0, tzinfo=timezone.utc)  # noqa: UP017  # one spelling with the rest of the package
ORDER_FIELDS = """id name displayFinancialStatus displayFulfillmentStatus updatedAt closed cancelledAt
  lineItems(first: 20) { nodes { id title quantity currentQuantity unfulfilledQuantity } }
  transactions { id kind status }
  fulfillmentOrders(first: 20) { nodes { id status lineItems(first: 20) { nodes { id remainingQuantity } } } }"""
CREATE = f"""mutation($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {{
  orderCreate(order: $order, options: $options) {{
    order {{ {ORDER_FIELDS} }} userErrors {{ field message code }} }} }}"""
FULFIL = """mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
  fulfillment { id name status displayStatus trackingInfo { number url company }
    fulfillmentLineItems(first: 20) { nodes { id quantity lineItem { id } } } }
  userErrors { field message } } }"""


def opened(**settings: Any) -> World:
    """A shop in Canadian dollars whose clock stands still at noon."""
    world = World.empty(plan="plus", now=NOON, **settings)
    world.shop.clock.stop()
    return world


def ask(world: World, query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> Any:
    """The data of an answer that has no errors."""
    body = answer(world, query, variables, version)
    assert "errors" not in body, body["errors"]
    return body["data"]


def answer(world: World, query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> Any:
    world.first.bucket.give_back(20_000)
    return world.first.execute(Request(query, variables or {}), version, "http://127.0.0.1")


def money(amount: str, currency: str = "CAD") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(title: str = "Hat", quantity: int = 1, price: str = "10.00", **more: Any) -> dict[str, Any]:
    return {"title": title, "quantity": quantity, "priceSet": money(price), **more}


def sale(amount: str, kind: str = "SALE", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "status": "SUCCESS", "gateway": "manual", "amountSet": money(amount), **more}


def created(world: World, *lines: dict[str, Any], options: dict[str, Any] | None = None, **given: Any) -> Any:
    """A new order, or an AssertionError with what the store said."""
    variables = {"order": {"lineItems": list(lines) or [line()], **given}, "options": options}
    payload = ask(world, CREATE, variables)["orderCreate"]
    assert payload["userErrors"] == []
    return payload["order"]


def refused(world: World, **given: Any) -> list[dict[str, Any]]:
    """What the store says against an order."""
    payload = ask(world, CREATE, {"order": {"lineItems": [line()], **given}})["orderCreate"]
    assert payload["order"] is None
    errors: list[dict[str, Any]] = payload["userErrors"]
    return errors


def order_of(world: World, gid: str, fields: str = ORDER_FIELDS) -> Any:
    return ask(world, f"query($id: ID!) {{ order(id: $id) {{ {fields} }} }}", {"id": gid})["order"]


def fulfilled(world: World, order: Any, pieces: dict[str, int] | None = None, **given: Any) -> Any:
    """Fulfil the first fulfillment order, whole or the pieces named; returns the payload."""
    work = order["fulfillmentOrders"]["nodes"][0]
    group: dict[str, Any] = {"fulfillmentOrderId": work["id"]}
    if pieces is not None:
        group["fulfillmentOrderLineItems"] = [{"id": gid, "quantity": count} for gid, count in pieces.items()]
    variables = {"fulfillment": {"lineItemsByFulfillmentOrder": [group], **given}}
    return ask(world, FULFIL, variables)["fulfillmentCreate"]


def amount(bag: dict[str, Any], side: str = "shopMoney") -> str:
    shown: str = bag[side]["amount"]
    return shown


def product_variant(world: World, *, price: str = "20.00", sku: str = "SKU-1", stock: int | None = None) -> str:
    """A product's only variant, counted at the shop's location when `stock` says how many there are."""
    item: dict[str, Any] = {"sku": sku, "tracked": stock is not None}
    variant: dict[str, Any] = {
        "optionValues": [{"optionName": "Title", "name": "Default Title"}],
        "price": price,
        "inventoryItem": item,
    }
    if stock is not None:
        place = next(iter(world.shop.table("Location")))["id"]
        variant["inventoryQuantities"] = [{"locationId": place, "name": "available", "quantity": stock}]
    given = {
        "title": "Felt hat",
        "status": "ACTIVE",
        "productOptions": [{"name": "Title", "values": [{"name": "Default Title"}]}],
        "variants": [variant],
    }
    document = """mutation($input: ProductSetInput!) { productSet(synchronous: true, input: $input) {
      product { variants(first: 1) { nodes { id } } } userErrors { field message } } }"""
    payload = ask(world, document, {"input": given})["productSet"]
    assert payload["userErrors"] == []
    gid: str = payload["product"]["variants"]["nodes"][0]["id"]
    return gid
