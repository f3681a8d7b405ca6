"""Outbound syncs, run by Omnata's own runtime against a store on a socket: objects, strategies, losses."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from omnata_engine import record
from omnata_entry import Maker, Plugin
from omnata_store import Store, opened

ANNA = {"first_name": "Anna", "last_name": "Ahl", "email": "anna@example.com", "tags": ["vip"]}
SHIRT = {"title": "Shirt", "handle": "shirt", "product_type": "Apparel", "status": "ACTIVE"}
STRATEGIES = ["Create", "Update", "Upsert", "Delete", "Mirror"]
OBJECTS = ["Customers", "Products", "Orders", "Fulfillments"]


def applied(results: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Identifier → gid, of results that all are successes."""
    assert all(each["APPLY_STATE"] == "SUCCESS" for each in results.values()), results
    return {key: each["APP_IDENTIFIER"] for key, each in results.items()}


def again(plugin_for: Maker, store: Store) -> Plugin:
    """The next run, which knows nothing of the one before but what Omnata hands over."""
    return plugin_for(store)


def customer(store: Store, gid: str) -> dict[str, Any]:
    fields = "firstName lastName tags note defaultEmailAddress { emailAddress }"
    found: dict[str, Any] = store.ask(f"query($id: ID!) {{ customer(id: $id) {{ {fields} }} }}", id=gid)["customer"]
    return found


def variant(store: Store) -> str:
    """The variant of a new product, which nobody counts."""
    default = "Default Title"
    product = {
        "title": "Mug",
        "productOptions": [{"name": "Title", "values": [{"name": default}]}],
        "variants": [{"price": "10.00", "optionValues": [{"optionName": "Title", "name": default}]}],
    }
    made = "productSet(input: $p) { product { variants(first: 1) { nodes { id } } } userErrors { message } }"
    found = store.ask(f"mutation($p: ProductSetInput!) {{ {made} }}", p=product)["productSet"]
    assert not found["userErrors"], found
    return str(found["product"]["variants"]["nodes"][0]["id"])


def order(store: Store, **more: Any) -> dict[str, Any]:
    return {"line_items": [{"variant_id": variant(store), "quantity": 2}], "email": "buyer@example.com", **more}


@pytest.mark.parametrize("target", OBJECTS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_object_and_strategy_has_a_form(plugin_for: Maker, store: Store, target: str, strategy: str) -> None:
    """How records are found, policies, and the fields to map, with those that a new record needs."""
    plugin = plugin_for(store)
    form = plugin.outbound_form(target, strategy)
    names = {field["name"] for field in form["fields"]}
    fields = {option["value"]: option for option in form["mapper"]["data_source"]["values"]}
    assert fields
    assert ("record_id" in fields) is (strategy != "Create")
    assert ("nulls" in names) is (strategy != "Delete")
    assert ("max_deletes" in names) is (strategy == "Mirror")
    if strategy == "Create" and target == "Products":
        assert fields["title"]["required"]
    if strategy == "Create" and target == "Orders":
        assert fields["line_items"]["required"]


CHANGES = {
    "Customers": {"note": "changed"},
    "Products": {"vendor": "changed"},
    "Orders": {"note": "changed"},
    "Fulfillments": {"tracking_number": "CHANGED"},
}
SEEN = {
    "Customers": "customer(id: $id) { note }",
    "Products": "product(id: $id) { vendor }",
    "Orders": "order(id: $id) { note }",
    "Fulfillments": "fulfillment(id: $id) { status trackingInfo { number } }",
}


def values_for(plugin: Plugin, target: str) -> dict[str, Any]:
    """What a new record of the object is made of."""
    if target == "Customers":
        return ANNA
    if target == "Products":
        return SHIRT
    if target == "Orders":
        return order(plugin.store)
    parent = record("parent", "Create", order(plugin.store))
    return {"order": plugin.push("Orders", "Create", parent)["parent"]["APP_IDENTIFIER"], "tracking_number": "T1"}


@pytest.mark.parametrize("target", OBJECTS)
def test_every_object_goes_through_every_strategy(plugin_for: Maker, store: Store, target: str) -> None:
    """Create, Update by number, Upsert of what was made, Mirror of a row that left, Delete of what is gone."""
    values, change = values_for(plugin_for(store), target), CHANGES[target]
    made = applied(plugin_for(store).push(target, "Create", record("r", "Create", values)))
    number = int(made["r"].rpartition("/")[2])
    look = f"query($id: ID!) {{ {SEEN[target]} }}"
    update = record("r", "Update", {"record_id": number, **change})
    assert applied(plugin_for(store).push(target, "Update", update)) == made
    assert next(iter(change.values())) in str(store.ask(look, id=made["r"]))
    once_more = dict.fromkeys(change, "again")
    upsert = record("r", "Update", {**values, **once_more}, gid=made["r"], previous=values, result={"gid": made["r"]})
    assert applied(plugin_for(store).push(target, "Upsert", upsert)) == made
    assert "again" in str(store.ask(look, id=made["r"]))
    left = record("r", "Delete", values, gid=made["r"])
    assert applied(plugin_for(store).push(target, "Mirror", left)) == made
    (after,) = store.ask(look, id=made["r"]).values()
    assert after is None or after["status"] == "CANCELLED"
    gone = record("r", "Delete", {"record_id": number})
    assert applied(plugin_for(store).push(target, "Delete", gone)) == made


def test_customers_are_created_updated_and_deleted(plugin_for: Maker, store: Store) -> None:
    """Create, Update by number, Update by gid, Delete; each result has the record's gid."""
    made = applied(plugin_for(store).push("Customers", "Create", record("1", "Create", ANNA)))
    number = int(made["1"].rpartition("/")[2])
    change = record("1", "Update", {"record_id": number, "note": "by number"})
    assert applied(again(plugin_for, store).push("Customers", "Update", change)) == made
    assert customer(store, made["1"])["note"] == "by number"
    change = record("1", "Update", {"note": "by gid"}, gid=made["1"])
    assert applied(again(plugin_for, store).push("Customers", "Update", change)) == made
    assert customer(store, made["1"])["note"] == "by gid"
    gone = record("1", "Delete", {"record_id": number})
    assert applied(again(plugin_for, store).push("Customers", "Delete", gone)) == made
    assert store.count("customers") == 0


def test_upsert_knows_what_it_made_and_what_matches(plugin_for: Maker, store: Store) -> None:
    """Created once; a record that is there is found by e-mail; one that this sync made by its identifier."""
    ours = applied(plugin_for(store).push("Customers", "Upsert", record("1", "Create", ANNA)))
    theirs = {**ANNA, "last_name": "Berg"}
    by_mail = record("x", "Create", theirs)
    found = again(plugin_for, store).push("Customers", "Upsert", by_mail, parameters={"match": "email"})
    assert applied(found) == {"x": ours["1"]}
    forgotten = {**ANNA, "email": "new@example.com"}
    assert applied(again(plugin_for, store).push("Customers", "Upsert", record("1", "Create", forgotten))) == ours
    assert customer(store, ours["1"])["defaultEmailAddress"]["emailAddress"] == "new@example.com"
    assert store.count("customers") == 1


def test_mirror_creates_updates_and_deletes(plugin_for: Maker, store: Store) -> None:
    """All three actions in one run, and no more deletions than allowed."""
    first = [record(str(n), "Create", {**SHIRT, "title": f"Shirt {n}", "handle": f"shirt-{n}"}) for n in range(4)]
    made = applied(plugin_for(store).push("Products", "Mirror", *first))
    second = [
        record("0", "Update", {**SHIRT, "title": "Changed", "handle": "shirt-0"}, gid=made["0"]),
        *(record(str(n), "Delete", {}, gid=made[str(n)]) for n in (1, 2)),
    ]
    results = again(plugin_for, store).push("Products", "Mirror", *second, parameters={"max_deletes": "1"})
    assert results["0"]["APPLY_STATE"] == results["1"]["APPLY_STATE"] == "SUCCESS"
    assert results["2"]["APPLY_STATE"] == "DESTINATION_FAILURE"
    assert "more than 1 deletions" in results["2"]["RESULT"]["error"]
    assert store.count("products") == 3


def test_products_by_every_strategy(plugin_for: Maker, store: Store) -> None:
    """Create once, Update by handle, Upsert by handle, archive instead of delete, Delete by number."""
    values = {**SHIRT, "variants": [{"sku": "S1", "price": 12.5}]}
    made = applied(plugin_for(store).push("Products", "Create", record("p", "Create", values)))
    title = {"handle": "shirt", "title": "By handle"}
    by_handle = {"match": "handle"}
    for strategy, action in (("Update", "Update"), ("Upsert", "Create")):
        change = record("other", action, {**title, "title": strategy})
        found = again(plugin_for, store).push("Products", strategy, change, parameters=by_handle)
        assert applied(found) == {"other": made["p"]}
        seen = "query($id: ID!) { product(id: $id) { title status variants(first: 2) { nodes { sku price } } } }"
        product = store.ask(seen, id=made["p"])["product"]
        assert product["title"] == strategy
        assert product["variants"]["nodes"] == [{"sku": "S1", "price": "12.50"}]
    number = made["p"].rpartition("/")[2]
    gone = record("p", "Delete", {"record_id": number})
    assert applied(again(plugin_for, store).push("Products", "Delete", gone, parameters={"deletes": "archive"})) == made
    assert store.ask(seen, id=made["p"])["product"]["status"] == "ARCHIVED"
    assert applied(again(plugin_for, store).push("Products", "Delete", gone)) == made
    assert store.ask(seen, id=made["p"])["product"] is None


def test_a_customer_with_orders_stays(plugin_for: Maker, store: Store) -> None:
    """The store refuses to delete them; the result has its words."""
    made = applied(plugin_for(store).push("Customers", "Create", record("c", "Create", ANNA)))["c"]
    applied(
        again(plugin_for, store).push("Orders", "Create", record("o", "Create", order(store, customer=ANNA["email"])))
    )
    gone = record("c", "Delete", {"record_id": made})
    results = again(plugin_for, store).push("Customers", "Delete", gone)
    assert results["c"]["APPLY_STATE"] == "DESTINATION_FAILURE"
    assert "can" in results["c"]["RESULT"]["error"]
    assert store.count("customers") == 1


def test_orders_are_created_updated_and_cancelled(plugin_for: Maker, store: Store) -> None:
    """An order keeps its lines; what the store allows to change is changed; deleting may mean cancelling."""
    values = order(store, note="first")
    made = applied(plugin_for(store).push("Orders", "Upsert", record("o1", "Create", values)))
    changed = record(
        "o1", "Update", {**values, "note": "second"}, gid=made["o1"], previous=values, result={"gid": made["o1"]}
    )
    assert applied(again(plugin_for, store).push("Orders", "Upsert", changed)) == made
    found = store.ask("query($id: ID!) { order(id: $id) { note cancelledAt } }", id=made["o1"])["order"]
    assert found == {"note": "second", "cancelledAt": None}
    gone = record("o1", "Delete", {"record_id": made["o1"]})
    settings = {"deletes": "cancel", "cancel_reason": "customer", "cancel_restock": "true"}
    assert applied(again(plugin_for, store).push("Orders", "Delete", gone, parameters=settings)) == made
    assert store.ask("query($id: ID!) { order(id: $id) { cancelledAt } }", id=made["o1"])["order"]["cancelledAt"]


def test_fulfillments_are_made_tracked_and_cancelled(plugin_for: Maker, store: Store) -> None:
    """Create fulfils an order, Update changes its tracking, Delete cancels the fulfillment."""
    parent = applied(plugin_for(store).push("Orders", "Create", record("o", "Create", order(store))))["o"]
    values = {"order": parent, "tracking_number": "T1", "tracking_company": "DHL"}
    made = applied(again(plugin_for, store).push("Fulfillments", "Create", record("f", "Create", values)))
    change = record("f", "Update", {"tracking_number": "T2"}, gid=made["f"])
    assert applied(again(plugin_for, store).push("Fulfillments", "Update", change)) == made
    seen = "query($id: ID!) { fulfillment(id: $id) { status trackingInfo { number } } }"
    assert store.ask(seen, id=made["f"])["fulfillment"] == {"status": "SUCCESS", "trackingInfo": [{"number": "T2"}]}
    gone = record("f", "Delete", {"record_id": made["f"]})
    assert applied(again(plugin_for, store).push("Fulfillments", "Delete", gone)) == made
    assert store.ask(seen, id=made["f"])["fulfillment"]["status"] == "CANCELLED"
    fresh = record("g", "Create", {"order": parent, "tracking_number": "T3"})
    assert applied(again(plugin_for, store).push("Fulfillments", "Upsert", fresh))["g"] != made["f"]


def test_a_bad_record_fails_alone_with_its_reason(plugin_for: Maker, store: Store) -> None:
    """The store's own words, the field and the value; the others are applied."""
    results = plugin_for(store).push(
        "Customers",
        "Create",
        record("good", "Create", ANNA),
        record("mail", "Create", {**ANNA, "email": "no mail"}),
        record("field", "Create", {**ANNA, "emial": "x@example.com"}),
        record("type", "Create", {**ANNA, "email": "t@example.com", "tax_exempt": "perhaps"}),
    )
    states = {key: each["APPLY_STATE"] for key, each in results.items()}
    assert states == {"good": "SUCCESS", **dict.fromkeys(("mail", "field", "type"), "DESTINATION_FAILURE")}
    assert results["mail"]["RESULT"]["field"] == "email"
    assert "did you mean email" in results["field"]["RESULT"]["error"]
    assert results["type"]["RESULT"]["field"] == "tax_exempt"
    assert results["good"]["RESULT"]["action"] == "create"


def test_an_update_of_nobody_says_so(plugin_for: Maker, store: Store) -> None:
    """Update and Delete make nothing: a record that is not there is told, or gone already."""
    nobody = record("n", "Update", {**ANNA, "email": "nobody@example.com"})
    results = plugin_for(store).push("Customers", "Update", nobody, parameters={"match": "email"})
    assert "no such record" in results["n"]["RESULT"]["error"]
    gone = record("n", "Delete", {"email": "nobody@example.com"})
    results = again(plugin_for, store).push("Customers", "Delete", gone, parameters={"match": "email"})
    assert applied(results) == {"n": None}
    assert store.count("customers") == 0


def test_two_records_that_mean_one_are_not_both_written(plugin_for: Maker, store: Store) -> None:
    """Whether they come together or far apart: the second is told, and the store is not written to and fro."""
    made = applied(plugin_for(store).push("Customers", "Create", record("1", "Create", ANNA)))["1"]
    filler = [record(f"f{n}", "Update", {"record_id": 10_000 + n, "note": "nobody"}) for n in range(260)]
    rows = [record(name, "Update", {"record_id": made, "note": name}) for name in ("first", "second")]
    results = again(plugin_for, store).push("Customers", "Update", rows[0], *filler, rows[1])
    assert results["first"]["APPLY_STATE"] == "SUCCESS"
    assert "first too" in results["second"]["RESULT"]["error"]
    assert customer(store, made)["note"] == "first"


@pytest.mark.parametrize("action", ["reset_after", "internal_error"])
def test_a_lost_answer_doubles_no_order(plugin_for: Maker, store: Store, action: str) -> None:
    """The connection breaks after the store committed: the order is found by the row's key, and taken over."""
    store.fault(action=action, operation="orderCreate", nth=2, times=1)
    records = [record(f"o{n}", "Create", order(store)) for n in range(3)]
    made = applied(plugin_for(store).push("Orders", "Create", *records))
    assert len(set(made.values())) == 3
    assert store.count("orders") == 3


def test_many_orders_in_common_documents_are_not_doubled(plugin_for: Maker, store: Store) -> None:
    """A whole document's answer is lost; each of its orders is looked up."""
    line = order(store)
    store.fault(action="reset_after", operation="orderCreate", nth=1, times=1)
    records = [record(f"o{n}", "Create", {**line, "note": str(n)}) for n in range(30)]
    made = applied(plugin_for(store).push("Orders", "Create", *records))
    assert len(set(made.values())) == 30
    assert store.count("orders") == 30


def test_results_that_never_arrived_make_no_second_order(plugin_for: Maker, store: Store) -> None:
    """The procedure was killed before its results were kept: the next run finds what it made."""
    records = [record(f"o{n}", "Create", order(store)) for n in range(3)]
    made = applied(plugin_for(store).push("Orders", "Create", *records))
    assert applied(again(plugin_for, store).push("Orders", "Create", *records)) == made
    assert store.count("orders") == 3


def test_what_could_not_be_looked_up_is_looked_up_next_time(plugin_for: Maker, store: Store) -> None:
    """The store goes away right after it committed: the result says so, and the next run looks before it sends."""
    parent = applied(plugin_for(store).push("Orders", "Create", record("o", "Create", order(store))))["o"]
    values = {"order": parent, "tracking_number": "T1"}
    lost = {"action": "reset_after", "operation": "fulfillmentCreate", "nth": 1, "times": 1}
    store.fault(faults=[lost, {"action": "status", "status": 403, "operation": "order", "nth": 2, "times": 1}])
    results = again(plugin_for, store).push("Fulfillments", "Create", record("f", "Create", values))
    assert results["f"]["APPLY_STATE"] == "DESTINATION_FAILURE"
    assert results["f"]["RESULT"]["code"] == "UNKNOWN"
    store.heal()
    later = again(plugin_for, store).push(
        "Fulfillments", "Create", record("f", "Create", values, result=results["f"]["RESULT"])
    )
    assert applied(later)["f"]
    seen = store.ask("query($id: ID!) { order(id: $id) { fulfillments(first: 5) { id } } }", id=parent)["order"]
    assert [each["id"] for each in seen["fulfillments"]] == [later["f"]["APP_IDENTIFIER"]]


def test_throttling_is_waited_out(plugin_for: Maker) -> None:
    """A small bucket and THROTTLED answers cost time only; nothing is sent twice."""
    with opened(plan="standard") as shop:
        shop.fault(action="throttle", operation="customerCreate", every=5, times=3)
        records = [record(str(n), "Create", {**ANNA, "email": f"a{n}@example.com"}) for n in range(40)]
        assert len(set(applied(plugin_for(shop).push("Customers", "Create", *records)).values())) == 40
        assert shop.count("customers") == 40


def test_a_token_that_went_fails_the_rest_and_keeps_what_was_done(plugin_for: Maker, store: Store) -> None:
    """No exception leaves the run: what was applied has its result, the rest the reason."""
    store.fault(action="status", status=402, operation="customerCreate", nth=9)
    records = [record(str(n), "Create", {**ANNA, "email": f"a{n}@example.com"}) for n in range(12)]
    results = plugin_for(store).push("Customers", "Create", *records)
    assert len(results) == 12
    done = [each for each in results.values() if each["APPLY_STATE"] == "SUCCESS"]
    assert len(done) == store.count("customers") < 12
    assert all(each["RESULT"].get("error") for each in results.values() if each not in done)


def test_a_run_that_is_stopped_in_the_middle_loses_no_result(plugin_for: Maker, store: Store) -> None:
    """Cancelled in the middle of many writes: what was done is told, the rest is left for the next run."""
    records = [record(str(n), "Create", {**ANNA, "email": f"a{n}@example.com"}) for n in range(400)]
    plugin = plugin_for(store)
    store.fault(action="slow", seconds=0.2)
    stopper = threading.Thread(target=stop_when, args=(plugin, store, 20))
    stopper.start()
    first = applied(plugin.push("Customers", "Create", *records))
    stopper.join()
    store.heal()
    assert 20 <= len(first) < 400
    assert len(first) == store.count("customers")
    left = [each for each in records if each["IDENTIFIER"] not in first]
    second = applied(again(plugin_for, store).push("Customers", "Create", *left))
    assert len({*first.values(), *second.values()}) == store.count("customers") == 400


def stop_when(plugin: Plugin, store: Store, number: int) -> None:
    """Cancel the run, as Omnata's engine does, once the store has so many customers."""
    for _ in range(600):
        if store.count("customers") >= number:
            plugin.entry._plugin_instance._sync_request.apply_cancellation()
            return
        time.sleep(0.05)


def test_a_cancelled_run_leaves_its_records_for_the_next(plugin_for: Maker, store: Store) -> None:
    """Nothing is sent, and nothing is told of what was not sent."""
    plugin = plugin_for(store)
    plugin.engine.cancelled = True
    assert plugin.push("Customers", "Create", record("1", "Create", ANNA)) == {}
    assert store.count("customers") == 0


def test_a_deadline_ends_the_run_as_delayed(plugin_for: Maker, store: Store) -> None:
    """Omnata's own exception for it."""
    from omnata_plugin_runtime.omnata_plugin import DeadlineReachedException

    plugin = plugin_for(store)
    with pytest.raises(DeadlineReachedException):
        plugin.push("Customers", "Create", record("1", "Create", ANNA), minutes=0)
    assert store.count("customers") == 0


def test_the_validator_names_each_wrong_field(plugin_for: Maker, store: Store) -> None:
    """Before the run, without asking the store: unknown names, wrong types, what is missing."""
    plugin = plugin_for(store)
    good = {"first_name": "Anna", "email": "a@example.com", "tags": ["a"], "tax_exempt": True}
    assert plugin.validate("Customers", "Create", good) is None
    wrong = {**good, "emial": "x", "tax_exempt": "perhaps", "addresses": "none"}
    found = plugin.validate("Customers", "Create", wrong)
    assert found is not None
    assert set(found) == {"emial", "tax_exempt", "addresses"}
    assert plugin.validate("Products", "Create", {"handle": "x"}) == {"title": "is required to create products"}
    assert plugin.validate("Products", "Update", {"record_id": 5, "handle": "x"}) is None
    assert plugin.validate("Orders", "Delete", {"record_id": "gid://shopify/Customer/1"}) is not None
