"""Phone numbers in the one spelling that can be compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.resources.phone_numbers import CODES, e164


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+1 (613) 450-5293", None, "+16134505293"),
        ("001 613 450 5293", None, "+16134505293"),
        ("613-450-5293", "CA", "+16134505293"),
        ("1-613-450-5293", "US", "+16134505293"),
        ("030 901820", "DE", "+4930901820"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("8 912 345-67-89", "RU", "+79123456789"),
        ("06 698 1234", "IT", "+39066981234"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("613-450-5293", None, None),
        ("613-450-5293", "XX", None),
        ("12", "CA", None),
        ("call me", "CA", None),
        ("+1234567890123456", None, None),
    ],
)
def test_a_number_however_it_is_written(text: str, country: str | None, number: str | None) -> None:
    """Decoration, 00, and what is dialled at home; what can't be told is nothing."""
    assert e164(text, country) == number


@given(st.sampled_from(sorted(CODES)), st.from_regex(r"[2-9][0-9]{8}", fullmatch=True))
def test_a_number_in_e164_stays(country: str, digits: str) -> None:
    """Whatever country asks."""
    number = f"+{CODES[country]}{digits}"
    assert e164(number, "DE") == number
