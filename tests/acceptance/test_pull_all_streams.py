"""Every stream of a whole store: each record of each type lands, by pages and by bulk operations, in every version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anything import STAMP, Maker, is_modelled
from pulling import HastyClock, Puller, every_scope, pulling, stream_of

from shoptide.inbound import extraction
from shoptide.inbound.events import PullReport
from shoptide.inbound.extraction import Extract
from shoptide.inbound.staging import Staging
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load
from shoptide.simulator.bulk_lines import query_writer
from shoptide.simulator.execution import Request
from shoptide.simulator.server import Running, start
from shoptide.simulator.shop import kind_of
from shoptide.simulator.world import World

THROUGH_THE_API = """mutation {
  draftOrderCreate(input: {
    email: "a@example.com" customAttributes: [{key: "a", value: "b"}]
    lineItems: [{title: "Thing", quantity: 2, originalUnitPriceWithCurrency: {amount: "5", currencyCode: CAD}}]
  }) { userErrors { message } }
  metafieldDefinitionCreate(definition: {
    name: "N" namespace: "custom" key: "kkk" ownerType: PRODUCT type: "single_line_text_field"
  }) { userErrors { message } }
  webhookSubscriptionCreate(topic: ORDERS_CREATE webhookSubscription: {uri: "https://example.com/hook"}) {
    userErrors { message }
  }
  collectionCreate(input: {
    title: "C" ruleSet: {appliedDisjunctively: true, rules: [{column: TITLE, relation: CONTAINS, condition: "a"}]}
  }) { userErrors { message } }
  productCreate(product: {title: "P"}) { userErrors { message } }
  sellingPlanGroupCreate(input: {name: "G" merchantCode: "g" options: ["o"] sellingPlansToCreate: [{
    name: "S" options: ["o"] category: SUBSCRIPTION
    billingPolicy: {recurring: {interval: MONTH, intervalCount: 1}}
    deliveryPolicy: {recurring: {interval: MONTH, intervalCount: 1}}
  }]}) { userErrors { message } }
  metaobjectDefinitionCreate(definition: {
    type: "lookbook" fieldDefinitions: [{key: "title" type: "single_line_text_field"}]
  }) { userErrors { message } }
  metaobjectCreate(metaobject: {type: "lookbook" fields: [{key: "title" value: "Spring"}]}) { userErrors { message } }
  segmentCreate(name: "S" query: "number_of_orders > 1") { userErrors { message } }
  pageCreate(page: {title: "P"}) { userErrors { message } }
  articleCreate(article: {title: "A" author: {name: "N"} tags: ["t"]} blog: {title: "B"}) { userErrors { message } }
  urlRedirectCreate(urlRedirect: {path: "/a" target: "/b"}) { userErrors { message } }
  marketCreate(input: {name: "Europe" regions: [{countryCode: FR}]}) { market { id } userErrors { message } }
  giftCardCreate(input: {initialValue: "20"}) { giftCard { id } userErrors { message } }
  companyCreate(input: {company: {name: "Acme"} companyContact: {email: "buyer@example.com"}}) {
    company { locations(first: 1) { nodes { id } } } userErrors { message }
  }
  discountCodeBasicCreate(basicCodeDiscount: {
    title: "T" code: "T10" customerGets: {items: {all: true} value: {percentage: 0.1}}
    minimumRequirement: {subtotal: {greaterThanOrEqualToSubtotal: "20"}}
  }) { userErrors { message } }
  discountAutomaticFreeShippingCreate(freeShippingAutomaticDiscount: {
    title: "F" destination: {countries: {add: [CA]}} maximumShippingPrice: "9"
  }) { userErrors { message } }
}"""
# What needs the ids of what is there.
ON_THE_WAY = """mutation($item: ID!, $from: ID!, $to: ID!, $card: ID!) {
  inventoryTransferCreateAsReadyToShip(input: {
    originLocationId: $from destinationLocationId: $to lineItems: [{inventoryItemId: $item quantity: 2}]
  }) @idempotent(key: "transfer") { inventoryTransfer { id } userErrors { message } }
  giftCardCredit(id: $card creditInput: {creditAmount: {amount: "5" currencyCode: CAD}}) { userErrors { message } }
}"""
PRICED = """mutation($market: ID!, $place: ID!) {
  catalogCreate(input: {title: "Europe" status: ACTIVE context: {marketIds: [$market]}}) {
    catalog { id } userErrors { message }
  }
  sale: catalogCreate(input: {title: "Sale" status: ARCHIVED context: {marketIds: [$market]}}) {
    userErrors { message }
  }
  wholesale: catalogCreate(input: {title: "Wholesale" status: ACTIVE context: {companyLocationIds: [$place]}}) {
    userErrors { message }
  }
  priceListCreate(input: {
    name: "Europe" currency: CAD parent: {adjustment: {type: PERCENTAGE_DECREASE value: 10}}
  }) { priceList { id } userErrors { message } }
}"""
SHIPPED = """mutation($transfer: ID!, $item: ID!) {
  inventoryShipmentCreateInTransit(input: {movementId: $transfer lineItems: [{inventoryItemId: $item quantity: 1}]})
    @idempotent(key: "shipment") { userErrors { message } }
}"""


def plans(version: str) -> list[StreamPlan]:
    found = (plan_stream(stream, load(version)) for stream in STREAMS.values())
    return [plan for plan in found if not plan.closed]


def whole_world(version: str = "2026-10") -> World:
    """A shop with something of everything."""
    world = World.seeded(
        customers=6, products=4, orders=30, seed=2, plan="enterprise", scopes=every_scope(load(version))
    )
    made = asked(world, THROUGH_THE_API, version)
    stocked = next(row for row in world.shop.table("InventoryItem") if row["tracked"] and len(row["_levels"]) > 1)
    origin, destination = list(stocked["_levels"])[:2]
    places = {
        "item": stocked["id"],
        "from": origin,
        "to": destination,
        "card": made["giftCardCreate"]["giftCard"]["id"],
    }
    sent = asked(world, ON_THE_WAY, version, **places)["inventoryTransferCreateAsReadyToShip"]["inventoryTransfer"]
    asked(world, SHIPPED, version, transfer=sent["id"], item=stocked["id"])
    bought_for = made["companyCreate"]["company"]["locations"]["nodes"][0]["id"]
    asked(world, PRICED, version, market=made["marketCreate"]["market"]["id"], place=bought_for)
    maker = Maker(world.shop, load(version))
    for plan in plans(version):
        maker.fill(plan)
    return world


def asked(world: World, query: str, version: str, **variables: str) -> Any:
    """The data of a mutation's answer, which finds nothing wrong."""
    body = world.first.execute(Request(query, variables), version, "http://127.0.0.1")
    assert "errors" not in body, body["errors"]
    assert [problem for payload in body["data"].values() for problem in payload["userErrors"]] == []
    return body["data"]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    world = whole_world()
    world.shop.settings["bulk_seconds"] = 0.05
    with start(world) as found:
        yield found


@pytest.fixture(scope="module")
def puller(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Puller]:
    with pulling(tmp_path_factory.mktemp("all"), running, "all", clock=HastyClock(20)) as found:
        found.quick()
        yield found


@pytest.fixture(scope="module")
def first(puller: Puller) -> PullReport:
    return puller.whole()


def test_every_stream_lands(first: PullReport, puller: Puller) -> None:
    """At least fifty; nothing is left out, and every table that the store has something for has rows.

    The simulator makes the records of some types itself, and not everything of each.
    """
    assert len(first.streams) == len(STREAMS) >= 50
    assert [(each.stream, each.reason) for each in first.streams if each.path == "none"] == []
    rows = {change.table: change.new for stream in first.streams for change in stream.changes}
    roots = {plan.stream.name: plan.root_types for plan in plans("2026-10")}
    empty = [
        change.table
        for stream in first.streams
        for change in stream.changes
        if change.new == 0 and not is_modelled(roots[stream.stream])
    ]
    assert empty == []
    assert sum(1 for number in rows.values() if number) >= 100
    assert rows.keys() <= set(puller.warehouse.tables())


def test_values_are_the_stores(first: PullReport, puller: Puller, running: Running) -> None:
    """Of types that no module models: every column of every row, as it was put into the store."""
    assert first.outcome == "succeeded"
    checked = 0
    for plan in plans("2026-10"):
        own = plan.tables[0]
        if own.origin != "root" or len(own.typenames) > 1 or is_modelled(own.typenames):
            continue
        kept = running.world.shop.table(plan.place.node.name)
        columns, rows = puller.warehouse.run_query(f"select * from {own.name}")
        for row in (dict(zip(columns, each, strict=True)) for each in rows):
            record = kept.get(row["gid"]) or {}
            if record.get("__typename"):
                checked += sum(same(record, column.path, row[column.name]) for column in own.columns)
    assert checked > 100


def same(record: dict[str, Any], path: tuple[str, ...], value: Any) -> bool:
    """Whether a column was compared: of JSON and what is worked out of a gid only that it is there."""
    wanted: Any = record
    for key in path:
        wanted = wanted.get(key) if isinstance(wanted, dict) else None
    if wanted is None or isinstance(wanted, dict | list) or path in (("id",), ("legacyResourceId",)):
        return False
    if wanted == STAMP:
        assert value.strftime("%Y-%m-%dT%H:%M:%SZ") == wanted, path
    elif isinstance(wanted, str) and not isinstance(value, str):
        assert str(wanted) in (str(value), str(value)[: len(wanted)]), path
    else:
        assert value == wanted, path
    return True


def test_nothing_changed_costs_two_calls_a_stream_at_most(first: PullReport, puller: Puller) -> None:
    """And writes no row."""
    assert first.outcome == "succeeded"
    again = puller.whole()
    assert {each.stream: each.calls for each in again.streams if each.calls > 2} == {}
    written = [change for each in again.streams for change in each.changes if change.new + change.changed]
    assert written == []
    assert [change for each in again.streams for change in each.changes if change.deleted] == []


def test_what_is_deleted_is_noticed_where_everything_is_read(first: PullReport, puller: Puller) -> None:
    """A stream without a search needs no comparing of ids."""
    assert first.outcome == "succeeded"
    shop = puller.running.world.shop
    with shop.lock:
        gone = next(iter(shop.table("UrlRedirect")))
        shop.table("UrlRedirect").remove(gone["id"])
    report = puller.whole(streams=("url_redirects",))
    assert [change.deleted for change in stream_of(report, "url_redirects").changes] == [1]
    with shop.lock:
        shop.table("UrlRedirect").put(gone)
    puller.whole(streams=("url_redirects",))


def test_comparing_ids_finds_what_went_from_any_stream(first: PullReport, puller: Puller) -> None:
    """Nothing where nothing went; else the record with its children, and those of streams that hang on it."""
    assert first.outcome == "succeeded"
    puller.quick()
    assert deleted(puller.whole(reconcile=True)) == {}
    shop = puller.running.world.shop
    gone = [next(iter(shop.table(kind))) for kind in ("DiscountNode", "Market", "ShopifyPaymentsDispute")]
    codes = f"select count(*) from discount_codes where discount_gid = '{gone[0]['id']}' and _deleted_at is null"
    [(number,)] = puller.rows(codes)
    assert number > 0
    with shop.lock:
        for record in gone:
            shop.table(kind_of(record["id"])).remove(record["id"])
    some = ("disputes", "discounts", "discount_metafields", "markets", "market_metafields")
    assert deleted(puller.whole(reconcile=True, streams=some)) == {
        "disputes": 1,
        "discounts": 1,
        "discount_codes": number,
        "discount_metafields": 1,
        "markets": 1,
        "market_regions": 1,
        "market_catalogs": 2,
        "market_metafields": 1,
    }
    with shop.lock:
        for record in gone:
            shop.table(kind_of(record["id"])).put(record)
    puller.whole(reconcile=True, streams=some)
    assert puller.rows(codes) == [(number,)]


def deleted(report: PullReport) -> dict[str, int]:
    return {change.table: change.deleted for each in report.streams for change in each.changes if change.deleted}


@pytest.mark.parametrize("stream", [name for name in STREAMS if name not in ("shops", "shop_metafields")])
def test_bulk_operations_bring_what_pages_bring(stream: str, puller: Puller, first: PullReport, tmp_path: Path) -> None:
    """The same rows in the same tables, whichever way was the cheaper one."""
    assert first.outcome == "succeeded"
    plan = plan_stream(STREAMS[stream], load("2026-10"))
    if not plan.bulkable:
        return
    paged = extraction.read_pages(
        puller.client, plan, tmp_path / "pages.jsonl", search=None, on_progress=lambda _count: None
    )
    assert paged is not None
    paths = []
    stall = puller.running.world.first
    for number, document in enumerate(plan.bulk_documents()):
        paths.append(tmp_path / f"bulk{number}.jsonl")
        with stall.shop.lock:
            written = query_writer(document, stall.context("2026-10", puller.running.url), grouped=False)
            paths[-1].write_bytes(b"".join(line for line, _ in written))
    bulk = Extract(tuple(paths), paged.read_at)
    assert hashes(puller, plan, bulk, tmp_path) == hashes(puller, plan, paged, tmp_path)


def hashes(puller: Puller, plan: StreamPlan, found: Extract, spool: Path) -> dict[str, list[Any]]:
    """The staged rows of every table, by their hash."""
    whole = extraction.read_passes(puller.client, plan, found, spool)
    staging = Staging(puller.warehouse, plan)
    staging.scan(list(whole.paths))
    staging.split()
    staged = {
        table.name: puller.rows(f"select _row_hash from temp.{staging.staged(table)} order by 1")
        for table in plan.tables
    }
    staging.drop()
    return staged


def test_the_same_configuration_serves_the_oldest_version(tmp_path: Path) -> None:
    """What a version does not have is left out and said; everything else is read."""
    version = SUPPORTED_VERSIONS[0]
    with start(whole_world(version)) as running, pulling(tmp_path, running, "all", api_version=version) as puller:
        puller.quick()
        report = puller.whole()
        assert len(report.streams) == len(STREAMS)
        for stream in report.streams:
            assert all(f"not in API version {version}" in left.reason for left in stream.pruned), stream


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS[1:-1])
def test_versions_between_answer_every_document(version: str) -> None:
    """With records of every type: no field is refused, no resolver stumbles, by pages and in bulk."""
    stall = whole_world(version).first
    stall.bucket.resize(1_000_000, 1_000_000)
    stall.bucket.give_back(1_000_000)
    for plan in plans(version):
        document, variables = plan.page_request(plan.first_cursors, first=plan.page_size, search=None)
        body = stall.execute(Request(document, variables), version, "http://127.0.0.1")
        assert "errors" not in body, (plan.stream.name, body["errors"])
        for text in plan.bulk_documents() if plan.bulkable else ():
            lines = list(query_writer(text, stall.context(version, "http://127.0.0.1"), grouped=False))
            assert lines or is_modelled(plan.root_types), plan.stream.name
