"""Transfers of stock between locations in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.domain import inventory
from shoptide.simulator.world import World

PRODUCT = """mutation($input: ProductSetInput!) { productSet(input: $input) {
  product { variants(first: 1) { nodes { inventoryItem { id } } } } userErrors { message } } }"""
LOCATION = """mutation { locationAdd(input: {name: "Cellar", address: {countryCode: CA}}) { location { id } } }"""
CREATE = """mutation($input: InventoryTransferCreateAsReadyToShipInput!) {
  inventoryTransferCreateAsReadyToShip(input: $input) @idempotent(key: "%s") {
    inventoryTransfer { id name status totalQuantity } userErrors { field message code } } }"""
SHIP = """mutation($input: InventoryShipmentCreateInput!) {
  inventoryShipmentCreateInTransit(input: $input) @idempotent(key: "ship") {
    inventoryShipment { id name status lineItems(first: 5) { nodes { id quantity } } }
    userErrors { field message code } } }"""
RECEIVE = """mutation($id: ID!) { inventoryShipmentReceive(id: $id, bulkReceiveAction: ACCEPTED)
  @idempotent(key: "receive") { inventoryShipment { status totalReceivedQuantity } userErrors { message } } }"""


@pytest.fixture
def world() -> World:
    return opened()


@pytest.fixture
def places(world: World) -> tuple[str, str, str]:
    """An item of which ten are at the first location, that location, and another."""
    first = next(iter(world.shop.table("Location")))["id"]
    option = [{"optionName": "Title", "name": "Default Title"}]
    stocked = [{"locationId": first, "name": "available", "quantity": 10}]
    variant = {"optionValues": option, "inventoryItem": {"tracked": True}, "inventoryQuantities": stocked}
    options = [{"name": "Title", "values": [{"name": "Default Title"}]}]
    given = {"title": "Hat", "productOptions": options, "variants": [variant]}
    product = ask(world, PRODUCT, {"input": given})["productSet"]["product"]
    other = ask(world, LOCATION)["locationAdd"]["location"]["id"]
    return product["variants"]["nodes"][0]["inventoryItem"]["id"], first, other


def quantities(world: World, item: str, place: str) -> dict[str, int]:
    record = world.shop.table("InventoryItem").get(item)
    assert record is not None
    held = record["_levels"].get(place, {})
    return {name: inventory.quantity(held, name) for name in ("available", "reserved", "incoming") if held}


def made(world: World, item: str, origin: str, destination: str, quantity: int = 4, key: str = "make") -> Any:
    rows = [{"inventoryItemId": item, "quantity": quantity}]
    given = {"originLocationId": origin, "destinationLocationId": destination, "lineItems": rows}
    return ask(world, CREATE % key, {"input": given})["inventoryTransferCreateAsReadyToShip"]


def test_stock_travels(world: World, places: tuple[str, str, str]) -> None:
    """Reserved when ready, gone and awaited when shipped, available at the other end when received."""
    item, origin, destination = places
    transfer = made(world, item, origin, destination)["inventoryTransfer"]
    assert (transfer["name"], transfer["status"], transfer["totalQuantity"]) == ("#T0001", "READY_TO_SHIP", 4)
    assert quantities(world, item, origin) == {"available": 6, "reserved": 4, "incoming": 0}
    given = {"movementId": transfer["id"], "lineItems": [{"inventoryItemId": item, "quantity": 4}]}
    shipment = ask(world, SHIP, {"input": given})["inventoryShipmentCreateInTransit"]["inventoryShipment"]
    assert quantities(world, item, origin) == {"available": 6, "reserved": 0, "incoming": 0}
    assert quantities(world, item, destination) == {"available": 0, "reserved": 0, "incoming": 4}
    received = ask(world, RECEIVE, {"id": shipment["id"]})["inventoryShipmentReceive"]["inventoryShipment"]
    assert received == {"status": "RECEIVED", "totalReceivedQuantity": 4}
    assert quantities(world, item, destination) == {"available": 4, "reserved": 0, "incoming": 0}
    stored = world.shop.table("InventoryTransfer").get(transfer["id"])
    assert stored is not None
    assert stored["status"] == "TRANSFERRED"


def test_what_a_transfer_may_not_be(world: World, places: tuple[str, str, str]) -> None:
    """Nowhere to go, nothing to take, less than nothing."""
    item, origin, _ = places
    same = made(world, item, origin, origin, key="same")["userErrors"]
    assert [error["code"] for error in same] == ["TRANSFER_ORIGIN_CANNOT_BE_THE_SAME_AS_DESTINATION"]
    lost = made(world, "gid://shopify/InventoryItem/1", origin, "gid://shopify/Location/1", -1, key="lost")[
        "userErrors"
    ]
    assert [error["code"] for error in lost] == ["LOCATION_NOT_FOUND", "INVALID_QUANTITY", "ITEM_NOT_FOUND"]
