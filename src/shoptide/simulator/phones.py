"""Phone numbers as the store keeps them: E.164, or nothing when they can be no number at all."""

from __future__ import annotations

import re

from shoptide.simulator.places import countries

DECORATION = re.compile(r"[\s().\-/]+")
NORTH_AMERICAN = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}")
INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")


def e164(text: str, country: str = "CA") -> str | None:
    """`+1 (613) 450-5293` → `+16134505293`; a number without `+` is one of the country's own (FACTS 30)."""
    bare = DECORATION.sub("", text.strip())
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if not bare.startswith("+"):
        bare = _national(bare, countries()[country].calling_code)
    if bare.startswith("+1"):
        return bare if NORTH_AMERICAN.fullmatch(bare) else None
    return bare if INTERNATIONAL.fullmatch(bare) else None


def _national(digits: str, calling_code: str) -> str:
    if calling_code == "1":
        return f"+{digits}" if len(digits) == 11 else f"+1{digits}"
    return f"+{calling_code}{digits.removeprefix('0')}"
