"""Orders of a simulated shop: their making, their money, their changes, and finding them again."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import (
    amount,
    answer,
    ask,
    created,
    fulfilled,
    line,
    money,
    opened,
    order_of,
    product_variant,
    refused,
    sale,
)

from shoptide.simulator.execution import Request
from shoptide.simulator.world import World

UPDATE = """mutation($input: OrderInput!) { orderUpdate(input: $input) {
  order { id note email updatedAt shippingAddress { province zip } } userErrors { field message } } }"""
CANCEL = """mutation($id: ID!, $reason: OrderCancelReason!, $restock: Boolean!, $note: String, $refund: Boolean,
    $method: OrderCancelRefundMethodInput) {
  orderCancel(orderId: $id, reason: $reason, restock: $restock, staffNote: $note, refund: $refund,
    refundMethod: $method) {
    job { id done } orderCancelUserErrors { field message code } userErrors { field message } } }"""
MONEY = "shopMoney { amount currencyCode } presentmentMoney { amount currencyCode }"


def bags(*names: str) -> str:
    return " ".join(f"{name} {{ {MONEY} }}" for name in names)


def cancelled(world: World, gid: str, **more: Any) -> Any:
    variables = {"id": gid, "reason": "CUSTOMER", "restock": False, **more}
    return ask(world, CANCEL, variables)["orderCancel"]


def found(world: World, query: str) -> list[str]:
    document = "query($q: String!) { orders(first: 50, query: $q, sortKey: ID) { nodes { name } } }"
    return [node["name"] for node in ask(world, document, {"q": query})["orders"]["nodes"]]


# making


def test_an_order_gets_the_next_number_and_work_to_fulfil() -> None:
    """Names count up from #1001, and every line waits on a fulfillment order."""
    world = opened()
    first, second = created(world), created(world, line(quantity=3))
    assert (first["name"], second["name"]) == ("#1001", "#1002")
    assert second["fulfillmentOrders"]["nodes"][0]["status"] == "OPEN"
    assert second["lineItems"]["nodes"][0]["unfulfilledQuantity"] == 3


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"lineItems": []}, ["order", "lineItems"], "Line items must have at least one line item"),
        ({"email": "nobody"}, ["order", "email"], "Email is invalid"),
        ({"phone": "12"}, ["order", "phone"], "Phone is invalid"),
        ({"lineItems": [line(quantity=0)]}, ["order", "lineItems", "0", "quantity"], "Quantity must be greater than 0"),
        ({"customerId": "gid://shopify/Customer/9"}, ["order", "customerId"], "Customer does not exist"),
    ],
)
def test_what_an_order_lacks_is_told_with_its_path(given: dict[str, Any], path: list[str], message: str) -> None:
    """userErrors name the input field; nothing is written."""
    world = opened()
    error = refused(world, **given)[0]
    assert (error["field"], error["message"], error["code"]) == (path, message, "INVALID")
    assert len(world.shop.table("Order")) == 0


def test_a_line_without_title_and_variant_is_told_three_times() -> None:
    """The order's line, its title and its name complain, as recorded."""
    errors = refused(opened(), lineItems=[{"quantity": 1, "priceSet": money("1")}])
    assert [error["message"] for error in errors] == [
        "Order Line items is invalid",
        "Line items Title can't be blank",
        "Line items Name can't be blank",
    ]


def test_a_line_takes_from_its_variant_what_it_does_not_say() -> None:
    """Title, price, SKU and product come from the variant."""
    world = opened()
    order = created(world, {"variantId": product_variant(world, price="7.50", sku="HAT"), "quantity": 2})
    shown = order_of(
        world,
        order["id"],
        "lineItems(first: 1) { nodes { title sku product { title } originalUnitPriceSet { shopMoney { amount } } } }",
    )["lineItems"]["nodes"][0]
    assert (shown["title"], shown["sku"], shown["product"]) == ("Felt hat", "HAT", {"title": "Felt hat"})
    assert amount(shown["originalUnitPriceSet"]) == "7.5"


def test_the_customer_of_an_email_is_found_or_made() -> None:
    """Two orders of one address belong to one customer."""
    world = opened()
    first, second = created(world, email="Ada@example.com"), created(world, email="ada@example.com")
    owners = [order_of(world, order["id"], "customer { id numberOfOrders }")["customer"] for order in (first, second)]
    assert owners[0]["id"] == owners[1]["id"]
    assert owners[1]["numberOfOrders"] == "2"


def test_metafields_that_are_wrong_stop_the_order() -> None:
    """No order without the metafields it was to have."""
    world = opened()
    wrong = [{"namespace": "custom", "key": "size", "type": "number_integer", "value": "x"}]
    error = refused(world, metafields=wrong)[0]
    assert error["field"] == ["order", "metafields", "0", "value"]
    assert len(world.shop.table("Order")) == 0


# money


def test_totals_add_up_from_lines_shipping_tax_and_discount() -> None:
    """20 + 4 shipping + 2.40 tax − 2 discount, in both currencies of the answer."""
    world = opened()
    order = created(
        world,
        line(quantity=2, taxLines=[{"title": "HST", "rate": 0.1, "priceSet": money("2.40")}]),
        shippingLines=[{"title": "Ground", "priceSet": money("4.00")}],
        discountCode={"itemPercentageDiscountCode": {"code": "TEN", "percentage": 10}},
    )
    fields = "totalPriceSet subtotalPriceSet totalTaxSet totalShippingPriceSet totalDiscountsSet totalOutstandingSet"
    shown = order_of(world, order["id"], bags(*fields.split()) + " discountCodes")
    assert [amount(shown[name]) for name in fields.split()] == ["24.4", "18.0", "2.4", "4.0", "2.0", "24.4"]
    assert shown["discountCodes"] == ["TEN"]
    assert shown["totalPriceSet"]["presentmentMoney"] == {"amount": "24.4", "currencyCode": "CAD"}


def test_a_fixed_discount_is_spread_to_the_last_cent() -> None:
    """Ten off three equal lines: shares differ by a cent and add up."""
    world = opened()
    discount = {"itemFixedDiscountCode": {"code": "TEN", "amountSet": money("10.00")}}
    order = created(world, *[line(title=name, price="10.00") for name in "abc"], discountCode=discount)
    fields = "lineItems(first: 5) { nodes { discountAllocations { allocatedAmountSet { shopMoney { amount } } } } }"
    nodes = order_of(world, order["id"], fields)["lineItems"]["nodes"]
    shares = [amount(node["discountAllocations"][0]["allocatedAmountSet"]) for node in nodes]
    assert shares == ["3.33", "3.33", "3.34"]


def test_the_customers_currency_is_kept_beside_the_shops() -> None:
    """Presentment amounts are summed for themselves."""
    world = opened()
    price = {**money("17.01"), "presentmentMoney": {"amount": "12.50", "currencyCode": "USD"}}
    order = created(world, {"title": "Hat", "quantity": 2, "priceSet": price}, presentmentCurrency="USD")
    shown = order_of(world, order["id"], bags("totalPriceSet"))["totalPriceSet"]
    assert shown == {
        "shopMoney": {"amount": "34.02", "currencyCode": "CAD"},
        "presentmentMoney": {"amount": "25.0", "currencyCode": "USD"},
    }


@pytest.mark.parametrize(
    ("transactions", "status", "outstanding"),
    [
        ([], None, "10.0"),
        ([sale("10")], "PAID", "0.0"),
        ([sale("4")], "PARTIALLY_PAID", "6.0"),
        ([sale("10", "AUTHORIZATION")], "AUTHORIZED", "0.0"),
        ([{**sale("10"), "status": "PENDING"}], "PENDING", "10.0"),
        ([sale("10"), sale("10", "REFUND")], "REFUNDED", "10.0"),
    ],
)
def test_the_financial_status_follows_from_the_transactions(
    transactions: list[dict[str, Any]], status: str | None, outstanding: str
) -> None:
    """Null for an order that never heard of money (FACTS 45); an authorization leaves nothing to ask for."""
    world = opened()
    order = created(world, transactions=transactions)
    assert order["displayFinancialStatus"] == status
    assert amount(order_of(world, order["id"], bags("totalOutstandingSet"))["totalOutstandingSet"]) == outstanding


def test_marking_as_paid_settles_once() -> None:
    """The second time is refused, with the order."""
    world = opened()
    order = created(world)
    document = """mutation($id: ID!) { orderMarkAsPaid(input: {id: $id}) {
      order { displayFinancialStatus paymentGatewayNames } userErrors { field message } } }"""
    first = ask(world, document, {"id": order["id"]})["orderMarkAsPaid"]
    assert first == {"order": {"displayFinancialStatus": "PAID", "paymentGatewayNames": ["manual"]}, "userErrors": []}
    second = ask(world, document, {"id": order["id"]})["orderMarkAsPaid"]
    assert second["userErrors"] == [{"field": ["id"], "message": "Order cannot be marked as paid."}]


CAPTURE = """mutation($input: OrderCaptureInput!) { orderCapture(input: $input) {
  transaction { kind parentTransaction { id } } userErrors { field message } } }"""


def test_an_authorization_is_captured_in_parts_up_to_its_amount() -> None:
    """What was captured is received; more than is left is refused."""
    world = opened()
    order = created(world, transactions=[sale("10", "AUTHORIZATION")])
    parent = order["transactions"][0]["id"]
    given = {"id": order["id"], "parentTransactionId": parent, "amount": "6.00"}
    first = ask(world, CAPTURE, {"input": given})["orderCapture"]
    assert first == {"transaction": {"kind": "CAPTURE", "parentTransaction": {"id": parent}}, "userErrors": []}
    second = ask(world, CAPTURE, {"input": given})["orderCapture"]
    message = "Cannot capture more than the authorized 4.00 for this payment."
    assert second == {"transaction": None, "userErrors": [{"field": None, "message": message}]}


# changing


def test_an_update_changes_what_it_names_and_moves_updated_at() -> None:
    """Other fields stay; updatedAt is the present whole second."""
    world = opened()
    order = created(world, note="before", email="a@example.com")
    world.shop.clock.move(5)
    payload = ask(world, UPDATE, {"input": {"id": order["id"], "note": "after"}})["orderUpdate"]
    assert payload["userErrors"] == []
    assert payload["order"]["note"] == "after"
    assert payload["order"]["email"] == "a@example.com"
    assert payload["order"]["updatedAt"] == "2026-10-01T12:00:05Z"


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({}, [(None, "No valid update parameters have been provided")]),
        ({"phone": "12"}, [(["phone"], "Phone is invalid")]),
        (
            {
                "shippingAddress": {
                    "address1": "1 Main St",
                    "city": "Springfield",
                    "countryCode": "US",
                    "provinceCode": "ZZ",
                }
            },
            [
                (["shippingAddress", "lastName"], "Enter a last name"),
                (["shippingAddress", "province"], "State is not a valid state in United States"),
                (["shippingAddress", "zip"], "Enter a ZIP code"),
            ],
        ),
    ],
)
def test_an_update_is_refused_in_the_stores_words(given: dict[str, Any], errors: list[Any]) -> None:
    """FACTS 44; the order is as before."""
    world = opened()
    order = created(world, note="before")
    payload = ask(world, UPDATE, {"input": {"id": order["id"], **given}})["orderUpdate"]
    assert [(error["field"], error["message"]) for error in payload["userErrors"]] == errors
    assert payload["order"]["note"] == "before"


def test_closing_twice_changes_nothing_the_second_time() -> None:
    """Silent success, updatedAt unmoved (FACTS 45)."""
    world = opened()
    order = created(world)
    document = (
        "mutation($id: ID!) { orderClose(input: {id: $id}) { order { closed updatedAt } userErrors { message } } }"
    )
    world.shop.clock.move(1)
    first = ask(world, document, {"id": order["id"]})
    world.shop.clock.move(1)
    assert ask(world, document, {"id": order["id"]}) == first
    assert first["orderClose"]["order"] == {"closed": True, "updatedAt": "2026-10-01T12:00:01Z"}


def test_a_deleted_order_leaves_nothing_behind() -> None:
    """Its lines, work and payments go with it, and an event tells of it."""
    world = opened()
    order = created(world, transactions=[sale("10")])
    document = "mutation($id: ID!) { orderDelete(orderId: $id) { deletedId userErrors { field message code } } }"
    assert ask(world, document, {"id": order["id"]})["orderDelete"]["deletedId"] == order["id"]
    for kind in ("Order", "LineItem", "FulfillmentOrder", "OrderTransaction"):
        assert len(world.shop.table(kind)) == 0
    events = ask(world, '{ events(first: 5, query: "action:destroy") { nodes { ... on BasicEvent { subjectId } } } }')
    assert [node["subjectId"] for node in events["events"]["nodes"]] == [order["id"]]
    again = ask(world, document, {"id": order["id"]})["orderDelete"]
    assert again["userErrors"] == [{"field": ["orderId"], "message": "Order does not exist", "code": "NOT_FOUND"}]


# cancelling


def test_a_cancelled_order_is_closed_voided_and_has_nothing_left_to_fulfil() -> None:
    """closedAt is cancelledAt; a job that runs is answered (FACTS 43)."""
    world = opened()
    order = created(world, transactions=[sale("10", "AUTHORIZATION")])
    world.shop.clock.move(3)
    payload = cancelled(world, order["id"])
    assert payload["job"]["done"] is False
    assert payload["userErrors"] == payload["orderCancelUserErrors"] == []
    shown = order_of(world, order["id"], "cancelledAt closedAt displayFinancialStatus fulfillable cancelReason")
    assert shown == {
        "cancelledAt": "2026-10-01T12:00:03Z",
        "closedAt": "2026-10-01T12:00:03Z",
        "displayFinancialStatus": "VOIDED",
        "fulfillable": False,
        "cancelReason": "CUSTOMER",
    }


def test_cancelling_gives_the_money_back_when_asked() -> None:
    """With a refund the order is REFUNDED and worth nothing any more."""
    world = opened()
    order = created(world, transactions=[sale("10")])
    cancelled(world, order["id"], method={"originalPaymentMethodsRefund": True})
    shown = order_of(world, order["id"], "displayFinancialStatus " + bags("currentTotalPriceSet", "netPaymentSet"))
    assert shown["displayFinancialStatus"] == "REFUNDED"
    assert amount(shown["currentTotalPriceSet"]) == amount(shown["netPaymentSet"]) == "0.0"


def test_what_cannot_be_cancelled_is_told_twice_over() -> None:
    """Errors stand in both lists, the code in one (FACTS 43)."""
    world = opened()
    order = created(world)
    fulfilled(world, order)
    message = "Cannot cancel an order that has outstanding fulfillments"
    payload = cancelled(world, order["id"])
    assert payload["job"] is None
    assert payload["userErrors"] == [{"field": ["orderId"], "message": message}]
    assert payload["orderCancelUserErrors"] == [{"field": ["orderId"], "message": message, "code": "INVALID"}]


# stock


def test_orders_take_stock_only_when_told_to() -> None:
    """BYPASS is the default; DECREMENT_OBEYING_POLICY refuses what isn't there."""
    world = opened()
    variant = product_variant(world, stock=3)
    item = next(iter(world.shop.table("InventoryItem")))
    level = next(iter(item["_levels"].values()))
    created(world, {"variantId": variant, "quantity": 2})
    assert level["available"] == 3
    created(world, {"variantId": variant, "quantity": 2}, options={"inventoryBehaviour": "DECREMENT_OBEYING_POLICY"})
    assert (level["available"], level["committed"]) == (1, 2)
    payload = ask(
        world,
        "mutation($o: OrderCreateOrderInput!) { orderCreate(order: $o, options: {inventoryBehaviour: "
        "DECREMENT_OBEYING_POLICY}) { order { id } userErrors { field code } } }",
        {"o": {"lineItems": [{"variantId": variant, "quantity": 2}]}},
    )["orderCreate"]
    assert payload["userErrors"][0]["code"] == "INVENTORY_CLAIM_FAILED"
    assert level["available"] == 1


# finding


def test_orders_are_searched_by_what_they_are() -> None:
    """Name with and without #, tag and its absence, state, SKU, financial status, discount code."""
    world = opened()
    created(world, line(sku="A-1"), tags=["vip", "new"], email="a@example.com")
    created(world, transactions=[sale("10")], discountCode={"freeShippingDiscountCode": {"code": "SHIP"}})
    closing = created(world, tags=["vip"])
    cancelled(world, closing["id"])
    assert found(world, "name:1001") == found(world, "name:#1001") == ["#1001"]
    assert found(world, "tag:VIP") == ["#1001", "#1003"]
    assert found(world, "tag_not:vip") == ["#1002"]
    assert found(world, "status:open") == ["#1001", "#1002"]
    assert found(world, "status:cancelled") == ["#1003"]
    assert found(world, "financial_status:paid") == ["#1002"]
    assert found(world, "sku:A-1") == found(world, "email:a@example.com") == ["#1001"]
    assert found(world, "discount_code:SHIP") == ["#1002"]


def test_an_order_is_found_by_its_custom_id() -> None:
    """orderByIdentifier reads an id-type metafield; without its definition that is an error."""
    world = opened()
    identifier = {"customId": {"namespace": "custom", "key": "row", "value": "R-1"}}
    document = "query($i: OrderIdentifierInput!) { orderByIdentifier(identifier: $i) { name } }"
    assert answer(world, document, {"i": identifier})["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    definition = {"name": "Row", "namespace": "custom", "key": "row", "type": "id", "ownerType": "ORDER"}
    ask(
        world,
        "mutation($d: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $d) "
        "{ createdDefinition { id } userErrors { message } } }",
        {"d": definition},
    )
    created(world, metafields=[{"namespace": "custom", "key": "row", "type": "id", "value": "R-1"}])
    assert ask(world, document, {"i": identifier})["orderByIdentifier"] == {"name": "#1001"}


def test_without_read_all_orders_old_orders_are_silently_absent() -> None:
    """Sixty days, in the list, the count and by id; no error."""
    world = opened(scopes=["read_orders", "write_orders"])
    old = ask(
        world,
        "mutation($o: OrderCreateOrderInput!) { orderCreate(order: $o) { order { id } } }",
        {"o": {"lineItems": [line()]}},
    )["orderCreate"]["order"]
    world.shop.clock.move(61 * 86_400)
    document = "query($id: ID!) { order(id: $id) { id } orders(first: 5) { nodes { id } } ordersCount { count } }"
    shown = ask(world, document, {"id": old["id"]})
    assert shown == {"order": None, "orders": {"nodes": []}, "ordersCount": {"count": 0}}
    world.shop.scopes.add("read_all_orders")
    assert ask(world, document, {"id": old["id"]})["ordersCount"] == {"count": 1}


# on request


def test_a_development_store_takes_five_orders_a_minute() -> None:
    """Off by default; the sixth is refused until the minute is over."""
    world = opened()
    world.shop.settings["orders_per_minute"] = 5
    for _ in range(5):
        created(world)
    assert refused(world)[0]["message"] == "Too many attempts. Please try again later."
    world.shop.clock.move(61)
    created(world)


def test_an_order_may_be_stamped_again_after_its_creation() -> None:
    """The late bump of FACTS 4: updatedAt moves with no write in between, and a search sees it."""
    world = opened()
    world.shop.settings["late_bump"] = 2
    order = created(world)
    assert order["updatedAt"] == "2026-10-01T12:00:00Z"
    world.shop.clock.move(10)
    assert found(world, 'updated_at:>"2026-10-01T12:00:01Z"') == ["#1001"]
    assert order_of(world, order["id"], "updatedAt") == {"updatedAt": "2026-10-01T12:00:02Z"}


def test_writes_are_told_to_listeners() -> None:
    """Webhooks hang on these topics."""
    world = opened()
    heard: list[str] = []
    world.shop.listeners.append(lambda topic, _record: heard.append(topic))
    world.shop.ears.append(lambda _topic: True)
    order = created(world, transactions=[sale("10")])
    fulfilled(world, order)
    assert [topic for topic in heard if topic.startswith(("orders/", "fulfillments/", "order_transactions/"))] == [
        "orders/create",
        "order_transactions/create",
        "orders/paid",
        "fulfillments/create",
        "orders/fulfilled",
        "orders/updated",
    ]


def test_every_field_of_an_order_can_be_read() -> None:
    """No field of an order or its parts makes an answer fail, on any version."""
    world = World.seeded(customers=20, products=10, orders=60, plan="plus")
    document = """{ orders(first: 60) { nodes {
        id statusPageUrl number risk { recommendation } app { name icon { url } }
      merchantBusinessEntity { displayName address { countryCode } } customerJourneySummary { ready }
      agreements(first: 2) { nodes { id happenedAt reason } } currentTaxLines { title rate }
      returnStatus totalWeight shippingLine { title discountedPriceSet { shopMoney { amount } } }
      suggestedRefund(suggestFullRefund: true) { amountSet { shopMoney { amount } } }
      fulfillments { totalQuantity trackingInfo { url } service { handle } events(first: 3) { nodes { status } } }
      refunds { refundLineItems(first: 5) { nodes { subtotalSet { shopMoney { amount } } } }
        refundShippingLines(first: 2) { nodes { id } } orderAdjustments(first: 2) { nodes { id } } } } } }"""
    for version in ("2026-01", "2026-10"):
        world.first.bucket.give_back(20_000)
        body = world.first.execute(Request(document), version, "http://127.0.0.1")
        assert "errors" not in body
        assert len(body["data"]["orders"]["nodes"]) == 60
