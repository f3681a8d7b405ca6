"""Record states and history as tables of the warehouse: what is new is added, whatever else was published before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import LedgerConfig
from shoptide.ledger import Ledger, RecordState, open_ledger
from shoptide.outbound.publication import publish
from shoptide.warehouse import DuckDBWarehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(tmp_path / "w.duckdb", "shopify") as found:
        yield found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(LedgerConfig("sqlite:///ledger.db"), base=tmp_path) as found:
        yield found


def state(key: str, **changes: Any) -> RecordState:
    settings: dict[str, Any] = {"push": "vip", "key": key, "outcome": "applied", "action": "create", "run_id": "r"}
    return RecordState(**(settings | changes))


def rows(warehouse: DuckDBWarehouse, sql: str) -> list[tuple[Any, ...]]:
    return warehouse.run_query(sql)[1]


def test_values_arrive_as_they_are(warehouse: DuckDBWarehouse, ledger: Ledger) -> None:
    """Texts with quotes and lines, times in UTC, changes as JSON, what is missing as null."""
    odd = 'a"b\n\tÜ\\'
    ledger.settle([state(odd, message=odd, attempts=3, changes={"note": [None, "x"]}, gid="g", cost=2.5, offered="h")])
    publish(warehouse, ledger)
    assert rows(warehouse, "select key, message, attempts, gid, code from _shoptide_record_states") == [
        (odd, odd, 3, "g", None)
    ]
    assert rows(warehouse, "select changes->>'$.note[1]', cost, hash from _shoptide_record_history") == [
        ("x", 2.5, "h")
    ]
    held = ledger.records("vip")[0].updated_at
    assert held is not None
    assert rows(warehouse, "select updated_at from _shoptide_record_states") == [(held.replace(tzinfo=None),)]


def test_what_changed_takes_the_place_of_what_was(warehouse: DuckDBWarehouse, ledger: Ledger) -> None:
    """States once each, history all of it, in as many runs as it takes."""
    ledger.settle([state(f"k{i}") for i in range(5_000)])
    publish(warehouse, ledger)
    ledger.settle([state("k7", outcome="rejected"), state("new")])
    publish(warehouse, ledger)
    publish(warehouse, ledger)
    counts = "select outcome, count(*), count(distinct key) from _shoptide_record_states group by 1 order by 1"
    assert rows(warehouse, counts) == [("applied", 5_000, 5_000), ("rejected", 1, 1)]
    assert rows(warehouse, "select count(*), count(distinct id) from _shoptide_record_history") == [(5_002, 5_002)]


def test_another_ledger_or_layout_is_published_anew(warehouse: DuckDBWarehouse, ledger: Ledger, tmp_path: Path) -> None:
    """Nothing of the old one stays."""
    ledger.settle([state("old"), state("older")])
    publish(warehouse, ledger)
    with open_ledger(LedgerConfig("sqlite:///other.db"), base=tmp_path) as other:
        other.settle([state("only")])
        publish(warehouse, other)
        assert rows(warehouse, "select key from _shoptide_record_states") == [("only",)]
        assert rows(warehouse, "select key from _shoptide_record_history") == [("only",)]
        warehouse.connection.execute("alter table shopify._shoptide_record_states drop column gid")
        publish(warehouse, other)
        assert rows(warehouse, "select key, gid from _shoptide_record_states") == [("only", None)]
