"""Values of a row against the schema's input types."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.resources.inputs import Mismatch, Shaper, camel
from shoptide.resources.objects.parcel_lines import parcel_lines
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load

SHAPER = Shaper(load("2026-10"))


def problem(kind: str, value: Any, *, kinds: tuple[str, ...] = ()) -> tuple[str, str]:
    with pytest.raises(Mismatch) as caught:
        SHAPER.fits(kind, value, "column", kinds=kinds)
    return caught.value.problem.column, caught.value.problem.reason


@pytest.mark.parametrize(
    ("kind", "value", "shaped"),
    [
        ("Int", "12", 12),
        ("Int", Decimal("12.0"), 12),
        ("Money", 19.9, "19.9"),
        ("Money", Decimal("19.90"), "19.90"),
        ("Boolean", "TRUE", True),
        ("Boolean", "0", False),
        ("DateTime", datetime(2026, 10, 1, 12, tzinfo=UTC), "2026-10-01T12:00:00Z"),
        ("DateTime", "2026-10-01T12:00:00+02:00", "2026-10-01T12:00:00+02:00"),
        ("URL", "https://example.com/a", "https://example.com/a"),
        ("CurrencyCode", "cad", "CAD"),
        ("[String!]", "vip, new ,", ["vip", "new"]),
        ("[String!]", '["a,b"]', ["a,b"]),
        ("String", 12, "12"),
        ("JSON", {"a": 1}, '{"a": 1}'),
    ],
)
def test_values_become_what_the_store_takes(kind: str, value: Any, shaped: Any) -> None:
    """A warehouse's types and text both fit."""
    assert SHAPER.fits(kind, value, "column") == shaped


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("Int", "1.5", "whole number"),
        ("Int", True, "whole number"),
        ("Int", 2**31, "larger"),
        ("Money", "nineteen", "amount"),
        ("Money", "NaN", "amount"),
        ("Boolean", "perhaps", "true or false"),
        ("DateTime", "yesterday", "time such as"),
        ("URL", "example.com", "http"),
        ("CurrencyCode", "CDA", "CAD"),
        ("String!", None, "required"),
        ("String", ["a"], "text"),
        ("[String!]", 5, "list"),
        ("[MailingAddressInput!]", "home", "list"),
        ("[String!]", ["x"] * 251, "at most 250"),
        ("MailingAddressInput", "{nope", "JSON object"),
        ("MailingAddressInput", {"citty": "Ottawa"}, "did you mean city"),
    ],
)
def test_a_lossy_or_wrong_value_is_a_problem(kind: str, value: Any, words: str) -> None:
    """Nothing is guessed: the reason says what would fit."""
    assert words in problem(kind, value)[1]


def test_an_id_may_be_a_number_where_the_field_says_of_what() -> None:
    """Numbers become gids of the one kind that fits."""
    assert SHAPER.fits("ID", 12, "id", kinds=("Customer",)) == "gid://shopify/Customer/12"
    assert SHAPER.fits("ID", "gid://shopify/Customer/12", "id", kinds=("Customer",)) == "gid://shopify/Customer/12"
    assert "id of a Customer" in problem("ID", "gid://shopify/Order/12", kinds=("Customer",))[1]
    assert "full id" in problem("ID", "12")[1]


def test_a_problem_inside_an_object_names_its_path() -> None:
    """The path leads from the column to the field."""
    where, reason = problem("[MailingAddressInput!]", [{"city": "Ottawa"}, {"countryCode": "XX"}])
    assert (where, "CountryCode" in reason) == ("column[1].countryCode", True)


def test_a_required_field_of_an_object_is_missed() -> None:
    """A line item without a quantity can't be sent."""
    assert problem("[OrderCreateLineItemInput!]", [{"title": "Hat"}]) == ("column[0].quantity", "is required")


def test_exactly_one_field_of_a_one_of_input() -> None:
    """Two identifiers at once are refused here, not by the store."""
    both = {"id": "gid://shopify/Customer/1", "email": "a@x.com"}
    assert "exactly one" in problem("CustomerSetIdentifiers", both)[1]


def test_too_long_text_is_refused_with_the_limit() -> None:
    """The store's own limits, before it is asked."""
    assert "at most 255" in problem("MailingAddressInput", {"city": "x" * 256})[1]


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_inputs_exist_in_every_version(version: str) -> None:
    """The types that the limits name are real in all supported versions."""
    from shoptide.resources.inputs import LONGEST

    schema = load(version)
    for name in LONGEST:
        kind, _, field = name.partition(".")
        assert field in schema.type(kind).inputs, name


@given(st.integers(-(2**31) + 1, 2**31 - 1))
def test_whole_numbers_survive(number: int) -> None:
    """An Int comes out as it went in, from a number and from text."""
    assert SHAPER.fits("Int", number, "c") == number == SHAPER.fits("Int", str(number), "c")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_amounts_are_exact(amount: Decimal) -> None:
    """Money never passes through a float."""
    assert Decimal(SHAPER.fits("Money", amount, "c")) == amount


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=-5)))))
def test_instants_keep_their_moment(moment: datetime) -> None:
    """Whatever the offset, the moment stays."""
    assert datetime.fromisoformat(SHAPER.fits("DateTime", moment, "c")) == moment


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_odd_values_never_crash(value: Any) -> None:
    """Whatever a row holds, there is an input or a problem."""
    for kind in ("Int", "[String!]", "MailingAddressInput", "DateTime", "ID", "JSON"):
        with contextlib.suppress(Mismatch):
            json.dumps(SHAPER.fits(kind, value, "c"))


def test_snake_case_becomes_camel_case() -> None:
    """Both spellings of a column mean the same field."""
    assert [camel(name) for name in ("first_name", "firstName", "tags", "tax_exempt")] == [
        "firstName",
        "firstName",
        "tags",
        "taxExempt",
    ]


def test_what_a_row_may_leave_out_is_filled() -> None:
    """A picture's kind, a quantity's name; a variant's option values are found by its writer."""
    assert SHAPER.fits("CreateMediaInput", "https://example.com/a.jpg", "media") == {
        "originalSource": "https://example.com/a.jpg",
        "mediaContentType": "IMAGE",
    }
    variant = {"sku": "A", "inventory_quantities": [{"location_id": "gid://shopify/Location/1", "quantity": 2}]}
    assert SHAPER.fits("ProductVariantSetInput", variant, "variants") == {
        "sku": "A",
        "inventoryQuantities": [{"locationId": "gid://shopify/Location/1", "quantity": 2, "name": "available"}],
    }
    assert SHAPER.fits("[OptionCreateInput!]", [{"name": "Size", "values": ["S", "M"]}], "o") == [
        {"name": "Size", "values": [{"name": "S"}, {"name": "M"}]}
    ]


def test_plain_amounts_are_in_the_shops_currency() -> None:
    """Wherever the store wants a bag of money; without a currency the store's field is told."""
    shaper = Shaper(load("2026-10"), lambda: "CAD")
    bag = {"shopMoney": {"amount": "5.00", "currencyCode": "CAD"}}
    line = {"title": "Hat", "quantity": 1, "price": "5.00"}
    assert shaper.fits("OrderCreateLineItemInput", line, "l")["priceSet"] == bag
    assert shaper.fits("OrderCreateOrderTransactionInput", {"amount": "5.00"}, "t") == {"amountSet": bag}
    with pytest.raises(Mismatch) as caught:
        shaper.fits("OrderCreateLineItemInput", {**line, "price": "cheap"}, "l")
    assert "must be an amount" in caught.value.problem.reason


@pytest.mark.parametrize(
    ("kind", "name", "empty"),
    [
        ("String", "note", ""),
        ("[String!]", "tags", []),
        ("[MailingAddressInput!]", "addresses", []),
        ("ID", "category", None),
    ],
)
def test_a_null_that_clears_is_the_empty_value(kind: str, name: str, empty: Any) -> None:
    """Text is emptied, lists too; the rest becomes null."""
    assert SHAPER.cleared(kind, name) == empty


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("[MetafieldInput!]", "metafields"),
        ("[ProductVariantSetInput!]", "variants"),
        ("Boolean", "taxExempt"),
        ("SEOInput", "seo"),
        ("String!", "x"),
    ],
)
def test_what_can_not_be_cleared_is_left_alone(kind: str, name: str) -> None:
    """A null takes no variant and no metafield away."""
    with pytest.raises(KeyError):
        SHAPER.cleared(kind, name)


@pytest.mark.parametrize(
    ("given_", "lines"),
    [
        (["A", {"sku": "B", "quantity": "2"}], [{"sku": "A"}, {"sku": "B", "quantity": 2}]),
        ('["A", {"sku": "B", "id": null}]', [{"sku": "A"}, {"sku": "B"}]),
        (['"A"', '{"line_item_id": 7}'], [{"sku": "A"}, {"id": "gid://shopify/LineItem/7"}]),
        ({"gid": "gid://shopify/LineItem/7", "sku": "A"}, [{"id": "gid://shopify/LineItem/7"}]),
        ("A", [{"sku": "A"}]),
    ],
)
def test_lines_of_a_parcel_have_one_shape(given_: Any, lines: Any) -> None:
    """However the source spells them, so that the same wish has the same hash."""
    assert parcel_lines(SHAPER, given_, "line_items") == lines


@pytest.mark.parametrize(
    ("given_", "column", "reason"),
    [
        ([{"quantity": 1}], "line_items[0]", "needs a sku or the id"),
        ([{"sku": "A", "quantity": 0}], "line_items[0].quantity", "must be above 0"),
        ([{"sku": "A", "amount": 1}], "line_items[0].amount", "is no field of a line"),
        ([{"id": "gid://shopify/Order/7"}], "line_items[0].id", "must be the id of a LineItem"),
        ("[", "line_items", "must be a list of lines"),
        ([7], "line_items[0]", "must be a SKU"),
    ],
)
def test_wrong_lines_of_a_parcel_are_told(given_: Any, column: str, reason: str) -> None:
    """The place and the reason."""
    with pytest.raises(Mismatch) as caught:
        parcel_lines(SHAPER, given_, "line_items")
    assert caught.value.problem.column == column
    assert reason in caught.value.problem.reason
