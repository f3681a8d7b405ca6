"""Random histories on a bad day: the store changes while operations run, its index lags, and things go wrong.

Reads are by several bulk operations in windows wherever there is something to read. In the end every table equals the
store as its pages show it.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from killing import count
from pulling import HastyClock, Puller, pulling, store
from test_pull_histories import ELSEWHERE, HISTORIES, OWN, Store, differences

from shoptide.simulator.execution import Request

STREAMS = ("customers", "products", "orders", "fulfillments")
STEPS = 4
FAULTS: tuple[dict[str, Any], ...] = (
    {"on": "bulk", "action": "fail", "code": "TIMEOUT", "times": 1},
    {"on": "bulk", "action": "fail", "code": "INTERNAL_SERVER_ERROR", "times": 2},
    {"on": "bulk", "action": "cancel", "times": 1},
    {"on": "bulk", "action": "lose_lines", "lines": 3, "times": 1},
    {"on": "bulk", "action": "wrong_counts", "times": 1},
    {"on": "download", "action": "truncate", "bytes": 900, "times": 2},
    {"on": "download", "action": "corrupt", "times": 1},
    {"on": "download", "action": "status", "status": 503, "times": 2},
    {"action": "reset", "operation": "orders", "times": 2},
    {"action": "reset_after", "operation": "bulkOperationRunQuery", "times": 1},
    {"action": "status", "status": 401, "operation": "bulkOperation", "nth": 3},
    {"action": "status", "status": 503, "operation": "bulkOperation", "times": 7},
    {"action": "internal_error", "operation": "customers", "times": 1},
    {"action": "partial", "operation": "orders", "times": 1},
    {"action": "throttle", "every": 5},
)


class Neighbours(Store):
    """Other apps: they change the store beside us, whatever happens to our own requests."""

    def __init__(self, puller: Puller, chance: random.Random) -> None:
        self.stall = puller.running.world.first
        self.lock = threading.Lock()
        self.url = puller.running.url
        self.version = puller.client.api_version
        beside = SimpleNamespace(running=puller.running, client=puller.client, ask=self._ask)
        super().__init__(beside, chance)  # type: ignore[arg-type]  # as much of a project as a store needs

    def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        body = self.stall.execute(Request(document, variables), self.version, self.url)
        self.stall.bucket.give_back(1_000)  # another app has a budget of its own
        data: dict[str, Any] = body["data"]
        return data

    def mutate(self, name: str, variables: dict[str, Any], select: str) -> dict[str, Any]:
        definition = self.project.client.schema.mutation_root.fields[name]
        declared = ", ".join(f"${each}: {definition.arguments[each].type.text}" for each in variables)
        given = ", ".join(f"{each}: ${each}" for each in variables)
        document = f"mutation({declared}) {{ {name}({given}) {{ {select} userErrors {{ message }} }} }}"
        found: dict[str, Any] = self._ask(document, **variables)[name]
        return found

    def step(self) -> None:
        with self.lock:
            super().step()


def busy(puller: Puller, neighbours: Neighbours, chance: random.Random) -> None:
    """From now on something happens in the store at every third of our requests."""
    real = puller.client.execute

    def execute(document: str, *given: Any, **options: Any) -> Any:
        if chance.random() < 0.3:
            neighbours.step()
        return real(document, *given, **options)

    puller.client.execute = execute  # type: ignore[method-assign]


def tables(puller: Puller) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for name in puller.warehouse.tables():
        if not name.startswith("_"):
            left_out = ", ".join((*OWN, *ELSEWHERE.get(name, ())))
            columns, rows = puller.warehouse.run_query(
                f"select * exclude ({left_out}) from {name} where _deleted_at is null order by all"
            )
            found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_after_a_bad_day_every_table_equals_the_store(seed: int, tmp_path: Path) -> None:
    """Whatever failed, was read twice or was shown late."""
    chance = random.Random(seed)
    lag = chance.choice([0, 30, 240])
    with (
        store(customers=60, products=12, orders=110) as running,
        pulling(tmp_path / "rough", running, *STREAMS, clock=HastyClock(50)) as puller,
    ):
        neighbours = Neighbours(puller, chance)
        busy(puller, neighbours, random.Random(seed))
        puller.settings(index_lag=lag)
        for _ in range(STEPS):
            for _ in range(chance.randrange(25)):
                neighbours.step()
            puller.slow()
            puller.fault(*chance.sample(FAULTS, chance.randrange(4)))
            puller.run(window_records=100, full_refresh=chance.random() < 0.3)
            running.world.shop.clock.move(chance.choice([1, 40, 400]))
        del puller.client.execute
        puller.fault()
        puller.quick()
        running.world.shop.clock.move(lag + 1)
        puller.whole()
        running.world.shop.clock.move(700)
        puller.whole(reconcile=True)
        assert len(puller.operations()) > STEPS
        kept = tables(puller)
        with pulling(tmp_path / "fresh", running, *STREAMS) as fresh:
            fresh.whole(limit=1_000)
            truth = tables(fresh)
    wrong = {name: found for name, rows in truth.items() if (found := differences(kept[name], rows))}
    count(inbound__histories=1, inbound__differences=len(wrong))
    assert wrong == {}
