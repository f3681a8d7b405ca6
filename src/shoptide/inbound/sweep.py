"""Finds what no webhook told of, within seconds: a stream's latest changes, by id, compared with its table.

One small request where a pull would read whole records. What differs is for the caller to refresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from shoptide.inbound.paging import Stop, refuse_stop
from shoptide.inbound.window import search_from
from shoptide.resources.changes import changes_document
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.shopify.pages import paged
from shoptide.warehouse import Warehouse

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
SECOND = timedelta(seconds=1.5)  # how long after a change's stamp another may bear the same; clocks differ a little
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


@dataclass(frozen=True)
class Compared:
    """Ids by what the table has of them: `stale` are not there as of their last change; `early` are, but were read
    before the second of that change was over: the store tells whole seconds, and one more change may have followed."""

    stale: list[str]
    early: list[str]


def compared(warehouse: Warehouse, plan: StreamPlan, shop: str, changed: dict[str, str]) -> Compared:
    """What the table has of records that changed."""
    own = plan.tables[0].name
    if not changed:
        return Compared([], [])
    if not warehouse.has_table(own):
        return Compared(sorted(changed), [])
    rows = warehouse.rows(
        f"SELECT gid, updated_at, _synced_at FROM {warehouse.table(own)}"
        " WHERE _shop = ? AND _deleted_at IS NULL AND gid IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [shop, list(changed)],
    )
    held: dict[str, tuple[datetime, datetime]] = {gid: (at, read) for gid, at, read in rows}
    met = {gid for gid, moment in changed.items() if gid in held and held[gid][0] == _naive(moment)}
    early = sorted(gid for gid in met if held[gid][1] < held[gid][0] + SECOND)
    return Compared(sorted(changed.keys() - met), early)


def _naive(moment: str) -> datetime:
    """As the table has it: UTC without a zone."""
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
