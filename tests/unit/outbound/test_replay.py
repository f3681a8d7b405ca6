"""A writer run again and again, with what was answered before: each of its requests leaves once."""

from __future__ import annotations

from typing import Any, cast

import pytest

from shoptide.config import PushConfig, Secret, ShopConfig
from shoptide.outbound.planning import Planned
from shoptide.outbound.replay import Attempt, Mutation, Reads
from shoptide.outbound.rows import Draft
from shoptide.outbound.session import Refused, Session
from shoptide.resources.objects import CUSTOMERS
from shoptide.shopify.client import AdminClient

ROW = Planned("k", "update", Draft("k"), "gid://shopify/Customer/1")


class Asking(Session):
    """A session whose queries are answered by their number."""

    asked: int = 0

    def query(self, document: str, variables: Any = None) -> dict[str, Any]:  # noqa: ARG002  # the session's
        self.asked += 1
        return {"number": self.asked, "document": document}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Asking:
    shop = ShopConfig("main", "acme.myshopify.com", access_token=Secret("t"))
    push = PushConfig("p", "main", "customers", "upsert", "s", "k")
    found = Asking(push, CUSTOMERS, AdminClient(shop))
    monkeypatch.setattr(Session, "query", lambda _self, document, variables=None: found.query(document, variables))
    return found


def update(session: Session, note: str) -> dict[str, Any]:
    return session.mutate("customerUpdate", {"input": {"note": note}}, "customer { id }")


def answer(gid: str) -> dict[str, Any]:
    return {"customer": {"id": gid}, "userErrors": []}


def through(attempt: Attempt, session: Session, act: Any) -> tuple[list[str], str | None]:
    """The notes of the mutations a writer asks for, each answered with its number, and what it returns."""
    notes: list[str] = []
    while isinstance(step := attempt.proceed(session, act), Mutation):
        notes.append(step.variables["input"]["note"])
        attempt.answered(answer(str(len(notes))))
    return notes, step


def test_each_request_leaves_once_and_in_order(session: Asking) -> None:
    """Also when the same question is asked before and after a mutation: the second answer is another."""

    def act(at: Session, _row: Planned) -> str:
        before = at.query("{ x }")["number"]
        first = update(at, f"a{before}")["customer"]["id"]
        after = at.query("{ x }")["number"]
        second = update(at, f"b{after}")["customer"]["id"]
        return f"{before}{first}{after}{second}"

    assert through(Attempt(ROW), session, act) == (["a1", "b2"], "1122")
    assert session.asked == 2


def test_a_question_that_is_not_asked_again_is_passed_over(session: Asking) -> None:
    """The session learned its answer the first time."""

    def act(at: Session, _row: Planned) -> str:
        if "name" not in at.orders:
            at.orders["name"] = str(at.query("{ name }")["number"])
        read = at.query("{ order }")["document"]
        return str(update(at, f"{at.orders['name']} {read}")["customer"]["id"])

    assert through(Attempt(ROW), session, act) == (["1 { order }"], "1")
    assert session.asked == 2


def test_refusals_and_errors_reach_the_writer_where_they_happened(session: Asking) -> None:
    """A writer that bears a refusal goes on; one that doesn't ends with it."""

    def act(at: Session, _row: Planned) -> str:
        try:
            update(at, "a")
        except Refused:
            update(at, "b")
        return "done"

    attempt = Attempt(ROW)
    assert isinstance(attempt.proceed(session, act), Mutation)
    attempt.answered({"customer": None, "userErrors": [{"field": ["note"], "message": "no"}]})
    step = cast("Mutation", attempt.proceed(session, act))
    assert step.variables["input"]["note"] == "b"
    attempt.answered({"customer": None, "userErrors": [{"field": ["note"], "message": "never"}]})
    with pytest.raises(Refused, match="never"):
        attempt.proceed(session, act)


def test_a_writer_that_must_ask_first_says_what(session: Asking) -> None:
    """Where it may not: its row is sent another way."""
    with pytest.raises(Reads) as found:
        Attempt(ROW).proceed(session, lambda at, _row: str(at.query("{ x }")), may_read=False)
    assert found.value.document == "{ x }"
    assert session.asked == 0
