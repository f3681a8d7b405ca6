"""What the warehouse holds about a person (`customers/data_request`), and a shop taken out of it (`shop/redact`).

The way to a person's rows is that of redaction: the customer's own row, what refers to it, and what refers to that.
"""

from __future__ import annotations

from typing import Any

from shoptide.resources.tables import snake
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import listed, quoted

Rows = list[dict[str, Any]]
INTERNAL = frozenset({"_row_hash", "_run_id"})


def held_about(warehouse: Warehouse, shop: str, gid: str) -> dict[str, Rows]:
    """The rows of a customer (`gid://shopify/Customer/1`) and of all that hangs on it, by table; histories too."""
    names = [name for name in warehouse.tables() if not name.startswith("_")]
    columns = {name: warehouse.columns(name) for name in names}
    found: dict[str, Rows] = {}
    for table in ("customers", "customers_history"):
        if table in columns:
            _add(found, table, _rows(warehouse, table, "gid", [gid], shop))
    _below(warehouse, shop, columns, [gid], found, {gid})
    return {table: rows for table, rows in found.items() if rows}


def _below(
    warehouse: Warehouse,
    shop: str,
    columns: dict[str, dict[str, str]],
    gids: list[str],
    found: dict[str, Rows],
    known: set[str],
) -> None:
    column = f"{snake(gids[0].split('/')[3])}_gid"
    below: dict[str, list[str]] = {}
    for table, held in columns.items():
        if column not in held or "_shop" not in held:
            continue
        rows = _rows(warehouse, table, column, gids, shop)
        _add(found, table, rows)
        for row in rows:
            each = row.get("gid")
            if each and each not in known:
                known.add(each)
                below.setdefault(each.split("/")[3], []).append(each)
    for several in below.values():
        _below(warehouse, shop, columns, several, found, known)


def _rows(warehouse: Warehouse, table: str, column: str, gids: list[str], shop: str) -> Rows:
    names = list(warehouse.columns(table))
    found = warehouse.rows(
        f"SELECT {listed(names)} FROM {warehouse.table(table)}"
        f" WHERE _shop = ? AND {quoted(column)} IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [shop, gids],
    )
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return [{name: value for name, value in row.items() if name not in INTERNAL} for row in rows]


def _add(found: dict[str, Rows], table: str, rows: Rows) -> None:
    held = found.setdefault(table, [])
    held += [row for row in rows if row not in held]


def forget_shop(warehouse: Warehouse, shop: str) -> dict[str, int]:
    """Delete every row of a shop, histories and cursors included, in one transaction; returns rows, by table."""
    gone: dict[str, int] = {}
    with warehouse.transaction():
        for table in warehouse.tables():
            if "_shop" not in warehouse.columns(table):
                continue
            number = warehouse.run(f"DELETE FROM {warehouse.table(table)} WHERE _shop = ?", [shop])
            if number:
                gone[table] = number
    return gone
