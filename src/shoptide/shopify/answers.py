"""What an answer of the Admin API means: data, or the error that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptide.errors import ApiError, ApiMessage, SearchIgnored
from shoptide.shopify.refusals import graphql_error, http_error, not_graphql
from shoptide.shopify.replies import Call, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shoptide.shopify.replies import Cost


@dataclass(frozen=True)
class SearchWarning:
    """A search filter that the store did not take as written; it answered all the same (FACTS 8)."""

    path: tuple[str | int, ...]
    query: str
    field: str | None
    code: str | None
    message: str


@dataclass(frozen=True)
class Answer:
    """What a query or mutation gave. `errors` is only ever filled when partial data was allowed."""

    data: dict[str, Any]
    errors: tuple[ApiMessage, ...] = ()
    cost: Cost | None = None
    search_warnings: tuple[SearchWarning, ...] = ()
    server_time: datetime | None = None
    version: str | None = None


def read(reply: Reply, call: Call, *, allow_partial: bool = False) -> Answer:
    """Judge a reply; raises the ApiError that fits it. Partial data is an error unless allowed."""
    if reply.status != 200:
        raise http_error(reply, call)
    errors = reply.messages
    if errors and not (allow_partial and reply.has_data):
        raise graphql_error(reply, call)
    if reply.data is None:
        raise not_graphql(reply, call)
    warnings = _search_warnings(reply.body or {})
    return Answer(reply.data, errors, reply.cost, warnings, reply.server_time, reply.version)


def part_error(domain: str, name: str, messages: Sequence[ApiMessage]) -> ApiError:
    """The error of one mutation among several, or of a line of a bulk file, by its own messages; it gave no data."""
    raw = [{"message": each.message, "path": list(each.path), "extensions": each.extensions} for each in messages]
    call = Call(domain, "mutation", name)
    if not raw:
        return not_graphql(Reply(200, {}, ""), call)
    data = {name: None} if any(each.path for each in messages) else None  # run and failed, or not understood
    return graphql_error(Reply(200, {}, "", {"errors": raw, "data": data}), call)


def charged(reply: Reply, requested: float) -> float:
    """How many points a reply cost: nothing when Shopify turned it away, all that was asked for if it doesn't tell."""
    if reply.cost is not None and reply.cost.actual is not None:
        return reply.cost.actual
    codes = {each.code for each in reply.messages}
    if "MAX_INPUT_SIZE_EXCEEDED" in codes:
        return reply.cost.requested if reply.cost else requested  # charged although nothing ran (FACTS 18)
    if reply.status == 200 and codes and "INTERNAL_SERVER_ERROR" not in codes and reply.data is None:
        return 0.0
    return 0.0 if 300 <= reply.status < 500 else requested


def search_ignored(answer: Answer, call: Call) -> SearchIgnored:
    """The error for an answer whose filters were not understood: what came is not what was asked for."""
    first = answer.search_warnings[0]
    where = f" on {first.field!r}" if first.field else ""
    return SearchIgnored(
        f"{call}: Shopify did not understand the search {first.query!r}{where}: {first.message}",
        hint="check the field's name and value: Shopify answers such a search as if that part were not there",
    )


def _search_warnings(body: dict[str, Any]) -> tuple[SearchWarning, ...]:
    extensions = body.get("extensions")
    entries = extensions.get("search") if isinstance(extensions, dict) else None
    return tuple(
        SearchWarning(
            tuple(entry.get("path") or ()),
            str(entry.get("query") or ""),
            warning.get("field"),
            warning.get("code"),
            str(warning.get("message") or ""),
        )
        for entry in entries or ()
        for warning in entry.get("warnings") or ()
    )
