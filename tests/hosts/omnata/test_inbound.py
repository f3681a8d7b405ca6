"""Inbound syncs, run by Omnata's own runtime against a store on a socket."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from omnata_entry import Maker, Plugin
from omnata_store import Store, opened

ORDERS = ("orders", "order_line_items", "order_line_item_tax_lines", "order_transactions", "order_refunds")
RETURNS = ("fulfillments", "fulfillment_line_items", "returns", "return_line_items")


def errors(done: dict[str, Any]) -> Any:
    return done["final_progress_update"]["stream_errors"]


def completed(done: dict[str, Any]) -> set[str]:
    return set(done["final_progress_update"]["completed_streams"])


def last_states(plugin: Plugin) -> dict[str, Any]:
    return {stream: states[-1] for stream, states in plugin.engine.states.items()}


def test_every_stream_of_the_core_is_offered(plugin_for: Maker, seeded: Store) -> None:
    """With its key, its strategies, and what it hangs on."""
    streams = {each["stream_name"]: each for each in plugin_for(seeded).streams()}
    assert len(streams) > 120
    assert {"customers", "products", "orders", "fulfillments", "returns"} <= set(streams)
    assert streams["fulfillments"]["depends_on_stream"] == "orders"
    assert streams["returns"]["depends_on_stream"] == "orders"
    assert streams["order_line_items"]["depends_on_stream"] == "orders"
    assert streams["order_line_item_tax_lines"]["depends_on_stream"] == "order_line_items"
    for stream in streams.values():
        assert stream["source_defined_primary_key"]
        assert stream["depends_on_stream"] is None or stream["depends_on_stream"] in streams
        assert "Full Refresh" in stream["supported_sync_strategies"]
    for name in ("customers", "products", "orders", "fulfillments"):
        assert "Incremental" in streams[name]["supported_sync_strategies"]


def test_the_views_have_typed_columns(plugin_for: Maker, seeded: Store) -> None:
    """Omnata's own code makes the view: numbers with their digits, instants with their zone, JSON left whole."""
    from jinja2 import Environment
    from omnata_plugin_runtime.json_schema import JsonSchemaProperty, SnowflakeViewColumn

    (orders,) = plugin_for(seeded).streams("orders")
    columns = {}
    for name, given in orders["json_schema"]["properties"].items():
        made = SnowflakeViewColumn.from_json_schema_property(
            name,
            "",
            f'"{name}"',
            JsonSchemaProperty.model_validate(given),
            Environment(),  # noqa: S701  # as Omnata makes it
            "{{column_name}}",
        )
        columns[name] = made.expression
    assert columns["id"] == 'RECORD_DATA:"id"::NUMERIC(38,0)'
    assert columns["gid"] == 'RECORD_DATA:"gid"::VARCHAR'
    assert columns["total_price_set_amount"] == 'RECORD_DATA:"total_price_set_amount"::NUMERIC(20,6)'
    assert columns["updated_at"] == 'RECORD_DATA:"updated_at"::TIMESTAMP_TZ'
    assert columns["test"] == 'RECORD_DATA:"test"::BOOLEAN'
    assert columns["tags"] == 'RECORD_DATA:"tags"'


def test_a_full_refresh_brings_everything(plugin_for: Maker, seeded: Store) -> None:
    """Records, children and grandchildren; each stream ends with a state, so that all of it is kept."""
    plugin = plugin_for(seeded)
    names = ("customers", "customer_addresses", "products", "product_variants", *ORDERS, *RETURNS)
    done = plugin.pull(*names, strategy="Full Refresh")
    assert errors(done) == {}
    assert completed(done) == set(names) == set(plugin.engine.states)
    for name in ("customers", "products", "orders"):
        assert len(plugin.engine.rows(name)) == seeded.count(name)
    orders = {row["gid"] for row in plugin.engine.rows("orders")}
    lines = plugin.engine.rows("order_line_items")
    assert {row["order_gid"] for row in lines} == orders
    taxes = plugin.engine.rows("order_line_item_tax_lines")
    assert taxes
    assert {row["order_line_item_gid"] for row in taxes} <= {row["gid"] for row in lines}
    assert {row["order_gid"] for row in taxes} <= orders
    parcels = {row["gid"] for row in plugin.engine.rows("fulfillments")}
    items = plugin.engine.rows("fulfillment_line_items")
    assert parcels
    assert {row["fulfillment_gid"] for row in items} <= parcels
    assert {row["order_gid"] for row in items} <= orders
    assert not [row for rows in plugin.engine.written.values() for row in rows if row.get("IS_DELETED")]


@pytest.mark.parametrize("most", [1, 2_000])
def test_changes_replace_children_and_deletes_are_told(
    plugin_for: Maker, store: Store, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """What changed comes again, its children instead of those that were; what went is marked.

    However often what waits is handed over: `most` criteria at a time.
    """
    kept, gone = (made(store, title, "red", "blue") for title in ("Shirt", "Hat"))
    plugin = plugin_for(store)
    names = ("products", "product_options", "product_variants")
    plugin.pull(*names)
    assert len(plugin.engine.rows("product_variants")) == 4
    assert plugin.engine.criteria("product_variants") == []
    states = last_states(plugin)
    variants = [row["gid"] for row in plugin.engine.rows("product_variants") if row["product_gid"] == kept]
    change = "productVariantsBulkDelete(productId: $p, variantsIds: $v) { userErrors { message } }"
    store.ask(f"mutation($p: ID!, $v: [ID!]!) {{ {change} }}", p=kept, v=variants[:1])
    store.ask("mutation($p: ID!) { productDelete(input: {id: $p}) { userErrors { message } } }", p=gone)
    later = plugin_for(store)
    monkeypatch.setattr(sys.modules["shoptide.hosts.omnata.reading"], "MOST_FORGOTTEN", most)
    done = later.pull(*names, states=states)
    assert errors(done) == {}
    assert [row["gid"] for row in later.engine.rows("products")] == [kept]
    assert [row["gid"] for row in later.engine.rows("product_variants")] == variants[1:]
    assert {"product_gid": kept} in later.engine.criteria("product_variants")
    assert later.engine.deleted("products") == [gone]
    assert {"product_gid": gone} in later.engine.criteria("product_variants")


def test_parcels_follow_their_orders(plugin_for: Maker, store: Store) -> None:
    """Fulfillments change with their orders and are replaced with them; a deleted order takes its parcels along."""
    kept, gone = (parcel(store, f"T{number}") for number in (1, 2))
    names = ("orders", "order_line_items", "fulfillments", "fulfillment_tracking_info")
    plugin = plugin_for(store)
    plugin.pull(*names)
    assert {row["order_gid"] for row in plugin.engine.rows("fulfillments")} == {kept, gone}
    states = last_states(plugin)
    store.ask("mutation($id: ID!) { orderDelete(orderId: $id) { userErrors { message } } }", id=gone)
    (first,) = (row["gid"] for row in plugin.engine.rows("fulfillments") if row["order_gid"] == kept)
    change = "fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $t) { userErrors { message } }"
    store.ask(f"mutation($id: ID!, $t: FulfillmentTrackingInput!) {{ {change} }}", id=first, t={"number": "T9"})
    later = plugin_for(store)
    assert errors(later.pull(*names, states=states)) == {}
    assert later.engine.deleted("orders") == [gone]
    for name in ("fulfillments", "fulfillment_tracking_info"):
        assert {"order_gid": gone} in later.engine.criteria(name)
        assert {"order_gid": kept} in later.engine.criteria(name)
    assert [row["number"] for row in later.engine.rows("fulfillment_tracking_info")] == ["T9"]
    assert [row["gid"] for row in later.engine.rows("fulfillments")] == [first]


def parcel(store: Store, number: str) -> str:
    """An order that was sent with this tracking number."""
    price = {"shopMoney": {"amount": "5.00", "currencyCode": "CAD"}}
    order = {"lineItems": [{"title": "Mug", "quantity": 1, "requiresShipping": True, "priceSet": price}]}
    made = "orderCreate(order: $o) { order { id fulfillmentOrders(first: 1) { nodes { id } } } userErrors { message } }"
    found = store.ask(f"mutation($o: OrderCreateOrderInput!) {{ {made} }}", o=order)["orderCreate"]
    assert not found["userErrors"], found
    work = found["order"]["fulfillmentOrders"]["nodes"][0]["id"]
    given = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": work}], "trackingInfo": {"number": number}}
    sent = "fulfillmentCreate(fulfillment: $f) { userErrors { message } }"
    told = store.ask(f"mutation($f: FulfillmentInput!) {{ {sent} }}", f=given)["fulfillmentCreate"]
    assert not told["userErrors"], told
    return str(found["order"]["id"])


def made(store: Store, title: str, *values: str) -> str:
    """A product with a variant for each value."""
    product = {
        "title": title,
        "productOptions": [{"name": "Colour", "values": [{"name": value} for value in values]}],
        "variants": [{"optionValues": [{"optionName": "Colour", "name": value}], "price": "5.00"} for value in values],
    }
    document = "mutation($p: ProductSetInput!) { productSet(input: $p) { product { id } userErrors { message } } }"
    return str(store.ask(document, p=product)["productSet"]["product"]["id"])


def test_a_state_comes_with_each_page_and_is_gone_on_from(plugin_for: Maker) -> None:
    """A run that ends in the middle loses no page that was kept; the next reads from there and misses nothing."""
    with opened(plan="plus", customers=5, products=100) as shop:
        plugin = plugin_for(shop)
        shop.fault(action="status", status=403, operation="products", nth=2, times=1)
        names = ("products", "product_options", "product_variants", "product_media")
        done = plugin.pull(*names)
        assert set(errors(done)) == set(names)
        assert completed(done) == set()
        cut = plugin.engine.rows("products")
        assert 0 < len(cut) < 100
        states = last_states(plugin)
        assert states["products"]["read_to"] == max(row["updated_at"] for row in cut).replace("+00:00", "Z")
        later = plugin_for(shop)
        assert errors(later.pull(*names, states=states)) == {}
        assert {row["gid"] for row in (*cut, *later.engine.rows("products"))} == shop.gids("products")


def test_an_error_of_one_stream_leaves_the_others(plugin_for: Maker) -> None:
    """A scope that is missing fails what needs it, with its name; the rest is read."""
    with opened(customers=3, products=3) as shop:
        selected = plugin_for(shop).streams("customers", "products")
    with opened(customers=3, products=3, scopes=["read_customers"]) as narrow:
        plugin = plugin_for(narrow)
        plugin.streams = lambda *_, **__: selected  # type: ignore[method-assign]  # chosen before the scope went
        done = plugin.pull("customers", "products")
    assert "read_products" in errors(done)["products"]
    assert set(errors(done)) == {"products"}
    assert completed(done) == {"customers"}
    assert len(plugin.engine.rows("customers")) == 3


def test_fields_without_their_scope_are_left_out(plugin_for: Maker) -> None:
    """One missing scope costs its fields and not the stream; a stream that needs it is not offered."""
    with opened(customers=2, products=2, orders=4, scopes=["read_orders", "read_all_orders"]) as narrow:
        plugin = plugin_for(narrow)
        offered = {each["stream_name"] for each in plugin.streams()}
        assert "orders" in offered
        assert not {"customers", "products"} & offered
        (orders,) = plugin.streams("orders")
        assert "customer_gid" not in orders["json_schema"]["properties"]
        assert errors(plugin.pull("orders")) == {}
        assert len(plugin.engine.rows("orders")) == 4


def test_requests_go_where_omnata_limits_them(plugin_for: Maker, seeded: Store) -> None:
    """A user's own limit for the connection counts each request of the run."""
    plugin = plugin_for(seeded)
    plugin.limits = [
        {
            "endpoint_category": "Admin API",
            "request_matchers": [{"http_methods": ["POST"], "url_regex": "graphql"}],
            "request_rates": [{"request_count": 500, "time_unit": "minute", "unit_count": 1}],
        }
    ]
    assert errors(plugin.pull("customers")) == {}
    counted = plugin.engine.message("rate_limit_state")[-1]["rate_limit_state"]["Admin API"]
    assert len(counted["previous_request_timestamps"]) >= 2


def test_throttling_is_waited_out(plugin_for: Maker) -> None:
    """A small bucket and answers of THROTTLED cost time, and nothing else."""
    with opened(plan="standard", customers=40, products=60) as shop:
        shop.fault(action="throttle", operation="products", nth=2, times=2)
        plugin = plugin_for(shop)
        done = plugin.pull("customers", "products", "product_variants")
        assert errors(done) == {}
        assert len(plugin.engine.rows("products")) == 60


def test_a_cancelled_run_says_what_it_did_not_finish(plugin_for: Maker, seeded: Store) -> None:
    """Nothing is marked complete that is not."""
    plugin = plugin_for(seeded)
    plugin.engine.cancelled = True
    done = plugin.pull("customers", "orders")
    assert completed(done) == set()
    assert errors(done) == {}
    (message,) = plugin.engine.message("cancelled_streams")
    assert sorted(message["cancelled_streams"]) == ["customers", "orders"]


def test_a_deadline_ends_the_run_as_delayed(plugin_for: Maker, seeded: Store) -> None:
    """Omnata's own exception for it, and the streams that are left for the next run."""
    from omnata_plugin_runtime.omnata_plugin import DeadlineReachedException

    plugin = plugin_for(seeded)
    with pytest.raises(DeadlineReachedException):
        plugin.pull("customers", "orders", minutes=0)
    (message,) = plugin.engine.message("abandoned_streams")
    assert sorted(message["abandoned_streams"]) == ["customers", "orders"]


def test_fields_and_metafields_are_chosen_in_the_form(plugin_for: Maker, seeded: Store) -> None:
    """Left out, and as columns; a line that names no stream is told."""
    lines = {"exclude": "orders: note", "metafields": "orders: custom.erp_id"}
    text = {name: {"value": value, "metadata": {}} for name, value in lines.items()}
    (orders,) = plugin_for(seeded).streams("orders", parameters=text)
    columns = orders["json_schema"]["properties"]
    assert "note" not in columns
    assert "metafield_custom_erp_id" in columns
    wrong = {"exclude": {"value": "ordres: note", "metadata": {}}}
    with pytest.raises(ValueError, match="names no stream"):
        plugin_for(seeded).streams("orders", parameters=wrong)
