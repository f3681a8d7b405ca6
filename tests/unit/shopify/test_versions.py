"""A version's end is told three months ahead."""

from __future__ import annotations

from datetime import date

import pytest

from shoptide.shopify.schema import SUPPORTED_VERSIONS
from shoptide.shopify.versions import nearing_end, supported_until


def test_a_version_lives_twelve_months() -> None:
    """From the first day of its month."""
    ends = [supported_until(version).isoformat() for version in SUPPORTED_VERSIONS]
    assert ends == ["2027-01-01", "2027-04-01", "2027-07-01", "2027-10-01"]


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2026, 10, 3), None),
        (date(2026, 10, 4), "89 days more"),
        (date(2026, 12, 31), "1 days more"),
        (date(2027, 1, 1), "has not been supported since 2027-01-01"),
        (date(2027, 5, 1), "has not been supported since 2027-01-01"),
    ],
)
def test_the_end_is_told_from_ninety_days_on(today: date, told: str | None) -> None:
    found = nearing_end("2026-01", today)
    assert (found is None) == (told is None)
    assert (told or "") in (found or "")
