"""Deletes as the store's events tell them: one cheap search a run, for all streams (FACTS §4: updated_at shows none).

Not everything writes an event when it goes, and events can not be read without their scope; `--reconcile` compares
ids and finds what they leave out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptide.inbound.paging import refuse_stop
from shoptide.inbound.window import stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shoptide.shopify.client import AdminClient

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
