"""Every version of a stream's rows: `<table>_history`, with the moments from and to which the warehouse held each.

A version begins when a pull lands it and ends when a later one lands another, or finds the record gone. It is told by
its hash, so reading a row again, or the same run twice, makes no version and loses none.
"""

from __future__ import annotations

from datetime import datetime

from shoptide.resources.extraction import StreamPlan
from shoptide.resources.tables import Table
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import listed, literal, quoted

FROM, TO = "_valid_from", "_valid_to"
NOT_KEPT = frozenset({"_deleted_at"})  # a version's end says it


def history_of(table: str) -> str:
    return f"{table}_history"


def keep(warehouse: Warehouse, plan: StreamPlan, shop: str, now: datetime) -> None:
    """Bring the history of a stream's tables up to their present rows; call it in the transaction that changed them."""
    for table in plan.tables:
        _declare(warehouse, table)
        _close(warehouse, table, shop, now)
        _open(warehouse, table, shop, now)


def _declare(warehouse: Warehouse, table: Table) -> None:
    """The table's columns and the two moments; a column that the table got later is added here too."""
    wanted = {name: kind for name, kind in warehouse.columns(table.name).items() if name not in NOT_KEPT}
    wanted |= {FROM: "TIMESTAMP", TO: "TIMESTAMP"}
    name = history_of(table.name)
    held = warehouse.columns(name)
    if not held:
        warehouse.create(name, wanted, [table.key])
        return
    for column, kind in wanted.items():
        if column not in held:
            warehouse.add_column(name, column, kind)
        elif held[column] != kind:
            warehouse.retype(name, column, kind)


def _same(table: Table) -> str:
    keys = " AND ".join(f"h.{quoted(name)} IS NOT DISTINCT FROM t.{quoted(name)}" for name in table.key)
    return f"h._shop = t._shop AND {keys} AND h._row_hash = t._row_hash"


def _close(warehouse: Warehouse, table: Table, shop: str, now: datetime) -> None:
    """End the versions that are no longer the table's."""
    own, past = warehouse.table(table.name), warehouse.table(history_of(table.name))
    warehouse.run(
        f"UPDATE {past} h SET {TO} = ? WHERE h._shop = {literal(shop)} AND h.{TO} IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {own} t WHERE {_same(table)} AND t._deleted_at IS NULL)",
        [_naive(now)],
    )


def _open(warehouse: Warehouse, table: Table, shop: str, now: datetime) -> None:
    """Begin the versions that the table has and the history has not."""
    own, past = warehouse.table(table.name), warehouse.table(history_of(table.name))
    names = [name for name in warehouse.columns(table.name) if name not in NOT_KEPT]
    warehouse.run(
        f"INSERT INTO {past} ({listed(names)}, {FROM}, {TO})"
        f" SELECT {', '.join(f't.{quoted(name)}' for name in names)}, ?, NULL FROM {own} t"
        f" WHERE t._shop = {literal(shop)} AND t._deleted_at IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {past} h WHERE {_same(table)} AND h.{TO} IS NULL)",
        [_naive(now)],
    )


def _naive(moment: datetime) -> datetime:
    """DuckDB's TIMESTAMP is without a zone; ours are UTC."""
    return moment.replace(tzinfo=None)
