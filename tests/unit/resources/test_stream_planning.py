"""What the schema tells of a root, and what a declaration makes of it: search and sort, tables, keys, columns."""

from __future__ import annotations

from typing import Any

import pytest

from shoptide.errors import ConfigError
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.stream import Child, Stream
from shoptide.resources.streams import STREAMS
from shoptide.resources.streams.by_configuration import of_query
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load


def plan(name: str, version: str = "2026-10", **choices: object) -> StreamPlan:
    return plan_stream(STREAMS[name], load(version), **choices)  # type: ignore[arg-type]  # the caller knows


@pytest.mark.parametrize(
    ("name", "search", "cursor", "sort", "count", "bulkable"),
    [
        ("orders", "updated_at", "updatedAt", "UPDATED_AT", "ordersCount", True),
        ("comments", "updated_at", "updatedAt", "ID", None, True),  # searched by it, not sorted by it
        ("locations", None, None, "ID", None, True),  # neither
        ("inventory_levels", "updated_at", None, "ID", None, True),  # the levels are searched, not the locations
        ("events", "created_at", "createdAt", "CREATED_AT", "eventsCount", False),
        ("payouts", None, None, "ISSUED_AT", None, False),  # inside the payments account
        ("shops", None, None, None, None, False),  # no connection
        ("metafield_definitions", "updated_at", None, "ID", None, False),  # one listing an owner type
    ],
)
def test_what_a_root_can_is_read_from_the_schema(
    name: str, search: str | None, cursor: str | None, sort: str | None, count: str | None, bulkable: bool
) -> None:
    """Nothing of it is declared but what the schema does not know."""
    found = plan(name)
    kept = found.stream
    assert (kept.search, kept.cursor, kept.sort_key, kept.count_root) == (search, cursor, sort, count)
    assert found.bulkable is bulkable


def test_a_union_that_is_spread_gives_shared_columns() -> None:
    """A field that members type differently has one column, filled from wherever it is."""
    own = {column.name: column for column in plan("discounts").tables[0].columns}
    assert own["discount_type"].path == ("discount", "__typename")
    assert own["title"].path == ("discount", "title")
    limit = own["recurring_cycle_limit"]
    assert limit.type == "bigint"
    assert [path[:1] for path in (limit.path, *limit.others)] == [("discount",)] * (1 + len(limit.others))
    assert limit.others


def test_codes_of_any_discount_are_one_table() -> None:
    """The connection is asked of every member that has it, and all of them count as connections."""
    document = plan("discounts").bulk_documents()[0]
    assert document.count("codes { edges") == 4
    assert plan("discounts").table("discount_codes").parent_column == "discount_gid"


def test_a_list_inside_an_object_is_a_table() -> None:
    """Beside the object's own JSON column."""
    found = plan("collections")
    assert found.table("collection_rules").path == ("ruleSet", "rules")
    assert {column.path for column in found.tables[0].columns if column.name == "rule_set"} == {("json_ruleSet",)}


def test_links_are_keyed_by_both_sides() -> None:
    """A product is in many collections."""
    assert plan("collections").table("collection_products").key == ("collection_gid", "product_gid")


def test_an_interfaces_members_add_columns() -> None:
    """`code` is only a discount code's."""
    columns = [column.name for column in plan("orders").table("order_discount_applications").columns]
    assert {"typename", "code", "title", "target_type"} <= set(columns)


def test_what_a_version_lacks_is_closed() -> None:
    """Not an error: the same configuration serves all versions."""
    assert plan("inventory_shipments", "2026-01").closed == (
        "QueryRoot.inventoryShipments is not in API version 2026-01"
    )
    assert plan("inventory_shipments", "2026-10").closed is None


def test_a_field_of_another_version_is_pruned() -> None:
    """It may stay in the configuration; a name that no version has may not."""
    newer = set(load("2026-10").type("Product").fields) - set(load("2026-01").type("Product").fields)
    name = min(newer)
    found = plan("products", "2026-01", exclude=[name])
    assert (name, "not in API version 2026-01") in {(left.field, left.reason) for left in found.pruned}
    with pytest.raises(ConfigError, match="no field 'tagz'"):
        plan("products", "2026-01", exclude=["tagz"])


def test_a_token_without_the_roots_scope_reads_nothing_of_it() -> None:
    """Writing includes reading."""
    assert plan("products", scopes=frozenset({"read_orders"})).closed == "needs the access scope read_products"
    assert plan("products", scopes=frozenset({"write_products"})).closed is None


def test_several_listings_are_asked_together_and_each_to_its_end() -> None:
    """One request for all owner types; the next asks those that have more."""
    found = plan("metafield_definitions")
    document, variables = found.page_request(found.first_cursors, first=2, search=None)
    assert document.count("metafieldDefinitions(") == len(found.place.values) > 20
    page = {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    data: dict[str, Any] = dict.fromkeys(found.place.values, page)
    data["ORDER"] = {"edges": [{"node": {"id": "gid"}}], "pageInfo": {"hasNextPage": True, "endCursor": "next"}}
    nodes, following = found.page_of(data, found.first_cursors)
    assert (nodes, following) == ([{"id": "gid"}], {"ORDER": "next"})
    document, variables = found.page_request(following, first=2, search=None)
    assert document.count("metafieldDefinitions(") == 1
    assert variables == {"first": 2, "after0": "next", "query": None}


def test_an_object_that_is_not_there_is_no_record() -> None:
    """A shop without Shopify Payments has no payouts."""
    found = plan("payouts")
    assert found.page_of({"shopifyPaymentsAccount": None}, found.first_cursors) == ([], {})


# streams of the configuration


def test_any_root_becomes_a_stream() -> None:
    """With a filter and arguments; enumerations are written bare."""
    stream = of_query(
        "definitions",
        "metafieldDefinitions",
        load("2026-10"),
        search="namespace:custom",
        arguments={"ownerType": "product", "pinnedStatus": "ANY"},
    )
    found = plan_stream(stream, load("2026-10"))
    document, _ = found.page_request(found.first_cursors, first=1, search="x")
    assert "ownerType: PRODUCT, pinnedStatus: ANY" in document
    assert found.stream.filter == "namespace:custom"
    assert found.tables[0].name == "definitions"


@pytest.mark.parametrize(
    ("root", "more", "told", "hint"),
    [
        ("giftCard", {}, "giftCard needs the argument id", "arguments"),
        ("giftcards", {}, "has no 'giftcards'", "giftCards"),
        ("productTags", {}, "no id", "choose a root"),
        ("metafieldDefinitions", {}, "needs the argument ownerType", "ownerType"),
        ("giftCards", {"arguments": {"kind": 1}}, "takes no such argument", "none"),
        ("giftCards", {"arguments": {"first": 1}}, "takes no such argument", "none"),
        ("priceLists", {"search": "name:x"}, "can't be searched", "filter"),
    ],
)
def test_a_root_that_can_not_be_a_stream_says_why(root: str, more: dict[str, object], told: str, hint: str) -> None:
    """Naming the key of the configuration and what to do."""
    with pytest.raises(ConfigError) as caught:
        of_query("x", root, load("2026-10"), where="[pull.p.query.x]", **more)  # type: ignore[arg-type]
    assert told in caught.value.message
    assert hint in str(caught.value.hint)
    assert caught.value.message.startswith("[pull.p.query.x]")


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_a_root_of_another_version_is_closed(version: str) -> None:
    stream = of_query("drawers", "cashDrawers", load(version))
    assert (plan_stream(stream, load(version)).closed is None) == (version != "2026-01")


def test_a_child_of_a_link_is_not_read() -> None:
    """Only which records they are."""
    stream = Stream("collections", "collections", children=(Child("products", "collection_products", link=True),))
    document = plan_stream(stream, load("2026-10")).bulk_documents()[0]
    assert "products { edges { node { __typename id } } }" in document
