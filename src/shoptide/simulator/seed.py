"""What a shop begins with, and the data of a seeded one; deterministic by its seed."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from shoptide.simulator import seed_catalog, seed_orders
from shoptide.simulator.registry import OPENINGS
from shoptide.simulator.shop import stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shoptide.simulator.shop import Shop


def found_shop(shop: Shop) -> None:
    """Give a freshly opened shop what every shop has."""
    for prepare in OPENINGS:
        prepare(shop)


def seed(shop: Shop, *, customers: int, products: int, orders: int, seed: int) -> None:
    """Fill a shop. Needs about 12 kB of memory an order."""
    shop.created_at = stamp_of(shop.clock.now() - timedelta(days=seed_catalog.DAYS + 1))  # before all it will have
    with _undisturbed():
        seed_catalog.seed_catalog(shop, customers=customers, products=products, seed=seed)
        seed_orders.seed_orders(shop, orders=orders, seed=seed)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without garbage collection: millions of records that all stay would be walked again and again, now and later."""
    collecting = gc.isenabled()
    gc.unfreeze()  # what an earlier shop left behind may go
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
