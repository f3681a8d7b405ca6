"""How long an API version is supported: twelve months from its first day (FACTS §4)."""

from __future__ import annotations

from datetime import date

SUPPORTED_MONTHS = 12
WARN_DAYS = 90


def supported_until(version: str) -> date:
    """The day support ends: `2026-10` → 2027-10-01."""
    year, month = (int(part) for part in version.split("-"))
    months = month - 1 + SUPPORTED_MONTHS
    return date(year + months // 12, months % 12 + 1, 1)


def nearing_end(version: str, today: date) -> str | None:
    """What to tell of a version that ends within three months, or has ended; None for any other."""
    end = supported_until(version)
    left = (end - today).days
    if left >= WARN_DAYS:
        return None
    if left <= 0:
        return f"API version {version} has not been supported since {end}: set api_version to a later one"
    return f"API version {version} is supported until {end}, {left} days more: set api_version to a later one"
