"""Finds what updated_at never shows: records that were deleted, and records that a window missed.

The store's ids are read by bulk and compared with the table's: what is only in the table gets `_deleted_at`, its
children with it; what is only in the store is read by id and landed like any other change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from shoptide.inbound import deletions, extraction
from shoptide.inbound.landing import Landing, TableChange
from shoptide.inbound.reading import scan
from shoptide.ledger import Ledger
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import DuckDBWarehouse
from shoptide.warehouse.names import quoted

IDS = "_store_ids"


def reconcile(
    client: AdminClient,
    warehouse: DuckDBWarehouse,
    ledger: Ledger,
    plan: StreamPlan,
    *,
    pull: str,
    run_id: str,
    now: datetime,
    spool: Path,
    stop: Callable[[], bool] | None = None,
) -> tuple[TableChange, ...]:
    """Compare ids; returns rows marked deleted and rows brought back or in, by table."""
    target = spool / f"{plan.stream.name}.ids.jsonl"
    # Never an earlier run's ids: what was landed since they were read would look deleted.
    gid = extraction.begin_bulk(
        client,
        ledger,
        plan,
        pull=pull,
        run_id=run_id,
        search=None,
        document=plan.ids_document(),
        adopt=False,
        stop=stop,
    )
    extraction.finish_bulk(client, gid, target, on_progress=lambda _count: None, stop=stop)
    landing = Landing(warehouse, plan, client.domain, run_id, now)
    with warehouse.errors():
        _read_ids(warehouse, plan, target)
        missing = _only_in_store(warehouse, plan, client.domain)
    if missing:
        found = extraction.read_nodes(client, plan, missing, spool / f"{plan.stream.name}.missing.jsonl")
        _scan_missing(client, plan, landing, found.path, spool, stop)
    with warehouse.transaction():
        changes = landing.merge(whole=False) if missing and plan.stream.via is None else []
        gone = f"NOT EXISTS (SELECT 1 FROM {IDS} i WHERE i.id = t.gid)"
        deleted = deletions.mark_where(warehouse, plan, client.domain, gone, now)
    landing.drop()
    ledger.close_operation(gid, "landed")
    return (*changes, *deleted)


def _scan_missing(
    client: AdminClient,
    plan: StreamPlan,
    landing: Landing,
    path: Path,
    spool: Path,
    stop: Callable[[], bool] | None,
) -> None:
    if plan.stream.via is not None:
        return  # a carrier's list is whole whenever its order is read: there is nothing a window could miss alone
    landing.scan([path])
    for second in plan.passes:
        ids = landing.ids(second.parent_table)
        if ids:
            more = extraction.read_pass(client, second, ids, spool / f"{second.table}.missing.jsonl", stop=stop)
            landing.scan([more], more=True)
    landing.split()


def _read_ids(warehouse: DuckDBWarehouse, plan: StreamPlan, path: Path) -> None:
    tree: dict[str, object] = {"id": "VARCHAR"}
    chosen = "id"
    if plan.stream.via is not None:
        tree[plan.stream.via] = [{"id": "VARCHAR"}]
        chosen = f"unnest({quoted(plan.stream.via)}).id AS id"
    warehouse.connection.execute(f"CREATE OR REPLACE TEMP TABLE {IDS} AS SELECT {chosen} FROM {scan([path], tree)}")


def _only_in_store(warehouse: DuckDBWarehouse, plan: StreamPlan, shop: str) -> list[str]:
    own = warehouse.table(plan.tables[0].name)
    rows = warehouse.connection.execute(
        f"SELECT id FROM {IDS} i WHERE NOT EXISTS"
        f" (SELECT 1 FROM {own} t WHERE t._shop = ? AND t.gid = i.id AND t._deleted_at IS NULL)",
        [shop],
    ).fetchall()
    return [row[0] for row in rows]
