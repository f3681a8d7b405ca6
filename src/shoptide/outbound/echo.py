"""Tells a push's own changes from those of others when they come back, by a pull or a webhook.

Each write asks for the record's `updatedAt`, which costs nothing, and the ledger keeps it. What comes back with such a
version was last changed by a push: nobody need react to it. Anything else counts as a change of others. So does what
can't be known: a write whose answer was lost, what the store changes by itself later (FACTS 4), stock, an order whose
parcel was sent. Reacting to these once more does no harm: a push finds nothing to send.

A change that others made in the second of our own write, or just before it and before it was seen, comes back with
our version. A pull's schedule and a push's own runs see it; what starts pushes must not be this alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from shoptide.ledger import Ledger
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import literal, quoted

KEPT = timedelta(days=30)  # a webhook may be a day late, and a pull waits for its schedule (FACTS §7)
# The store adds to a new order when it was made already: its version moves by a second (FACTS 4).
LATER = {"Order": timedelta(seconds=2)}


def changed_by_others(ledger: Ledger, shop: str, changes: Mapping[str, datetime | None]) -> set[str]:
    """The records that others changed, of those that changed in a shop: gid → updatedAt in UTC, None when deleted.

    `shop` is the shop's domain, as in the tables' `_shop`.
    """
    own = ledger.written(shop, changes)
    return {gid for gid, version in changes.items() if not _is_own(gid, version, own.get(gid, set()))}


def landed_by_others(ledger: Ledger, warehouse: Warehouse, shop: str, table: str, run_id: str) -> set[str]:
    """The records of a table that a pull brought or marked as deleted, and that others changed.

    Ask when the run has ended and before another one brings them again. Raises WarehouseError.
    """
    condition = f"_run_id = {literal(run_id)}{_marked_in(ledger, run_id)}"
    return _of_others(ledger, warehouse, shop, table, condition)


def refreshed_by_others(
    ledger: Ledger, warehouse: Warehouse, shop: str, table: str, column: str, gids: Sequence[str], run_id: str
) -> set[str]:
    """As `landed_by_others`, for rows of a table that have one of these gids in a column, and that a run changed."""
    if not gids or column not in warehouse.columns(table):
        return set()
    listed = ", ".join(literal(gid) for gid in gids)
    changed = f"_run_id = {literal(run_id)} OR _deleted_at IS NOT NULL"
    return _of_others(ledger, warehouse, shop, table, f"{quoted(column)} IN ({listed}) AND ({changed})")


def _of_others(ledger: Ledger, warehouse: Warehouse, shop: str, table: str, condition: str) -> set[str]:
    columns = warehouse.columns(table)
    if not {"gid", "_run_id", "_shop"} <= columns.keys():
        return set()
    version = "updated_at" if "updated_at" in columns else "CAST(NULL AS TIMESTAMP)"
    _names, rows = warehouse.run_query(
        f"SELECT gid, {version}, _deleted_at IS NOT NULL FROM {warehouse.table(table)}"  # noqa: S608  # quoted
        f" WHERE _shop = {literal(shop)} AND ({condition})"
    )
    unknown = {gid for gid, moment, deleted in rows if moment is None and not deleted}
    changes = {gid: None if deleted else moment for gid, moment, deleted in rows if gid not in unknown}
    return unknown | changed_by_others(ledger, shop, changes)


def _marked_in(ledger: Ledger, run_id: str) -> str:
    """A condition for rows that were marked as deleted while a run worked: they keep the run that brought them."""
    run = ledger.run(run_id)
    if run is None:
        return ""
    began, ended = (
        f"{_utc(each):%Y-%m-%d %H:%M:%S.%f}" for each in (run.started_at, run.ended_at or ledger.clock.now())
    )
    return f" OR _deleted_at BETWEEN {literal(began)} AND {literal(ended)}"


def _is_own(gid: str, version: datetime | None, own: set[str | None]) -> bool:
    if version is None:
        return None in own
    moment = _utc(version)
    slack = LATER.get(gid.rsplit("/", 2)[-2] if gid.startswith("gid://") else "", timedelta(0))
    return any(timedelta(0) <= moment - _utc(datetime.fromisoformat(each)) <= slack for each in own if each)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
