"""Customers' own: addresses, metafields, consents, match keys in order, policies and clearing, refused deletes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

from shoptide.errors import ConfigError

READ = """{ customers(first: 20) { nodes { id email phone firstName lastName note tags taxExempt locale
  addresses { address1 city countryCodeV2 } metafields(first: 5) { nodes { namespace key value } }
  defaultEmailAddress { marketingState } defaultPhoneNumber { marketingState } } } }"""
OTTAWA = {"address1": "1 Main", "city": "Ottawa", "country_code": "CA", "province_code": "ON", "zip": "K1A 0A1"}
HULL = {**OTTAWA, "address1": "2 Side", "city": "Gatineau", "province_code": "QC"}
ERP = {"namespace": "custom", "key": "erp", "type": "single_line_text_field", "value": "E1"}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def store(project: Project) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = project.ask(READ)["customers"]["nodes"]
    return nodes


def only(project: Project) -> dict[str, Any]:
    found = store(project)
    assert len(found) == 1
    return found[0]


def made(project: Project, given: str) -> str:
    found: str = project.mutate("customerCreate", f"input: {{{given}}}", "customer { id }")["customer"]["id"]
    return found


def pushed(project: Project, *rows: dict[str, Any], strategy: str = "upsert", **settings: Any) -> Any:
    settings.setdefault("match", ("email", "phone"))
    return project.push(project.config("c", "customers", strategy, project.rows(*rows), **settings))


def cities(customer: dict[str, Any]) -> list[str]:
    return [each["city"] for each in customer["addresses"]]


def test_a_customer_is_made_whole(project: Project) -> None:
    """Addresses, metafields, tax, locale and both consents in one mutation; the second run does nothing."""
    row = {
        "k": 1,
        "email": "a@example.com",
        "phone": "+16135550111",
        "addresses": [OTTAWA, HULL],
        "metafields": [ERP],
        "tax_exempt": True,
        "locale": "fr",
        "email_marketing_consent": {"marketing_state": "subscribed", "marketing_opt_in_level": "single opt in"},
        "sms_marketing_consent": {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "CONFIRMED_OPT_IN"},
    }
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    customer = only(project)
    assert cities(customer) == ["Ottawa", "Gatineau"]
    assert (customer["taxExempt"], customer["locale"]) == (True, "fr")
    assert customer["metafields"]["nodes"] == [{name: ERP[name] for name in ("namespace", "key", "value")}]
    assert customer["defaultEmailAddress"]["marketingState"] == "SUBSCRIBED"
    assert customer["defaultPhoneNumber"]["marketingState"] == "SUBSCRIBED"
    again = pushed(project, row)
    assert (again.unchanged, again.outcomes, again.calls) == (1, {}, 0)


def test_consents_of_an_existing_customer_change_by_their_own_mutations(project: Project) -> None:
    """E-mail and SMS beside other fields, in one row."""
    made(project, 'email: "a@example.com", phone: "+16135550111"')
    row = {
        "k": 1,
        "email": "a@example.com",
        "note": "x",
        "email_marketing_consent": {"marketing_state": "UNSUBSCRIBED"},
        "sms_marketing_consent": {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "SINGLE_OPT_IN"},
    }
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    customer = only(project)
    assert customer["note"] == "x"
    assert customer["defaultEmailAddress"]["marketingState"] == "UNSUBSCRIBED"
    assert customer["defaultPhoneNumber"]["marketingState"] == "SUBSCRIBED"


def test_a_consent_without_its_address_is_refused_with_the_column(project: Project) -> None:
    """No phone number, no consent to messages on it: also when the customer exists."""
    made(project, 'email: "a@example.com"')
    consent = {"sms_marketing_consent": {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "SINGLE_OPT_IN"}}
    report = pushed(
        project, {"k": 1, "email": "a@example.com", **consent}, {"k": 2, "email": "b@example.com", **consent}
    )
    assert report.outcomes == {"rejected": 2}
    assert {failure.column for failure in report.failures} == {"sms_marketing_consent"}
    assert all("phone number is required" in str(failure.message) for failure in report.failures)


def test_addresses_are_replaced_added_or_kept(project: Project) -> None:
    """overwrite, append (each address once) and set_if_empty."""
    made(project, 'email: "a@example.com", addresses: [{address1: "1 Main", city: "Ottawa", countryCode: CA}]')
    row = {"k": 1, "email": "a@example.com", "addresses": [HULL]}
    assert pushed(project, row, columns={"addresses": "set_if_empty"}).outcomes == {"applied": 1}
    assert cities(only(project)) == ["Ottawa"]
    row["addresses"] = [HULL, {"address1": "1 Main", "city": "Ottawa"}]
    assert pushed(project, row, columns={"addresses": "append"}).outcomes == {"applied": 1}
    assert sorted(cities(only(project))) == ["Gatineau", "Ottawa"]
    row["addresses"] = [{**HULL, "city": "Aylmer"}]
    assert pushed(project, row).outcomes == {"applied": 1}
    assert cities(only(project)) == ["Aylmer"]


def test_metafields_a_row_does_not_name_are_kept(project: Project) -> None:
    """And a changed one changes."""
    made(project, 'email: "a@example.com", metafields: [{namespace: "custom", key: "staff", '
         'type: "single_line_text_field", value: "S"}]')  # fmt: skip
    for value in ("E1", "E2"):
        pushed(project, {"k": 1, "email": "a@example.com", "metafields": [{**ERP, "value": value}]})
    held = {each["key"]: each["value"] for each in only(project)["metafields"]["nodes"]}
    assert held == {"staff": "S", "erp": "E2"}


def test_the_match_chain_goes_in_order_and_phones_are_compared_as_numbers(project: Project) -> None:
    """The e-mail decides first; a phone is found however it is written, also as at home."""
    by_email = made(project, 'email: "a@example.com"')
    by_phone = made(project, 'phone: "+16135550111", firstName: "P"')
    rows = [
        {"k": 1, "email": " A@example.com", "phone": "+1 (613) 555-0111", "note": "e"},
        {"k": 2, "email": "new@example.com", "phone": "001 613-555-0111", "note": "p"},
    ]
    plan = project.plan(project.config("c", "customers", "upsert", project.rows(*rows), match=("email", "phone")))
    assert {row.key: row.gid for row in plan.rows} == {"1": by_email, "2": by_phone}
    rows = [{"k": 1, "phone": "613-555-0111"}, {"k": 2, "phone": "555-0111"}]
    plan = project.plan(project.config("d", "customers", "upsert", project.rows(*rows), match=("phone",)))
    assert {row.key: (row.action, row.gid) for row in plan.rows} == {"1": ("update", by_phone), "2": ("create", None)}


def test_a_row_may_name_its_record(project: Project) -> None:
    """By number, record_id or gid; a record that is gone is told."""
    gid = made(project, 'email: "a@example.com"')
    number = int(gid.rpartition("/")[2])
    for column, value in (("id", number), ("record_id", str(number)), ("gid", gid)):
        config = project.config(column, "customers", "update", project.rows({"k": 1, column: value, "note": column}))
        assert project.push(config).outcomes == {"applied": 1}
        assert only(project)["note"] == column
    config = project.config("gone", "customers", "update", project.rows({"k": 1, "id": 99, "note": "x"}))
    report = project.push(config)
    assert report.outcomes == {"rejected": 1}
    assert report.failures[0].message == "Customer does not exist"


def test_a_custom_id_matches_and_is_written(project: Project) -> None:
    """An id metafield of the shop's own is found by the row's key, and new customers carry it."""
    definition = 'name: "CRM", namespace: "crm", key: "id", type: "id", ownerType: CUSTOMER'
    project.mutate("metafieldDefinitionCreate", f"definition: {{{definition}}}", "createdDefinition { id }")
    made(project, 'firstName: "Old", metafields: [{namespace: "crm", key: "id", type: "id", value: "7"}]')
    report = pushed(project, {"k": 7, "first_name": "New"}, {"k": 8, "first_name": "Other"}, match=("crm.id",))
    assert report.outcomes == {"applied": 2}, report.failures
    held = {each["firstName"]: each["metafields"]["nodes"] for each in store(project)}
    assert held == {
        name: [{"namespace": "crm", "key": "id", "value": value}] for name, value in (("New", "7"), ("Other", "8"))
    }
    other = project.config("o", "customers", "update", "select 8 as k, 'Again' as first_name", match=("crm.id",))
    assert project.push(other).outcomes == {"applied": 1}
    assert {each["firstName"] for each in store(project)} == {"New", "Again"}


def test_empty_fields_are_filled_and_others_cleared_as_configured(project: Project) -> None:
    """set_if_empty on text; nulls = clear empties text and lists but takes no metafield away."""
    made(project, 'email: "a@example.com", firstName: "Kept", note: "old", tags: ["x"]')
    row = {"k": 1, "email": "a@example.com", "first_name": "New", "last_name": "Filled"}
    pushed(project, row, columns={"first_name": "set_if_empty", "last_name": "set_if_empty"})
    customer = only(project)
    assert (customer["firstName"], customer["lastName"]) == ("Kept", "Filled")
    row = {"k": 1, "email": "a@example.com", "note": None, "tags": None, "metafields": None, "last_name": "Filled"}
    assert pushed(project, row, nulls="clear").outcomes == {"applied": 1}
    customer = only(project)
    assert (customer["note"] or None, customer["tags"], customer["lastName"]) == (None, [], "Filled")


def test_a_policy_that_can_not_be_kept_is_refused(project: Project) -> None:
    """Before anything is sent: it would overwrite what it was to save."""
    row = {"k": 1, "email": "a@example.com", "first_name": "x"}
    with pytest.raises(ConfigError, match="only lists are appended to"):
        pushed(project, row, columns={"first_name": "append"})
    with pytest.raises(ConfigError, match="customers have no column frist_name"):
        pushed(project, row, columns={"frist_name": "append"})


def test_a_customer_with_orders_is_not_deleted(project: Project) -> None:
    """Blocked with the store's reason; the others go."""
    made(project, 'email: "free@example.com"')
    money = '{shopMoney: {amount: "5.00", currencyCode: CAD}}'
    project.mutate(
        "orderCreate",
        f'order: {{email: "b@example.com", lineItems: [{{title: "Hat", quantity: 1, priceSet: {money}}}], '
        'customer: {toUpsert: {email: "bound@example.com"}}}',
        "order { id }",
    )
    rows = [{"k": 1, "email": "bound@example.com"}, {"k": 2, "email": "free@example.com"}]
    report = pushed(project, *rows, strategy="delete")
    assert report.outcomes == {"applied": 1, "blocked": 1}
    assert "associated orders" in str(report.failures[0].message)
    assert {each["email"] for each in store(project)} == {"bound@example.com"}
