"""Publishes record states, their history and the versions that were written as tables, for whoever asks with SQL.

Only what is new since the last time is written: SQLite puts it together as lines of JSON, DuckDB reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shoptide.ledger import Ledger
from shoptide.warehouse import Warehouse

STATE_COLUMNS = {
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
HISTORY_COLUMNS = {
    "id": "BIGINT",
    "push": "VARCHAR",
    "key": "VARCHAR",
    "run_id": "VARCHAR",
    "at": "TIMESTAMP",
    "action": "VARCHAR",
    "outcome": "VARCHAR",
    "gid": "VARCHAR",
    "hash": "VARCHAR",
    "changes": "JSON",
    "message": "VARCHAR",
    "code": "VARCHAR",
    "field": "VARCHAR",
    "cost": "DOUBLE",
}

WRITTEN_COLUMNS = {
    "id": "BIGINT",
    "shop": "VARCHAR",
    "gid": "VARCHAR",
    "version": "TIMESTAMP",
    "push": "VARCHAR",
    "key": "VARCHAR",
    "run_id": "VARCHAR",
    "at": "TIMESTAMP",
}

# Another process that shares the ledger may commit late what it stamped early: so far back, rows are looked at again.
SETTLING = timedelta(minutes=2)


@dataclass(frozen=True)
class Published:
    """A table of the ledger as the warehouse has it; `newer` grows with every change."""

    name: str
    ledger: str
    columns: dict[str, str]
    keys: tuple[str, ...]
    newer: str


STATES = Published("_shoptide_record_states", "record_states", STATE_COLUMNS, ("push", "key"), "updated_at")
HISTORY = Published("_shoptide_record_history", "record_history", HISTORY_COLUMNS, ("id",), "id")
WRITTEN = Published("_shoptide_written_versions", "written_versions", WRITTEN_COLUMNS, ("id",), "id")


def publish(warehouse: Warehouse, ledger: Ledger) -> None:
    """Bring the tables up to the ledger. Nothing happens to a warehouse that is only read."""
    if warehouse.read_only:
        return
    for table in (STATES, HISTORY, WRITTEN):
        _bring_up(warehouse, ledger, table)


def _bring_up(warehouse: Warehouse, ledger: Ledger, table: Published) -> None:
    names = tuple(table.columns)
    since = warehouse.newest(table.name, table.columns, table.newer)
    if since is not None:
        since = (since - SETTLING).isoformat() if isinstance(since, datetime) else since
        warehouse.merge_lines(
            table.name, table.columns, table.keys, ledger.lines(table.ledger, names, table.newer, since)
        )
    if since is None or warehouse.size(table.name) != ledger.size(table.ledger):
        # Never published, by another version, or from another ledger: all of it anew.
        warehouse.replace_lines(table.name, table.columns, ledger.lines(table.ledger, names))
