"""The order of enumerations in messages."""

from __future__ import annotations

import pytest

from shoptide.shopify.schema import load
from shoptide.simulator.declared_orders import DECLARED, in_order


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_declared_values_are_the_schema_s(name: str) -> None:
    """A list that lacks a value of the newest schema, has one too many or has one twice would show up in messages."""
    declared = DECLARED[name]
    assert sorted(declared) == sorted(load("2026-10").type(name).values)


def test_unknown_values_come_last() -> None:
    """A value that a later version adds is still listed."""
    assert in_order("WeightUnit", ["GRAMS", "KILOGRAMS", "STONES"]) == ["KILOGRAMS", "GRAMS", "STONES"]
