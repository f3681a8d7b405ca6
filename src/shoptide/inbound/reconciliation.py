"""Finds what updated_at never shows: records that were deleted, and records that a window missed.

The store's ids are read by bulk and compared with the table's: what is only in the table gets `_deleted_at`, its
children with it; what is only in the store is read by id and landed like any other change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from shoptide.inbound import deletions, extraction
from shoptide.inbound.hidden import hides_old, surely_shown
from shoptide.inbound.landing import Landing, TableChange
from shoptide.inbound.operations import BulkReader
from shoptide.inbound.reading import ids_tree, nodes, scan
from shoptide.resources.extraction import StreamPlan
from shoptide.warehouse import Warehouse

IDS = "_store_ids"


def reconcile(
    reader: BulkReader, warehouse: Warehouse, *, now: datetime, afterwards: Callable[[], None] = lambda: None
) -> tuple[TableChange, ...]:
    """Compare ids; returns rows marked deleted and rows brought back or in, by table.

    `afterwards` is called inside the transaction that changes the rows.
    """
    client, plan, spool = reader.client, reader.plan, reader.spool
    ids = reader.of_ids().read()
    landing = Landing(warehouse, plan, client.domain, reader.run_id, now)
    with warehouse.errors():
        _read_ids(warehouse, plan, list(ids.paths))
        held = warehouse.bring(IDS, ["id"])
        missing = _only_in_store(warehouse, plan, client.domain, held)
    if missing and plan.stream.via is None:
        # A carrier's list is whole whenever its order is read: there is nothing a window could miss alone.
        found = extraction.read_nodes(client, plan, missing, spool / f"{plan.stream.name}.missing.jsonl")
        found = extraction.read_passes(client, plan, found, spool, stop=reader.stop, share=reader.share)
        with warehouse.errors():
            _stage(landing, list(found.paths))
    with warehouse.transaction():
        changes = landing.merge(whole=False) if missing and plan.stream.via is None else []
        held = warehouse.bring(IDS, ["id"])  # again: reading what was missing may have outlived the connection
        gone = f"NOT EXISTS (SELECT 1 FROM {held} i WHERE i.id = t.gid)"
        if hides_old(client, plan):
            gone += f" AND {surely_shown(plan, now)}"
        deleted = deletions.mark_where(warehouse, plan, client.domain, gone, now)
        afterwards()
    landing.staging.drop()
    for gid in ids.operations:
        reader.ledger.close_operation(gid, "landed")
    return (*changes, *deleted)


def _stage(landing: Landing, paths: list[Path]) -> None:
    try:
        landing.staging.scan(paths)
        landing.staging.split()
    finally:
        landing.staging.close()


def _read_ids(warehouse: Warehouse, plan: StreamPlan, paths: list[Path]) -> None:
    own = plan.tables[0]
    read = f"CREATE TEMP TABLE {IDS}_lines AS SELECT * FROM {scan(paths, ids_tree(plan, own))}"
    found = nodes(plan, own, f"{IDS}_lines")
    warehouse.workbench.execute(f"DROP TABLE IF EXISTS temp.{IDS}_lines")
    warehouse.workbench.execute(read)
    warehouse.workbench.execute(
        f"CREATE OR REPLACE TEMP TABLE {IDS} AS SELECT {found.at(('id',))} AS id FROM {found.rows()}"
    )


def _only_in_store(warehouse: Warehouse, plan: StreamPlan, shop: str, held: str) -> list[str]:
    own = warehouse.table(plan.tables[0].name)
    rows = warehouse.rows(
        f"SELECT id FROM {held} i WHERE NOT EXISTS"
        f" (SELECT 1 FROM {own} t WHERE t._shop = ? AND t.gid = i.id AND t._deleted_at IS NULL)",
        [shop],
    )
    return [row[0] for row in rows]
