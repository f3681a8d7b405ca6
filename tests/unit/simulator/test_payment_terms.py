"""Payment terms and risk assessments of orders in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, created, fulfilled, line, opened, order_of, sale

from shoptide.simulator.world import World

TERMS = """mutation($id: ID!, $given: PaymentTermsCreateInput!) { paymentTermsCreate(
  referenceId: $id, paymentTermsAttributes: $given) { paymentTerms { id } userErrors { field message code } } }"""
SHOWN = """paymentTerms { paymentTermsName paymentTermsType dueInDays due overdue
  paymentSchedules(first: 1) { nodes { issuedAt dueAt due balanceDue { amount } } } }"""
RISK = """mutation($given: OrderRiskAssessmentCreateInput!) { orderRiskAssessmentCreate(
  orderRiskAssessmentInput: $given) { orderRiskAssessment { riskLevel } userErrors { field code } } }"""


@pytest.fixture
def world() -> World:
    return opened()


def template(number: int) -> str:
    return f"gid://shopify/PaymentTermsTemplate/{number}"


def test_net_terms_count_from_their_issue(world: World) -> None:
    """Due when the days are over, overdue a day later; paid, nothing is due."""
    order = created(world, line("Hat", 1, "30.00"))
    given = {"paymentTermsTemplateId": template(2), "paymentSchedules": [{"issuedAt": "2026-10-01T12:00:00Z"}]}
    assert ask(world, TERMS, {"id": order["id"], "given": given})["paymentTermsCreate"]["userErrors"] == []
    schedule = {"issuedAt": "2026-10-01T12:00:00Z", "dueAt": "2026-10-08T12:00:00Z", "balanceDue": {"amount": "30.0"}}
    shown = {"paymentTermsName": "Net 7", "paymentTermsType": "NET", "dueInDays": 7}
    found = order_of(world, order["id"], SHOWN)["paymentTerms"]
    assert found == {
        **shown,
        "due": False,
        "overdue": False,
        "paymentSchedules": {"nodes": [{**schedule, "due": False}]},
    }
    states = []
    for days in (7, 2):
        world.shop.clock.move(days * 86_400)
        found = order_of(world, order["id"], SHOWN)["paymentTerms"]
        states.append((found["due"], found["overdue"]))
    assert states == [(True, False), (True, True)]
    query = "mutation($id: ID!) { orderMarkAsPaid(input: {id: $id}) { userErrors { message } } }"
    ask(world, query, {"id": order["id"]})
    assert not order_of(world, order["id"], SHOWN)["paymentTerms"]["due"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"paymentTermsTemplateId": template(99)}, "Could not find payment terms template."),
        ({"paymentTermsTemplateId": template(7)}, "A due date is required with fixed payment terms."),
        (
            {"paymentTermsTemplateId": template(2), "paymentSchedules": [{}, {}]},
            "Cannot create payment terms with multiple payment schedules.",
        ),
    ],
)
def test_what_terms_may_not_be(world: World, given: dict[str, Any], message: str) -> None:
    payload = ask(world, TERMS, {"id": created(world)["id"], "given": given})["paymentTermsCreate"]
    assert [error["message"] for error in payload["userErrors"]] == [message]


def test_a_paid_order_gets_no_terms(world: World) -> None:
    order = created(world, line("Hat", 1, "30.00"), transactions=[sale("30.00")])
    payload = ask(world, TERMS, {"id": order["id"], "given": {"paymentTermsTemplateId": template(1)}})
    error = payload["paymentTermsCreate"]["userErrors"][0]
    assert (error["field"], error["code"]) == (["referenceId"], "PAYMENT_TERMS_CREATION_UNSUCCESSFUL")


def test_a_draft_hands_its_terms_to_its_order(world: World) -> None:
    """The order is still to be paid."""
    query = """mutation($input: DraftOrderInput!) { draftOrderCreate(input: $input) {
      draftOrder { id paymentTerms { paymentTermsName } } userErrors { message } } }"""
    lines = [{"title": "Hat", "originalUnitPrice": "5.00", "quantity": 1}]
    given = {"lineItems": lines, "paymentTerms": {"paymentTermsTemplateId": template(4)}}
    draft = ask(world, query, {"input": given})["draftOrderCreate"]["draftOrder"]
    assert draft["paymentTerms"] == {"paymentTermsName": "Net 30"}
    query = """mutation($id: ID!) { draftOrderComplete(id: $id) { draftOrder { order {
      displayFinancialStatus paymentTerms { dueInDays } } } } }"""
    order = ask(world, query, {"id": draft["id"]})["draftOrderComplete"]["draftOrder"]["order"]
    assert order == {"displayFinancialStatus": "PENDING", "paymentTerms": {"dueInDays": 30}}


def test_the_worst_assessment_counts(world: World) -> None:
    """An app's next assessment replaces its last; a fulfilled order takes none."""
    order = created(world)
    facts = [{"description": "x" * 300, "sentiment": "NEGATIVE"}]
    for found in ("LOW", "HIGH"):
        given = {"orderId": order["id"], "riskLevel": found, "facts": facts}
        assert ask(world, RISK, {"given": given})["orderRiskAssessmentCreate"]["userErrors"] == []
    risk = order_of(world, order["id"], "risk { recommendation assessments { riskLevel facts { description } } }")[
        "risk"
    ]
    assert risk["recommendation"] == "CANCEL"
    assert [(row["riskLevel"], len(row["facts"][0]["description"])) for row in risk["assessments"]] == [("HIGH", 256)]
    fulfilled(world, order)
    given = {"orderId": order["id"], "riskLevel": "LOW", "facts": []}
    errors = ask(world, RISK, {"given": given})["orderRiskAssessmentCreate"]["userErrors"]
    assert [error["code"] for error in errors] == ["ORDER_ALREADY_FULFILLED"]
    given["orderId"] = "gid://shopify/Order/1"
    errors = ask(world, RISK, {"given": given})["orderRiskAssessmentCreate"]["userErrors"]
    assert [error["code"] for error in errors] == ["NOT_FOUND"]
