"""Deletes as the store's events tell them: one cheap search a run, for all streams (FACTS §4: updated_at shows none).

Not everything writes an event when it goes, and events can not be read without their scope; `--reconcile` compares
ids and finds what they leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from shoptide.inbound.extraction import refuse_stop
from shoptide.inbound.landing import TableChange
from shoptide.inbound.window import stamp
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.tables import Table
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import DuckDBWarehouse
from shoptide.warehouse.names import quoted

CURSOR = "_events"  # the name their cursor stands under, beside the streams'
GONE = "_gone"
DOCUMENT = """query($query: String!, $after: String) {
  events(first: 250, after: $after, query: $query, sortKey: CREATED_AT) {
    nodes { ... on BasicEvent { subjectId } }
    pageInfo { hasNextPage endCursor }
  }
}"""


@dataclass(frozen=True)
class Deletions:
    """The gids that went since a moment, and when that was asked, by the store's clock."""

    gids: tuple[str, ...]
    read_at: datetime


def read(client: AdminClient, since: datetime, *, stop: Callable[[], bool] | None = None) -> Deletions:
    """Ask for the deletions since a moment, by pages of 250."""
    gids: list[str] = []
    variables = {"query": f"action:destroy created_at:>='{stamp(since)}'", "after": None}
    read_at: datetime | None = None
    while True:
        refuse_stop(stop)
        answer = client.execute(DOCUMENT, variables)
        read_at = read_at or answer.server_time or client.clock.now()
        events = answer.data["events"]
        gids += [node["subjectId"] for node in events["nodes"] if node.get("subjectId")]
        if not events["pageInfo"]["hasNextPage"]:
            return Deletions(tuple(dict.fromkeys(gids)), read_at)
        variables["after"] = events["pageInfo"]["endCursor"]


def mark(
    warehouse: DuckDBWarehouse, plan: StreamPlan, shop: str, gids: Iterable[str], now: datetime
) -> list[TableChange]:
    """Give a stream's rows of these gids their `_deleted_at`, and everything that hangs on them."""
    connection = warehouse.connection
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {GONE} (id VARCHAR)")
    rows = [[gid] for gid in gids]
    if rows:
        connection.executemany(f"INSERT INTO {GONE} VALUES (?)", rows)
    own = plan.tables[0]
    met = f"t.gid IN (FROM {GONE})" if own.has_gid else "false"
    if own.parent_column:  # a carrier's records go with it
        met += f" OR t.{quoted(own.parent_column)} IN (FROM {GONE})"
    return mark_where(warehouse, plan, shop, f"({met})", now)


def mark_where(warehouse: DuckDBWarehouse, plan: StreamPlan, shop: str, gone: str, now: datetime) -> list[TableChange]:
    """Mark the stream's own rows (`t`) that fulfil the condition, and their children after them."""
    changes = []
    for table in plan.tables:
        where = gone if table.parent is None else _below_deleted(warehouse, plan.table(table.parent), table)
        row = warehouse.connection.execute(
            f"UPDATE {warehouse.table(table.name)} t SET _deleted_at = ?"
            f" WHERE t._shop = ? AND t._deleted_at IS NULL AND {where}",
            [now.replace(tzinfo=None), shop],
        ).fetchone()
        changes.append(TableChange(table.name, deleted=int((row or (0,))[0])))
    return changes


def _below_deleted(warehouse: DuckDBWarehouse, parent: Table, table: Table) -> str:
    key = "gid" if parent.has_gid else (parent.parent_column or "")
    return (
        f"t.{quoted(table.parent_column or '')} IN (SELECT {quoted(key)} FROM {warehouse.table(parent.name)} p"
        " WHERE p._shop = t._shop AND p._deleted_at IS NOT NULL)"
    )
