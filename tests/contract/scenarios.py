"""Replays recorded conversations with real shops on the simulator: `python tests/contract/scenarios.py [DOMAIN…]`.

The recordings and their replayer stand beside the checkout (../shared/shopify) and are no part of it; without them
there is nothing to do, and it says so. KNOWN names what cannot agree, and why.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptide.shopify.schema import SUPPORTED_VERSIONS
from shoptide.simulator.server import start
from shoptide.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "shopify"
WAITS = {"timeout": 30.0, "wait": 15.0, "settle": 2.0}

MOVED_TEXT = "the recorded document began with a line or an indent that the recording leaves out: errors' places differ"
OTHER_LOCATION = "the recorded shop sent its orders to a location that no step makes; ours has another name"
MORE_LOCATIONS = "moves work to a location that no step makes; a freshly opened shop has one"

KNOWN: dict[str, str] = {
    "bulk-operation-run-query-group-objects": "the recorded shop held products; an empty one answers without a url",
    "capture-customer-add-tax-exemptions-parity": MOVED_TEXT,
    "capture-customer-merge-selection-rules": "whether a merge was done at the first look was chance: two of four were",
    "capture-fulfillment-create-multi-group": MORE_LOCATIONS,
    "capture-fulfillment-multi-tracking-info": "recorded on 2025-01, which has no REPORT_PROGRESS yet",
    "capture-fulfillment-order-hold-multi-line": OTHER_LOCATION,
    "capture-fulfillment-order-move-multi-line": MORE_LOCATIONS,
    "capture-fulfillment-order-open-report-progress-preconditions": "the hold it speaks of is not among its steps",
    "capture-inventory-item-update-validation": MOVED_TEXT,
    "capture-metafields-set-missing-namespace-parity": "expects a compareDigest that its document does not select",
    "capture-metafields-set-owner-existence-atomicity": "the deletion of the owner is not among its steps",
    "capture-orderupdate-localization-and-staff": MOVED_TEXT,
    "capture-return-reverse-logistics-recorded": OTHER_LOCATION,
    "capture-returnclose-reopen-cancel-state-preconditions": OTHER_LOCATION,
    "gcp-project-topic-char-rules": "the recorded answers lack callbackUrl although their documents select it",
    "inventory-adjust-then-has-out-of-stock-variants-parity": OTHER_LOCATION,
    "orderclose-snapshot-staging": "refers to a place that its own first answer lacks",
    "productoptionsreorder-validation": "later steps refer to options that its set-up document does not select",
    "webhook-subscription-topic-enum-validation": "lists topics in an order that the published schema does not keep",
}


def recorded() -> Iterator[dict[str, Any]]:
    """Every scenario whose documents are valid on a supported version, with the newest such version as `version`."""
    for path in sorted((RECORDINGS / "scenarios").rglob("*.json")):
        scenario = json.loads(path.read_text(encoding="utf-8"))
        versions = [
            version for version in SUPPORTED_VERSIONS if version in scenario.get("valid_on", SUPPORTED_VERSIONS)
        ]
        if versions:
            yield {**scenario, "version": versions[-1]}


def replayer() -> Any:
    """The module that replays; it is read from where the recordings are."""
    spec = importlib.util.spec_from_file_location("shopify_replay", RECORDINGS / "replay.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(RECORDINGS / "replay.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Costs:
    """How many recorded query costs are met exactly, of those that were compared."""

    requested: int = 0
    requested_exact: int = 0
    actual: int = 0
    actual_exact: int = 0

    def compare(self, recorded: dict[str, int], answered: dict[str, Any], *, alike: bool) -> None:
        """Count one step; what an answer really cost says something only where the answers were alike."""
        self.requested += 1
        self.requested_exact += answered.get("requestedQueryCost") == recorded["requested"]
        if alike:
            self.actual += 1
            self.actual_exact += answered.get("actualQueryCost") == recorded["actual"]

    def __str__(self) -> str:
        requested = f"requested {self.requested_exact} of {self.requested}"
        return f"query costs met exactly: {requested}, actual {self.actual_exact} of {self.actual}"


def failures(replay: Any, url: str, scenario: dict[str, Any], costs: Costs | None = None) -> list[str]:
    """What differs from the recording, step by step; empty when the whole conversation agrees.

    The costs of its answers are added to `costs`.
    """
    arguments = argparse.Namespace(
        url=f"{url}/admin/api/{{version}}/graphql.json",
        token="shpat_simulated",  # the simulator's published default
        header=[],
        reset_url=f"{url}/_simulator/reset",
        force_version=scenario["version"],
        cost=False,
        **WAITS,
    )
    client = _listening(replay, arguments)
    found = replay.run(client, scenario)
    priced = [step for step in scenario["steps"] if {"requested", "actual"} <= step.get("cost", {}).keys()]
    for step in priced:
        if costs is not None and step["name"] in client.heard:
            costs.compare(step["cost"], client.heard[step["name"]], alike=not found)
    return [f"{one['step']}: {one['difference']}" for one in found]


def _listening(replay: Any, arguments: argparse.Namespace) -> Any:
    """The replayer's client, keeping the cost of each step's last answer in `heard`."""

    class Listening(replay.Client):  # type: ignore[misc]  # the replayer is read at run time
        def graphql(self, version: str, step: dict[str, Any], variables: Any) -> Any:
            body = super().graphql(version, step, variables)
            self.heard[step["name"]] = body.get("extensions", {}).get("cost", {})
            return body

    client = Listening(arguments)
    client.heard = {}
    return client


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(domains: list[str]) -> int:
    if not RECORDINGS.exists():
        say(f"no recordings at {RECORDINGS}: nothing replayed")
        return 0
    logging.disable(logging.CRITICAL)
    replay = replayer()
    passed: dict[str, int] = defaultdict(int)
    failed: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    costs = Costs()
    with start(World.empty()) as running:
        for scenario in recorded():
            if domains and scenario["domain"] not in domains:
                continue
            differences = failures(replay, running.url, scenario, costs)
            if differences:
                failed[scenario["domain"]].append((scenario["name"], differences))
            else:
                passed[scenario["domain"]] += 1
    for domain in sorted({*passed, *failed}):
        say(f"{domain}: {passed[domain]} passed, {len(failed[domain])} failed")
        for name, differences in failed[domain]:
            say(f"  {name}: {KNOWN.get(name) or differences[0]}")
            for line in differences[1:3] if name not in KNOWN else ():
                say(f"    {line}")
    say(str(costs))
    say(f"{sum(passed.values())} passed, {sum(map(len, failed.values()))} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
