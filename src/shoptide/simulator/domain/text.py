"""How the store normalises what it is given: phones, e-mail addresses, tags, names, addresses. Registers nothing."""

from __future__ import annotations

import re
from typing import Any

EMAIL = re.compile(
    r"^[^@\s<>,;]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$"
)

COUNTRIES = {
    "CA": "Canada",
    "US": "United States",
    "GB": "United Kingdom",
    "DE": "Germany",
    "FR": "France",
    "AU": "Australia",
    "NL": "Netherlands",
    "JP": "Japan",
    "SE": "Sweden",
    "ES": "Spain",
    "IT": "Italy",
    "NZ": "New Zealand",
    "IE": "Ireland",
}
DIAL_CODES = {"CA": "1", "US": "1", "GB": "44", "DE": "49", "FR": "33", "AU": "61", "NL": "31", "JP": "81", "SE": "46"}
PROVINCES = {
    "CA": {
        "AB": "Alberta",
        "BC": "British Columbia",
        "MB": "Manitoba",
        "NB": "New Brunswick",
        "NL": "Newfoundland and Labrador",
        "NS": "Nova Scotia",
        "ON": "Ontario",
        "PE": "Prince Edward Island",
        "QC": "Quebec",
        "SK": "Saskatchewan",
        "YT": "Yukon",
        "NT": "Northwest Territories",
        "NU": "Nunavut",
    },
    "US": {
        "CA": "California",
        "NY": "New York",
        "TX": "Texas",
        "WA": "Washington",
        "FL": "Florida",
        "IL": "Illinois",
        "MA": "Massachusetts",
        "OR": "Oregon",
        "CO": "Colorado",
        "PA": "Pennsylvania",
        "OH": "Ohio",
        "GA": "Georgia",
        "NJ": "New Jersey",
        "VA": "Virginia",
        "MI": "Michigan",
        "AZ": "Arizona",
    },
    "AU": {"NSW": "New South Wales", "VIC": "Victoria", "QLD": "Queensland", "WA": "Western Australia"},
}


def email(value: str | None) -> str | None:
    """An address as it is stored: spaces gone; its case is kept."""
    return re.sub(r"\s+", "", value) or None if value is not None else None


def valid_email(value: str) -> bool:
    return bool(EMAIL.match(value))


def phone(value: str | None, country: str = "CA") -> str | None:
    """A number in E.164, null when it can't be one: `+1 (613) 450-5293` → +16134505293."""
    if value is None:
        return None
    digits = re.sub(r"\D", "", value)
    if value.strip().startswith("+"):
        return f"+{digits}" if 8 <= len(digits) <= 15 and _plausible(digits) else None
    code = DIAL_CODES.get(country, "1")
    if code == "1" and len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    national = digits.lstrip("0")
    return f"+{code}{national}" if 7 <= len(national) <= 12 and (code != "1" or _american(national)) else None


def _american(digits: str) -> bool:
    return len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789"


def _plausible(digits: str) -> bool:
    return _american(digits[1:]) if digits.startswith("1") else True


def tags(values: Any) -> list[str]:
    """Tags as they are stored: split at commas, trimmed, one of each whatever its case, sorted."""
    given = values if isinstance(values, list) else [values or ""]
    found: dict[str, str] = {}
    for value in given:
        for part in str(value).split(","):
            if tag := part.strip():
                found.setdefault(tag.lower(), tag)
    return sorted(found.values(), key=str.lower)


def blank_to_null(value: str | None) -> str | None:
    return value if value is not None and value.strip() else None


def slug(text: str) -> str:
    """A handle made from a title: `Café crème №1` → cafe-creme-1."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def country_code(given: str | None) -> str | None:
    """A country's code from its code or name; null when it is none we know."""
    if not given:
        return None
    if given.upper() in COUNTRIES:
        return given.upper()
    return next((code for code, name in COUNTRIES.items() if name.lower() == given.lower()), None)


def province_code(country: str | None, given: str | None) -> str | None:
    known = PROVINCES.get(country or "", {})
    if not given:
        return None
    if given.upper() in known:
        return given.upper()
    return next((code for code, name in known.items() if name.lower() == given.lower()), None)
