"""Query cost, requested and actual; against recorded costs where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoptide.shopify.schema import SUPPORTED_VERSIONS
from shoptide.simulator.bucket import Bucket
from shoptide.simulator.cost import page_weight
from shoptide.simulator.execution import Request, answer, prepare
from shoptide.simulator.shop import SimClock
from shoptide.simulator.world import World

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "shopify" / "costs.jsonl"


def requested(query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> int:
    return prepare(Request(query, variables or {}), version).price().requested


@pytest.mark.parametrize(
    ("size", "weight"), [(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (250, 11)]
)
def test_weight_of_a_page(size: int, weight: int) -> None:
    """The recorded factors."""
    assert page_weight(size) == weight


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ shop { name } }", 1),
        ("{ products(first: 250) { nodes { id } } }", 13),
        ("{ products(first: 250) { nodes { id } edges { node { id } } } }", 24),
        ("{ ordersCount { count } }", 10),
        ("{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { id } } } } }", 156),
        ('mutation { customerDelete(input: {id: "gid://shopify/Customer/1"}) { deletedCustomerId } }', 10),
    ],
)
def test_requested_cost_of_known_documents(query: str, cost: int) -> None:
    """Figures measured on real shops."""
    assert requested(query) == cost


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded costs are not beside this checkout")
def test_recorded_costs_are_met() -> None:
    """At least 95 of 100 recorded requested costs come out exactly."""
    met = total = 0
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        recorded = json.loads(line)
        versions = [version for version in SUPPORTED_VERSIONS if version in recorded["valid_on"]]
        if versions:
            total += 1
            met += requested(recorded["query"], recorded["variables"], versions[-1]) == recorded["requestedQueryCost"]
    assert total > 300
    assert met / total >= 0.95


def test_actual_cost_gives_back_what_did_not_come() -> None:
    """What a missing record holds and empty edges are refunded; the record itself still costs its point."""
    world = World.empty()
    world.shop.clock.stop()
    bucket = Bucket.of_plan("standard", world.shop.clock)
    query = (
        '{ a: product(id: "gid://shopify/Product/1") { seo { title } } products(first: 50) { edges { node { id } } } }'
    )
    body = answer(Request(query), world.first.context("2026-10", ""), bucket)
    cost = body["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (11, 3)
    assert cost["throttleStatus"]["currentlyAvailable"] == 1997


def test_bucket_fills_at_its_rate_and_never_over() -> None:
    """Points come back by the shop's clock."""
    clock = SimClock()
    clock.stop()
    bucket = Bucket.of_plan("standard", clock)
    assert bucket.take(2000)
    assert not bucket.take(1)
    clock.move(1.5)
    assert bucket.available() == 150
    clock.move(3600)
    assert bucket.available() == 2000
