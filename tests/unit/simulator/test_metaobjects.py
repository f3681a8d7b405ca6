"""Metaobjects and their definitions in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.world import World

DEFINE = """mutation($definition: MetaobjectDefinitionCreateInput!) {
  metaobjectDefinitionCreate(definition: $definition) {
  metaobjectDefinition { id type metaobjectsCount fieldDefinitions { key required type { name } } }
  userErrors { field message code } } }"""
FIELDS = "id handle displayName updatedAt fields { key value jsonValue } capabilities { publishable { status } }"
CREATE = f"""mutation($metaobject: MetaobjectCreateInput!) {{ metaobjectCreate(metaobject: $metaobject) {{
  metaobject {{ {FIELDS} }} userErrors {{ field message code elementKey }} }} }}"""
UPSERT = f"""mutation($handle: MetaobjectHandleInput!, $metaobject: MetaobjectUpsertInput!) {{
  metaobjectUpsert(handle: $handle, metaobject: $metaobject) {{
    metaobject {{ {FIELDS} }} userErrors {{ field code }} }} }}"""


@pytest.fixture
def world() -> World:
    """A shop that knows lookbooks: a required title, a number of pages."""
    made = opened()
    fields = [
        {"key": "title", "name": "Title", "type": "single_line_text_field", "required": True},
        {"key": "pages", "type": "number_integer", "validations": [{"name": "max", "value": "9"}]},
    ]
    given = {"type": "lookbook", "displayNameKey": "title", "fieldDefinitions": fields}
    payload = ask(made, DEFINE, {"definition": given})["metaobjectDefinitionCreate"]
    assert payload["userErrors"] == []
    return made


def created(world: World, *fields: tuple[str, str], kind: str = "lookbook") -> Any:
    rows = [{"key": key, "value": value} for key, value in fields]
    return ask(world, CREATE, {"metaobject": {"type": kind, "fields": rows}})["metaobjectCreate"]


def test_a_metaobject_is_named_by_its_display_field(world: World) -> None:
    """Name and handle come from the display field; a second of the name gets a number."""
    first = created(world, ("title", "Spring Days"), ("pages", "7"))["metaobject"]
    assert (first["displayName"], first["handle"]) == ("Spring Days", "spring-days")
    assert first["fields"][1] == {"key": "pages", "value": "7", "jsonValue": 7}
    assert created(world, ("title", "Spring Days"))["metaobject"]["handle"] == "spring-days-1"


@pytest.mark.parametrize(
    ("fields", "code", "key"),
    [
        ((), "OBJECT_FIELD_REQUIRED", "title"),
        ((("title", "A"), ("colour", "red")), "UNDEFINED_OBJECT_FIELD", "colour"),
        ((("title", "A"), ("title", "B")), "DUPLICATE_FIELD_INPUT", "title"),
        ((("title", "A"), ("pages", "ten")), "INVALID_VALUE", "pages"),
        ((("title", "A"), ("pages", "10")), "INVALID_VALUE", "pages"),
    ],
)
def test_values_are_checked(world: World, fields: tuple[tuple[str, str], ...], code: str, key: str) -> None:
    """Each mistake names its field."""
    (error,) = created(world, *fields)["userErrors"]
    assert (error["code"], error["elementKey"]) == (code, key)


def test_upserting_changes_what_is_there(world: World) -> None:
    """The same handle twice is one metaobject; what isn't given stays."""
    handle = {"type": "lookbook", "handle": "summer"}
    for title in ("Summer", "High summer"):
        given = {"handle": handle, "metaobject": {"fields": [{"key": "title", "value": title}]}}
        payload = ask(world, UPSERT, given)["metaobjectUpsert"]
        assert payload["userErrors"] == []
    listed = ask(world, '{ metaobjects(type: "lookbook", first: 5) { nodes { handle displayName } } }')["metaobjects"]
    assert listed["nodes"] == [{"handle": "summer", "displayName": "High summer"}]


def test_unknown_kinds_are_refused(world: World) -> None:
    """A metaobject needs a definition."""
    assert [error["code"] for error in created(world, kind="poster")["userErrors"]] == ["UNDEFINED_OBJECT_TYPE"]


def test_a_definition_takes_its_metaobjects_along(world: World) -> None:
    """Deleting the definition leaves nothing of the kind."""
    created(world, ("title", "Spring"))
    gid = ask(world, '{ metaobjectDefinitionByType(type: "lookbook") { id metaobjectsCount } }')
    assert gid["metaobjectDefinitionByType"]["metaobjectsCount"] == 1
    query = "mutation($id: ID!) { metaobjectDefinitionDelete(id: $id) { deletedId } }"
    ask(world, query, {"id": gid["metaobjectDefinitionByType"]["id"]})
    assert len(world.shop.table("Metaobject")) == 0
