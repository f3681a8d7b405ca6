"""Dates and amounts in the spellings people use: read where they mean one thing, refused where they mean two."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.resources.inputs import Mismatch, Shaper
from shoptide.resources.spellings import AmbiguousError, Spelling, iso_moment, plain_number
from shoptide.shopify.schema import LATEST_VERSION, load

UNSAID = Spelling()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-10-01", "2026-10-01"),
        (" 2026/1/2 ", "2026-01-02"),
        ("31.12.2026", "2026-12-31"),
        ("1.2.2026", "2026-02-01"),
        ("31/12/2026", "2026-12-31"),
        ("12/31/2026", "2026-12-31"),
        ("12-31-2026 3:04 PM", "2026-12-31T15:04:00"),
        ("5/5/2026 12:00:01 am", "2026-05-05T00:00:01"),
        ("1 Oct 2026", "2026-10-01"),
        ("1-Oct-2026", "2026-10-01"),
        ("October 1st, 2026", "2026-10-01"),
        ("Oct 1 2026 23:59", "2026-10-01T23:59:00"),
        ("Thu, 01 Oct 2026 12:00:00 GMT", "2026-10-01T12:00:00+00:00"),
        ("2026-10-01 12:00:00 -0400", "2026-10-01T12:00:00-04:00"),
        ("2026-10-01T12:00:00.5Z", "2026-10-01T12:00:00.500000+00:00"),
        ("31.02.2026", None),
        ("1 Nonsense 2026", None),
        ("2026-13-01", None),
        ("2026-10-01 25:00", None),
        ("13/13/2026", None),
        ("5/5/2026 13:00 pm", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_moments(text: str, iso: str | None) -> None:
    """With dots the day comes first everywhere; with slashes only where the month could not."""
    assert iso_moment(text, UNSAID) == iso


@pytest.mark.parametrize("text", ["03/04/2026", "3-4-2026 10:00", "31.12.26", "1 Oct 26"])
def test_moments_of_two_meanings_are_refused(text: str) -> None:
    with pytest.raises(AmbiguousError):
        iso_moment(text, UNSAID)


def test_what_is_said_decides() -> None:
    assert iso_moment("03/04/2026", Spelling(dates="dmy")) == "2026-04-03"
    assert iso_moment("03/04/2026", Spelling(dates="mdy")) == "2026-03-04"
    assert iso_moment("31/12/2026", Spelling(dates="mdy")) is None
    assert plain_number("1,234", Spelling(decimal=",")) == "1.234"
    assert plain_number("1.234", Spelling(decimal=",")) == "1234"
    assert plain_number("1,234", Spelling(decimal=".")) == "1234"
    assert plain_number("19,90", Spelling(decimal=".")) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("19.90", "19.90"),
        ("-7", "-7"),
        ("1.234", "1.234"),
        (".5", ".5"),
        ("1e3", "1e3"),
        ("19,90", "19.90"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("-1,234,567", "-1234567"),
        ("1.234.567", "1234567"),
        ("1 234,50", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("12,34,567", None),
        ("1.23,4.5", None),
        ("19,90 €", None),
        ("abc", None),
        ("", None),
        (",", None),
    ],
)
def test_numbers(text: str, number: str | None) -> None:
    """Decimal commas and thousands where only one reading is a number."""
    assert plain_number(text, UNSAID) == number


@pytest.mark.parametrize("text", ["1,234", "-12,345", "999,000"])
def test_numbers_of_two_meanings_are_refused(text: str) -> None:
    with pytest.raises(AmbiguousError, match="may be"):
        plain_number(text, UNSAID)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_a_number_is_what_it_was_in_every_spelling_with_cents(number: Decimal) -> None:
    american = f"{number:,.2f}"
    german = american.translate(str.maketrans(",.", ".,"))
    for text, spelling in ((american, Spelling(decimal=".")), (german, Spelling(decimal=",")), (german, UNSAID)):
        found = plain_number(text, spelling)
        assert found is not None
        assert Decimal(found) == number


@given(st.dates(min_value=date(1900, 1, 1)))
def test_a_date_is_never_another(day: date) -> None:
    """Whatever is read without being told the order is the day that was written."""
    for text in (f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}", f"{day:%d %b %Y}", f"{day:%Y/%m/%d}"):
        try:
            assert iso_moment(text, UNSAID) == day.isoformat()
        except AmbiguousError:
            assert day.day <= 12


def test_rows_are_shaped_by_what_is_said() -> None:
    """Amounts, times and whole numbers of a row; texts are never touched."""
    schema = load(LATEST_VERSION)
    shaper = Shaper(schema, spelling=Spelling(dates="mdy", decimal=","))
    assert shaper.fits("Money", "1.234,50", "price") == "1234.50"
    assert shaper.fits("DateTime", "03/04/2026 5:00 pm", "at") == "2026-03-04T17:00:00Z"
    assert shaper.fits("Date", "12/31/2026 00:00", "day") == "2026-12-31"
    assert shaper.fits("Int", "1.234", "quantity") == 1234
    assert shaper.fits("String", "03/04/2026", "note") == "03/04/2026"
    with pytest.raises(Mismatch) as found:
        Shaper(schema).fits("Date", "03/04/2026", "day")
    assert found.value.problem.column == "day"
    assert "2026-04-03 or 2026-03-04" in found.value.problem.reason
