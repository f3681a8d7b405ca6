"""Whether the store holds what a row gives, and what both make together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.outbound.likeness import Shape, holds, is_empty, merged
from shoptide.resources.objects import OBJECTS
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load

METAFIELD = {"namespace": "custom", "key": "erp", "value": "E1"}


@pytest.mark.parametrize(
    ("now", "given_", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (None, "", True),
        ([], None, True),
        ("19.9", "19.90", True),
        ("1", "01.0", True),
        (True, "1", False),
        ("2026-10-01T12:00:00Z", "2026-10-01T14:00:00+02:00", True),
        ("2026-10-01T12:00:00Z", "2026-10-01T12:00:00+02:00", False),
        (["B", "a"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        ({"city": "Ottawa", "zip": "K1A"}, {"city": "Ottawa"}, True),
        ({"city": "Ottawa"}, {"city": "Hull"}, False),
        ([METAFIELD, {**METAFIELD, "key": "b"}], [METAFIELD], True),
        ([{**METAFIELD, "value": "E2"}], [METAFIELD], False),
        ([], [METAFIELD], False),
        ([{"city": "A", "zip": "1"}, {"city": "B"}], [{"city": "A"}], False),
        ("T-shirt", "t-shirt", False),
    ],
)
def test_what_is_the_same(now: Any, given_: Any, same: bool) -> None:
    """Spellings of one value are; what a row does not give doesn't count; a missing entry does."""
    assert holds(now, given_) is same


@pytest.mark.parametrize(
    ("name", "now", "given_", "same"),
    [
        ("poNumber", "007", "7", False),
        ("poNumber", "1.10", "1.1", False),
        ("note", "2026-10-01T12:00:00Z", "2026-10-01T14:00:00+02:00", False),
        ("processedAt", "2026-10-01T12:00:00Z", "2026-10-01T14:00:00+02:00", True),
        ("metafields", [METAFIELD | {"value": "007"}], [METAFIELD | {"value": "7"}], False),
        ("lineItems", [{"quantity": 1, "priceSet": {"shopMoney": {"amount": "5.0"}}}],
         [{"quantity": 1, "priceSet": {"shopMoney": {"amount": "5.00"}}}], True),
        ("lineItems", [{"sku": "007"}], [{"sku": "7"}], False),
        ("lineItems", [{"unheard of": "007"}], [{"unheard of": "7"}], False),
    ],
)  # fmt: skip
def test_digits_in_text_are_no_numbers(name: str, now: Any, given_: Any, same: bool) -> None:
    """An order number 007 is not 7; an amount may be written in several ways."""
    schema = load(SUPPORTED_VERSIONS[-1])
    assert holds(now, given_, Shape.of(schema, OBJECTS["orders"].fields(schema), name)) is same


@pytest.mark.parametrize("value", [None, "", [], {}, {"title": None, "description": ""}])
def test_what_is_empty(value: Any) -> None:
    """Also an object whose fields are."""
    assert is_empty(value)
    assert not is_empty({"title": "x"})
    assert not is_empty(False)


TAGS = st.lists(st.sampled_from(["a", "A", "b", "c d"]))


@given(TAGS, TAGS)
def test_adding_to_a_list_keeps_it_and_has_no_doubles(now: list[str], more: list[str]) -> None:
    """What the store has comes first and as it is; adding again changes nothing."""
    together = merged(now, more)
    assert together[: len(now)] == now
    assert {each.lower() for each in together} == {each.lower() for each in (*now, *more)}
    assert merged(together, more) == together


def test_an_entry_with_a_key_takes_the_rows_value() -> None:
    """And other entries are added once."""
    kept = {**METAFIELD, "key": "staff"}
    assert merged([METAFIELD, kept], [{**METAFIELD, "value": "E2"}]) == [{**METAFIELD, "value": "E2"}, kept]
    held = {"id": "1", "city": "Ottawa", "zip": "K1A"}
    assert merged([held], [{"city": "Ottawa"}, {"city": "Hull"}]) == [held, {"city": "Hull"}]
    assert merged(["a"], "b") == ["a", "b"]
