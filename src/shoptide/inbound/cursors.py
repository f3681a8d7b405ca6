"""Cursors, kept in the warehouse beside the rows they speak of, so that both are committed together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from shoptide.warehouse.names import listed

if TYPE_CHECKING:
    from shoptide.warehouse import Warehouse

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
TABLE = "_shoptide_cursors"
COLUMNS = {
    "_shop": "VARCHAR",
    "pull": "VARCHAR",
    "stream": "VARCHAR",
    "cursor": "TIMESTAMP",
    "floor": "TIMESTAMP",
    "seen": "BIGINT",
    "newest": "TIMESTAMP",
    "read_at": "TIMESTAMP",
    "api_version": "VARCHAR",
    "_run_id": "VARCHAR",
    "whole_at": "TIMESTAMP",
}


@dataclass(frozen=True)
class Cursor:
    """How far a stream has been read, in the store's own time.

    `cursor` is the moment up to which nothing is missing but what the overlap catches; `floor` is where the next read
    begins. `seen` records stood at or after `floor` at the last read, the latest of them changed at `newest`;
    `read_at` is when that read began, `whole_at` when the last read of everything did.
    """

    cursor: datetime
    floor: datetime
    seen: int
    newest: datetime | None
    read_at: datetime
    api_version: str = ""
    whole_at: datetime | None = None


def prepare(warehouse: Warehouse) -> None:
    """Make the table, and the columns that an earlier version did not know."""
    held = warehouse.columns(TABLE)
    if not held:
        warehouse.create(TABLE, COLUMNS)
        return
    for name, kind in COLUMNS.items():
        if name not in held:
            warehouse.add_column(TABLE, name, kind)


def load(warehouse: Warehouse, shop: str, pull: str, stream: str) -> Cursor | None:
    rows = warehouse.rows(
        f"SELECT cursor, floor, seen, newest, read_at, api_version, whole_at FROM {warehouse.table(TABLE)}"
        " WHERE _shop = ? AND pull = ? AND stream = ?",
        [shop, pull, stream],
    )
    if not rows:
        return None
    row = rows[0]
    moments = [
        None if value is None else value.replace(tzinfo=UTC) for value in (row[0], row[1], row[3], row[4], row[6])
    ]
    return Cursor(moments[0], moments[1], row[2], moments[2], moments[3], row[5], moments[4])  # type: ignore[arg-type]  # not null


def shops(warehouse: Warehouse) -> list[str]:
    """The shops that anything was ever pulled of."""
    if not warehouse.columns(TABLE):
        return []
    return [row[0] for row in warehouse.rows(f"SELECT DISTINCT _shop FROM {warehouse.table(TABLE)} ORDER BY 1")]


def save(warehouse: Warehouse, shop: str, pull: str, stream: str, cursor: Cursor, run_id: str) -> None:
    """Replace the stream's cursor; call it inside the transaction that lands the rows."""
    warehouse.run(
        f"DELETE FROM {warehouse.table(TABLE)} WHERE _shop = ? AND pull = ? AND stream = ?",
        [shop, pull, stream],
    )
    moments = [
        None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
        for moment in (cursor.cursor, cursor.floor, cursor.newest, cursor.read_at, cursor.whole_at)
    ]
    warehouse.run(
        f"INSERT INTO {warehouse.table(TABLE)} ({listed(list(COLUMNS))}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(shop, pull, stream, moments[0], moments[1], cursor.seen, moments[2], moments[3]),
            *(cursor.api_version, run_id, moments[4]),
        ],
    )
