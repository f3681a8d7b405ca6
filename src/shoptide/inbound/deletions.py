"""Marks what was deleted in the store: the rows of records that went, and everything that hangs on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shoptide.inbound.landing import TableChange
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.tables import Table
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import quoted

CURSOR = "_events"  # the name their cursor stands under, beside the streams'
GONE = "_gone"


def mark(warehouse: Warehouse, plan: StreamPlan, shop: str, gids: Iterable[str], now: datetime) -> list[TableChange]:
    """Give a stream's rows of these gids their `_deleted_at`, and everything that hangs on them."""
    warehouse.workbench.execute(f"CREATE OR REPLACE TEMP TABLE {GONE} (id VARCHAR)")
    rows = [[gid] for gid in gids]
    if rows:
        warehouse.workbench.executemany(f"INSERT INTO {GONE} VALUES (?)", rows)
    gone = f"(SELECT id FROM {warehouse.bring(GONE, ['id'])})"
    own = plan.tables[0]
    met = f"t.gid IN {gone}" if own.has_gid else "false"
    if own.parent_column:  # a carrier's records go with it
        met += f" OR t.{quoted(own.parent_column)} IN {gone}"
    return mark_where(warehouse, plan, shop, f"({met})", now)


def mark_where(warehouse: Warehouse, plan: StreamPlan, shop: str, gone: str, now: datetime) -> list[TableChange]:
    """Mark the stream's own rows (`t`) that fulfil the condition, and their children after them."""
    changes = []
    for table in plan.tables:
        where = gone if table.parent is None else _below_deleted(warehouse, plan.table(table.parent), table)
        number = warehouse.run(
            f"UPDATE {warehouse.table(table.name)} t SET _deleted_at = ?"
            f" WHERE t._shop = ? AND t._deleted_at IS NULL AND {where}",
            [now.replace(tzinfo=None), shop],
        )
        changes.append(TableChange(table.name, deleted=number))
    return changes


def _below_deleted(warehouse: Warehouse, parent: Table, table: Table) -> str:
    key = "gid" if parent.has_gid else (parent.parent_column or "")
    return (
        f"EXISTS (SELECT 1 FROM {warehouse.table(parent.name)} p WHERE p._shop = t._shop"
        f" AND p.{quoted(key)} = t.{quoted(table.parent_column or '')} AND p._deleted_at IS NOT NULL)"
    )
