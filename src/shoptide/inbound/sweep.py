"""Finds what no webhook told of, within seconds: a stream's latest changes, by id, compared with its table.

One small request where a pull would read whole records. What differs is for the caller to refresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from shoptide.inbound.paging import Stop, refuse_stop
from shoptide.inbound.window import search_from
from shoptide.resources.changes import changes_document
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.shopify.pages import paged
from shoptide.warehouse import Warehouse

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
MOST = 1_000  # records in one look; with more than that changed, it is a pull's work


@dataclass(frozen=True)
class Recent:
    """Which records changed since a moment, and when (as the store writes it); `whole` is False where MOST cut it."""

    changed: dict[str, str]
    whole: bool


def recent(client: AdminClient, plan: StreamPlan, since: datetime, stop: Stop | None = None) -> Recent:
    """Ask the store. Raises ValueError for a stream that can't be asked, and what the client raises."""
    document = changes_document(plan)
    if document is None:
        raise ValueError(f"{plan.stream.name} can't be asked what changed")
    search = " ".join(part for part in (plan.stream.always, search_from("updated_at", since)) if part)
    found: dict[str, str] = {}
    for page in paged(client, document, {"query": search, "after": None}, plan.stream.root):
        refuse_stop(stop)
        found |= {node["id"]: node["updatedAt"] for node in page}
        if len(found) >= MOST:
            return Recent(found, whole=False)
    return Recent(found, whole=True)


def stale(warehouse: Warehouse, plan: StreamPlan, shop: str, changed: dict[str, str]) -> list[str]:
    """The ids of those that the table has not, or not as of that change."""
    own = plan.tables[0].name
    if not changed:
        return []
    if not warehouse.has_table(own):
        return sorted(changed)
    rows = warehouse.rows(
        f"SELECT gid, updated_at FROM {warehouse.table(own)}"
        " WHERE _shop = ? AND _deleted_at IS NULL AND gid IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [shop, list(changed)],
    )
    held: dict[str, datetime] = dict(rows)
    return sorted(gid for gid, moment in changed.items() if held.get(gid) != _naive(moment))


def _naive(moment: str) -> datetime:
    """As the table has it: UTC without a zone."""
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
