"""What the store refuses to a token whose scopes would allow it: fields by plan, by kind of app, by review.

No schema knows these rules (FACTS §4: one field without its right fails a whole operation). What is refused is left out
with the store's own words, and the stream is read without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shoptide.errors import ApiError, ApiMessage, BulkFailed
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient

DENIED = "ACCESS_DENIED"
BETWEEN = frozenset({"nodes", "edges", "node"})
WHOLE = ""


def refusals(client: AdminClient, plan: StreamPlan, error: ApiError) -> dict[str, str]:
    """What was refused, by dotted path below the record (WHOLE for all of it), with the store's words.

    Empty when something else went wrong. A bulk operation does not tell what it was refused: a page of one does.
    """
    if isinstance(error, BulkFailed) and error.error_code == DENIED:
        told = _told_by_a_page(client, plan)
        if told is None:
            return {}
        error = told
    messages = error.messages
    if not messages or any(message.code != DENIED for message in messages):
        return {}
    return {_path(plan, message): message.message for message in messages}


def _told_by_a_page(client: AdminClient, plan: StreamPlan) -> ApiError | None:
    document, variables = plan.page_request(plan.first_cursors, first=1, search=None)
    try:
        client.execute(document, variables)
    except ApiError as told:
        return told
    return None


def _path(plan: StreamPlan, message: ApiMessage) -> str:
    names = [each for each in message.path if isinstance(each, str) and each not in BETWEEN]
    below = list(_without(names, (*plan.place.path, *plan.place.via)))
    return ".".join(name.removeprefix("json_") for name in below)


def _without(names: list[str], way: Iterable[str]) -> Iterator[str]:
    """The names behind those that lead to the record; an alias stands for the root where there are several."""
    left = list(way)
    for index, name in enumerate(names):
        if left and (name == left[0] or index == 0):
            left.pop(0)
        else:
            yield name


def widening(path: str) -> Iterator[str]:
    """A refused field and those it is in: what has to be left out where the inner one is not chosen by itself."""
    while path:
        yield path
        path = path.rpartition(".")[0]
