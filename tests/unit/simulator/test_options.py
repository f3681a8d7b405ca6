"""Options of products in the simulated store: linked to metaobjects, and what is refused of them and their values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import Store

CREATE = """mutation($id: ID!, $options: [OptionCreateInput!]!, $how: ProductOptionCreateVariantStrategy) {
  productOptionsCreate(productId: $id, options: $options, variantStrategy: $how) {
    product { options { linkedMetafield { key } optionValues { name linkedMetafieldValue } }
      variants(first: 9) { nodes { title } } metafield(namespace: "custom", key: "color") { value } }
    userErrors { field code } } }"""
UPDATE = """mutation($id: ID!, $option: OptionUpdateInput!, $add: [OptionValueCreateInput!],
    $change: [OptionValueUpdateInput!], $delete: [ID!], $how: ProductOptionUpdateVariantStrategy) {
  productOptionUpdate(productId: $id, option: $option, optionValuesToAdd: $add, optionValuesToUpdate: $change,
      optionValuesToDelete: $delete, variantStrategy: $how) {
    product { options { name values optionValues { id name linkedMetafieldValue } } } userErrors { field code } } }"""
LINK = {"namespace": "custom", "key": "color"}


@pytest.fixture
def store() -> Store:
    return Store()


def product(store: Store, *values: str) -> Any:
    """A product with a Color of these values, a variant each."""
    query = """mutation($given: ProductCreateInput!) { productCreate(product: $given) { product {
      id options { id optionValues { id } } } } }"""
    given: dict[str, Any] = {"title": "Cap"}
    if values:
        given["productOptions"] = [{"name": "Color", "values": [{"name": value} for value in values]}]
    return store.ask(query, given=given)["product"]


def colors(store: Store, *names: str) -> list[str]:
    """Metaobjects of those names, and a definition that lets products refer to them."""
    query = """mutation { metaobjectDefinitionCreate(definition: {type: "color", displayNameKey: "label",
      fieldDefinitions: [{key: "label", type: "single_line_text_field"}]}) { metaobjectDefinition { id } } }"""
    kind = store.ask(query)["metaobjectDefinition"]["id"]
    query = """mutation($kind: String!) { metafieldDefinitionCreate(definition: {name: "Color", namespace: "custom",
      key: "color", ownerType: PRODUCT, type: "list.metaobject_reference",
      validations: [{name: "metaobject_definition_id", value: $kind}]}) { userErrors { message } } }"""
    assert store.ask(query, kind=kind)["userErrors"] == []
    query = """mutation($name: String!) { metaobjectCreate(metaobject: {type: "color",
      fields: [{key: "label", value: $name}]}) { metaobject { id } } }"""
    return [store.ask(query, name=name)["metaobject"]["id"] for name in names]


def test_a_linked_option_takes_its_values_from_metaobjects(store: Store) -> None:
    """They go by the metaobjects' names, and the product's metafield holds them."""
    gids, gid = colors(store, "Red", "Blue"), product(store)["id"]
    options = [{"name": "Color", "linkedMetafield": {**LINK, "values": gids}}]
    made = store.ask(CREATE, id=gid, options=options, how="CREATE")["product"]
    assert made["options"][0]["optionValues"] == [
        {"name": "Red", "linkedMetafieldValue": gids[0]},
        {"name": "Blue", "linkedMetafieldValue": gids[1]},
    ]
    assert [row["title"] for row in made["variants"]["nodes"]] == ["Red", "Blue"]
    assert json.loads(made["metafield"]["value"]) == gids
    errors = store.ask(CREATE, id=gid, options=[{**options[0], "name": "Shade"}])["userErrors"]
    assert errors == [{"field": ["options", "0", "linkedMetafield"], "code": "OPTION_LINKED_METAFIELD_ALREADY_TAKEN"}]


def test_a_linked_option_grows_by_a_metaobject(store: Store) -> None:
    gids, gid = colors(store, "Red", "Blue"), product(store)["id"]
    store.ask(CREATE, id=gid, options=[{"name": "Color", "linkedMetafield": {**LINK, "values": gids[:1]}}])
    query = "query($id: ID!) { product(id: $id) { options { id } } }"
    option = {"id": store.ask(query, id=gid)["options"][0]["id"]}
    grown = store.ask(UPDATE, id=gid, option=option, add=[{"linkedMetafieldValue": gids[1]}])["product"]
    values = [row["linkedMetafieldValue"] for row in grown["options"][0]["optionValues"]]
    assert values == gids
    wrong = store.ask(UPDATE, id=gid, option=option, add=[{"linkedMetafieldValue": gid}])["userErrors"]
    assert [error["code"] for error in wrong] == ["INVALID_METAFIELD_VALUE_FOR_LINKED_OPTION"]


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (
            {"linkedMetafield": {"namespace": "custom", "key": "shade", "values": []}},
            "LINKED_METAFIELD_DEFINITION_NOT_FOUND",
        ),
        ({"linkedMetafield": {**LINK, "values": []}}, "MISSING_METAFIELD_VALUES_FOR_LINKED_OPTION"),
        (
            {"linkedMetafield": {**LINK, "values": ["gid://shopify/Metaobject/1"]}},
            "INVALID_METAFIELD_VALUE_FOR_LINKED_OPTION",
        ),
        (
            {"linkedMetafield": LINK, "values": [{"name": "Red"}]},
            "CANNOT_COMBINE_LINKED_METAFIELD_AND_OPTION_VALUES",
        ),
        (
            {"values": [{"linkedMetafieldValue": "gid://shopify/Metaobject/1"}]},
            "LINKED_METAFIELD_VALUE_WITHOUT_LINKED_OPTION",
        ),
        ({"values": [{"name": "Red"}, {"name": "red"}]}, "DUPLICATED_OPTION_VALUE"),
        ({"values": [{"name": "R" * 256}]}, "OPTION_VALUE_NAME_TOO_LONG"),
        ({"values": [{"name": "Red"}], "position": 4}, "POSITION_OUT_OF_BOUNDS"),
    ],
)
def test_what_is_refused_of_a_new_option(store: Store, option: Any, code: str) -> None:
    colors(store)
    errors = store.ask(CREATE, id=product(store)["id"], options=[{"name": "Color", **option}])["userErrors"]
    assert [error["code"] for error in errors] == [code]


def test_a_value_with_variants_stays_unless_they_are_managed(store: Store) -> None:
    made = product(store, "Red", "Blue")
    option = {"id": made["options"][0]["id"]}
    red, blue = (row["id"] for row in made["options"][0]["optionValues"])
    wrong = store.ask(UPDATE, id=made["id"], option=option, delete=[red])["userErrors"]
    assert wrong == [{"field": ["optionValuesToDelete", "0"], "code": "OPTION_VALUE_HAS_VARIANTS"}]
    wrong = store.ask(UPDATE, id=made["id"], option=option, delete=[red, blue], how="MANAGE")["userErrors"]
    assert wrong == [{"field": ["optionValuesToDelete"], "code": "CANNOT_DELETE_ALL_OPTION_VALUES_IN_OPTION"}]
    left = store.ask(UPDATE, id=made["id"], option=option, delete=[red], how="MANAGE")["product"]
    assert [row["name"] for row in left["options"][0]["optionValues"]] == ["Blue"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"add": [{"name": "Blue"}]}, "OPTION_VALUE_ALREADY_EXISTS"),
        ({"add": [{"name": "Green"}, {"name": "Green"}]}, "DUPLICATED_OPTION_VALUE"),
        ({"change": [{"id": 0, "name": "Blue"}]}, "OPTION_VALUE_ALREADY_EXISTS"),
        (
            {"change": [{"id": 0, "name": "Green"}], "delete": [0], "how": "MANAGE"},
            "OPTION_VALUE_CONFLICTING_OPERATION",
        ),
        ({"option": {"position": 2}}, "INVALID_POSITION"),
    ],
)
def test_what_is_refused_of_a_change(store: Store, given: Any, code: str) -> None:
    """0 in an input stands for the id of the first value."""
    made = product(store, "Red", "Blue")
    first = made["options"][0]["optionValues"][0]["id"]
    given = json.loads(json.dumps(given).replace('"id": 0', f'"id": "{first}"').replace("[0]", f'["{first}"]'))
    option = {"id": made["options"][0]["id"], **given.pop("option", {})}
    errors = store.ask(UPDATE, id=made["id"], option=option, **given)["userErrors"]
    assert [error["code"] for error in errors] == [code]
