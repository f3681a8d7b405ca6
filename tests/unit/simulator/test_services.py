"""Fulfillment services, saved searches and what an ordinary app may not do."""

from __future__ import annotations

import pytest
from ordering import answer, ask, opened

from shoptide.simulator.world import World

CREATE = """mutation($name: String!, $url: URL) { fulfillmentServiceCreate(name: $name, callbackUrl: $url) {
  fulfillmentService { id handle serviceName location { id name isFulfillmentService } }
  userErrors { field message } } }"""
DELETE = """mutation($id: ID!, $action: FulfillmentServiceDeleteInventoryAction, $to: ID) {
  fulfillmentServiceDelete(id: $id, inventoryAction: $action, destinationLocationId: $to) {
    deletedId userErrors { field message } } }"""


@pytest.fixture
def world() -> World:
    return opened()


def test_a_service_comes_and_goes_with_its_location(world: World) -> None:
    """Creating one adds a location of its name; deleting it answers the id without the shown parameter."""
    made = ask(world, CREATE, {"name": "Acme 3PL", "url": None})["fulfillmentServiceCreate"]["fulfillmentService"]
    assert made["handle"] == "acme-3pl"
    assert made["location"]["isFulfillmentService"]
    assert made["id"].endswith("?id=true")
    gone = ask(world, DELETE, {"id": made["id"], "action": "DELETE", "to": None})["fulfillmentServiceDelete"]
    assert gone == {"deletedId": made["id"].removesuffix("?id=true"), "userErrors": []}
    assert [row["name"] for row in world.shop.table("Location")] == ["Shop location"]


@pytest.mark.parametrize(
    ("name", "url", "messages"),
    [
        (" Acme", None, ["Name cannot begin with a whitespace character"]),
        ("Manual", None, ["Name is reserved"]),
        ("Acme", "ftp://acme.example.com", ["Callback url protocol ftp:// is not supported"]),
        ("Acme", "https://127.0.0.1/x", ["Callback url is not allowed"]),
    ],
)
def test_what_a_service_may_not_be(world: World, name: str, url: str | None, messages: list[str]) -> None:
    """Names and addresses are refused in the store's words."""
    payload = ask(world, CREATE, {"name": name, "url": url})["fulfillmentServiceCreate"]
    assert [error["message"] for error in payload["userErrors"]] == messages


def test_saved_searches_show_their_filters(world: World) -> None:
    """The query is kept as given; its filters and its words are shown apart."""
    query = """mutation { savedSearchCreate(input: {resourceType: PRODUCT, name: "Mine", query: "tag:'a b' hat"}) {
      savedSearch { query searchTerms filters { key value } } userErrors { message } } }"""
    found = ask(world, query)["savedSearchCreate"]["savedSearch"]
    assert found == {
        "query": "tag:'a b' hat",
        "searchTerms": "hat",
        "filters": [{"key": "tag", "value": "a b"}],
    }
    listed = ask(world, "{ productSavedSearches(first: 5) { nodes { name } } }")["productSavedSearches"]
    assert listed == {"nodes": [{"name": "Mine"}]}


def test_other_apps_work_is_denied(world: World) -> None:
    """A mutation of tax apps leaves null data and says what it would take."""
    body = answer(world, "mutation { taxAppConfigure(ready: true) { userErrors { message } } }")
    assert body["data"] == {"taxAppConfigure": None}
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert "`write_taxes` access scope" in body["errors"][0]["message"]


def test_what_can_be_done_with_work_at_a_service(world: World) -> None:
    """It is asked for; asked for, it can be taken back; while a cancellation is pending nothing can be done."""
    query = """mutation { fulfillmentServiceCreate(name: "Acme", inventoryManagement: true) {
      fulfillmentService { location { id } } } productCreate(product: {title: "P"}) { product {
      variants(first: 1) { nodes { id inventoryItem { id } } } } } }"""
    made = ask(world, query)
    variant = made["productCreate"]["product"]["variants"]["nodes"][0]
    place = made["fulfillmentServiceCreate"]["fulfillmentService"]["location"]["id"]
    query = """mutation($item: ID!, $place: ID!) { inventoryItemUpdate(id: $item, input: {tracked: true}) {
      userErrors { message } } inventoryActivate(inventoryItemId: $item, locationId: $place, available: 5)
      @idempotent(key: "k") { userErrors { message } } }"""
    ask(world, query, {"item": variant["inventoryItem"]["id"], "place": place})
    query = """mutation($variant: ID!) { orderCreate(order: {lineItems: [{variantId: $variant, quantity: 1}]}) {
      order { fulfillmentOrders(first: 1) { nodes { id supportedActions { action } } } } } }"""
    work = ask(world, query, {"variant": variant["id"]})["orderCreate"]["order"]["fulfillmentOrders"]["nodes"][0]
    assert {"action": "REQUEST_FULFILLMENT"} in work["supportedActions"]
    actions = []
    for name, shown in (
        ("SubmitFulfillmentRequest", "submittedFulfillmentOrder"),
        ("AcceptFulfillmentRequest", "fulfillmentOrder"),
        ("SubmitCancellationRequest", "fulfillmentOrder"),
    ):
        query = f"""mutation($id: ID!) {{ fulfillmentOrder{name}(id: $id) {{
          {shown} {{ supportedActions {{ action }} }} userErrors {{ message }} }} }}"""
        payload = ask(world, query, {"id": work["id"]})[f"fulfillmentOrder{name}"]
        actions.append([row["action"] for row in payload[shown]["supportedActions"]])
    assert actions == [["CANCEL_FULFILLMENT_ORDER"], ["REQUEST_CANCELLATION"], []]
