"""Orders pushed to a simulated store over a socket: made with all their parts, changed where the store allows it,
deleted or cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from outbound_store import LeapingClock, Project, opened

from shoptide.errors import Rejected

READ = """{ orders(first: 20) { nodes { id name email phone note poNumber tags test cancelReason cancelledAt processedAt
  displayFinancialStatus displayFulfillmentStatus taxesIncluded customer { email phone }
  customAttributes { key value } shippingAddress { city lastName } billingAddress { city }
  totalPriceSet { shopMoney { amount currencyCode } } totalTaxSet { shopMoney { amount } }
  totalDiscountsSet { shopMoney { amount } } totalShippingPriceSet { shopMoney { amount } }
  metafields(first: 5) { nodes { namespace key value } } transactions { kind status gateway }
  lineItems(first: 10) { nodes { title quantity sku variant { id } originalUnitPriceSet { shopMoney { amount } } } }
  } } }"""
LINE = {"title": "Engraving", "quantity": 1, "price": "5.00"}


def bag(amount: str) -> dict[str, Any]:
    return {"shop_money": {"amount": amount, "currency_code": "CAD"}}


def address(city: str) -> dict[str, str]:
    return {"last_name": "Doe", "address1": "1 Main", "city": city, "zip": "K1A 0A1", "country_code": "CA",
            "province_code": "ON"}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def store(project: Project) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = project.ask(READ)["orders"]["nodes"]
    return nodes


def only(project: Project) -> dict[str, Any]:
    found = store(project)
    assert len(found) == 1
    return found[0]


def pushed(project: Project, *rows: dict[str, Any], strategy: str = "upsert", **settings: Any) -> Any:
    return project.push(project.config("o", "orders", strategy, project.rows(*rows), **settings))


def hat(project: Project, sku: str = "HAT", handle: str = "hat") -> str:
    """A product of the store, its variant's gid."""
    product = project.mutate(
        "productSet",
        f'synchronous: true, input: {{title: "Hat", handle: "{handle}", '
        'productOptions: [{name: "Title", values: [{name: "Default Title"}]}], '
        f'variants: [{{sku: "{sku}", price: "20.00", '
        'optionValues: [{optionName: "Title", name: "Default Title"}]}]}',
        "product { variants(first: 1) { nodes { id } } }",
    )["product"]
    found: str = product["variants"]["nodes"][0]["id"]
    return found


def customer(project: Project, **fields: str) -> str:
    given = ", ".join(f'{name}: "{value}"' for name, value in fields.items())
    found: str = project.mutate("customerCreate", f"input: {{{given}}}", "customer { id }")["customer"]["id"]
    return found


def test_an_order_is_made_with_all_its_parts(project: Project) -> None:
    """Lines by variant id, by SKU and custom; addresses, tax, discount, shipping, transaction, metafields."""
    variant = hat(project)
    hat(project, "CAP", "cap")
    row = {
        "k": "1001",
        "email": "c@example.com",
        "line_items": [
            {"variant_id": variant, "quantity": 2},
            {"sku": "CAP", "quantity": 1},
            {**LINE, "tax_lines": [{"title": "GST", "rate": "0.05", "price_set": bag("0.25")}]},
        ],
        "shipping_lines": [{"title": "Post", "price": "8.00"}],
        "discount_code": {"item_fixed_discount_code": {"code": "TEN", "amount_set": bag("10.00")}},
        "transactions": [{"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amount_set": bag("63.25")}],
        "shipping_address": address("Ottawa"),
        "billing_address": address("Hull"),
        "custom_attributes": [{"key": "gift", "value": "yes"}],
        "metafields": [{"namespace": "custom", "key": "erp", "type": "single_line_text_field", "value": "E1"}],
        "tags": ["b2c", "erp"],
        "note": "Ring twice",
        "po_number": "PO-1",
        "processed_at": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    made = only(project)
    lines = [(each["title"], each["quantity"], each["sku"]) for each in made["lineItems"]["nodes"]]
    assert lines == [("Hat", 2, "HAT"), ("Hat", 1, "CAP"), ("Engraving", 1, None)]
    amounts = {
        name: made[name]["shopMoney"]["amount"]
        for name in ("totalPriceSet", "totalTaxSet", "totalDiscountsSet", "totalShippingPriceSet")
    }
    assert amounts == {
        "totalPriceSet": "63.25",
        "totalTaxSet": "0.25",
        "totalDiscountsSet": "10.0",
        "totalShippingPriceSet": "8.0",
    }
    assert [(each["kind"], each["status"]) for each in made["transactions"]] == [("SALE", "SUCCESS")]
    assert made["displayFinancialStatus"] == "PAID"
    assert (made["shippingAddress"]["city"], made["billingAddress"]["city"]) == ("Ottawa", "Hull")
    assert (made["note"], made["poNumber"], made["tags"]) == ("Ring twice", "PO-1", ["b2c", "erp"])
    assert (made["processedAt"], made["customAttributes"]) == (
        "2026-01-02T03:04:05Z",
        [{"key": "gift", "value": "yes"}],
    )
    metafields = {(each["namespace"], each["key"]): each["value"] for each in made["metafields"]["nodes"]}
    assert metafields == {("custom", "erp"): "E1", ("shoptide", "o_key"): "1001"}
    again = pushed(project, row)
    assert (again.unchanged, again.outcomes, again.calls) == (1, {}, 0)


def test_plain_prices_are_in_the_shops_currency(project: Project) -> None:
    """`price` of a line stands for a priceSet."""
    pushed(project, {"k": 1, "line_items": [LINE]})
    line = only(project)["lineItems"]["nodes"][0]
    assert line["originalUnitPriceSet"]["shopMoney"]["amount"] == "5.0"
    assert only(project)["totalPriceSet"]["shopMoney"]["currencyCode"] == "CAD"


def test_a_sku_that_is_not_one_variants_is_refused(project: Project) -> None:
    """None or several: the row says which, the others are made."""
    hat(project, "TWICE", "a")
    hat(project, "TWICE", "b")
    report = pushed(
        project,
        {"k": 1, "line_items": [{"sku": "TWICE", "quantity": 1}]},
        {"k": 2, "line_items": [{"sku": "NONE", "quantity": 1}]},
        {"k": 3, "line_items": [LINE]},
    )
    assert report.outcomes == {"applied": 1, "rejected": 2}
    told = {failure.key: (str(failure.message), failure.column) for failure in report.failures}
    assert told["1"] == ("2 variants have the SKU TWICE: use variant_id", "line_items")
    assert told["2"] == ("no variant has the SKU NONE", "line_items")


def test_a_custom_line_may_carry_any_sku(project: Project) -> None:
    """A line with a title is the row's own, whatever the catalogue has."""
    pushed(project, {"k": 1, "line_items": [{**LINE, "sku": "NONE"}]})
    assert only(project)["lineItems"]["nodes"][0]["sku"] == "NONE"


def test_the_customer_is_found_by_a_match_key(project: Project) -> None:
    """Id, e-mail in any case and phone in any spelling associate; an unknown e-mail makes the customer too."""
    gid = customer(project, email="known@example.com", phone="+16135550111")
    keys = [gid, gid.rpartition("/")[2], " Known@Example.com", "+1 (613) 555-0111"]
    report = pushed(project, *({"k": index, "line_items": [LINE], "customer": key} for index, key in enumerate(keys)))
    assert report.outcomes == {"applied": 4}, report.failures
    assert {each["customer"]["email"] for each in store(project)} == {"known@example.com"}
    assert project.count("Customer") == 1
    pushed(project, {"k": "new", "line_items": [LINE], "customer": "new@example.com"})
    assert project.count("Customer") == 2


def sent_together(project: Project) -> list[int]:
    """How many orders each document has that is sent from now on."""
    execute, sizes = project.client.execute, []

    def counted(document: str, variables: Any = None, **options: Any) -> Any:
        if number := document.count("orderCreate("):
            sizes.append(number)
        return execute(document, variables, **options)

    project.client.execute = counted  # type: ignore[method-assign]
    return sizes


def test_customers_of_many_orders_are_looked_up_together(project: Project) -> None:
    """Thirty orders of as many customers: one request asks for all of them, two send the orders."""
    for index in range(0, 30, 2):
        customer(project, email=f"c{index}@example.com")
    rows = [{"k": index, "line_items": [LINE], "customer": f"C{index}@example.com"} for index in range(30)]
    report = pushed(project, rows[0])
    report = pushed(project, *rows, strategy="create", apply="documents")
    assert report.outcomes == {"applied": 29}
    assert report.calls == 5  # the key's definition, orders that carry it, customers, twice 25 orders at most
    assert project.count("Customer") == 30


@pytest.mark.parametrize("way", ["rows", "documents", "bulk"])
def test_a_new_customer_is_made_by_one_order_before_the_others_leave(project: Project, way: str) -> None:
    """Never two orders in flight that would both make the customer; however the address is spelt."""
    project.running.world.shop.settings["bulk_seconds"] = 0.05
    spelt = ("new@example.com", "NEW@example.com", " new@example.com")
    rows = [{"k": index, "line_items": [LINE], "customer": email} for index, email in enumerate(spelt)]
    rows.append({"k": "other", "line_items": [LINE], "customer": "other@example.com"})
    sizes = sent_together(project)
    assert pushed(project, *rows, apply=way).outcomes == {"applied": 4}
    assert sizes == {"rows": [1, 1, 1, 1], "documents": [2, 2], "bulk": [2]}[way]
    assert project.count("Customer") == 2
    assert [each["customer"]["email"] for each in store(project)].count("new@example.com") == 3


@pytest.mark.parametrize("way", ["documents", "bulk"])
def test_a_key_that_the_store_refuses_stops_the_run(project: Project, way: str) -> None:
    """The definition of the id metafield is refused: one clear error, and no order was sent."""
    rows = [{"k": index, "line_items": [LINE]} for index in range(3)]
    config = project.config("o", "orders", "create", project.rows(*rows), match=("no namespace!.key",))
    with pytest.raises(Rejected, match="id metafield"):
        project.push(config, apply=way)
    assert project.count("Order") == 0


def test_a_customer_that_can_not_be_told_is_refused(project: Project) -> None:
    """Text that is none of the three names the column."""
    report = pushed(project, {"k": 1, "line_items": [LINE], "customer": "John Doe"})
    assert report.outcomes == {"rejected": 1}
    assert report.failures[0].column == "customer"
    assert "neither an id, an e-mail address nor a phone number" in str(report.failures[0].message)


def test_receipts_and_stock_are_off_unless_asked_for(project: Project) -> None:
    """BYPASS and no mail by default; the columns turn them on."""
    variant = hat(project)
    place = project.ask("{ locations(first: 1) { nodes { id } } }")["locations"]["nodes"][0]["id"]
    item = project.ask(
        "query($id: ID!) { productVariant(id: $id) { inventoryItem { id } product { id } } }", id=variant
    )["productVariant"]
    project.mutate(
        "productVariantsBulkUpdate",
        f'productId: "{item["product"]["id"]}", variants: [{{id: "{variant}", inventoryItem: {{tracked: true}}}}]',
        "productVariants { id }",
    )
    project.ask(
        f'mutation {{ inventorySetQuantities(input: {{name: "available", reason: "correction", quantities: '
        f'[{{inventoryItemId: "{item["inventoryItem"]["id"]}", locationId: "{place}", quantity: 5, '
        f'changeFromQuantity: null}}]}}) @idempotent(key: "a") {{ userErrors {{ message }} }} }}'
    )

    def left() -> int:
        found = project.ask("query($id: ID!) { productVariant(id: $id) { inventoryQuantity } }", id=variant)
        return int(found["productVariant"]["inventoryQuantity"])

    lines = [{"variant_id": variant, "quantity": 2}]
    obeying = {"inventory_behaviour": "decrement_obeying_policy"}
    pushed(project, {"k": 1, "line_items": lines})
    assert left() == 5
    report = pushed(
        project,
        {"k": 2, "line_items": lines, **obeying, "send_receipt": False},
        {"k": 3, "line_items": [{"variant_id": variant, "quantity": 9}], **obeying},
    )  # fmt: skip
    assert report.outcomes == {"applied": 1, "rejected": 1}
    assert (report.failures[0].code, report.failures[0].column) == ("INVENTORY_CLAIM_FAILED", "line_items")
    assert left() == 3


def test_an_existing_order_changes_where_the_store_allows_it(project: Project) -> None:
    """Found again by its key from another machine; by name; only the changed fields are sent."""
    row = {"k": "1001", "line_items": [LINE], "note": "a", "name": "#ERP-1"}
    pushed(project, row)
    report = pushed(project, {**row, "note": "b", "tags": ["x"]})
    assert report.outcomes == {"applied": 1}, report.failures
    assert (only(project)["note"], only(project)["tags"]) == ("b", ["x"])
    by_name = project.config("n", "orders", "update", "select 1 as k, 'erp-1' as name, 'c' as note", match=("name",))
    assert project.push(by_name).outcomes == {"applied": 1}
    assert only(project)["note"] == "c"
    (project.base / "elsewhere").mkdir()
    with opened(project.base / "elsewhere", running=project.running) as other:
        source = other.rows({"k": "1001", "line_items": [LINE], "note": "d"})
        assert other.push(other.config("o", "orders", "upsert", source)).outcomes == {"applied": 1}
    assert only(project)["note"] == "d"


def test_what_the_store_does_not_change_is_refused_clearly(project: Project) -> None:
    """A changed line is blocked with the column and what to use; the order stays as it is."""
    row = {"k": "1001", "line_items": [LINE], "note": "a"}
    pushed(project, row)
    report = pushed(project, {**row, "line_items": [{**LINE, "quantity": 2}], "note": "b"})
    assert report.outcomes == {"blocked": 1}
    failure = report.failures[0]
    assert failure.column == "line_items"
    assert "does not change it once the record exists" in str(failure.message)
    assert only(project)["note"] == "a"


def test_an_order_gets_another_customer(project: Project) -> None:
    """The one change of an order's customer the store has a mutation for."""
    customer(project, email="a@example.com")
    customer(project, email="b@example.com")
    pushed(project, {"k": 1, "line_items": [LINE], "customer": "a@example.com"})
    report = pushed(project, {"k": 1, "line_items": [LINE], "customer": "b@example.com"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert only(project)["customer"]["email"] == "b@example.com"
    report = pushed(project, {"k": 1, "line_items": [LINE], "customer": "nobody@example.com"})
    assert report.outcomes == {"rejected": 1}
    assert report.failures[0].column == "customer"


def test_orders_without_lines_are_invalid(project: Project) -> None:
    """Told before anything is sent."""
    report = pushed(project, {"k": 1, "note": "x"}, {"k": 2, "line_items": []})
    assert report.outcomes == {"rejected": 2}
    assert {str(failure.message) for failure in report.failures} == {"line_items is required to create orders"}


def test_delete_by_name_and_again(project: Project) -> None:
    """A second run finds nothing left."""
    pushed(project, {"k": 1, "line_items": [LINE], "name": "#A"}, {"k": 2, "line_items": [LINE], "name": "#B"})
    gone = project.config("g", "orders", "delete", "select 'x' as k, '#A' as name", match=("name",))
    assert project.push(gone).outcomes == {"applied": 1}
    assert [each["name"] for each in store(project)] == ["#B"]
    assert project.push(gone).unchanged == 1


def test_mirror_cancels_with_reason_refund_and_restock(project: Project) -> None:
    """What left the source is cancelled as configured; an order that is shipped is refused with the reason."""
    settings: dict[str, Any] = {
        "strategy": "mirror",
        "deletes": "cancel",
        "cancel": {"reason": "inventory", "refund": True, "restock": True, "staff_note": "gone from the ERP"},
    }
    paid = [{"kind": "SALE", "status": "SUCCESS", "amount_set": bag("5.00")}]
    rows = [{"k": n, "name": f"#{n}", "line_items": [LINE], "transactions": paid} for n in (1, 2, 3)]
    pushed(project, *rows, **settings)
    fulfil(project, "#3")
    less = project.config("o", "orders", settings.pop("strategy"), project.rows(rows[0]), **settings)
    report = project.push(less, allow_deletes=True)
    assert report.outcomes == {"applied": 1, "rejected": 1}
    assert "outstanding fulfillments" in str(report.failures[0].message)
    found = {each["name"]: each for each in store(project)}
    assert (found["#2"]["cancelReason"], found["#2"]["displayFinancialStatus"]) == ("INVENTORY", "REFUNDED")
    assert found["#1"]["cancelledAt"] is None
    assert found["#3"]["cancelledAt"] is None


def fulfil(project: Project, name: str) -> None:
    work = "fulfillmentOrders(first: 1) { nodes { id } }"
    order = next(
        each
        for each in project.ask(f"{{ orders(first: 9) {{ nodes {{ name {work} }} }} }}")["orders"]["nodes"]
        if each["name"] == name
    )
    gid = order["fulfillmentOrders"]["nodes"][0]["id"]
    project.mutate(
        "fulfillmentCreate",
        f'fulfillment: {{lineItemsByFulfillmentOrder: [{{fulfillmentOrderId: "{gid}"}}]}}',
        "fulfillment { id }",
    )


def test_the_limit_of_trial_stores_is_respected(tmp_path: Path) -> None:
    """Five orders a minute: the push takes its time and all orders are made."""
    with opened(tmp_path, leaping=True) as project:
        httpx2.post(f"{project.running.url}/_simulator/settings", json={"orders_per_minute": 5}).raise_for_status()
        report = pushed(project, *({"k": n, "line_items": [LINE]} for n in range(12)))
        assert report.outcomes == {"applied": 12}, report.failures
        assert project.count("Order") == 12
        assert report.calls < 12 + 20


def test_a_limit_that_does_not_end_delays_the_row(tmp_path: Path) -> None:
    """Not failed, and made by a later run."""
    with opened(tmp_path, leaping=True) as project:
        httpx2.post(f"{project.running.url}/_simulator/settings", json={"orders_per_minute": 1}).raise_for_status()
        clock = project.client.clock
        assert isinstance(clock, LeapingClock)
        clock.moves_store = False
        rows = [{"k": n, "line_items": [LINE]} for n in (1, 2)]
        report = pushed(project, *rows)
        assert report.outcomes == {"applied": 1, "delayed": 1}
        assert "five a minute" in str(report.failures[0].message)
        clock.moves_store = True
        assert pushed(project, *rows).outcomes == {"applied": 1}


def test_orders_are_never_doubled_when_answers_are_lost(project: Project) -> None:
    """The order is looked up by its row's key before anything is sent again."""
    project.fault(action="reset_after", operation="orderCreate", every=2, times=3)
    rows = [{"k": n, "line_items": [LINE], "email": f"c{n}@example.com"} for n in range(6)]
    pushed(project, *rows)
    pushed(project, *rows)
    assert sorted(each["email"] for each in store(project)) == [f"c{n}@example.com" for n in range(6)]


@pytest.mark.parametrize(
    ("change", "column", "told"),
    [
        ({"email": "nonsense"}, "email", "Email is invalid"),
        ({"phone": "12"}, "phone", "Phone is invalid"),
        ({"tags": ["x" * 256]}, "tags", "Tags is too long"),
        ({"line_items": [{"quantity": 1}]}, "line_items", "Line items"),
        ({"processed_at": "2036-01-01"}, "processed_at", "must not be in the future"),
        ({"customer": "gid://shopify/Customer/1"}, "customer", "Customer does not exist"),
        ({"line_items": [{"title": "x", "quantity": "many"}]}, "line_items[0].quantity", "must be a whole number"),
        ({"inventory_behaviour": "sometimes"}, "inventory_behaviour", "choose one of"),
    ],
)
def test_a_wrong_value_spoils_its_row_only(project: Project, change: dict[str, Any], column: str, told: str) -> None:
    """Message and column; the other row is applied."""
    report = pushed(project, {"k": "bad", "line_items": [LINE], **change}, {"k": "good", "line_items": [LINE]})
    assert report.outcomes == {"applied": 1, "rejected": 1}
    failure = report.failures[0]
    assert (failure.key, failure.column) == ("bad", column)
    assert told in str(failure.message)


def test_fields_of_existing_orders_follow_a_new_one(project: Project) -> None:
    """Localized fields are taken by orderUpdate only: a row that makes the order has them all the same."""
    row = {"k": 1, "line_items": [LINE], "localized_fields": [{"key": "TAX_CREDENTIAL_BR", "value": "123"}]}
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    assert pushed(project, row).unchanged == 1
    assert project.count("Order") == 1
