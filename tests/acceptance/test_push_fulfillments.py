"""Fulfillments pushed to a simulated store over a socket: orders fulfilled whole and in part, from several places,
with tracking and events; changed, cancelled, and explained where that can't be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

READ = """query($id: ID!) { order(id: $id) { displayFulfillmentStatus fulfillments { id status displayStatus
  trackingInfo { number url company } events(first: 9) { nodes { status message } }
  fulfillmentLineItems(first: 9) { nodes { quantity lineItem { sku } } } location { name } }
  fulfillmentOrders(first: 9) { nodes { id status assignedLocation { location { id } } } } } }"""
LINES = (
    '{title: "Hat", sku: "HAT", quantity: 3, priceSet: MONEY}, {title: "Cap", sku: "CAP", quantity: 1, priceSet: MONEY}'
)
MONEY = '{shopMoney: {amount: "5.00", currencyCode: CAD}}'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def ordered(project: Project, name: str = "#A1", lines: str = LINES, more: str = "") -> str:
    """An order of three hats and a cap; its gid."""
    given = f'order: {{name: "{name}", lineItems: [{lines.replace("MONEY", MONEY)}] {more}}}'
    found: str = project.mutate("orderCreate", given, "order { id }")["order"]["id"]
    return found


def order(project: Project, gid: str) -> dict[str, Any]:
    found: dict[str, Any] = project.ask(READ, id=gid)["order"]
    return found


def parcels(project: Project, gid: str) -> list[dict[str, int]]:
    """Quantities by SKU of each fulfillment that is not cancelled."""
    return [
        {line["lineItem"]["sku"]: line["quantity"] for line in each["fulfillmentLineItems"]["nodes"]}
        for each in order(project, gid)["fulfillments"]
        if each["status"] != "CANCELLED"
    ]


def pushed(project: Project, *rows: dict[str, Any], strategy: str = "upsert", **settings: Any) -> Any:
    return project.push(project.config("f", "fulfillments", strategy, project.rows(*rows), **settings))


def only_work(project: Project, gid: str) -> str:
    works = [each["id"] for each in order(project, gid)["fulfillmentOrders"]["nodes"] if each["status"] == "OPEN"]
    assert len(works) == 1
    return str(works[0])


def hold(project: Project, gid: str) -> None:
    given = 'reason: AWAITING_PAYMENT, reasonNotes: "call first"'
    arguments = f'id: "{only_work(project, gid)}", fulfillmentHold: {{{given}}}'
    project.mutate("fulfillmentOrderHold", arguments, "fulfillmentOrder { id }")


def test_an_order_is_fulfilled_whole(project: Project) -> None:
    """Named by gid, number, name with and without #; all that remains when no lines are; and only once."""
    gids = [ordered(project, f"#A{n}") for n in range(4)]
    names = [gids[0], gids[1].rpartition("/")[2], "#A2", "a3"]
    rows = [{"k": n, "order": name, "tracking_number": f"TN{n}"} for n, name in enumerate(names)]
    report = pushed(project, *rows)
    assert report.outcomes == {"applied": 4}, report.failures
    for n, gid in enumerate(gids):
        assert parcels(project, gid) == [{"HAT": 3, "CAP": 1}]
        assert order(project, gid)["displayFulfillmentStatus"] == "FULFILLED"
        assert order(project, gid)["fulfillments"][0]["trackingInfo"][0]["number"] == f"TN{n}"
    again = pushed(project, *rows)
    assert (again.unchanged, again.outcomes) == (4, {})


def test_orders_are_named_by_the_key_of_their_own_push(project: Project) -> None:
    """A custom id as match key: what an orders push wrote, or an id of the shop's own."""
    source = project.rows(
        {"k": "ERP-7", "line_items": [{"title": "Hat", "sku": "HAT", "quantity": 1, "price": 5}]}, name="o"
    )
    assert project.push(project.config("orders", "orders", "create", source)).outcomes == {"applied": 1}
    report = pushed(project, {"k": 1, "order": "ERP-7"}, match=("shoptide.orders",))
    assert report.outcomes == {"applied": 1}, report.failures
    assert len(project.running.world.shop.table("Fulfillment").all()) == 1


def test_lines_by_sku_and_id_in_part(project: Project) -> None:
    """Two parcels of one order, each with what its row says, tracked by their own numbers."""
    gid = ordered(project)
    line = project.ask("query($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { id } } } }", id=gid)
    hats = line["order"]["lineItems"]["nodes"][0]["id"]
    first = {"k": 1, "order": "#A1", "line_items": [{"sku": "HAT", "quantity": 2}], "tracking_number": "T1"}
    rest = [{"id": hats.rpartition("/")[2], "quantity": 1}, {"sku": "CAP"}]
    second = {"k": 2, "order": "#A1", "line_items": rest, "tracking_number": "T2"}
    assert pushed(project, first).outcomes == {"applied": 1}
    assert parcels(project, gid) == [{"HAT": 2}]
    assert order(project, gid)["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    report = pushed(project, first, second)
    assert report.outcomes == {"applied": 1}, report.failures
    assert parcels(project, gid) == [{"HAT": 2}, {"HAT": 1, "CAP": 1}]


def test_two_rows_of_one_order_go_side_by_side(project: Project) -> None:
    """In one run, and neither takes the other's parcel for its own."""
    gid = ordered(project)
    rows = [
        {"k": 1, "order": "#A1", "line_items": ["CAP"]},
        {"k": 2, "order": "#A1", "line_items": [{"sku": "HAT", "quantity": 1}]},
        {"k": 3, "order": "#A1", "line_items": [{"sku": "HAT", "quantity": 2}]},
    ]
    report = pushed(project, *rows)
    assert report.outcomes == {"applied": 3}, report.failures
    assert sorted(map(str, parcels(project, gid))) == ["{'CAP': 1}", "{'HAT': 1}", "{'HAT': 2}"]


def test_several_tracking_numbers_and_urls(project: Project) -> None:
    """Lists of both, with the company; notifying is off unless asked for."""
    gid = ordered(project)
    row = {
        "k": 1,
        "order": "#A1",
        "tracking_numbers": ["T1", "T2"],
        "tracking_urls": ["https://example.com/1", "https://example.com/2"],
        "tracking_company": "Canada Post",
        "notify_customer": True,
    }
    assert pushed(project, row).outcomes == {"applied": 1}
    info = order(project, gid)["fulfillments"][0]["trackingInfo"]
    assert [(each["number"], each["url"], each["company"]) for each in info] == [
        ("T1", "https://example.com/1", "Canada Post"),
        ("T2", "https://example.com/2", "Canada Post"),
    ]


def test_the_stores_own_inputs_are_columns_too(project: Project) -> None:
    """Fulfillment orders by their ids, and tracking_info as one object."""
    gid = ordered(project)
    work = [{"fulfillment_order_id": only_work(project, gid)}]
    info = {"number": "T1", "company": "UPS", "url": "https://example.com/1"}
    row = {"k": 1, "line_items_by_fulfillment_order": work, "tracking_info": info}
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    made = order(project, gid)["fulfillments"]
    assert [each["trackingInfo"] for each in made] == [[info]]
    assert parcels(project, gid) == [{"HAT": 3, "CAP": 1}]
    assert pushed(project, row).unchanged == 1


def test_tracking_and_status_are_kept_up(project: Project) -> None:
    """A changed number is sent with all that belongs to it; a new status is an event; nothing is fulfilled twice."""
    gid = ordered(project)
    row = {"k": 1, "order": "#A1", "tracking_number": "T1", "tracking_company": "UPS", "status": "in transit"}
    assert pushed(project, row).outcomes == {"applied": 1}
    row |= {"tracking_company": "DHL", "status": "delivered", "event_message": "at the door"}
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    made = order(project, gid)["fulfillments"]
    assert len(made) == 1
    assert [(each["number"], each["company"]) for each in made[0]["trackingInfo"]] == [("T1", "DHL")]
    assert [each["status"] for each in made[0]["events"]["nodes"]] == ["IN_TRANSIT", "DELIVERED"]
    assert made[0]["displayStatus"] == "DELIVERED"


def test_update_finds_the_fulfillment_by_number_by_lines_or_as_the_only_one(project: Project) -> None:
    """By gid as well; an order without one blocks the row, several that fit are nobody's guess."""
    gid = ordered(project)
    ordered(project, "#B1")
    pushed(project, {"k": 1, "order": "#A1", "line_items": ["CAP"], "tracking_number": "T1"}, strategy="create")
    one = {"k": "x", "order": "#A1", "tracking_number": "T9", "tracking_url": "https://example.com/9"}
    report = project.push(project.config("u", "fulfillments", "update", project.rows(one, {"k": "y", "order": "#B1"})))
    assert report.outcomes == {"applied": 1, "blocked": 1}
    assert "no such fulfillment" in str(report.failures[0].message)
    assert order(project, gid)["fulfillments"][0]["trackingInfo"][0]["number"] == "T9"
    pushed(project, {"k": 2, "order": "#A1", "line_items": ["HAT"], "tracking_number": "T2"}, strategy="create")
    rows = [{"k": "p", "order": "#A1", "line_items": ["HAT"], "tracking_number": "T3"}]
    assert project.push(project.config("v", "fulfillments", "update", project.rows(*rows))).outcomes == {"applied": 1}
    rows = [{"k": "q", "order": "#A1", "tracking_number": "T4"}]
    assert project.push(project.config("w", "fulfillments", "update", project.rows(*rows))).outcomes == {"ambiguous": 1}


def test_places_send_their_own_parcels(project: Project) -> None:
    """Lines that are assigned to two locations become two fulfillments of one row."""
    gid = ordered(project)
    second = project.mutate("locationAdd", 'input: {name: "East", address: {countryCode: CA}}', "location { id }")
    work = only_work(project, gid)
    lines = project.ask(
        "query($id: ID!) { fulfillmentOrder(id: $id) { lineItems(first: 9) { nodes { id sku } } } }", id=work
    )["fulfillmentOrder"]["lineItems"]["nodes"]
    cap = next(each["id"] for each in lines if each["sku"] == "CAP")
    project.mutate(
        "fulfillmentOrderMove",
        f'id: "{work}", newLocationId: "{second["location"]["id"]}", '
        f'fulfillmentOrderLineItems: [{{id: "{cap}", quantity: 1}}]',
        "movedFulfillmentOrder { id }",
    )
    report = pushed(project, {"k": 1, "order": "#A1", "tracking_number": "T1"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert sorted(map(str, parcels(project, gid))) == ["{'CAP': 1}", "{'HAT': 3}"]
    assert len({each["location"]["name"] for each in order(project, gid)["fulfillments"]}) == 2


def test_what_can_not_be_sent_says_why(project: Project) -> None:
    """Unknown order, too many, unknown SKU, on hold with its reason, fulfilled, cancelled: each in plain words."""
    held, done, gone = ordered(project, "#HELD"), ordered(project, "#DONE"), ordered(project, "#GONE")
    ordered(project, "#OPEN")
    hold(project, held)
    pushed(project, {"k": 0, "order": "#DONE"})
    project.mutate("orderCancel", f'orderId: "{gone}", reason: OTHER, restock: false', "job { id }")
    rows: dict[str, dict[str, Any]] = {
        "unknown": {"order": "#NOPE"},
        "many": {"order": "#OPEN", "line_items": [{"sku": "HAT", "quantity": 4}]},
        "sku": {"order": "#OPEN", "line_items": ["SHOE"]},
        "held": {"order": "#HELD"},
        "held line": {"order": "#HELD", "line_items": [{"sku": "HAT", "quantity": 1}]},
        "done": {"order": "#DONE", "line_items": ["CAP"]},
        "gone": {"order": "#GONE"},
        "zero": {"order": "#OPEN", "line_items": [{"sku": "HAT", "quantity": 0}]},
        "none": {"order": None},
    }
    report = project.push(
        project.config("c", "fulfillments", "create", project.rows(*({"k": k, **row} for k, row in rows.items())))
    )
    told = {each.key: (each.outcome, str(each.message), each.column) for each in report.failures}
    assert set(told) == set(rows)
    expected = {
        "unknown": ("rejected", "no order is named #NOPE", "order"),
        "many": ("rejected", "HAT: 4 asked for, 3 left to fulfil in order #OPEN", "line_items"),
        "sku": ("rejected", "SHOE: all asked for, 0 left to fulfil in order #OPEN", "line_items"),
        "held": ("blocked", "order #HELD has nothing to fulfil: it is on hold (", "order"),
        "held line": ("blocked", "HAT: 1 asked for, 0 left to fulfil in order #HELD, 3 on hold (", "line_items"),
        "done": ("rejected", "CAP: all asked for, 0 left to fulfil in order #DONE", "line_items"),
        "gone": ("blocked", "order #GONE has nothing to fulfil: it is cancelled", "order"),
        "zero": ("rejected", "must be above 0", "line_items[0].quantity"),
        "none": ("rejected", "order is required to create fulfillments", None),
    }
    for key, (outcome, words, column) in expected.items():
        assert told[key][0] == outcome, key
        assert words in told[key][1], key
        assert told[key][2] == column or column is None, key
    assert "call first" in told["held"][1]
    assert parcels(project, done) == [{"HAT": 3, "CAP": 1}]


def test_a_held_order_is_fulfilled_once_it_is_released(project: Project) -> None:
    """A blocked row is tried again by the next run."""
    gid = ordered(project)
    work = only_work(project, gid)
    hold(project, gid)
    assert pushed(project, {"k": 1, "order": "#A1"}).outcomes == {"blocked": 1}
    project.mutate("fulfillmentOrderReleaseHold", f'id: "{work}"', "fulfillmentOrder { id }")
    assert pushed(project, {"k": 1, "order": "#A1"}).outcomes == {"applied": 1}
    assert parcels(project, gid) == [{"HAT": 3, "CAP": 1}]


def test_changed_lines_of_a_made_parcel_are_refused(project: Project) -> None:
    """A parcel that left can't be packed again."""
    ordered(project)
    pushed(project, {"k": 1, "order": "#A1", "line_items": [{"sku": "HAT", "quantity": 1}]})
    report = pushed(project, {"k": 1, "order": "#A1", "line_items": [{"sku": "HAT", "quantity": 2}]})
    assert report.outcomes == {"blocked": 1}
    assert report.failures[0].column == "line_items"


def test_delete_and_mirror_cancel(project: Project) -> None:
    """The order's work is open again; several parcels without a number are nobody's guess; twice is once."""
    gid = ordered(project)
    rows = [
        {"k": 1, "order": "#A1", "line_items": ["CAP"], "tracking_number": "T1"},
        {"k": 2, "order": "#A1", "line_items": ["HAT"], "tracking_number": "T2"},
    ]
    pushed(project, *rows, strategy="mirror")
    unclear = project.config("d", "fulfillments", "delete", "select 'x' as k, '#A1' as \"order\"")
    report = project.push(unclear)
    assert report.outcomes == {"ambiguous": 1}
    assert "add tracking_number" in str(report.failures[0].message)
    assert pushed(project, rows[0], strategy="mirror").outcomes == {"applied": 1}
    assert parcels(project, gid) == [{"CAP": 1}]
    by_number = project.config(
        "e", "fulfillments", "delete", "select 'x' as k, '#A1' as \"order\", 'T1' as tracking_number"
    )
    assert project.push(by_number).outcomes == {"applied": 1}
    assert parcels(project, gid) == []
    assert project.push(by_number).unchanged == 1


@pytest.mark.parametrize("numbered", [True, False])
def test_a_lost_answer_never_sends_a_parcel_twice(project: Project, numbered: bool) -> None:
    """What reached the store is found by its number or by its lines; what did not is sent by the next run."""
    gids = [ordered(project, f"#A{n}") for n in range(4)]
    project.fault(action="reset_after", operation="fulfillmentCreate", every=2, times=2)
    rows = [
        {"k": n, "order": f"#A{n}", "line_items": [{"sku": "HAT", "quantity": 2}]}
        | ({"tracking_number": f"T{n}"} if numbered else {})
        for n in range(4)
    ]
    pushed(project, *rows, strategy="create")
    pushed(project, *rows, strategy="create")
    assert [parcels(project, gid) for gid in gids] == [[{"HAT": 2}]] * 4
    assert project.ledger.unsettled("f") == []


def test_a_number_that_left_is_not_sent_again_from_elsewhere(project: Project) -> None:
    """A ledger that knows nothing of the parcel: its number and lines are found in the order."""
    gid = ordered(project)
    row = {"k": 1, "order": "#A1", "line_items": [{"sku": "HAT", "quantity": 2}], "tracking_number": "T1"}
    pushed(project, row, strategy="create")
    (project.base / "elsewhere").mkdir()
    with opened(project.base / "elsewhere", running=project.running) as other:
        for strategy in ("create", "upsert"):
            report = other.push(other.config(strategy, "fulfillments", strategy, other.rows(row)))
            assert report.outcomes == {"applied": 1}, report.failures
        more = {**row, "line_items": [{"sku": "HAT", "quantity": 3}]}
        assert other.push(other.config("more", "fulfillments", "create", other.rows(more))).outcomes == {"applied": 1}
    assert parcels(project, gid) == [{"HAT": 2}, {"HAT": 1}]
