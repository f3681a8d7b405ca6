"""How orders are numbered and named. Registers nothing."""

from __future__ import annotations

import random

from shoptide.simulator.shop import Shop

FIRST = 1001
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
COUNTER = "order number"


def next_number(shop: Shop) -> int:
    shop.counters[COUNTER] = shop.counters.get(COUNTER, FIRST - 1) + 1
    return shop.counters[COUNTER]


def name(number: int) -> str:
    return f"#{number}"


def confirmation(source: random.Random) -> str:
    """Nine letters and digits that a customer can read out."""
    return "".join(source.choices(LETTERS, k=9))
