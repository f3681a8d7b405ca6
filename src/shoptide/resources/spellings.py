"""Dates and amounts as people write them, as the store wants them. Pure.

What may mean two things is refused, and the refusal says both: 03/04/2026 is the 3rd of April or the 4th of March,
1,234 a thousand or a little more than one. `Spelling` says which, for all rows of a source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = (
    r"(?:[T,\s]\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>[.,]\d{1,6})?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TIME}")
YEAR_LAST = re.compile(rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d\d){_TIME}")
DAY_NAMED = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]*(?P<name>[a-z]{{3,9}})\.?[\s,-]*(?P<year>\d{{4}}|\d\d){_TIME}",
    re.IGNORECASE,
)
MONTH_NAMED = re.compile(
    rf"{_WEEKDAY}(?P<name>[a-z]{{3,9}})\.?\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(?P<year>\d{{4}}|\d\d){_TIME}",
    re.IGNORECASE,
)
SPACES = dict.fromkeys(map(ord, " \u00a0\u202f'’"))  # between thousands
GROUPED = {mark: re.compile(rf"[+-]?\d{{1,3}}(?:[{mark}]\d{{3}})+") for mark in ".,"}
PLAIN = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?")


class AmbiguousError(ValueError):
    """A spelling that may mean two things; the message says which."""


@dataclass(frozen=True)
class Spelling:
    """How a source writes what has several spellings: `dates` dmy or mdy, `decimal` . or ,; empty: not said."""

    dates: str = ""
    decimal: str = ""


def iso_moment(text: str, spelling: Spelling) -> str | None:
    """A date, with its time where it has one, as ISO writes it; None for text that is none. Raises AmbiguousError.

    A time without a zone stays without one.
    """
    whole = text.strip()
    for pattern in (YEAR_FIRST, YEAR_LAST, DAY_NAMED, MONTH_NAMED):
        found = pattern.fullmatch(whole)
        if found:
            day = _day(found, spelling)
            return None if day is None else _with_time(day.isoformat(), found)
    return None


def _day(found: re.Match[str], spelling: Spelling) -> date | None:
    parts = found.groupdict()
    if len(parts["year"]) == 2:
        raise AmbiguousError("its year has two digits: write all four")
    month, day = _month_and_day(parts, spelling)
    try:
        return date(int(parts["year"]), month, day)
    except ValueError:
        return None


def _month_and_day(parts: dict[str, str], spelling: Spelling) -> tuple[int, int]:
    """Month and day as numbers; the month is 0 where its name is none."""
    if "name" in parts:
        start = parts["name"].lower()[:3]
        return (MONTHS.index(start) + 1 if start in MONTHS else 0), int(parts["day"])
    if "month" in parts:
        return int(parts["month"]), int(parts["day"])
    first, second = int(parts["a"]), int(parts["b"])
    if spelling.dates == "mdy":
        return first, second
    if spelling.dates == "dmy" or parts["mark"] == ".":  # with dots, nobody writes the month first
        return second, first
    if first <= 12 and second <= 12 and first != second:
        raise AmbiguousError(
            f"may be {parts['year']}-{second:02}-{first:02} or {parts['year']}-{first:02}-{second:02}: write it like"
            ' that, or say which comes first: file = { dates = "dmy" } (or "mdy")'
        )
    return (second, first) if first > 12 else (first, second)


def _with_time(day: str, found: re.Match[str]) -> str | None:
    hour, half = found["hour"], (found["half"] or "").lower().replace(".", "")
    if hour is None:
        return day
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            return None
        number = number % 12 + (12 if half == "pm" else 0)
    if number > 23 or int(found["minute"]) > 59 or int(found["second"] or 0) > 59:
        return None
    fraction = (found["fraction"] or "").replace(",", ".")
    fraction = f"{fraction:0<7}" if fraction else ""  # Python 3.10 reads three or six digits only
    return f"{day}T{number:02}:{found['minute']}:{found['second'] or '00'}{fraction}{_zone(found['zone'])}"


def _zone(text: str | None) -> str:
    if text is None:
        return ""
    if text in ("Z", "UTC", "GMT"):
        return "+00:00"
    return text if ":" in text else f"{text[:3]}:{text[3:]}"


def plain_number(text: str, spelling: Spelling) -> str | None:
    """A number with a point for its decimals and nothing between thousands; None for text that is none.

    Raises AmbiguousError for a comma that may be either.
    """
    found = text.strip().translate(SPACES)
    if spelling.decimal:
        return _marked(found, spelling.decimal)
    if "," not in found:
        if found.count(".") > 1:
            return _marked(found, ",")
        return found if PLAIN.fullmatch(found) else None
    if "." in found:
        return _marked(found, "," if found.rindex(",") > found.rindex(".") else ".")
    if found.count(",") > 1:
        return _marked(found, ".")
    if GROUPED[","].fullmatch(found) and not found.lstrip("+-").startswith("0"):
        raise AmbiguousError(
            f"may be {found.replace(',', '')} or {found.replace(',', '.')}: write it like that, or say what the comma"
            ' is: file = { decimal = "," } (or ".")'
        )
    return _marked(found, ",")


def _marked(text: str, decimal: str) -> str | None:
    """A number whose decimal mark is known; the other mark may only stand between groups of three digits."""
    other = "." if decimal == "," else ","
    whole, mark, cents = text.partition(decimal)
    if other in cents or (other in whole and not GROUPED[other].fullmatch(whole)):
        return None
    found = whole.replace(other, "") + ("." + cents if mark else "")
    return found if PLAIN.fullmatch(found) else None
