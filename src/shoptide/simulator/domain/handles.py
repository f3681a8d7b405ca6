"""Handles of products and collections: made from titles, kept apart, changed on request."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from shoptide.simulator.registry import user_error
from shoptide.simulator.shop import Record, Shop

LONGEST = 255


def slug(text: str) -> str:
    """`  Mixed CASE / 東京 100 % ` → mixed-case-東京-100; accents go, letters of other scripts stay."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = unicodedata.normalize("NFC", plain).lower().replace("'", "").replace("’", "")
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def _table(shop: Shop, kind: str) -> Any:
    table = shop.table(kind)
    table.add_index("handle", lambda record: record["handle"])
    return table


def holder(shop: Shop, kind: str, handle: str) -> Record | None:
    return next(iter(_table(shop, kind).by("handle", handle)), None)


def free(shop: Shop, kind: str, title: str, besides: Record | None = None) -> str:
    """A handle nobody else has: the title's, or with its trailing number counted up (FACTS 37)."""
    handle = slug(title) or kind.lower()
    while (other := holder(shop, kind, handle)) is not None and other is not besides:
        found = re.fullmatch(r"(.*?)(\d+)", handle)
        handle = f"{found[1]}{int(found[2]) + 1}" if found else f"{handle}-1"
    return handle


def wanted(shop: Shop, kind: str, given: str | None, title: str, besides: Record | None = None) -> str:
    """The handle an input asks for: its own when that means something, else one made up."""
    if given is None or not given.strip():
        return free(shop, kind, title, besides)
    return slug(given) or free(shop, kind, kind.lower(), besides)


def problem(shop: Shop, kind: str, given: str | None, held: Record | None, path: list[str]) -> list[Record]:
    """The complaint about a handle that someone else has; made-up handles never collide."""
    handle = slug(given or "")
    other = holder(shop, kind, handle) if handle else None
    if other is None or other is held:
        return []
    message = f"Handle '{given}' already in use. Please provide a new handle."
    return [user_error(path, message, "HANDLE_NOT_UNIQUE")]
