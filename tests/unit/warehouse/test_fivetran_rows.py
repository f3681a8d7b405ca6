"""Rows of Fivetran's layout that are made of more than one thing, on DuckDB and Postgres: visits, media, refunds …"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from layouts import ENGINES, opened, table

from shoptide.warehouse import Warehouse
from shoptide.warehouse.views import layout, make_views

SHOP, OTHER = "a.myshopify.com", "b.myshopify.com"
LANDED = "2026-10-01 00:00:00"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    with opened(request, request.param) as found:
        yield found


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def held(engine: Warehouse, name: str, columns: dict[str, str], *rows: tuple[Any, ...]) -> None:
    """A table with living rows of one shop."""
    table(engine, name, columns, *((SHOP, LANDED, None, *row) for row in rows))


def asked(engine: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    make_views(engine, layout("fivetran"), [SHOP])
    return engine.execute(sql)[1]


def test_visits_are_the_first_and_the_last_and_one_that_is_both_is_there_once(engine: Warehouse) -> None:
    """With the campaign of the moment that they are; a visit that led to two orders is the later one's."""
    first = {"id": gid("CustomerVisit", 1), "occurredAt": "2026-09-01T10:00:00Z", "landingPage": "/a", "source": "mail"}
    last = {"id": gid("CustomerVisit", 2), "occurredAt": "2026-09-02T10:00:00Z", "landingPage": "/b", "source": None}
    held(
        engine,
        "orders",
        {"gid": "VARCHAR", "id": "BIGINT", "customer_journey_summary": "JSON"},
        (gid("Order", 1), 1, json.dumps({"firstVisit": first, "lastVisit": last})),
        (gid("Order", 2), 2, json.dumps({"firstVisit": first | {"id": gid("CustomerVisit", 3)}, "lastVisit": None})),
        (gid("Order", 3), 3, json.dumps({"firstVisit": last, "lastVisit": last})),
        (gid("Order", 4), 4, None),
        (gid("Order", 5), 5, json.dumps({"firstVisit": None, "lastVisit": first | {"id": gid("CustomerVisit", 5)}})),
    )
    moments = {"order_gid": "VARCHAR", "position": "BIGINT", "occurred_at": "TIMESTAMP", "utm_parameters": "JSON"}
    held(
        engine,
        "order_journey_moments",
        moments,
        (gid("Order", 1), 0, "2026-09-01 10:00:00", json.dumps({"campaign": "autumn", "medium": "email"})),
        (gid("Order", 1), 1, "2026-09-01 10:00:00", json.dumps({"campaign": "another"})),
    )
    found = asked(
        engine,
        "SELECT id, order_id, type, landing_page, source, utm_parameters_campaign, utm_parameters_medium"
        " FROM shopify_fivetran.customer_visit ORDER BY order_id, id",
    )
    assert found == [
        (1, 1, "first_visit", "/a", "mail", "autumn", "email"),
        (3, 2, "first_visit", "/a", "mail", None, None),
        (2, 3, "first_visit", "/b", None, None, None),
        (5, 5, "last_visit", "/a", "mail", None, None),
    ]


def test_media_are_files_and_what_products_have_beyond_them(engine: Warehouse) -> None:
    """Each once, though a product shows it; documents are no media, images have a row for what they show."""
    columns = {
        "gid": "VARCHAR",
        "id": "BIGINT",
        "typename": "VARCHAR",
        "status": "VARCHAR",
        "image": "JSON",
        "product_gid": "VARCHAR",
    }
    image = json.dumps(
        {"id": gid("ImageSource", 9), "altText": "A cup", "height": 10, "width": 20, "url": "https://x/1"}
    )
    cup, video, film = (gid(kind, number) for kind, number in (("MediaImage", 1), ("Video", 2), ("ExternalVideo", 4)))
    held(
        engine,
        "files",
        columns,
        (cup, 1, "MediaImage", "READY", image, None),
        (video, 2, "Video", "READY", None, None),
        (gid("GenericFile", 3), 3, "GenericFile", "READY", None, None),
    )
    held(
        engine,
        "product_media",
        columns,
        (cup, 1, "MediaImage", "READY", image, gid("Product", 7)),
        (film, 4, "ExternalVideo", "READY", None, gid("Product", 7)),
    )
    assert asked(engine, "SELECT id FROM shopify_fivetran.media ORDER BY id") == [(1,), (2,), (4,)]
    shown = "SELECT media_id, image_id, image_alt_text, image_height, image_url FROM shopify_fivetran.media_image"
    assert asked(engine, shown) == [(1, 9, "A cup", 10, "https://x/1")]
    of_products = "SELECT product_id, media_id FROM shopify_fivetran.product_media ORDER BY media_id"
    assert asked(engine, of_products) == [(7, 1), (7, 4)]


def test_metafields_of_all_owners_are_one_table(engine: Warehouse) -> None:
    """Each with the number and the kind of its owner, as the package names it, and its definition's description."""
    columns = {"gid": "VARCHAR", "id": "BIGINT", "key": "VARCHAR", "value": "VARCHAR", "definition_gid": "VARCHAR"}
    definition = gid("MetafieldDefinition", 1)
    held(
        engine,
        "product_variant_metafields",
        columns | {"product_variant_gid": "VARCHAR"},
        (gid("Metafield", 1), 1, "size", "9", definition, gid("ProductVariant", 5)),
    )
    held(
        engine,
        "order_metafields",
        columns | {"order_gid": "VARCHAR"},
        (gid("Metafield", 2), 2, "erp", "x", None, gid("Order", 6)),
    )
    held(engine, "shop_metafields", columns, (gid("Metafield", 3), 3, "vat", "y", None))
    held(engine, "shops", {"gid": "VARCHAR", "id": "BIGINT"}, (gid("Shop", 8), 8))
    engine.execute(f"INSERT INTO shopify.shops VALUES ('{OTHER}', '{LANDED}', NULL, '{gid('Shop', 88)}', 88)")
    held(engine, "metafield_definitions", {"gid": "VARCHAR", "description": "VARCHAR"}, (definition, "In centimetres"))
    found = asked(
        engine,
        "SELECT id, owner_resource, owner_id, key, value, description FROM shopify_fivetran.metafield ORDER BY id",
    )
    assert found == [
        (1, "productvariant", 5, "size", "9", "In centimetres"),
        (2, "order", 6, "erp", "x", None),
        (3, "shop", 8, "vat", "y", None),
    ]


def test_refunded_shipping_is_an_adjustment_once(engine: Warehouse) -> None:
    """Beside a refund's discrepancy; not where the refund tells it as an adjustment without a reason itself."""
    money = {"amount_set_amount": "DECIMAL(20, 6)", "tax_amount_set_amount": "DECIMAL(20, 6)"}
    held(
        engine,
        "order_refund_adjustments",
        {"id": "BIGINT", "order_refund_gid": "VARCHAR", "reason": "VARCHAR"} | money,
        (1, gid("Refund", 1), "REFUND_DISCREPANCY", "-5", "0"),
        (2, gid("Refund", 2), None, "-10", "-1"),
    )
    shipping = {"subtotal_amount_set_amount": "DECIMAL(20, 6)", "tax_amount_set_amount": "DECIMAL(20, 6)"}
    held(
        engine,
        "order_refund_shipping_lines",
        {"id": "BIGINT", "order_refund_gid": "VARCHAR"} | shipping,
        (11, gid("Refund", 1), "7.95", "1.03"),
        (12, gid("Refund", 2), "10", "1"),
    )
    found = asked(
        engine,
        "SELECT id, refund_id, reason, amount_set_shop_amount, tax_amount_set_shop_amount"
        " FROM shopify_fivetran.order_adjustment ORDER BY id",
    )
    assert found == [
        (1, 1, "REFUND_DISCREPANCY", -5.0, 0.0),
        (2, 2, None, -10.0, -1.0),
        (11, 1, "SHIPPING_REFUND", -7.95, -1.03),
    ]


def test_discounts_stand_in_the_table_of_their_kind(engine: Warehouse) -> None:
    """With their codes; automatic ones have none and are in no table of codes."""
    columns = {
        "gid": "VARCHAR",
        "id": "BIGINT",
        "discount_type": "VARCHAR",
        "combines_with": "JSON",
        "context": "JSON",
        "codes_count": "BIGINT",
    }
    combines = json.dumps({"orderDiscounts": True, "productDiscounts": False, "shippingDiscounts": True})
    everybody, some = ('{"__typename": "DiscountBuyerSelectionAll"}', '{"__typename": "DiscountCustomers"}')
    held(
        engine,
        "discounts",
        columns,
        (gid("DiscountNode", 1), 1, "DiscountCodeBasic", combines, everybody, 2),
        (gid("DiscountNode", 2), 2, "DiscountCodeBxgy", combines, some, 1),
        (gid("DiscountNode", 3), 3, "DiscountAutomaticBasic", combines, everybody, None),
        (gid("DiscountNode", 4), 4, "DiscountCodeApp", combines, None, 3),
    )
    held(
        engine,
        "discount_codes",
        {"id": "BIGINT", "code": "VARCHAR", "discount_gid": "VARCHAR"},
        (21, "TEN", gid("DiscountNode", 1)),
        (22, "TEN2", gid("DiscountNode", 1)),
    )
    chosen = "id, codes_count, combines_with_order_discounts, combines_with_product_discounts"
    chosen += ", customer_selection_all_customers"
    assert asked(engine, f"SELECT {chosen} FROM shopify_fivetran.discount_code_basic") == [(1, 2, True, False, True)]
    assert asked(engine, f"SELECT {chosen} FROM shopify_fivetran.discount_code_bxgy") == [(2, 1, True, False, False)]
    assert asked(engine, "SELECT id, codes_count_count FROM shopify_fivetran.discount_code_app") == [(4, 3)]
    assert asked(engine, "SELECT id FROM shopify_fivetran.discount_code_free_shipping") == []
    codes = "SELECT id, code, discount_id, discount_type FROM shopify_fivetran.discount_redeem_code ORDER BY id"
    assert asked(engine, codes) == [(21, "TEN", 1, "DiscountCodeBasic"), (22, "TEN2", 1, "DiscountCodeBasic")]


def test_returned_lines_are_known_by_the_orders_line(engine: Warehouse) -> None:
    """Through the parcel that the piece came in."""
    held(
        engine,
        "return_line_items",
        {"id": "BIGINT", "return_gid": "VARCHAR", "quantity": "BIGINT", "fulfillment_line_item_gid": "VARCHAR"},
        (1, gid("Return", 5), 2, gid("FulfillmentLineItem", 6)),
        (2, gid("Return", 5), 1, None),
    )
    held(
        engine,
        "fulfillment_line_items",
        {"gid": "VARCHAR", "line_item_gid": "VARCHAR"},
        (gid("FulfillmentLineItem", 6), gid("LineItem", 7)),
    )
    found = "SELECT id, return_id, order_line_id, quantity FROM shopify_fivetran.return_line_item ORDER BY id"
    assert asked(engine, found) == [(1, 5, 7, 2), (2, 5, None, 1)]


def test_an_attribute_that_an_order_has_twice_counts_once(engine: Warehouse) -> None:
    """With its last value: the key is what the layout knows it by."""
    columns = {"order_gid": "VARCHAR", "position": "BIGINT", "key": "VARCHAR", "value": "VARCHAR"}
    values = (gid("Order", 1), 0, "gift", "no"), (gid("Order", 1), 1, "gift", "yes"), (gid("Order", 2), 0, "gift", "x")
    held(engine, "order_custom_attributes", columns, *values)
    found = "SELECT order_id, key, name, value FROM shopify_fivetran.order_custom_attribute ORDER BY order_id"
    assert asked(engine, found) == [(1, "gift", "gift", "yes"), (2, "gift", "gift", "x")]
