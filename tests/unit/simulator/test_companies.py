"""Companies in the simulated store: contacts, roles, locations, and the orders that are theirs."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.world import World

COMPANY = """mutation($input: CompanyCreateInput!) { companyCreate(input: $input) {
  company { id mainContact { id customer { id } } contactRoles(first: 5) { nodes { id name } }
    locations(first: 5) { nodes { id name shippingAddress { formattedAddress } billingAddress { id }
      roleAssignments(first: 5) { nodes { role { name } } } } } }
  userErrors { field message code } } }"""
DRAFT = """mutation($input: DraftOrderInput!) { draftOrderCreate(input: $input) {
  draftOrder { id } userErrors { field message } } }"""
COMPLETE = """mutation($id: ID!) { draftOrderComplete(id: $id) { draftOrder { order { id
  customer { id } purchasingEntity { ... on PurchasingCompany { location { name ordersCount { count } } } } } } } }"""
SET = """mutation($order: ID!, $customer: ID!) { orderCustomerSet(orderId: $order, customerId: $customer) {
  order { customer { id } } userErrors { field code } } }"""
UNKNOWN = "RESOURCE_NOT_FOUND"


@pytest.fixture
def world() -> World:
    return opened()


def acme(world: World) -> Any:
    given = {
        "company": {"name": "Acme", "externalId": "a-1"},
        "companyContact": {"email": "buyer@acme.example"},
        "companyLocation": {
            "name": "Depot",
            "shippingAddress": {"address1": "1 Rue", "city": "Laval", "zoneCode": "QC", "countryCode": "CA"},
            "billingSameAsShipping": True,
        },
    }
    return ask(world, COMPANY, {"input": given})["companyCreate"]["company"]


def customer(world: World, **given: Any) -> str:
    query = "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } } }"
    gid: str = ask(world, query, {"input": given})["customerCreate"]["customer"]["id"]
    return gid


def bought(world: World, company: Any) -> Any:
    """An order of the company's, by way of a draft."""
    who = {"companyId": company["id"], "companyContactId": company["mainContact"]["id"]}
    who["companyLocationId"] = company["locations"]["nodes"][0]["id"]
    lines = [{"title": "Bolts", "originalUnitPrice": "2.00", "quantity": 3}]
    given = {"purchasingEntity": {"purchasingCompany": who}, "lineItems": lines}
    draft = ask(world, DRAFT, {"input": given})["draftOrderCreate"]["draftOrder"]["id"]
    return ask(world, COMPLETE, {"id": draft})["draftOrderComplete"]["draftOrder"]["order"]


def test_a_company_comes_with_its_people_and_places(world: World) -> None:
    """The contact given is the main one and may do everything at the location given."""
    company = acme(world)
    assert [row["name"] for row in company["contactRoles"]["nodes"]] == ["Location admin", "Ordering only"]
    place = company["locations"]["nodes"][0]
    assert place["shippingAddress"]["formattedAddress"] == ["Acme", "1 Rue", "Laval QC", "Canada"]
    assert place["billingAddress"] is not None
    assert [row["role"]["name"] for row in place["roleAssignments"]["nodes"]] == ["Location admin"]
    bare = ask(world, COMPANY, {"input": {"company": {"name": "Bare"}}})["companyCreate"]["company"]
    assert bare["mainContact"] is None
    assert [row["name"] for row in bare["locations"]["nodes"]] == ["Bare"]


def test_a_company_is_checked_with_its_parts(world: World) -> None:
    acme(world)
    given = {"company": {"name": " ", "externalId": "a-1"}, "companyContact": {"email": "buyer@acme.example"}}
    errors = ask(world, COMPANY, {"input": given})["companyCreate"]["userErrors"]
    assert [(error["field"], error["code"]) for error in errors] == [
        (["input", "company", "name"], "BLANK"),
        (["input", "company", "externalId"], "TAKEN"),
        (["input", "companyContact", "email"], "TAKEN"),
    ]


def test_a_company_s_order_stays_with_its_people(world: World) -> None:
    """A stranger can't take it over, nor may it lose its customer; one with a role at the location can take it."""
    company = acme(world)
    order = bought(world, company)
    assert order["customer"]["id"] == company["mainContact"]["customer"]["id"]
    assert order["purchasingEntity"]["location"] == {"name": "Depot", "ordersCount": {"count": 1}}
    other = customer(world, email="other@acme.example")
    refused = ask(world, SET, {"order": order["id"], "customer": other})["orderCustomerSet"]
    assert refused == {"order": None, "userErrors": [{"field": ["customerId"], "code": "NOT_PERMITTED"}]}
    query = "mutation($id: ID!) { orderCustomerRemove(orderId: $id) { userErrors { message code } } }"
    wrong = ask(world, query, {"id": order["id"]})["orderCustomerRemove"]["userErrors"]
    assert wrong == [{"message": "Action not permitted on B2B Orders", "code": "INVALID"}]

    query = """mutation($company: ID!, $customer: ID!) {
      companyAssignCustomerAsContact(companyId: $company, customerId: $customer) { companyContact { id } } }"""
    made = ask(world, query, {"company": company["id"], "customer": other})["companyAssignCustomerAsContact"]
    query = """mutation($contact: ID!, $role: ID!, $place: ID!) { companyContactAssignRole(
      companyContactId: $contact, companyContactRoleId: $role, companyLocationId: $place) { userErrors { code } } }"""
    given = {
        "contact": made["companyContact"]["id"],
        "role": company["contactRoles"]["nodes"][1]["id"],
        "place": company["locations"]["nodes"][0]["id"],
    }
    assert ask(world, query, given)["companyContactAssignRole"]["userErrors"] == []
    assert ask(world, query, given)["companyContactAssignRole"]["userErrors"] == [{"code": "LIMIT_REACHED"}]
    taken = ask(world, SET, {"order": order["id"], "customer": other})["orderCustomerSet"]
    assert taken["order"]["customer"]["id"] == other


def test_what_has_orders_is_not_deleted(world: World) -> None:
    company = acme(world)
    bought(world, company)
    for name, argument, gid in (
        ("companyDelete", "id", company["id"]),
        ("companyContactDelete", "companyContactId", company["mainContact"]["id"]),
        ("companyLocationDelete", "companyLocationId", company["locations"]["nodes"][0]["id"]),
    ):
        query = f"mutation($id: ID!) {{ {name}({argument}: $id) {{ userErrors {{ field code }} }} }}"
        errors = ask(world, query, {"id": gid})[name]["userErrors"]
        assert errors == [{"field": [argument], "code": "FAILED_TO_DELETE"}]
        unknown = ask(world, query, {"id": gid.rsplit("/", 1)[0] + "/1"})[name]["userErrors"]
        assert unknown == [{"field": [argument], "code": UNKNOWN}]


def test_a_deleted_company_leaves_its_customers(world: World) -> None:
    company = acme(world)
    query = "mutation($id: ID!) { companyDelete(id: $id) { deletedCompanyId userErrors { code } } }"
    assert ask(world, query, {"id": company["id"]})["companyDelete"]["deletedCompanyId"] == company["id"]
    found = ask(world, "{ companyLocations(first: 5) { nodes { id } } customers(first: 5) { nodes { email } } }")
    assert found["companyLocations"]["nodes"] == []
    assert [row["email"] for row in found["customers"]["nodes"]] == ["buyer@acme.example"]


def test_addresses_and_taxes_of_a_location(world: World) -> None:
    """Shared addresses part when one side is assigned; exemptions add up and go."""
    place = acme(world)["locations"]["nodes"][0]["id"]
    query = """mutation($id: ID!, $address: CompanyAddressInput!, $sides: [CompanyAddressType!]!) {
      companyLocationAssignAddress(locationId: $id, address: $address, addressTypes: $sides) {
        addresses { address1 formattedArea } userErrors { field code } } }"""
    given = {"id": place, "sides": ["BILLING"], "address": {"address1": "2 St", "countryCode": "CA", "zoneCode": "ON"}}
    made = ask(world, query, given)["companyLocationAssignAddress"]
    assert made["addresses"] == [{"address1": "2 St", "formattedArea": "ON, Canada"}]
    given["address"] = {"countryCode": "CA", "zoneCode": "XX"}
    wrong = ask(world, query, given)["companyLocationAssignAddress"]["userErrors"]
    assert wrong == [{"field": ["address", "zoneCode"], "code": "INVALID"}]

    query = """mutation($id: ID!, $add: [TaxExemption!], $remove: [TaxExemption!]) {
      companyLocationTaxSettingsUpdate(companyLocationId: $id, exemptionsToAssign: $add, exemptionsToRemove: $remove) {
        companyLocation { shippingAddress { address1 } taxSettings { taxExemptions } } userErrors { code } } }"""
    ask(world, query, {"id": place, "add": ["CA_STATUS_CARD_EXEMPTION", "US_CA_RESELLER_EXEMPTION"]})
    left = ask(world, query, {"id": place, "remove": ["US_CA_RESELLER_EXEMPTION"]})["companyLocationTaxSettingsUpdate"]
    assert left["companyLocation"]["taxSettings"]["taxExemptions"] == ["CA_STATUS_CARD_EXEMPTION"]
    assert left["companyLocation"]["shippingAddress"]["address1"] == "1 Rue"
