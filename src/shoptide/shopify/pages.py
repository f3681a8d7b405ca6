"""Follows a connection page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoptide.errors import InvalidDocument, ProofFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shoptide.shopify.client import AdminClient


def paged(
    client: AdminClient,
    document: str,
    variables: Mapping[str, object] | None = None,
    connection_path: str | Sequence[str] = (),
    *,
    operation: str | None = None,
    cursor: str = "after",
) -> Iterator[list[dict[str, Any]]]:
    """Yield each page's nodes until the store says there are no more.

    `connection_path` leads from `data` to the connection: "orders" or ("order", "lineItems"). The document selects
    `pageInfo { hasNextPage endCursor }` and takes the variable named by `cursor`. A parent on the way that is null ends
    it without a page. Raises ProofFailed when the cursor does not move, which would never end.
    """
    path = (connection_path,) if isinstance(connection_path, str) else tuple(connection_path)
    given = dict(variables or {})
    while True:
        connection = _connection(client.execute(document, given, operation=operation).data, path)
        if connection is None:
            return
        info = connection.get("pageInfo")
        if not isinstance(info, dict) or "hasNextPage" not in info:
            raise InvalidDocument(
                f"The query of {'.'.join(path)} does not ask for pageInfo {{ hasNextPage endCursor }}"
            )
        yield nodes(connection)
        if not info["hasNextPage"]:
            return
        following = info.get("endCursor")
        if not following or following == given.get(cursor):
            raise ProofFailed(
                f"{client.domain}: {'.'.join(path)} says there is a next page and gives no new cursor",
                hint="run it again; nothing of the unread rest was taken for read",
            )
        given[cursor] = following


def nodes(connection: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A connection's nodes, asked for as `nodes` or as `edges { node }`."""
    if "nodes" in connection:
        return list(connection["nodes"])
    return [edge["node"] for edge in connection.get("edges") or ()]


def _connection(data: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    found: Any = data
    for name in path:
        if found is None:
            return None
        found = found[name]
    return found if isinstance(found, dict) else None
