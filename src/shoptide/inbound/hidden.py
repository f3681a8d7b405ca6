"""What the store hides and does not tell: orders of more than 60 days, from a token without read_all_orders (FACTS §4).

Lists, counts and bulk operations are shorter then, without an error. What is hidden is not deleted: where a record
might be hidden, that it is missing proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient

SHOWN = timedelta(days=59)  # a day less than the store shows, as reads take their time
AGED = frozenset({"Order", "FulfillmentOrder"})
SCOPE = "read_all_orders"


def hides_old(client: AdminClient, plan: StreamPlan) -> bool:
    """Whether some of what the stream reads, or what it hangs on, may be hidden."""
    return plan.place.carrier.name in AGED and not client.access().has(SCOPE)


def surely_shown(plan: StreamPlan, now: datetime) -> str:
    """The condition for a row `t` of the stream's own table to be one that is not hidden."""
    own = plan.tables[0]
    if plan.stream.via is not None or "created_at" not in {column.name for column in own.columns}:
        return "false"
    return f"t.created_at >= TIMESTAMP '{now - SHOWN:%Y-%m-%d %H:%M:%S}'"
