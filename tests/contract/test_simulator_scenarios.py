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

# Domains that agree whole; a domain joins when its last difference is gone or has its reason in scenarios.KNOWN.
DOMAINS = ("staged-uploads", "webhooks")
# Of other domains what the engine alone answers.
SINGLE = (
    "admin-platform-job-arbitrary-gid",
    "admin-platform-node-malformed-gid",
    "bulk-operation-run-mutation-client-identifier-validation",
    "bulk-operation-run-mutation-connection-validators",
    "bulk-operation-run-mutation-user-errors",
    "bulk-operation-run-mutation-validators",
    "bulk-operation-run-query-operation-type-and-list-validators",
    "bulk-operation-run-query-schema-roots",
    "bulk-operation-run-query-user-error-codes",
    "bulk-operation-run-query-validators",
    "capture-bulk-operation-run-mutation-concurrency-limit",
    "capture-bulk-operation-run-mutation-created-status",
    "run-mutation-allowed-roots",
)


def chosen() -> list[Any]:
    if not scenarios.RECORDINGS.exists():
        return []
    found = [one for one in scenarios.recorded() if one["domain"] in DOMAINS or one["name"] in SINGLE]
    return [pytest.param(one, id=one["name"]) for one in found]


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
