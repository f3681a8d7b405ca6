"""Seeded shops: the same for the same seed, whole, and readable through the API."""

from __future__ import annotations

from asking import NOON

from shoptide.simulator.execution import Request
from shoptide.simulator.world import World


def seeded(seed: int = 1) -> World:
    return World.seeded(customers=30, products=10, orders=60, seed=seed, now=NOON)


def test_same_seed_makes_the_same_shop() -> None:
    """Records, their ids and their order are the seed's; another seed makes another shop."""

    def facts(world: World) -> list[tuple[str, str, str]]:
        return [(row["id"], row["name"], row["updatedAt"][:13]) for row in world.shop.table("Order")]

    assert facts(seeded()) == facts(seeded())
    assert facts(seeded()) != facts(seeded(2))


def test_a_seeded_shop_is_older_than_all_it_has() -> None:
    """Models that count days from the shop's founding would lose what came before it."""
    world = seeded()
    body = world.first.execute(Request("{ shop { createdAt } }"), "2026-10", "http://127.0.0.1")
    rows = [row for kind in ("Customer", "Product", "Order") for row in world.shop.table(kind)]
    assert body["data"]["shop"]["createdAt"] < min(row["createdAt"] for row in rows)


def test_seeded_orders_are_read_without_errors() -> None:
    """What the seeding wrote satisfies the schema: enumerations hold their values, required fields are there."""
    world = seeded()
    asked = """{ orders(first: 60) { nodes { displayFinancialStatus displayFulfillmentStatus totalPriceSet { shopMoney {
      amount } } fulfillmentOrders(first: 5) { nodes { status deliveryMethod { methodType } } }
      fulfillments(first: 3) { status trackingInfo { company number } } } } }"""
    body = world.first.execute(Request(asked), "2026-10", "http://127.0.0.1")
    assert "errors" not in body
    rows = body["data"]["orders"]["nodes"]
    assert len(rows) == 60
    ways = {work["deliveryMethod"]["methodType"] for row in rows for work in row["fulfillmentOrders"]["nodes"]}
    assert ways <= {"SHIPPING", "NONE"}
    assert "SHIPPING" in ways
    parcels = [parcel for row in rows for parcel in row["fulfillments"]]
    assert any(parcel["trackingInfo"] for parcel in parcels)
