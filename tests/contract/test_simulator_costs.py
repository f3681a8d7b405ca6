"""Query costs against recorded ones, where the recordings are at hand: at least 95 of 100 are met exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest
import scenarios

from shoptide.shopify.schema import SUPPORTED_VERSIONS
from shoptide.simulator.execution import Refused, Request, prepare
from shoptide.simulator.server import start
from shoptide.simulator.world import World

pytestmark = pytest.mark.skipif(not scenarios.RECORDINGS.exists(), reason="the recordings are not beside this checkout")
ENOUGH = 0.95


def _requested(recorded: dict[str, Any]) -> int | None:
    """What a recorded document costs here on the newest version that accepts it; None if none does."""
    fitting = [version for version in SUPPORTED_VERSIONS if version in recorded["valid_on"]]
    try:
        return prepare(Request(recorded["query"], recorded["variables"] or {}), fitting[-1]).price().requested
    except Refused:
        return None


def test_requested_costs_are_exact() -> None:
    """The requested cost depends on document and variables alone, so recorded documents suffice."""
    lines = (scenarios.RECORDINGS / "costs.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = [json.loads(line) for line in lines]
    exact = sum(_requested(one) == one["requestedQueryCost"] for one in recorded)
    assert exact >= ENOUGH * len(recorded), f"{exact} of {len(recorded)}"


def test_costs_of_recorded_conversations_are_exact() -> None:
    """What an answer really cost depends on what came: conversations that agree are compared."""
    replay, costs = scenarios.replayer(), scenarios.Costs()
    with start(World.empty()) as running:
        for scenario in scenarios.recorded():
            scenarios.failures(replay, running.url, scenario, costs)
    assert costs.requested_exact >= ENOUGH * costs.requested, str(costs)
    assert costs.actual_exact >= ENOUGH * costs.actual, str(costs)
