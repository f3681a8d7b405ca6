"""Which column an error of the store is about."""

from __future__ import annotations

import pytest

from shoptide.outbound.blame import column_of, leading, value_at
from shoptide.outbound.rows import Draft
from shoptide.outbound.session import UserError
from shoptide.resources.objects import CUSTOMERS, ORDERS, PRODUCTS

PRODUCT = Draft(
    "1",
    {"title": "T", "handle": "t", "productType": "P", "variants": [{"sku": "A"}, {"sku": "B", "price": "-1"}]},
    "gid://shopify/Product/1",
    named_by="record_id",
)


@pytest.mark.parametrize(
    ("error", "column"),
    [
        (UserError("x", ("title",)), "title"),
        (UserError("x", ("input", "handle")), "handle"),
        (UserError("x", ("input", "variants", "1", "price")), "variants"),
        (UserError("Product does not exist", ("id",)), "record_id"),
        (UserError("x", ("customProductType",)), "productType"),
        (UserError("x", ("options", "0")), "variants"),
        (UserError("Product type is too long (maximum is 255 characters)", ("input",)), "productType"),
        (UserError("x", ("input", "quantities", "0"), mutation="inventorySetQuantities"), "variants"),
        (UserError("Something else", ("input",)), None),
        (UserError("Titles are hard", ()), None),
    ],
)
def test_an_error_leads_to_its_column(error: UserError, column: str | None) -> None:
    """By its path, by what the store calls a column, by the mutation, by its words; never by chance."""
    assert column_of(PRODUCTS, PRODUCT, error) == column


def test_a_record_found_by_a_field_is_told_by_it() -> None:
    """No id column: the field that named the record."""
    draft = Draft("1", {"email": "a@example.com", "note": "x"})
    assert column_of(CUSTOMERS, draft, UserError("Customer does not exist", ("id",))) == "email"


def test_the_value_is_the_one_the_path_points_at() -> None:
    """As deep as the row has it; of an id column the id."""
    assert value_at(PRODUCT, "variants", ("input", "variants", "1", "price")) == "-1"
    assert value_at(PRODUCT, "variants", ("variants", "1", "barcode")) == {"sku": "B", "price": "-1"}
    assert value_at(PRODUCT, "variants", ("variants", "7", "sku")) == PRODUCT.values["variants"]
    assert value_at(PRODUCT, "record_id", ("id",)) == "gid://shopify/Product/1"


def test_the_error_that_names_a_column_goes_first() -> None:
    """The store often begins with a general one."""
    draft = Draft("1", {"lineItems": [{}]})
    general, exact = UserError("Order Line items is invalid", ("order",)), UserError("x", ("order", "lineItems"))
    assert leading(ORDERS, draft, [general, exact]) == exact
    assert leading(ORDERS, draft, [general]) == general
