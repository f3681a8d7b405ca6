"""Constraints, access and standard definitions of metafields in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.world import World

CREATE = """mutation($definition: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $definition) {
  createdDefinition { id constraints { key values(first: 5) { nodes { value } } } }
  userErrors { field message code } } }"""
UPDATE = """mutation($definition: MetafieldDefinitionUpdateInput!) {
  metafieldDefinitionUpdate(definition: $definition) {
  updatedDefinition { constraints { key values(first: 5) { nodes { value } } } } userErrors { message code } } }"""
ENABLE = """mutation($id: ID!) { standardMetafieldDefinitionEnable(ownerType: PRODUCT, id: $id) {
  createdDefinition { namespace key standardTemplate { id } } userErrors { code } } }"""
TEMPLATE = "gid://shopify/StandardMetafieldDefinitionTemplate/1"
PLACE = {"namespace": "custom", "key": "shade", "ownerType": "PRODUCT"}


@pytest.fixture
def world() -> World:
    return opened()


def created(world: World, **given: Any) -> Any:
    wanted = {**PLACE, "name": "Shade", "type": "single_line_text_field", **given}
    return ask(world, CREATE, {"definition": wanted})["metafieldDefinitionCreate"]


def updated(world: World, **given: Any) -> Any:
    return ask(world, UPDATE, {"definition": {**PLACE, **given}})["metafieldDefinitionUpdate"]


def test_constraints_change_value_by_value(world: World) -> None:
    """Values come and go under their key; null takes the constraint away."""
    made = created(world, constraints={"key": "category", "values": ["ap-1"]})["createdDefinition"]
    assert made["constraints"] == {"key": "category", "values": {"nodes": [{"value": "ap-1"}]}}
    changes = {"values": [{"create": "ap-2"}, {"delete": "ap-1"}]}
    after = updated(world, constraintsUpdates=changes)["updatedDefinition"]["constraints"]
    assert after == {"key": "category", "values": {"nodes": [{"value": "ap-2"}]}}
    after = updated(world, constraintsUpdates={"key": None})["updatedDefinition"]["constraints"]
    assert after == {"key": None, "values": {"nodes": []}}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"pin": True, "constraints": {"key": "category", "values": ["ap-1"]}}, "UNSUPPORTED_PINNING"),
        ({"access": {"admin": "MERCHANT_READ"}}, "INVALID"),
    ],
)
def test_what_a_definition_may_not_ask(world: World, given: dict[str, Any], code: str) -> None:
    """Constrained ones can't be pinned, merchants' ones can't be closed."""
    assert [error["code"] for error in created(world, **given)["userErrors"]] == [code]


def test_a_standard_definition_keeps_its_name(world: World) -> None:
    """What the template says stays."""
    made = ask(world, ENABLE, {"id": TEMPLATE})["standardMetafieldDefinitionEnable"]["createdDefinition"]
    assert made == {"namespace": "descriptors", "key": "subtitle", "standardTemplate": {"id": TEMPLATE}}
    errors = updated(world, namespace="descriptors", key="subtitle", name="Mine")["userErrors"]
    assert errors == [{"message": "Name cannot be changed in a standard definition.", "code": "INVALID_INPUT"}]


def test_a_reference_stays_with_its_metaobject_definition(world: World) -> None:
    """Neither a value nor an update of the definition may lead to metaobjects of another kind."""
    query = """mutation($type: String!) { metaobjectDefinitionCreate(definition: {type: $type,
      fieldDefinitions: [{key: "label", type: "single_line_text_field"}]}) { metaobjectDefinition { id } }
      metaobjectCreate(metaobject: {type: $type, fields: [{key: "label", value: "A"}]}) { metaobject { id } }
      productCreate(product: {title: "Cap"}) { product { id } } }"""
    one, two = ask(world, query, {"type": "color"}), ask(world, query, {"type": "size"})
    kind, other = (found["metaobjectDefinitionCreate"]["metaobjectDefinition"]["id"] for found in (one, two))
    rule = "metaobject_definition_id"
    created(world, type="metaobject_reference", validations=[{"name": rule, "value": kind}])
    query = """mutation($owner: ID!, $value: String!) { metafieldsSet(metafields: [{ownerId: $owner,
      namespace: "custom", key: "shade", value: $value}]) { userErrors { message code } } }"""
    given = {"owner": one["productCreate"]["product"]["id"]}
    found = ask(world, query, {**given, "value": one["metaobjectCreate"]["metaobject"]["id"]})["metafieldsSet"]
    assert found["userErrors"] == []
    found = ask(world, query, {**given, "value": two["metaobjectCreate"]["metaobject"]["id"]})["metafieldsSet"]
    message = f"Value must belong to the specified metaobject definition {kind}"
    assert found["userErrors"] == [{"message": message, "code": "INVALID_VALUE"}]
    errors = updated(world, validations=[{"name": rule, "value": other}])["userErrors"]
    assert [error["code"] for error in errors] == ["METAOBJECT_DEFINITION_CHANGED"]
