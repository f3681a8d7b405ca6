"""What came back over HTTP, read into an `Answer` or a typed error that knows the write's outcome and whether to retry.

FACTS §2 and §6 (15-20) list the shapes. The one place that decides what an answer of the store means; sending again is
the client's part.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from shoptide.errors import (
    LATER,
    NEVER,
    ApiError,
    ApiMessage,
    BadRequest,
    InputTooLarge,
    InvalidDocument,
    InvalidVariable,
    MaxCostExceeded,
    NotFound,
    PartialData,
    RateLimited,
    Rejected,
    Retry,
    ScopeMissing,
    SearchIgnored,
    SecurityRejected,
    ServerFault,
    ShopForbidden,
    ShopFrozen,
    ShopLocked,
    ShopNotFound,
    ShopUnavailable,
    Throttled,
    Throttling,
    TokenRejected,
    WriteOutcome,
    after,
)
from shoptide.shopify.governor import ThrottleStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from shoptide.shopify.document import Operation

_SCOPE = re.compile(
    r"\b(?:read|write|unauthenticated_read|unauthenticated_write|customer_read|customer_write)_[a-z0-9_]+"
)
_REQUEST_ID = re.compile(r"Request ID: (\S+)")
_STATIC_PATH = re.compile(r"(?:query|mutation|subscription|fragment)\b")
_QUOTED_LENGTH = 300


@dataclass(frozen=True)
class Cost:
    """What the request was charged and how the bucket stood after it; `actual` is None when it did not run."""

    requested: float
    actual: float | None
    available: float | None = None
    maximum: float | None = None
    restore_rate: float | None = None

    @property
    def status(self) -> ThrottleStatus | None:
        if self.available is None or self.maximum is None or self.restore_rate is None:
            return None
        return ThrottleStatus(self.maximum, self.available, self.restore_rate)


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


@dataclass(frozen=True)
class Call:
    """What was asked: enough to word an error and to tell a write from a read."""

    domain: str
    kind: str = "query"
    name: str = "query"

    @classmethod
    def of(cls, domain: str, operation: Operation) -> Call:
        first = operation.selections[0] if operation.selections else None
        return cls(domain, operation.kind, operation.name or getattr(first, "name", None) or operation.kind)

    @property
    def is_mutation(self) -> bool:
        return self.kind == "mutation"

    @property
    def lost(self) -> WriteOutcome:
        """What may have become of the call when no answer tells."""
        return WriteOutcome.UNKNOWN if self.is_mutation else WriteOutcome.NOT_APPLIED

    def __str__(self) -> str:
        return f"{self.domain}: {self.kind} {self.name}" if self.name != self.kind else f"{self.domain}: {self.kind}"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, taken apart and not yet judged."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: dict[str, Any] | None = None  # None when it is no JSON object
    cost: Cost | None = None

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], content: bytes) -> Reply:
        text = content.decode("utf-8", "replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        body = body if isinstance(body, dict) else None
        return cls(status, headers, text, body, _cost(body))

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def version(self) -> str | None:
        return self.headers.get("x-shopify-api-version")

    @property
    def server_time(self) -> datetime | None:
        try:
            return parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError, TypeError):
            return None


def read(reply: Reply, call: Call, *, allow_partial: bool = False) -> Answer:
    """Judge a reply; raises the ApiError that fits it. Partial data is an error unless allowed."""
    if reply.status != 200:
        raise http_error(reply, call)
    if reply.body is None or not ({"data", "errors"} & reply.body.keys()):
        raise _no_graphql(reply, call)
    errors = _messages(reply.body.get("errors"))
    data = reply.body.get("data")
    data = data if isinstance(data, dict) else {}
    if errors and not (allow_partial and _has_data(data)):
        raise _graphql_error(reply, call, errors, data)
    if not errors and reply.body.get("data") is None:
        raise _no_graphql(reply, call)
    return Answer(data, errors, reply.cost, _search_warnings(reply.body), reply.server_time, reply.version)


def charged(reply: Reply, requested: float) -> float:
    """How many points a reply cost: nothing when Shopify turned it away, all that was asked for when it doesn't tell."""
    if reply.cost is not None and reply.cost.actual is not None:
        return reply.cost.actual
    codes = {each.code for each in _messages((reply.body or {}).get("errors"))}
    if "MAX_INPUT_SIZE_EXCEEDED" in codes:
        return reply.cost.requested if reply.cost else requested  # charged although nothing ran (FACTS 18)
    if codes and "INTERNAL_SERVER_ERROR" not in codes and (reply.body or {}).get("data") is None:
        return 0.0
    return 0.0 if 400 <= reply.status < 500 else requested


def search_ignored(answer: Answer, call: Call) -> SearchIgnored:
    """The error for an answer whose filters were not understood: what came is not what was asked for."""
    first = answer.search_warnings[0]
    where = f" on {first.field!r}" if first.field else ""
    return SearchIgnored(
        f"{call}: Shopify did not understand the search {first.query!r}{where}: {first.message}",
        hint="check the field's name and value: Shopify answers such a search as if that part were not there",
    )


# --- HTTP level ---------------------------------------------------------------------------------------------------


def http_error(reply: Reply, call: Call) -> ApiError:
    """The error for an answer with a status other than 200."""
    make = _BY_STATUS.get(reply.status)
    if make is not None:
        return make(reply, call)
    if reply.status >= 500:
        return _server_fault(f"Shopify answered {reply.status}", reply, call)
    if 300 <= reply.status < 400:
        return _moved(reply, call)
    return BadRequest(f"{call}: Shopify answered {reply.status}: {_said(reply)}", **_details(reply))


def _details(reply: Reply) -> dict[str, Any]:
    return {
        "status": reply.status,
        "request_id": reply.request_id,
        "messages": _messages((reply.body or {}).get("errors")),
    }


def _said(reply: Reply) -> str:
    """The store's own words, short enough for one line; HTML is only named."""
    messages = _messages((reply.body or {}).get("errors"))
    if messages:
        return _quoted(messages[0].message)
    if "html" in reply.headers.get("content-type", "") or reply.text.lstrip()[:1] == "<":
        return "an HTML page"
    return _quoted(reply.text) or "an empty body"


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED_LENGTH else line[:_QUOTED_LENGTH] + "…"


def _unauthorized(reply: Reply, call: Call) -> ApiError:
    return TokenRejected(
        f"{call.domain}: Shopify does not accept the access token: {_said(reply)}",
        hint="check that the token belongs to this store and that its app is still installed",
        **_details(reply),
    )


def _frozen(reply: Reply, call: Call) -> ApiError:
    return ShopFrozen(
        f"{call.domain}: the store is frozen (402): {_said(reply)}",
        hint="its owner has to settle the outstanding bill in the Shopify admin",
        **_details(reply),
    )


def _forbidden(reply: Reply, call: Call) -> ApiError:
    return ShopForbidden(
        f"{call.domain}: Shopify forbids this app to use the store (403): {_said(reply)}",
        hint="see whether the app was blocked or the store suspended in the Shopify admin, under Apps",
        **_details(reply),
    )


def _missing(reply: Reply, call: Call) -> ApiError:
    return ShopNotFound(
        f"{call.domain}: there is no such store (404)",
        hint="check `name` of the shop: it is the part before .myshopify.com, not the store's own domain",
        **_details(reply),
    )


def _locked(reply: Reply, call: Call) -> ApiError:
    return ShopLocked(
        f"{call.domain}: the store is locked (423): {_said(reply)}",
        hint="it was locked for too many API calls or suspected fraud; its owner has to contact Shopify support",
        **_details(reply),
    )


def _rate_limited(reply: Reply, call: Call) -> ApiError:
    return RateLimited(
        f"{call}: too many requests (429): {_said(reply)}",
        hint="nothing was changed; it can be sent again later",
        retry=retry_after(reply.headers),
        **_details(reply),
    )


def _security(reply: Reply, call: Call) -> ApiError:
    return SecurityRejected(
        f"{call}: Shopify took the request for an attack (430): {_said(reply)}",
        hint="wait some minutes; when it stays, look for text in the data that could pass for code, or another network",
        **_details(reply),
    )


def _moved(reply: Reply, call: Call) -> ApiError:
    target = reply.headers.get("location", "").split("?")[0]
    return ShopNotFound(
        f"{call.domain}: Shopify sends requests for this store elsewhere ({reply.status}: {target or 'no address'})",
        hint="set `name` to the store's current .myshopify.com name",
        **_details(reply),
    )


_BY_STATUS: dict[int, Callable[[Reply, Call], ApiError]] = {
    401: _unauthorized,
    402: _frozen,
    403: _forbidden,
    404: _missing,
    423: _locked,
    429: _rate_limited,
    430: _security,
}


def retry_after(headers: Mapping[str, str]) -> Retry:
    """Read Retry-After: seconds, which Shopify writes as a decimal (`4.0`); LATER when it is missing or no number."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return LATER
    return after(seconds) if 0 <= seconds < float("inf") else LATER


def _server_fault(what: str, reply: Reply, call: Call) -> ServerFault:
    unsure = "; whether it was done is not known" if call.is_mutation else ""
    return ServerFault(
        f"{call}: {what}: {_said(reply)}{unsure}",
        hint="try again later; https://www.shopifystatus.com shows whether Shopify has an outage",
        outcome=call.lost,
        **_details(reply),
    )


def _no_graphql(reply: Reply, call: Call) -> ServerFault:
    return _server_fault("Shopify's answer is not one to a GraphQL request", reply, call)


# --- GraphQL level ------------------------------------------------------------------------------------------------


def _graphql_error(reply: Reply, call: Call, errors: tuple[ApiMessage, ...], data: dict[str, Any]) -> ApiError:
    ranked = sorted(errors, key=_rank)
    error = _typed(ranked[0], errors, reply, call)
    if not _has_data(data):
        if call.is_mutation and data and _struck_below_root(ranked[0]):
            error.outcome = WriteOutcome.UNKNOWN  # the mutation ran, and reading its result failed (FACTS 19)
        return error
    partial = PartialData(
        f"{call}: Shopify answered only a part: {_quoted(ranked[0].message)}",
        data=data,
        hint=error.hint,
        outcome=call.lost,
        **_details(reply),
    )
    partial.__cause__ = error
    return partial


def _has_data(data: dict[str, Any]) -> bool:
    return any(value is not None for value in data.values())


def _struck_below_root(message: ApiMessage) -> bool:
    return len(message.path) > 1


def _rank(message: ApiMessage) -> int:
    """The error that decides among several: a fault of the server first, since it leaves the outcome open."""
    order = ("INTERNAL_SERVER_ERROR", "THROTTLED", "SHOP_INACTIVE", "ACCESS_DENIED")
    return order.index(message.code) if message.code in order else len(order)


def _typed(first: ApiMessage, errors: tuple[ApiMessage, ...], reply: Reply, call: Call) -> ApiError:
    details: dict[str, Any] = {**_details(reply), "messages": errors}
    make = _BY_CODE.get(first.code or "")
    if make is not None:
        return make(first, call, reply, details)
    if _is_static(first, reply):
        return _invalid_document(first, call, reply, details)
    return BadRequest(f"{call}: {_quoted(first.message)}", **details)


def _is_static(first: ApiMessage, reply: Reply) -> bool:
    """Whether the document itself was refused: codes in camelCase, paths that begin with the operation (FACTS 15)."""
    if reply.body is not None and reply.body.get("data") is not None:
        return False
    begins = first.path[0] if first.path else ""
    return bool(first.code and first.code[0].islower()) or (
        isinstance(begins, str) and bool(_STATIC_PATH.match(begins))
    )


_Details = dict[str, Any]


def _throttled(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    cost = reply.cost
    retry = LATER
    if cost is not None and cost.status is not None and cost.status.restore_rate > 0:
        retry = after(max(0.0, (cost.requested - cost.status.available) / cost.status.restore_rate))
    return Throttled(
        f"{call}: the query budget is spent", hint="nothing was changed; it can be sent again", retry=retry, **details
    )


def _max_cost(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    cost, limit = first.extensions.get("cost"), first.extensions.get("maxCost")
    figures = f" ({cost} points, {limit} allowed)" if cost and limit else ""
    return MaxCostExceeded(
        f"{call}: the query is too large for one request{figures}",
        hint="ask for fewer fields or smaller pages",
        **details,
    )


def _input_too_large(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    where = ".".join(str(part) for part in first.path)
    return InputTooLarge(
        f"{call}: {_quoted(first.message)}{f' ({where})' if where else ''}",
        hint="split the list into several rows or requests",
        **details,
    )


def _scope_missing(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    required = required_scopes(first)
    wanted = " and ".join(required) if required else "the access that the message names"
    return ScopeMissing(
        f"{call}: {_quoted(first.message)}",
        hint=f"grant {wanted} to the app in the Shopify admin (Settings → Apps → the app → Configuration), "
        "install it again, and use the new token if there is one",
        required=required,
        **details,
    )


def required_scopes(message: ApiMessage) -> tuple[str, ...]:
    """The access scopes that an ACCESS_DENIED names, in its order."""
    text = f"{message.extensions.get('requiredAccess') or ''} {message.message}"
    return tuple(dict.fromkeys(_SCOPE.findall(text)))


def _inactive(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    return ShopFrozen(
        f"{call.domain}: the store is not active: {_quoted(first.message)}",
        hint="its owner has to reactivate it in the Shopify admin",
        **details,
    )


def _internal(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    found = _REQUEST_ID.search(first.message)
    details["request_id"] = found[1] if found else reply.request_id
    unsure = "; whether it was done is not known" if call.is_mutation else ""
    return ServerFault(
        f"{call}: Shopify failed inside{unsure} (request id {details['request_id'] or 'not given'})",
        hint="try again later; when it stays, give the request id to Shopify support",
        outcome=call.lost,
        **details,
    )


def _invalid_document(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    where = " › ".join(str(part) for part in first.path)
    return InvalidDocument(
        f"{call}: Shopify refuses the document: {_quoted(first.message)}{f' (at {where})' if where else ''}",
        hint="the API version of the configuration and the fields asked for don't fit each other",
        **details,
    )


def _invalid_variable(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    problems = first.extensions.get("problems")
    told = (
        "; ".join(_problem(each) for each in problems if isinstance(each, dict)) if isinstance(problems, list) else ""
    )
    return InvalidVariable(f"{call}: a value does not fit: {told or _quoted(first.message)}", **details)


def _problem(problem: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in problem.get("path") or ())
    told = _quoted(str(problem.get("explanation") or problem.get("message") or "invalid"))
    return f"{path}: {told}" if path else told


def _not_found(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    where = ".".join(str(part) for part in first.path)
    return NotFound(f"{call}: {_quoted(first.message)}{f' ({where})' if where else ''}", **details)


def _concurrent(first: ApiMessage, call: Call, reply: Reply, details: _Details) -> ApiError:
    return BadRequest(f"{call}: {_quoted(first.message)}", retry=LATER, **details)


_BY_CODE: dict[str, Callable[[ApiMessage, Call, Reply, _Details], ApiError]] = {
    "THROTTLED": _throttled,
    "MAX_COST_EXCEEDED": _max_cost,
    "MAX_INPUT_SIZE_EXCEEDED": _input_too_large,
    "ACCESS_DENIED": _scope_missing,
    "SHOP_INACTIVE": _inactive,
    "INTERNAL_SERVER_ERROR": _internal,
    "INVALID_VARIABLE": _invalid_variable,
    "PARSE_ERROR": _invalid_document,
    "RESOURCE_NOT_FOUND": _not_found,
    "NOT_FOUND": _not_found,
    "IDEMPOTENCY_CONCURRENT_REQUEST": _concurrent,
}


def _messages(raw: object) -> tuple[ApiMessage, ...]:
    """`errors` of an answer: a list at GraphQL level, a string or a mapping at HTTP level."""
    if isinstance(raw, str):
        return (ApiMessage(raw),)
    if isinstance(raw, dict):
        return tuple(ApiMessage(f"{name}: {told}") for name, told in raw.items())
    if not isinstance(raw, list):
        return ()
    return tuple(_message(each) for each in raw)


def _message(raw: object) -> ApiMessage:
    if not isinstance(raw, dict):
        return ApiMessage(str(raw))
    extensions = raw.get("extensions") if isinstance(raw.get("extensions"), dict) else {}
    code = extensions.get("code")
    return ApiMessage(
        str(raw.get("message") or "no message"), str(code) if code else None, tuple(raw.get("path") or ()), extensions
    )


def _cost(body: dict[str, Any] | None) -> Cost | None:
    extensions = (body or {}).get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    if not isinstance(cost, dict) or not isinstance(cost.get("requestedQueryCost"), (int, float)):
        return None
    status = cost.get("throttleStatus") or {}
    return Cost(
        cost["requestedQueryCost"],
        cost.get("actualQueryCost"),
        status.get("currentlyAvailable"),
        status.get("maximumAvailable"),
        status.get("restoreRate"),
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
