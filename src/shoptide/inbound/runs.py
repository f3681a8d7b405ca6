"""Publishes the ledger's runs as a table of the warehouse, for whoever asks with SQL."""

from __future__ import annotations

import json

from shoptide.ledger import Ledger
from shoptide.warehouse import Warehouse

TABLE = "_shoptide_runs"
COLUMNS = {
    "run_id": "VARCHAR",
    "kind": "VARCHAR",
    "name": "VARCHAR",
    "shop": "VARCHAR",
    "outcome": "VARCHAR",
    "started_at": "TIMESTAMP",
    "ended_at": "TIMESTAMP",
    "options": "JSON",
    "summary": "JSON",
}
PUBLISHED = 1_000


def publish_runs(warehouse: Warehouse, ledger: Ledger) -> None:
    rows: list[tuple[object, ...]] = [
        (
            run.id,
            run.kind,
            run.name,
            run.shop,
            run.outcome,
            run.started_at.replace(tzinfo=None),
            run.ended_at.replace(tzinfo=None) if run.ended_at else None,
            json.dumps(run.options),
            json.dumps(run.summary),
        )
        for run in ledger.runs(limit=PUBLISHED)
    ]
    warehouse.publish(TABLE, COLUMNS, rows)
