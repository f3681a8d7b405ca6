"""The simulator against recorded conversations with real shops, where the recordings are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import scenarios

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not scenarios.RECORDINGS.exists(), reason="the recordings are not beside this checkout")


def chosen() -> list[Any]:
    if not scenarios.RECORDINGS.exists():
        return []
    return [pytest.param(one, id=one["name"]) for one in scenarios.recorded()]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(World.empty()) as found:
        yield found


@pytest.mark.parametrize("scenario", chosen())
def test_recorded_conversation_is_answered_alike(scenario: dict[str, Any], running: Running) -> None:
    """Each step's answer equals the recorded one where its rules ask for that; a known difference must still differ."""
    differences = scenarios.failures(scenarios.replayer(), running.url, scenario)
    if scenario["name"] in scenarios.KNOWN:
        assert differences, "agrees now: take it out of KNOWN"
    else:
        assert differences == []
