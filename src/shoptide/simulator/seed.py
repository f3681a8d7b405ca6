"""What a shop begins with, and the data of a seeded one; deterministic by its seed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from shoptide.simulator.registry import OPENINGS

if TYPE_CHECKING:
    from shoptide.simulator.shop import Shop


def found_shop(shop: Shop) -> None:
    """Give a freshly opened shop what every shop has."""
    for prepare in OPENINGS:
        prepare(shop)
    if hasattr(module := _optional("seed_catalog"), "found_shop"):
        module.found_shop(shop)


def seed(shop: Shop, *, customers: int, products: int, orders: int, seed: int) -> None:
    if hasattr(module := _optional("seed_catalog"), "seed_catalog"):
        module.seed_catalog(shop, customers=customers, products=products, seed=seed)
    if hasattr(module := _optional("seed_orders"), "seed_orders"):
        module.seed_orders(shop, orders=orders, seed=seed)


def _optional(name: str) -> object:
    try:
        return importlib.import_module(f"shoptide.simulator.{name}")
    except ModuleNotFoundError:
        return None
