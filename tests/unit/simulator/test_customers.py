"""Customers as the store keeps them: checks and their words, normalising, addresses, consent, merging, deletion."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

CREATE = """mutation($input: CustomerInput!) { customerCreate(input: $input) {
  customer { id firstName lastName displayName email phone note tags locale state createdAt updatedAt
    defaultAddress { id firstName address1 province country formattedArea }
    addressesV2(first: 9) { nodes { id address1 } }
    emailMarketingConsent { marketingState marketingOptInLevel consentUpdatedAt } }
  userErrors { field message } } }"""
UPDATE = CREATE.replace("customerCreate", "customerUpdate")
SET = """mutation($identifier: CustomerSetIdentifiers, $input: CustomerSetInput!) {
  customerSet(identifier: $identifier, input: $input) {
    customer { id firstName email phone } userErrors { field message code } } }"""
DELETE = """mutation($input: CustomerDeleteInput!) { customerDelete(input: $input) {
    deletedCustomerId userErrors { field message } } }"""


@pytest.fixture
def store() -> Store:
    return Store()


def created(store: Store, **given: Any) -> dict[str, Any]:
    payload = store.ask(CREATE, input=given)
    assert payload["userErrors"] == []
    customer: dict[str, Any] = payload["customer"]
    return customer


def complaints(payload: dict[str, Any]) -> list[tuple[str | None, str]]:
    errors = payload["userErrors"]
    return [(".".join(error["field"]) if error["field"] else None, error["message"]) for error in errors]


def test_blank_names_and_phones_are_null_and_a_blank_note_stays(store: Store) -> None:
    """FACTS 31."""
    customer = created(store, email="ann@example.com", firstName="  ", lastName="", note="", phone="")
    assert (customer["firstName"], customer["lastName"], customer["phone"], customer["note"]) == (None, None, None, "")
    assert customer["displayName"] == "ann@example.com"


def test_tags_are_split_trimmed_deduplicated_and_sorted(store: Store) -> None:
    """Whatever their case; the spelling that came first stays, inner spaces too."""
    customer = created(store, email="ann@example.com", tags=["Zulu", "alpha, ALPHA", " big   sale ", ""])
    assert customer["tags"] == ["alpha", "big   sale", "Zulu"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [("+1 (613) 450-5293", "+16134505293"), ("613-450-5293", "+16134505293"), ("+44 20 7946 0000", "+442079460000")],
)
def test_phones_are_kept_as_e164(store: Store, written: str, kept: str) -> None:
    """A number without a country is one of the shop's."""
    assert created(store, phone=written)["phone"] == kept


def test_a_phone_spelt_otherwise_is_still_taken(store: Store) -> None:
    """Uniqueness looks at the number, not at its spelling."""
    created(store, phone="+16134505293")
    payload = store.ask(CREATE, input={"phone": "+1 (613) 450-5293"})
    assert complaints(payload) == [("phone", "Phone has already been taken")]


def test_email_addresses_lose_spaces_and_compare_without_case(store: Store) -> None:
    """FACTS 30; the case written is the case kept."""
    assert created(store, email=" An n@Example.com")["email"] == "Ann@Example.com"
    payload = store.ask(CREATE, input={"email": "ann@example.COM"})
    assert complaints(payload) == [("email", "Email has already been taken")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [(None, "A name, phone number, or email address must be present")]),
        ({"email": "nobody"}, [("email", "Email is invalid")]),
        ({"phone": "+1234abcd"}, [("phone", "Phone is invalid")]),
        (
            {"phone": "+" + "1" * 260},
            [("phone", "Phone is too long (maximum is 255 characters)"), ("phone", "Phone is invalid")],
        ),
        ({"id": "gid://shopify/Customer/1", "email": "x"}, [("id", "Cannot specify ID on creation")]),
        ({"firstName": "Ann", "locale": "not-a-locale"}, [("locale", "Locale is invalid")]),
        (
            {"firstName": "F" * 256, "note": "n" * 5001},
            [
                ("firstName", "First name is too long (maximum is 255 characters)"),
                ("note", "Note is too long (maximum is 5000 characters)"),
            ],
        ),
        ({"firstName": "A", "tags": [f"t{n}" for n in range(251)]}, [("tags", "Tags cannot be more than 250")]),
        ({"firstName": "A", "addresses": [{}]}, [("addresses.0", "Customer address cannot be blank.")]),
        (
            {"firstName": "A", "addresses": [{"countryCode": "CA", "provinceCode": "CA"}]},
            [("addresses.0.province", "Province is invalid")],
        ),
        (
            {"firstName": "A", "smsMarketingConsent": {"marketingState": "SUBSCRIBED"}},
            [("smsMarketingConsent", "A phone number is required to set the SMS consent state.")],
        ),
    ],
)
def test_creation_is_refused_in_the_stores_words(
    store: Store, given: dict[str, Any], expected: list[tuple[str | None, str]]
) -> None:
    """Field paths bear no `input`; nothing is kept of a refused customer."""
    assert complaints(store.ask(CREATE, input=given)) == expected
    assert len(store.shop.table("Customer")) == 0


def test_updating_moves_updated_at_to_the_whole_second(store: Store) -> None:
    """A change within the second leaves it where creation put it (FACTS 3)."""
    customer = created(store, email="ann@example.com")
    store.later(0.5)
    again = store.ask(UPDATE, input={"id": customer["id"], "firstName": "Ann"})["customer"]
    assert again["updatedAt"] == customer["createdAt"] == "2026-10-01T12:00:00Z"
    store.later(90)
    assert (
        store.ask(UPDATE, input={"id": customer["id"], "note": "x"})["customer"]["updatedAt"] == "2026-10-01T12:01:30Z"
    )


def test_updates_of_nobody_and_inline_consent_are_refused(store: Store) -> None:
    """FACTS 25, 32."""
    payload = store.ask(UPDATE, input={"id": "gid://shopify/Customer/9", "firstName": "X"})
    assert complaints(payload) == [("id", "Customer does not exist")]
    gid = created(store, email="ann@example.com")["id"]
    payload = store.ask(UPDATE, input={"id": gid, "emailMarketingConsent": {"marketingState": "SUBSCRIBED"}})
    message = "To update emailMarketingConsent, please use the customerEmailMarketingConsentUpdate Mutation instead"
    assert complaints(payload) == [("emailMarketingConsent", message)]


# addresses

HOME = {"address1": "1 Main St", "city": "Ottawa", "countryCode": "CA", "provinceCode": "ON", "zip": "K1A 0B1"}
ADD = """mutation($id: ID!, $address: MailingAddressInput!, $default: Boolean) {
  customerAddressCreate(customerId: $id, address: $address, setAsDefault: $default) {
    address { id firstName province country formattedArea } userErrors { field message } } }"""


def test_addresses_get_names_of_places_and_of_their_customer(store: Store) -> None:
    """The first address is the default one."""
    gid = created(store, firstName="Ann")["id"]
    payload = store.ask(ADD, id=gid, address=HOME)
    assert payload["address"]["formattedArea"] == "Ottawa ON, Canada"
    assert (payload["address"]["firstName"], payload["address"]["province"]) == ("Ann", "Ontario")
    default = store.ask("query($id: ID!) { customer(id: $id) { defaultAddress { id } } }", id=gid)
    assert default["defaultAddress"]["id"] == payload["address"]["id"]


def test_the_same_address_twice_is_refused(store: Store) -> None:
    """By its own mutation; in a customer's list it counts once."""
    gid = created(store, firstName="Ann", addresses=[HOME, HOME])["id"]
    assert len(store.shop.table("Customer").all()[0]["_addresses"]) == 1
    assert complaints(store.ask(ADD, id=gid, address=HOME)) == [("address", "Address already exists")]


def test_an_update_replaces_the_list_and_keeps_what_named_addresses_leave_out(store: Store) -> None:
    """An address named by id keeps its other fields; those not listed go."""
    other = {**HOME, "address1": "2 Side St"}
    customer = created(store, firstName="Ann", addresses=[HOME, other])
    second = customer["addressesV2"]["nodes"][1]["id"]
    payload = store.ask(UPDATE, input={"id": customer["id"], "addresses": [{"id": second, "address1": "9 New St"}]})
    assert payload["customer"]["addressesV2"]["nodes"] == [{"id": second, "address1": "9 New St"}]
    assert payload["customer"]["defaultAddress"]["formattedArea"] == "Ottawa ON, Canada"


def test_deleting_the_default_address_makes_the_next_one_default(store: Store) -> None:
    """A customer with addresses always has a default one."""
    customer = created(store, firstName="Ann", addresses=[HOME, {**HOME, "address1": "2 Side St"}])
    first, second = (row["id"] for row in customer["addressesV2"]["nodes"])
    document = """mutation($id: ID!, $address: ID!) { customerAddressDelete(customerId: $id, addressId: $address) {
      deletedAddressId userErrors { field message } } }"""
    assert store.ask(document, id=customer["id"], address=first)["deletedAddressId"] == first
    default = store.ask("query($id: ID!) { customer(id: $id) { defaultAddress { id } } }", id=customer["id"])
    assert default["defaultAddress"]["id"] == second
    body = store.answer(document, id=customer["id"], address=first)
    assert body["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"


# customerSet


def test_setting_by_email_creates_once_and_then_updates(store: Store) -> None:
    """The upsert."""
    wanted = {"identifier": {"email": "ann@example.com"}, "input": {"email": "ann@example.com", "firstName": "Ann"}}
    first = store.ask(SET, **wanted)["customer"]
    wanted["input"] = {"email": "ann@example.com", "firstName": "Anna"}
    second = store.ask(SET, **wanted)["customer"]
    assert (second["id"], second["firstName"]) == (first["id"], "Anna")


@pytest.mark.parametrize(
    ("identifier", "given", "message", "code"),
    [
        (
            {"id": "gid://shopify/Customer/9"},
            {"firstName": "A"},
            "Resource matching the identifier was not found.",
            "NOT_FOUND",
        ),
        (
            {"email": "a@example.com"},
            {"firstName": "A"},
            "The input field corresponding to the identifier is required.",
            "MISSING_FIELD_REQUIRED",
        ),
        (
            {"email": "a@example.com"},
            {"email": "b@example.com"},
            "The identifier value does not match the value of the corresponding field in the input.",
            "INPUT_MISMATCH",
        ),
        (
            {"email": "a@example.com"},
            {"id": "gid://shopify/Customer/9"},
            "The id field is not allowed if identifier is provided.",
            "ID_NOT_ALLOWED",
        ),
    ],
)
def test_setting_is_refused_with_a_code(
    store: Store, identifier: dict[str, str], given: dict[str, str], message: str, code: str
) -> None:
    """FACTS 33."""
    payload = store.ask(SET, identifier=identifier, input=given)
    assert payload["userErrors"] == [{"field": ["input"], "message": message, "code": code}]


def test_setting_leaves_null_addresses_and_clears_an_empty_list(store: Store) -> None:
    """`null` is no list; `[]` is an empty one."""
    customer = created(store, email="ann@example.com", addresses=[HOME])
    by_id = {"id": customer["id"]}
    store.ask(SET, identifier=by_id, input={"addresses": None})
    assert len(store.shop.table("Customer").all()[0]["_addresses"]) == 1
    store.ask(SET, identifier=by_id, input={"addresses": []})
    assert store.shop.table("Customer").all()[0]["_addresses"] == []


def test_a_custom_id_needs_its_definition_and_then_finds_its_customer(store: Store) -> None:
    """FACTS 34: a look-up that finds nobody creates the customer with that metafield."""
    wanted = {"customId": {"namespace": "crm", "key": "number", "value": "C-1"}}
    body = store.answer(SET, identifier=wanted, input={"firstName": "Ann"})
    assert body["errors"][0]["message"] == "Metafield definition of type 'id' is required when using custom ids."
    store.ask("""mutation { metafieldDefinitionCreate(definition: {ownerType: CUSTOMER, namespace: "crm", key: "number",
      name: "Number", type: "id"}) { userErrors { message } } }""")
    first = store.ask(SET, identifier=wanted, input={"firstName": "Ann"})["customer"]
    second = store.ask(SET, identifier=wanted, input={"firstName": "Anna"})["customer"]
    assert first["id"] == second["id"]
    found = store.ask(
        "query($by: CustomerIdentifierInput!) { customerByIdentifier(identifier: $by) { firstName } }", by=wanted
    )
    assert found == {"firstName": "Anna"}


# consent


def test_consent_of_nobody_asked_is_not_subscribed(store: Store) -> None:
    """Without an address there is no consent at all."""
    assert created(store, phone="+16134505293")["emailMarketingConsent"] is None
    consent = created(store, email="ann@example.com")["emailMarketingConsent"]
    assert consent == {
        "marketingState": "NOT_SUBSCRIBED",
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "consentUpdatedAt": None,
    }


def test_email_consent_needs_a_level_and_no_future(store: Store) -> None:
    """A refused change leaves what was."""
    gid = created(store, email="ann@example.com")["id"]
    document = """mutation($input: CustomerEmailMarketingConsentUpdateInput!) {
      customerEmailMarketingConsentUpdate(input: $input) {
        customer { emailMarketingConsent { marketingState } } userErrors { message code } } }"""
    wanted: dict[str, Any] = {"marketingState": "SUBSCRIBED"}
    payload = store.ask(document, input={"customerId": gid, "emailMarketingConsent": wanted})
    assert payload["userErrors"] == [{"message": "Marketing opt in level must exist", "code": "MISSING_ARGUMENT"}]
    assert payload["customer"]["emailMarketingConsent"]["marketingState"] == "NOT_SUBSCRIBED"
    wanted |= {"marketingOptInLevel": "SINGLE_OPT_IN", "consentUpdatedAt": "2027-01-01T00:00:00Z"}
    payload = store.ask(document, input={"customerId": gid, "emailMarketingConsent": wanted})
    assert payload["userErrors"][0]["message"] == "Consent updated at must not be in the future"
    wanted.pop("consentUpdatedAt")
    payload = store.ask(document, input={"customerId": gid, "emailMarketingConsent": wanted})
    assert payload["customer"]["emailMarketingConsent"]["marketingState"] == "SUBSCRIBED"


# deleting and merging


def test_a_customer_with_orders_cannot_be_deleted(store: Store) -> None:
    """The apostrophe of this message is curly, that of the unknown customer's is not (FACTS 25)."""
    gid = created(store, email="ann@example.com")["id"]
    store.shop.table("Order").put({"id": "gid://shopify/Order/1", "customer": gid, "createdAt": "2026-09-01T00:00:00Z"})
    payload = store.ask(DELETE, input={"id": gid})
    assert complaints(payload) == [("id", "Customer can’t be deleted because they have associated orders")]
    payload = store.ask(DELETE, input={"id": "gid://shopify/Customer/9"})
    assert complaints(payload) == [("id", "Customer can't be found")]


def test_deletion_leaves_an_event(store: Store) -> None:
    """It is all that tells of the deletion to who comes later."""
    gid = created(store, email="ann@example.com")["id"]
    store.ask(DELETE, input={"id": gid})
    found = store.ask(
        '{ events(first: 5, query: "subject_type:CUSTOMER action:destroy") {'
        " nodes { action ... on BasicEvent { subjectId } } } }"
    )
    assert found["nodes"] == [{"action": "destroy", "subjectId": gid}]


MERGE = """mutation($one: ID!, $two: ID!, $override: CustomerMergeOverrideFields) {
  customerMerge(customerOneId: $one, customerTwoId: $two, overrideFields: $override) {
    resultingCustomerId job { id } userErrors { field message code } } }"""


@pytest.mark.parametrize(
    ("one", "two", "stays"),
    [
        ({"email": "a@example.com"}, {"email": "b@example.com"}, 1),
        ({"email": "a@example.com"}, {"firstName": "B"}, 0),
        ({"firstName": "A"}, {"email": "b@example.com"}, 1),
        ({"firstName": "A"}, {"firstName": "B"}, 1),
    ],
)
def test_merging_keeps_whoever_has_an_email_else_the_second(
    store: Store, one: dict[str, str], two: dict[str, str], stays: int
) -> None:
    """The other one is gone afterwards."""
    gids = [created(store, **one)["id"], created(store, **two)["id"]]
    payload = store.ask(MERGE, one=gids[0], two=gids[1])
    assert payload["resultingCustomerId"] == gids[stays]
    assert store.ask("query($id: ID!) { customer(id: $id) { id } }", id=gids[1 - stays]) is None


def test_merging_joins_tags_notes_addresses_and_orders(store: Store) -> None:
    """Nothing of either side is lost."""
    one = created(store, email="a@example.com", tags=["x"], note="first", addresses=[HOME])["id"]
    two = created(store, email="b@example.com", tags=["y", "X"], note="second")["id"]
    store.shop.table("Order").put({"id": "gid://shopify/Order/1", "customer": one, "createdAt": "2026-09-01T00:00:00Z"})
    store.ask(MERGE, one=one, two=two)
    kept = store.shop.get(two)
    assert kept is not None
    assert (kept["tags"], kept["note"], len(kept["_addresses"])) == (["X", "y"], "second first", 1)
    assert store.shop.table("Order").all()[0]["customer"] == two


def test_merging_somebody_with_themselves_or_nobody_is_refused(store: Store) -> None:
    """Existence is looked at first."""
    gid = created(store, email="a@example.com")["id"]
    payload = store.ask(MERGE, one=gid, two=gid)
    assert payload["userErrors"][0]["message"] == "Customers IDs should not match"
    payload = store.ask(MERGE, one=gid, two="gid://shopify/Customer/999")
    assert payload["userErrors"] == [
        {"field": ["customerTwoId"], "message": "Customer does not exist with ID 999", "code": "INVALID_CUSTOMER_ID"}
    ]


def test_customers_are_searched_by_their_documented_fields(store: Store) -> None:
    """And sorted by name; `created_at` is none of them: it matches everything and warns."""
    created(store, email="ann@example.com", firstName="Ann", lastName="Berg", tags=["VIP"], addresses=[HOME])
    created(store, email="bob@example.com", firstName="Bob", lastName="Aas")
    document = "query($q: String) { customers(first: 9, query: $q, sortKey: NAME) { nodes { firstName } } }"

    def names(query: str) -> list[str]:
        return [row["firstName"] for row in store.ask(document, q=query)["nodes"]]

    assert names("") == ["Bob", "Ann"]
    assert names("tag:vip") == names("country:Canada") == names("email:ann@example.com") == ["Ann"]
    assert names("-tag:vip") == names("bob@example.com") == ["Bob"]
    body = store.answer(document, q="created_at:>2030-01-01")
    assert len(body["data"]["customers"]["nodes"]) == 2
    assert body["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"
