"""Every error that the mutations of pushes are known to raise ends as its row's own: message, code, path, column.

The list of recorded errors is reference material that lies beside a checkout of the project's makers; elsewhere the
tests skip. The store's answer is put in place of the mutation's for the rows that are to fail; all else is real.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from outbound_store import Project, opened

from shoptide.shopify.schema import load
from shoptide.simulator.world import World

ROOT = Path(__file__).parents[2]
LIST = ROOT.parent / "shared" / "shopify" / "user_errors.tsv"
SCHEMA = load("2026-10")
SENT = {
    name
    for path in (ROOT / "src/shoptide/outbound").glob("*.py")
    for name in re.findall(r'"([a-z][A-Za-z]+)"', path.read_text(encoding="utf-8"))
    if name in SCHEMA.mutation_root.fields
}


@dataclass(frozen=True)
class Told:
    """One recorded error."""

    path: tuple[str, ...]
    message: str
    code: str | None


def recorded() -> dict[str, list[Told]]:
    """Errors by mutation."""
    if not LIST.exists():
        return {}
    found: dict[str, list[Told]] = {}
    with LIST.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            path = () if row["field"] == "null" else tuple(row["field"].split("."))
            code = row["code"] if row["code"] not in ("", "(unselected)") else None
            found.setdefault(row["mutation"], []).append(Told(path, row["message"], code))
    return found


ERRORS = recorded()


class Refusing(httpx2.BaseTransport):
    """The way to the store, on which some rows' mutations are answered with an error instead."""

    def __init__(self) -> None:
        self.way = httpx2.HTTPTransport()
        self.answers: dict[tuple[str, str], Told] = {}  # mutation and token in its variables
        self.once: set[tuple[str, str]] = set()  # those given a single time

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.read() or b"{}")
        text = json.dumps(body.get("variables") or {})
        for (mutation, token), told in list(self.answers.items()):
            if f" {mutation}(" in body.get("query", "") and f'"{token}"' in text:
                if (mutation, token) in self.once:
                    del self.answers[mutation, token]
                return httpx2.Response(200, json=_refusal(mutation, told), request=request)
        return self.way.handle_request(request)

    def close(self) -> None:
        self.way.close()


def _refusal(mutation: str, told: Told) -> dict[str, Any]:
    payload = SCHEMA.type(SCHEMA.mutation_root.fields[mutation].type.name)
    own = f"{mutation}UserErrors"
    name = own if own in payload.fields else "userErrors"
    error = {"field": list(told.path) or None, "message": told.message}
    if "code" in SCHEMA.type(payload.fields[name].type.name).fields:
        error["code"] = told.code
    bucket = {"maximumAvailable": 20000, "currentlyAvailable": 19000, "restoreRate": 1000}
    cost = {"requestedQueryCost": 10, "actualQueryCost": 10, "throttleStatus": bucket}
    return {"data": {mutation: {name: [error]}}, "extensions": {"cost": cost}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Project, Refusing]]:
    refusing = Refusing()
    with (
        httpx2.Client(transport=refusing) as http,
        opened(tmp_path, world=World.empty(plan="plus"), transport=http) as project,
    ):
        yield project, refusing


# rows that bring a mutation about


@dataclass(frozen=True)
class Case:
    """How a push comes to send a mutation: its object and strategy, a row for a key, the token its variables have."""

    object: str
    strategy: str
    row: Callable[[Project, str], dict[str, Any]]
    token: Callable[[str, dict[str, Any]], str] = lambda key, _row: key
    settings: dict[str, Any] = field(default_factory=dict)
    before: tuple[tuple[str, Told], ...] = ()  # answers of other mutations that lead to this one


CONSENTS = {
    "email_marketing_consent": {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "SINGLE_OPT_IN"},
    "sms_marketing_consent": {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "SINGLE_OPT_IN"},
    "whats_app_marketing_consent": {"state": "SUBSCRIBED", "opt_in_level": "SINGLE_OPT_IN"},
}
MONEY = '{shopMoney: {amount: "5.00", currencyCode: CAD}}'
LINE = {"title": "Hat", "sku": "HAT", "quantity": 1, "price": "5.00"}


def named(gid: str) -> Callable[[str, dict[str, Any]], str]:
    return lambda _key, row: str(row[gid])


def customer_fields(key: str) -> dict[str, Any]:
    number = int(key.removeprefix("key"))
    return {
        "email": f"{key}@example.com",
        "phone": f"+1613555{number:04d}",
        "first_name": "F",
        "last_name": "L",
        "note": key,
        "locale": "en",
        "tags": ["t"],
        "addresses": [{"address1": "1 Main", "city": "Ottawa", "country_code": "CA"}],
        "metafields": [{"namespace": "custom", "key": "erp", "type": "single_line_text_field", "value": "E"}],
        **CONSENTS,
    }


def held_customer(project: Project, key: str) -> dict[str, Any]:
    given = f'email: "{key}@example.com", phone: "{customer_fields(key)["phone"]}"'
    made = project.mutate("customerCreate", f"input: {{{given}}}", "customer { id }")
    return {"gid": made["customer"]["id"], **customer_fields(key)}


def product_fields(key: str) -> dict[str, Any]:
    return {
        "title": key,
        "handle": f"h-{key}",
        "vendor": "V",
        "product_type": "T",
        "tags": ["t"],
        "media": [f"https://example.com/{name}.jpg" for name in "ab"],
    }


def variant(size: str, **more: Any) -> dict[str, Any]:
    return {"option_values": [{"option_name": "Size", "name": size}], "price": "5.00", **more}


def held_product(project: Project, key: str, **more: Any) -> dict[str, Any]:
    """A product with two sizes, S and M."""
    sizes = 'productOptions: [{name: "Size", values: [{name: "S"}, {name: "M"}]}], variants: [' + ", ".join(
        f'{{optionValues: [{{optionName: "Size", name: "{size}"}}]}}' for size in "SM"
    )
    given = f'synchronous: true, input: {{title: "{key}", handle: "h-{key}", {sizes}]}}'
    made = project.mutate("productSet", given, "product { id }")
    return {"gid": made["product"]["id"], **more}


def plain_product(project: Project, key: str, **more: Any) -> dict[str, Any]:
    made = project.mutate("productCreate", f'product: {{title: "{key}", handle: "h-{key}"}}', "product { id }")
    return {"gid": made["product"]["id"], **more}


def stocked(project: Project, key: str) -> dict[str, Any]:
    place = project.ask("{ locations(first: 1) { nodes { id } } }")["locations"]["nodes"][0]["id"]
    quantities = [{"location_id": place, "quantity": 1}]
    sizes = [variant(size, inventory_quantities=quantities) for size in "SM"]
    row = held_product(project, key, variants=sizes)
    items = project.ask(
        "query($id: ID!) { product(id: $id) { variants(first: 1) { nodes { inventoryItem { id } } } } }", id=row["gid"]
    )
    return {**row, "_item": items["product"]["variants"]["nodes"][0]["inventoryItem"]["id"]}


def held_order(project: Project, key: str, **more: Any) -> dict[str, Any]:
    line = f'{{title: "Hat", sku: "HAT", quantity: 2, priceSet: {MONEY}}}'
    made = project.mutate("orderCreate", f'order: {{name: "#{key}", lineItems: [{line}]}}', "order { id }")
    return {"gid": made["order"]["id"], **more}


def order_to_fulfil(project: Project, key: str) -> dict[str, Any]:
    gid = held_order(project, key)["gid"]
    return {"order": gid, "line_items": [{"sku": "HAT", "quantity": 1}], "tracking_number": key}


def held_parcel(project: Project, key: str) -> dict[str, Any]:
    gid = held_order(project, key)["gid"]
    work = project.ask("query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 1) { nodes { id } } } }", id=gid)[
        "order"
    ]["fulfillmentOrders"]["nodes"][0]["id"]
    given = f'fulfillment: {{lineItemsByFulfillmentOrder: [{{fulfillmentOrderId: "{work}"}}]}}'
    made = project.mutate("fulfillmentCreate", given, "fulfillment { id }")
    return {"gid": made["fulfillment"]["id"], "tracking_number": key, "status": "IN_TRANSIT"}


def buyer(project: Project, key: str) -> dict[str, Any]:
    made = project.mutate("customerCreate", f'input: {{email: "{key}@example.com"}}', "customer { id }")
    return held_order(project, key, customer=made["customer"]["id"])


ADDRESS = {"last_name": "Doe", "address1": "1 Main", "city": "Buffalo", "zip": "14201", "country_code": "US",
           "province_code": "NY"}  # fmt: skip
CASES = {
    "customerCreate": Case("customers", "create", lambda _p, key: customer_fields(key)),
    "customerUpdate": Case("customers", "update", held_customer),
    "customerDelete": Case("customers", "delete", held_customer, named("gid")),
    "customerEmailMarketingConsentUpdate": Case("customers", "update", held_customer, named("gid")),
    "customerSmsMarketingConsentUpdate": Case("customers", "update", held_customer, named("gid")),
    "productCreate": Case(
        "products",
        "create",
        lambda _p, key: {**product_fields(key), "product_options": [{"name": "Size", "values": ["S"]}]},
    ),
    "productSet": Case(
        "products",
        "create",
        lambda _p, key: {
            **product_fields(key),
            "product_options": [{"name": "Size", "values": [{"name": size} for size in "ABCDEF"]}],
            "variants": [variant(size, inventory_item={"cost": "1.00"}) for size in "ABCDEF"],
        },
    ),
    "productUpdate": Case(
        "products", "update", lambda p, key: {**plain_product(p, key), **product_fields(key)}, named("gid")
    ),
    "productDelete": Case("products", "delete", plain_product, named("gid")),
    "productOptionsCreate": Case(
        "products", "update", lambda p, key: plain_product(p, key, variants=[variant("S"), variant("M")]), named("gid")
    ),
    "productVariantsBulkCreate": Case(
        "products", "update", lambda p, key: held_product(p, key, variants=[variant("L"), variant("XL")]), named("gid")
    ),
    "productVariantsBulkUpdate": Case(
        "products",
        "update",
        lambda p, key: held_product(
            p, key, variants=[variant(size, inventory_item={"cost": "1.00"}, compare_at_price="9.00") for size in "SM"]
        ),
        named("gid"),
    ),
    "productVariantsBulkDelete": Case(
        "products",
        "update",
        lambda p, key: held_product(p, key, variants=[variant("M")]),
        named("gid"),
        {"columns": {"variants": "replace"}},
    ),
    "productVariantsBulkReorder": Case(
        "products",
        "update",
        lambda p, key: held_product(p, key, variants=[variant("M", position=1)]),
        named("gid"),
    ),
    "publishablePublish": Case(
        "products", "update", lambda p, key: plain_product(p, key, publish_to=["Online Store", "Shop"]), named("gid")
    ),
    "publishableUnpublish": Case(
        "products", "update", lambda p, key: plain_product(p, key, unpublish_from=["Online Store"]), named("gid")
    ),
    "inventorySetQuantities": Case("products", "update", stocked, named("_item")),
    "inventoryActivate": Case(
        "products",
        "update",
        stocked,
        named("_item"),
        before=(("inventorySetQuantities", Told((), "not stocked", "ITEM_NOT_STOCKED_AT_LOCATION")),),
    ),
    "orderCreate": Case("orders", "create", lambda _p, key: {"note": key, "line_items": [LINE]}),
    "orderUpdate": Case(
        "orders",
        "update",
        lambda p, key: held_order(p, key, note=key, phone="+16135550100", shipping_address=ADDRESS),
        named("gid"),
    ),
    "orderCustomerSet": Case("orders", "update", buyer, named("gid")),
    "orderDelete": Case("orders", "delete", held_order, named("gid")),
    "orderCancel": Case("orders", "delete", held_order, named("gid"), {"deletes": "cancel"}),
    "fulfillmentCreate": Case("fulfillments", "create", order_to_fulfil),
    "fulfillmentTrackingInfoUpdate": Case("fulfillments", "update", held_parcel),
    "fulfillmentEventCreate": Case("fulfillments", "update", held_parcel, named("gid")),
    "fulfillmentCancel": Case("fulfillments", "delete", held_parcel, named("gid")),
}
# What some errors mean for a deletion: the record is gone already, or the store keeps it for good.
GONE = {
    ("customerDelete", "Customer can't be found"),
    ("productDelete", "Product does not exist"),
    ("orderDelete", "Order does not exist"),
    ("orderCancel", "Cannot cancel an order that has already been canceled"),
    ("fulfillmentCancel", "Fulfillment not found."),
}
# Errors about arguments that no column stands for: `cancel` of the configuration, the row as a whole.
UNPLACED = {("input",), ("order",), ("refund",), ("staffNote",), ()}


def expected(mutation: str, told: Told) -> str:
    if (mutation, told.message) in GONE:
        return "applied"
    kept = mutation == "customerDelete" and "be deleted because" in told.message
    return "blocked" if kept else "rejected"


@pytest.mark.skipif(not ERRORS, reason="the list of recorded errors is not beside this checkout")
@pytest.mark.parametrize("mutation", sorted(set(CASES) & set(ERRORS)) or ["none"])
def test_every_recorded_error_is_its_rows_own(store: tuple[Project, Refusing], mutation: str) -> None:
    """Each row that is refused says so with the store's words, code and path and the source's column; others go on."""
    project, refusing = store
    case, errors = CASES[mutation], ERRORS[mutation]
    keys = [f"key{index:03d}" for index in range(len(errors) + 2)]
    rows = {key: {"k": key, **case.row(project, key)} for key in keys}
    for key, told in zip(keys, errors, strict=False):
        token = case.token(key, rows[key])
        refusing.answers[mutation, token] = told
        refusing.answers |= {(other, token): answer for other, answer in case.before}
    source = project.rows(*({name: value for name, value in row.items() if name[0] != "_"} for row in rows.values()))
    report = project.push(project.config("p", case.object, case.strategy, source, **case.settings))
    states = project.states("p")
    wrong: list[tuple[Told, Any]] = []
    for key, told in zip(keys, errors, strict=False):
        state = states[key]
        wanted = expected(mutation, told)
        if wanted == "applied":
            wrong += [] if state.outcome == "applied" else [(told, state.outcome)]
            continue
        placed = state.column is not None or told.path in UNPLACED
        said = (state.outcome, state.message, state.field, state.code if told.code else None)
        right = (wanted, told.message, ".".join(told.path) or None, told.code)
        if said != right or not placed:
            wrong.append((told, (*said, state.column)))
    assert wrong == []
    assert [states[key].outcome for key in keys[len(errors) :]] == ["applied"] * 2, report.failures[-2:]


@pytest.mark.skipif(not ERRORS, reason="the list of recorded errors is not beside this checkout")
def test_no_mutation_is_left_out() -> None:
    """Whatever a push sends and has recorded errors is tried above, or below."""
    elsewhere = {"metafieldDefinitionCreate", "customerSet"}
    assert (SENT & set(ERRORS)) - set(CASES) - elsewhere == set()


@pytest.mark.skipif(not ERRORS, reason="the list of recorded errors is not beside this checkout")
def test_a_definition_that_is_refused_rejects_the_rows_that_need_it(store: tuple[Project, Refusing]) -> None:
    """Each recorded error of making the key's definition; a row that needs no key is applied beside it."""
    project, refusing = store
    for index, told in enumerate(ERRORS["metafieldDefinitionCreate"]):
        refusing.answers["metafieldDefinitionCreate", f"p{index}_key"] = told
        rows = [{"k": "bare", "first_name": "B"}, {"k": "whole", "first_name": "W", "email": f"w{index}@example.com"}]
        report = project.push(project.config(f"p{index}_key", "customers", "create", project.rows(*rows)))
        states = project.states(f"p{index}_key")
        assert states["whole"].outcome == "applied"
        if told.code == "TAKEN":
            continue
        assert (states["bare"].outcome, states["bare"].message) == ("rejected", told.message), report.failures


def test_an_item_new_to_a_location_is_stocked_there_first(store: tuple[Project, Refusing]) -> None:
    """The store refuses quantities where an item is not stocked: it is, and they are set."""
    project, refusing = store
    row = {"k": "key1", **stocked(project, "key1")}
    place = ("inventorySetQuantities", row["_item"])
    refusing.answers[place] = Told(("input", "quantities", "0"), "not stocked", "ITEM_NOT_STOCKED_AT_LOCATION")
    refusing.once.add(place)
    source = project.rows({name: value for name, value in row.items() if name != "_item"})
    report = project.push(project.config("p", "products", "update", source))
    assert report.outcomes == {"applied": 1}, report.failures
    product = project.ask(
        "query($id: ID!) { product(id: $id) { variants(first: 9) { nodes { inventoryQuantity } } } }", id=row["gid"]
    )["product"]
    assert [each["inventoryQuantity"] for each in product["variants"]["nodes"]] == [1, 1]
