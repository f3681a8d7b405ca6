"""What every kind of answer becomes: data, or an error that knows the outcome, the retry and the next step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shoptide.errors import (
    LATER,
    NEVER,
    ApiError,
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
from shoptide.shopify.answers import Answer, charged, read
from shoptide.shopify.replies import Call, Reply

QUERY = Call("acme.myshopify.com", "query", "Orders")
MUTATION = Call("acme.myshopify.com", "mutation", "customerCreate")
COST = {
    "cost": {
        "requestedQueryCost": 862,
        "actualQueryCost": None,
        "throttleStatus": {"maximumAvailable": 4000.0, "currentlyAvailable": 572, "restoreRate": 200.0},
    }
}
INTERNAL = (
    "Internal error. Looks like something went wrong on our end.\n"
    "Request ID: 65a6-1783 (include this in support requests)."
)


def reply(status: int = 200, body: object = None, text: str | None = None, **headers: str) -> Reply:
    content = text if text is not None else json.dumps(body)
    return Reply.of(status, {name.replace("_", "-"): value for name, value in headers.items()}, content.encode())


def errors(*entries: dict[str, Any], **rest: object) -> Reply:
    return reply(200, {"errors": list(entries), **rest})


def entry(
    code: str | None, message: str = "no", path: list[object] | None = None, **extensions: object
) -> dict[str, Any]:
    coded = {"code": code, **extensions} if code else extensions
    return {"message": message, "extensions": coded, **({"path": path} if path else {})}


def refused(answer: Reply, call: Call = MUTATION) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(answer, call)
    return caught.value


HTTP = [
    (401, {"errors": "[API] Invalid API key or access token"}, TokenRejected, 3, NEVER, WriteOutcome.NOT_APPLIED),
    (402, {"errors": "Unavailable Shop"}, ShopFrozen, 3, LATER, WriteOutcome.NOT_APPLIED),
    (403, {"errors": "Forbidden"}, ShopForbidden, 3, NEVER, WriteOutcome.NOT_APPLIED),
    (404, {"errors": "Not Found"}, ShopNotFound, 3, NEVER, WriteOutcome.NOT_APPLIED),
    (406, {"errors": "Not acceptable"}, BadRequest, 1, NEVER, WriteOutcome.NOT_APPLIED),
    (414, "", BadRequest, 1, NEVER, WriteOutcome.NOT_APPLIED),
    (422, {"errors": {"query": "is invalid"}}, BadRequest, 1, NEVER, WriteOutcome.NOT_APPLIED),
    (423, {"errors": "Locked"}, ShopLocked, 3, LATER, WriteOutcome.NOT_APPLIED),
    (429, {"errors": "Exceeded 2 calls per second"}, RateLimited, 75, LATER, WriteOutcome.NOT_APPLIED),
    (430, {"errors": "Security"}, SecurityRejected, 75, LATER, WriteOutcome.NOT_APPLIED),
    (301, "", ShopNotFound, 3, NEVER, WriteOutcome.NOT_APPLIED),
    (500, "<html>oops</html>", ServerFault, 75, LATER, WriteOutcome.UNKNOWN),
    (502, "<html>bad gateway</html>", ServerFault, 75, LATER, WriteOutcome.UNKNOWN),
    (503, "", ServerFault, 75, LATER, WriteOutcome.UNKNOWN),
    (783, "", ServerFault, 75, LATER, WriteOutcome.UNKNOWN),
]


@pytest.mark.parametrize(("status", "body", "kind", "exit_code", "retry", "outcome"), HTTP)
def test_every_http_status_has_its_error(
    status: int, body: object, kind: type[ApiError], exit_code: int, retry: Retry, outcome: WriteOutcome
) -> None:
    """FACTS §2, HTTP codes: class, exit code, whether to retry, what became of a write; the shop is always named."""
    text = body if isinstance(body, str) else json.dumps(body)
    found = refused(reply(status, text=text))
    assert type(found) is kind
    assert (found.exit_code, found.retry, found.outcome, found.status) == (exit_code, retry, outcome, status)
    assert "acme.myshopify.com" in found.message
    assert "<html" not in found.message


GRAPHQL = [
    (entry("THROTTLED", "Throttled"), Throttled, 75, WriteOutcome.NOT_APPLIED),
    (
        entry("MAX_COST_EXCEEDED", "Query cost is 1293", cost=1293, maxCost=1000),
        MaxCostExceeded,
        1,
        WriteOutcome.NOT_APPLIED,
    ),
    (entry("MAX_INPUT_SIZE_EXCEEDED", "The input array size"), InputTooLarge, 1, WriteOutcome.NOT_APPLIED),
    (entry("ACCESS_DENIED", "Access denied for x field."), ScopeMissing, 3, WriteOutcome.NOT_APPLIED),
    (entry("SHOP_INACTIVE", "Shop inactive"), ShopFrozen, 3, WriteOutcome.NOT_APPLIED),
    (entry("INTERNAL_SERVER_ERROR", INTERNAL), ServerFault, 75, WriteOutcome.UNKNOWN),
    (entry("INVALID_VARIABLE", "Variable $input of type"), InvalidVariable, 1, WriteOutcome.NOT_APPLIED),
    (entry("undefinedField", "Field 'code' doesn't exist"), InvalidDocument, 1, WriteOutcome.NOT_APPLIED),
    (entry(None, "unexpected", path=["mutation X", "orderCreate"]), InvalidDocument, 1, WriteOutcome.NOT_APPLIED),
    (entry("PARSE_ERROR", "syntax error"), InvalidDocument, 1, WriteOutcome.NOT_APPLIED),
    (entry("RESOURCE_NOT_FOUND", "invalid id"), NotFound, 1, WriteOutcome.NOT_APPLIED),
    (entry("NOT_FOUND", "Metafield definition"), NotFound, 1, WriteOutcome.NOT_APPLIED),
    (entry("BAD_REQUEST", "The @idempotent directive"), BadRequest, 1, WriteOutcome.NOT_APPLIED),
    (entry("SOMETHING_NEW", "What is this"), BadRequest, 1, WriteOutcome.NOT_APPLIED),
    (entry(None, "The api_client is not associated"), BadRequest, 1, WriteOutcome.NOT_APPLIED),
]


WITHOUT_DATA: list[dict[str, Any]] = [{}, {"data": None}]
NULL_ROOT: dict[str, Any] = {"data": {"customerCreate": None}}
# A document that fails validation is answered without data; everything else comes in all three shapes.
SHAPES = [
    (*row, data) for row in GRAPHQL for data in (*WITHOUT_DATA, *([] if row[1] is InvalidDocument else [NULL_ROOT]))
]


@pytest.mark.parametrize(("said", "kind", "exit_code", "outcome", "data"), SHAPES)
def test_every_graphql_code_has_its_error(
    said: dict[str, Any], kind: type[ApiError], exit_code: int, outcome: WriteOutcome, data: dict[str, Any]
) -> None:
    """FACTS §6, 15-20: with no `data`, null data, or a null root field."""
    found = refused(errors(said, **data))
    assert type(found) is kind
    assert (found.exit_code, found.outcome) == (exit_code, outcome)
    assert found.messages[0].code == said["extensions"].get("code")


def test_retry_after_may_be_a_decimal() -> None:
    """Shopify writes "4.0"; a value that is no number means later."""
    assert refused(reply(429, {}, retry_after="4.0")).retry == after(4.0)
    assert refused(reply(429, {}, retry_after="soon")).retry == LATER
    assert refused(reply(429, {}, retry_after="-1")).retry == LATER


def test_throttled_knows_when_the_points_are_back() -> None:
    """(862 - 572) / 200, as FACTS §2 measured."""
    assert refused(errors(entry("THROTTLED"), extensions=COST)).retry == after(1.45)


@pytest.mark.parametrize(
    ("message", "required"),
    [
        ("Access denied for heldByApp field. Required access: `read_apps` access scope.", ("read_apps",)),
        ("Required access: the `read_a` or the `read_b` access scope.", ("read_a", "read_b")),
        (
            "Access denied for themeCreate field. Required access: The user needs write_themes and more",
            ("write_themes",),
        ),
        ("Access denied for staffMembers field.", ()),
    ],
)
def test_a_missing_scope_is_named_and_so_is_the_place_to_grant_it(message: str, required: tuple[str, ...]) -> None:
    """A user learns which scope, and where."""
    found = refused(errors(entry("ACCESS_DENIED", message, ["customerCreate"]), data=None))
    assert isinstance(found, ScopeMissing)
    assert found.required == required
    assert all(scope in str(found.hint) for scope in required)
    assert "Dev Dashboard" in str(found.hint)


def test_an_internal_error_gives_the_request_id_for_support() -> None:
    """The id is in the message, not in a header."""
    found = refused(errors(entry("INTERNAL_SERVER_ERROR", INTERNAL), data=None))
    assert found.request_id == "65a6-1783"
    assert "65a6-1783" in found.message
    assert "not known" in found.message


def test_an_invalid_variable_names_the_place_and_does_not_echo_the_input() -> None:
    """The store echoes the whole input in `value`; a row's data has no place in an error."""
    problems = [{"path": ["input", "email"], "explanation": "Expected value to not be null"}]
    found = refused(errors(entry("INVALID_VARIABLE", "bad", value={"secret": "x"}, problems=problems)))
    assert "input.email: Expected value to not be null" in found.message
    assert "secret" not in found.message


@pytest.mark.parametrize("text", ["<!DOCTYPE html><html>", "", "null", "[]", '{"ok": true}', '{"data": null}'])
def test_what_is_no_graphql_answer_leaves_a_write_unknown(text: str) -> None:
    """A page of a proxy, an empty body, JSON of another kind: the mutation may have run all the same."""
    found = refused(reply(200, text=text))
    assert type(found) is ServerFault
    assert found.outcome is WriteOutcome.UNKNOWN
    assert refused(reply(200, text=text), QUERY).outcome is WriteOutcome.NOT_APPLIED


def test_a_mutation_that_failed_while_its_result_was_read_has_run() -> None:
    """FACTS 19: an error below the root field is one of reading; the write happened before it."""
    below = entry("ACCESS_DENIED", path=["customerCreate", "customer", "orders"])
    assert refused(errors(below, data={"customerCreate": None})).outcome is WriteOutcome.UNKNOWN
    root = entry("ACCESS_DENIED", path=["customerCreate"])
    assert refused(errors(root, data={"customerCreate": None})).outcome is WriteOutcome.NOT_APPLIED


def test_partial_data_is_an_error_unless_allowed() -> None:
    """Data beside errors is never passed off as the whole; what came can be had on request."""
    said = errors(entry("ACCESS_DENIED", "Required access: `read_apps`", ["a", "b"]), data={"a": {"b": None}, "c": 1})
    found = refused(said)
    assert isinstance(found, PartialData)
    assert found.data == {"a": {"b": None}, "c": 1}
    assert found.outcome is WriteOutcome.UNKNOWN
    assert "read_apps" in str(found.hint)
    assert isinstance(found.__cause__, ScopeMissing)
    answer = read(said, MUTATION, allow_partial=True)
    assert (answer.data["c"], answer.errors[0].path) == (1, ("a", "b"))


def test_several_errors_are_judged_by_the_gravest() -> None:
    """A fault of the server among others leaves the outcome open."""
    found = refused(errors(entry("BAD_REQUEST"), entry("INTERNAL_SERVER_ERROR"), data=None))
    assert type(found) is ServerFault
    assert len(found.messages) == 2


def test_an_answer_carries_cost_warnings_time_and_version() -> None:
    """All that a caller may want to know beside the data."""
    warning = {"field": "tgs", "message": "Invalid search field for this query.", "code": "invalid_field"}
    body = {
        "data": {"orders": {"nodes": []}},
        "extensions": {
            "cost": {**COST["cost"], "actualQueryCost": 4},
            "search": [{"path": ["orders"], "query": "tgs:x", "parsed": {}, "warnings": [warning]}],
        },
    }
    told = {"date": "Thu, 01 Oct 2026 12:00:00 GMT", "x_shopify_api_version": "2026-07"}
    answer: Answer = read(reply(200, body, **told), QUERY)
    assert answer.cost is not None
    assert (answer.cost.requested, answer.cost.actual, answer.cost.available) == (862, 4, 572)
    assert (answer.search_warnings[0].field, answer.search_warnings[0].path) == ("tgs", ("orders",))
    assert answer.server_time is not None
    assert answer.server_time.isoformat() == "2026-10-01T12:00:00+00:00"
    assert answer.version == "2026-07"


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (reply(200, {"data": {}, "extensions": {"cost": {**COST["cost"], "actualQueryCost": 7}}}), 7),
        (errors(entry("THROTTLED"), extensions=COST), 0),
        (errors(entry("MAX_INPUT_SIZE_EXCEEDED"), extensions=COST), 862),
        (errors(entry("undefinedField")), 0),
        (errors(entry("INTERNAL_SERVER_ERROR"), data=None), 10),
        (reply(429, {}), 0),
        (reply(401, {}), 0),
        (reply(502, text="<html>"), 10),
        (reply(200, text=""), 10),
    ],
)
def test_what_an_answer_cost(answer: Reply, points: float) -> None:
    """Turned away costs nothing; where the store is silent, all that was reserved counts as spent."""
    assert charged(answer, 10) == points
