"""What a pull found that webhooks should have told: the measure of how well they do, counted per run and stream.

A webhook is a hint. Where subscriptions tell of a stream, a record that changed while they did, and was still not in
the table as it is when a pull read it, was told too late or never.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Inbox
from shoptide.ledger.subscriptions import Subscriptions
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.topics import HINTS, constant
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import quoted

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
GRACE = timedelta(minutes=1)  # a change that is younger may still be told
CLOCKS = timedelta(seconds=5)  # how far the store's clock and ours may differ


def told_since(ledger: Ledger, shop: str, stream: str) -> datetime | None:
    """Since when all topics of a stream that are subscribed have told of it; None when none is."""
    topics = {constant(topic) for hint in HINTS if stream in hint.streams and hint.kind for topic in hint.topics}
    found = [each.since for each in Subscriptions(ledger).of(shop).values() if each.topic in topics]
    return max(found, default=None)


def missed(warehouse: Warehouse, ledger: Ledger, plan: StreamPlan, shop: str, run_id: str, now: datetime) -> int | None:
    """How many records the run brought in, new or changed, that no webhook told of; None where none is to tell."""
    own = plan.tables[0]
    since = told_since(ledger, shop, plan.stream.name)
    names = {column.name for column in own.columns}
    subject = own.parent_column if plan.stream.via is not None else "gid"
    if since is None or "updated_at" not in names or subject is None:
        return None
    rows = warehouse.rows(
        f"SELECT {quoted(subject)}, max(updated_at) FROM {warehouse.table(own.name)}"
        " WHERE _shop = ? AND _run_id = ? AND updated_at >= ? AND updated_at < ? GROUP BY 1",
        [shop, run_id, _naive(since), _naive(now - GRACE)],
    )
    told = Inbox(ledger).told(shop, [row[0] for row in rows])
    late = (gid not in told or told[gid] < moment.replace(tzinfo=UTC) - CLOCKS for gid, moment in rows)
    return sum(map(bool, late))


def _naive(moment: datetime) -> datetime:
    """As the tables have it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
