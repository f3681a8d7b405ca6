"""The cheapest question about a stream: which records changed since a moment, and when each did."""

from __future__ import annotations

from shoptide.resources.branches import called
from shoptide.resources.extraction import StreamPlan

AT_ONCE = 250  # records a page


def changes_document(plan: StreamPlan) -> str | None:
    """Ids and times of what a search finds, oldest change first: takes `$query` and `$after`.

    None for streams that can't be asked so: found through others, or not searched by their change.
    """
    stream, place = plan.stream, plan.place
    known = place.root.arguments
    asked = stream.via is None and place.form == "connection" and len(place.path) == 1 and not place.values
    if not asked or (stream.search, stream.cursor) != ("updated_at", "updatedAt") or "query" not in known:
        return None
    order = f"sortKey: {stream.sort_key}" if stream.sort_key and "sortKey" in known else ""
    given = (f"first: {AT_ONCE}", "after: $after", "query: $query", order, *stream.arguments)
    inner = "nodes { id updatedAt } pageInfo { hasNextPage endCursor }"
    return f"query($query: String, $after: String) {{ {called(stream.root, given)} {{ {inner} }} }}"
