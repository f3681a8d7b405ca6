"""What of an order is left to fulfil, told without a store."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.outbound.order_work import Wanted, groups, lines_wanted, still_wanted, why
from shoptide.outbound.session import Refused


def work(number: int, place: str, *lines: tuple[str, int], status: str = "OPEN", **more: Any) -> dict[str, Any]:
    nodes = [
        {"id": f"fol{number}-{index}", "sku": sku, "remainingQuantity": left, "lineItem": {"id": f"li-{sku}-{index}"}}
        for index, (sku, left) in enumerate(lines)
    ]
    actions = [{"action": "CREATE_FULFILLMENT"}] if status in ("OPEN", "IN_PROGRESS") else []
    return {
        "id": f"fo{number}",
        "status": status,
        "requestStatus": "UNSUBMITTED",
        "fulfillAt": None,
        "supportedActions": actions,
        "fulfillmentHolds": [],
        "assignedLocation": {"location": {"id": place}, "name": place},
        "lineItems": {"nodes": nodes},
    } | more


def order(*works: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "#1", "cancelledAt": None, "fulfillments": [], "fulfillmentOrders": {"nodes": list(works)}} | more


def sent(found: list[list[dict[str, Any]]]) -> list[dict[str, int]]:
    """Quantities by line of each call."""
    return [
        {line["id"]: line["quantity"] for part in call for line in part["fulfillmentOrderLineItems"]} for call in found
    ]


def test_all_that_is_left_goes_place_by_place() -> None:
    """Two pieces of work at one place share a call."""
    found = groups(
        order(work(1, "east", ("A", 2)), work(2, "west", ("B", 1)), work(3, "east", ("C", 1), ("D", 0))), None
    )
    assert sent(found) == [{"fol1-0": 2, "fol3-0": 1}, {"fol2-0": 1}]
    assert [[part["fulfillmentOrderId"] for part in call] for call in found] == [["fo1", "fo3"], ["fo2"]]


def test_a_sku_on_several_lines_is_filled_line_by_line() -> None:
    """Named twice it is not sent twice."""
    there = order(work(1, "east", ("A", 2), ("A", 3)))
    assert sent(groups(there, [Wanted("A", 4)])) == [{"fol1-0": 2, "fol1-1": 2}]
    with pytest.raises(Refused, match="A: 3 asked for, 1 left"):
        groups(there, [Wanted("A", 4), Wanted("A", 3)])


def test_lines_are_named_by_their_ids_too() -> None:
    """Which tells two lines of a SKU apart."""
    assert sent(groups(order(work(1, "east", ("A", 2), ("A", 3))), [Wanted("li-A-1")])) == [{"fol1-1": 3}]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"status": "SCHEDULED", "fulfillAt": "2026-12-01T00:00:00Z"}, "scheduled for 2026-12-01T00:00:00Z"),
        ({"status": "ON_HOLD", "fulfillmentHolds": [{"displayReason": "Fraud", "reasonNotes": "ask"}]}, "Fraud: ask"),
        (
            {"status": "IN_PROGRESS", "requestStatus": "ACCEPTED", "supportedActions": []},
            "with east (request accepted)",
        ),
        ({"status": "INCOMPLETE"}, "incomplete"),
    ],
)
def test_what_can_not_be_sent_now_says_where_it_is(more: dict[str, Any], told: str) -> None:
    """Scheduled, held, at a fulfillment service, incomplete."""
    there = order(work(1, "east", ("A", 1)) | {"supportedActions": []} | more)
    assert told in why(there)
    with pytest.raises(Refused) as caught:
        groups(there, [Wanted("A", 1)])
    assert caught.value.blocked
    assert told in str(caught.value)


def test_an_order_without_work_says_what_it_knows() -> None:
    """Fulfilled, cancelled, hidden from the token, closed."""
    assert why(order(fulfillments=[{"id": "f"}])) == "all of it is fulfilled"
    assert why(order(cancelledAt="2026-10-01")) == "it is cancelled"
    assert "read_merchant_managed_fulfillment_orders" in why(order())
    assert why(order(work(1, "east", status="CLOSED"))) == "its fulfillment orders are closed"


def parcel(**quantities: int) -> dict[str, Any]:
    lines = [{"quantity": count, "lineItem": {"id": f"li-{sku}", "sku": sku}} for sku, count in quantities.items()]
    return {"fulfillmentLineItems": {"nodes": lines}}


QUANTITIES = st.dictionaries(st.sampled_from("ABC"), st.integers(1, 5))


@given(QUANTITIES, st.lists(QUANTITIES, max_size=3))
def test_what_was_sent_is_not_wanted_again(wanted: dict[str, int], done: list[dict[str, int]]) -> None:
    """What is left is what was asked for less what parcels have, never less than nothing."""
    rest = still_wanted([Wanted(sku, count) for sku, count in wanted.items()], [parcel(**each) for each in done])
    assert rest is not None
    had = {sku: sum(each.get(sku, 0) for each in done) for sku in wanted}
    assert {each.name: each.quantity for each in rest} == {
        sku: count - had[sku] for sku, count in wanted.items() if count > had[sku]
    }


def test_all_of_a_line_that_was_begun_may_be_nothing() -> None:
    """A row resumed after its parcel left asks for no more."""
    rest = still_wanted([Wanted("A")], [parcel(A=2)])
    assert rest == [Wanted("A", None, begun=True)]
    assert groups(order(work(1, "east", ("B", 1))), rest) == []
    assert lines_wanted({}) is None
