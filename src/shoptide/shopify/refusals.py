"""The error that a refusing answer stands for, with the write's outcome, whether to retry, and what the user can do.

FACTS §2 and §6 (15-20) list the shapes: HTTP statuses first, then the codes that GraphQL answers carry at status 200.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptide.errors import (
    LATER,
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
    Retry,
    ScopeMissing,
    SecurityRejected,
    ServerFault,
    ShopForbidden,
    ShopFrozen,
    ShopLocked,
    ShopNotFound,
    Throttled,
    TokenRejected,
    WriteOutcome,
    after,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shoptide.shopify.replies import Call, Reply

_SCOPE = re.compile(r"\b(?:(?:unauthenticated|customer)_)?(?:read|write)_[a-z0-9_]+")
_REQUEST_ID = re.compile(r"Request ID: (\S+)")
_STATIC_PATH = re.compile(r"(?:query|mutation|subscription|fragment)\b")
_QUOTED_LENGTH = 300


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


def not_graphql(reply: Reply, call: Call) -> ApiError:
    """The error for status 200 with something else than an answer to GraphQL: a page of a proxy, an empty body."""
    return _server_fault("what came back is no GraphQL answer", reply, call)


def graphql_error(reply: Reply, call: Call) -> ApiError:
    """The error for an answer with `errors`; PartialData when some of what was asked for came all the same."""
    refusal = _Refusal(min(reply.messages, key=_rank), reply, call)
    error = _typed(refusal)
    if reply.has_data:
        return _partial(refusal, error)
    if call.is_mutation and reply.data and len(refusal.first.path) > 1:
        error.outcome = WriteOutcome.UNKNOWN  # the mutation ran, and reading its result failed (FACTS 19)
    return error


def required_scopes(message: ApiMessage) -> tuple[str, ...]:
    """The access scopes that an ACCESS_DENIED names, in its order."""
    text = f"{message.extensions.get('requiredAccess') or ''} {message.message}"
    return tuple(dict.fromkeys(_SCOPE.findall(text)))


def retry_after(headers: Mapping[str, str]) -> Retry:
    """Read Retry-After: seconds, which Shopify writes as a decimal (`4.0`); LATER when it is missing or no number."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return LATER
    return after(seconds) if 0 <= seconds < float("inf") else LATER


def quoted(text: str) -> str:
    """Somebody else's words on one line of bearable length."""
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED_LENGTH else line[:_QUOTED_LENGTH] + "…"


def _details(reply: Reply) -> dict[str, Any]:
    return {"status": reply.status, "request_id": reply.request_id, "messages": reply.messages}


def _said(reply: Reply) -> str:
    """The answer's own words; an HTML page is only named."""
    if reply.messages:
        return quoted(reply.messages[0].message)
    if "html" in reply.headers.get("content-type", "") or reply.text.lstrip()[:1] == "<":
        return "an HTML page"
    return quoted(reply.text) or "an empty body"


def _unauthorized(reply: Reply, call: Call) -> ApiError:
    return TokenRejected(
        f"{call.domain}: Shopify does not accept the access token (401): {_said(reply)}",
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
        hint="see in the Shopify admin, under Apps, whether the app was blocked, and whether the store was suspended",
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
        hint="too many requests or a suspicion of fraud lock a store; its owner has to contact Shopify's support",
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
        hint="wait some minutes; if it stays, look for text in the data that could pass for code",
        **_details(reply),
    )


def _moved(reply: Reply, call: Call) -> ApiError:
    target = reply.headers.get("location", "").split("?")[0]
    return ShopNotFound(
        f"{call.domain}: requests for this store are sent elsewhere ({reply.status} to {target or 'no address'})",
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


def _server_fault(what: str, reply: Reply, call: Call) -> ServerFault:
    return ServerFault(
        f"{call}: {what}: {_said(reply)}{call.doubt}",
        hint="try again later; https://www.shopifystatus.com tells of outages",
        outcome=call.lost,
        **_details(reply),
    )


@dataclass(frozen=True)
class _Refusal:
    """An answer with errors, and the one among them that decides."""

    first: ApiMessage
    reply: Reply
    call: Call

    @property
    def details(self) -> dict[str, Any]:
        return _details(self.reply)

    @property
    def told(self) -> str:
        """The store's words with the place they are about."""
        where = ".".join(str(part) for part in self.first.path)
        return quoted(self.first.message) + (f" ({where})" if where else "")


def _rank(message: ApiMessage) -> int:
    """Which of several errors decides: a fault of the server first, since it leaves the outcome open."""
    order = ("INTERNAL_SERVER_ERROR", "THROTTLED", "SHOP_INACTIVE", "ACCESS_DENIED")
    return order.index(message.code) if message.code in order else len(order)


def _typed(refusal: _Refusal) -> ApiError:
    make = _BY_CODE.get(refusal.first.code or "")
    if make is not None:
        return make(refusal)
    if _is_static(refusal):
        return _invalid_document(refusal)
    return BadRequest(f"{refusal.call}: {refusal.told}", **refusal.details)


def _is_static(refusal: _Refusal) -> bool:
    """Whether the document itself was refused: codes in camelCase, paths that begin with the operation (FACTS 15)."""
    if refusal.reply.data is not None:
        return False
    code, begins = refusal.first.code or "", refusal.first.path[0] if refusal.first.path else ""
    return code[:1].islower() or (isinstance(begins, str) and bool(_STATIC_PATH.match(begins)))


def _partial(refusal: _Refusal, error: ApiError) -> PartialData:
    partial = PartialData(
        f"{refusal.call}: Shopify answered only a part: {refusal.told}",
        data=refusal.reply.data or {},
        hint=error.hint,
        outcome=refusal.call.lost,
        **refusal.details,
    )
    partial.__cause__ = error
    return partial


def _throttled(refusal: _Refusal) -> ApiError:
    cost, retry = refusal.reply.cost, LATER
    if cost is not None and cost.status is not None and cost.status.restore_rate > 0:
        retry = after(max(0.0, (cost.requested - cost.status.available) / cost.status.restore_rate))
    return Throttled(
        f"{refusal.call}: the store's query budget is spent",
        hint="nothing was changed; it can be sent again. Other programs that use the same app share the budget",
        retry=retry,
        **refusal.details,
    )


def _max_cost(refusal: _Refusal) -> ApiError:
    cost, limit = refusal.first.extensions.get("cost"), refusal.first.extensions.get("maxCost")
    figures = f" ({cost} points, {limit} allowed)" if cost and limit else ""
    return MaxCostExceeded(
        f"{refusal.call}: too much for one request{figures}",
        hint="ask for fewer fields or smaller pages",
        **refusal.details,
    )


def _input_too_large(refusal: _Refusal) -> ApiError:
    return InputTooLarge(
        f"{refusal.call}: {refusal.told}", hint="split the list into several rows or requests", **refusal.details
    )


def _scope_missing(refusal: _Refusal) -> ApiError:
    required = required_scopes(refusal.first)
    wanted = " and ".join(required) if required else "the access that the message names"
    return ScopeMissing(
        f"{refusal.call}: {refusal.told}",
        hint=f"grant {wanted} to the app: in the Dev Dashboard under the app's versions, for older custom apps in the "
        "Shopify admin under Settings → Apps → Develop apps → Configuration; then install the update",
        required=required,
        **refusal.details,
    )


def _inactive(refusal: _Refusal) -> ApiError:
    return ShopFrozen(
        f"{refusal.call.domain}: the store is not active: {quoted(refusal.first.message)}",
        hint="its owner has to reactivate it in the Shopify admin",
        **refusal.details,
    )


def _internal(refusal: _Refusal) -> ApiError:
    found = _REQUEST_ID.search(refusal.first.message)
    request_id = found[1] if found else refusal.reply.request_id
    return ServerFault(
        f"{refusal.call}: Shopify failed inside{refusal.call.doubt} (request id {request_id or 'not given'})",
        hint="try again later; if it stays, give the request id to Shopify's support",
        outcome=refusal.call.lost,
        **{**refusal.details, "request_id": request_id},
    )


def _invalid_document(refusal: _Refusal) -> ApiError:
    return InvalidDocument(
        f"{refusal.call}: Shopify refuses the document: {refusal.told}",
        hint="api_version of the configuration and what is asked for don't fit each other",
        **refusal.details,
    )


def _invalid_variable(refusal: _Refusal) -> ApiError:
    problems = refusal.first.extensions.get("problems")
    listed = [_problem(each) for each in problems if isinstance(each, dict)] if isinstance(problems, list) else []
    told = "; ".join(listed) or quoted(refusal.first.message)
    return InvalidVariable(f"{refusal.call}: a value does not fit: {told}", **refusal.details)


def _problem(problem: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in problem.get("path") or ())
    told = quoted(str(problem.get("message") or problem.get("explanation") or "invalid"))
    return f"{path}: {told}" if path else told


def _not_found(refusal: _Refusal) -> ApiError:
    return NotFound(f"{refusal.call}: {refusal.told}", **refusal.details)


def _concurrent(refusal: _Refusal) -> ApiError:
    return BadRequest(f"{refusal.call}: {refusal.told}", retry=LATER, **refusal.details)


_BY_CODE: dict[str, Callable[[_Refusal], ApiError]] = {
    "THROTTLED": _throttled,
    "MAX_COST_EXCEEDED": _max_cost,
    "MAX_INPUT_SIZE_EXCEEDED": _input_too_large,
    "ACCESS_DENIED": _scope_missing,
    "SHOP_INACTIVE": _inactive,
    "INTERNAL_SERVER_ERROR": _internal,
    "TIMEOUT": _internal,
    "SERVICE_UNAVAILABLE": _internal,
    "INVALID_VARIABLE": _invalid_variable,
    "PARSE_ERROR": _invalid_document,
    "RESOURCE_NOT_FOUND": _not_found,
    "NOT_FOUND": _not_found,
    "IDEMPOTENCY_CONCURRENT_REQUEST": _concurrent,
}
