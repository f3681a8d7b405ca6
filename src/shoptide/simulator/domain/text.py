"""How the store tidies what it is given: e-mail addresses, phones, tags, names. Registers nothing."""

from __future__ import annotations

import re
from typing import Any

from shoptide.simulator.phones import e164

EMAIL = re.compile(
    r"^[^@\s<>,;]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$"
)


def email(value: str | None) -> str | None:
    """An address as it is stored: spaces gone; its case is kept."""
    return re.sub(r"\s+", "", value) or None if value is not None else None


def valid_email(value: str) -> bool:
    return bool(EMAIL.match(value))


def phone(value: str | None, country: str = "CA") -> str | None:
    """A number in E.164, null when it can't be one."""
    return e164(value, country) if value and value.strip() else None


def tags(values: Any) -> list[str]:
    """Tags as they are stored: split at commas, trimmed, one of each whatever its case, sorted (FACTS 31)."""
    given = values if isinstance(values, list) else [values or ""]
    found: dict[str, str] = {}
    for value in given:
        for part in str(value).split(","):
            if tag := part.strip():
                found.setdefault(tag.lower(), tag)
    return sorted(found.values(), key=str.lower)


def blank_to_null(value: str | None) -> str | None:
    return value if value is not None and value.strip() else None


def joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)
