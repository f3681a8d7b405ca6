"""Publishes record states and their history as tables of the warehouse, for whoever asks with SQL."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from shoptide.ledger import Ledger
from shoptide.warehouse import DuckDBWarehouse

STATES = {
    "push": "VARCHAR",
    "key": "VARCHAR",
    "gid": "VARCHAR",
    "outcome": "VARCHAR",
    "action": "VARCHAR",
    "message": "VARCHAR",
    "code": "VARCHAR",
    "field": "VARCHAR",
    "column": "VARCHAR",
    "value": "VARCHAR",
    "attempts": "BIGINT",
    "run_id": "VARCHAR",
    "updated_at": "TIMESTAMP",
}
HISTORY = {
    "id": "BIGINT",
    "push": "VARCHAR",
    "key": "VARCHAR",
    "run_id": "VARCHAR",
    "at": "TIMESTAMP",
    "action": "VARCHAR",
    "outcome": "VARCHAR",
    "gid": "VARCHAR",
    "changes": "JSON",
    "message": "VARCHAR",
    "code": "VARCHAR",
    "field": "VARCHAR",
}
LATEST = 10_000  # history entries published; the ledger has them all


def publish(warehouse: DuckDBWarehouse, ledger: Ledger) -> None:
    if warehouse.read_only:
        return
    warehouse.publish("_shoptide_record_states", STATES, [_row(each, STATES) for each in ledger.all_states()])
    history = [_row(each, HISTORY) for each in ledger.all_history(limit=LATEST)]
    warehouse.publish("_shoptide_record_history", HISTORY, history)


def _row(values: dict[str, Any], columns: dict[str, str]) -> tuple[Any, ...]:
    return tuple(_value(values.get(name), kind) for name, kind in columns.items())


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "TIMESTAMP":
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return json.dumps(value, default=str) if kind == "JSON" else value
