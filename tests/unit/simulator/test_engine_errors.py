"""Static and variable errors in the store's shapes (FACTS 15 to 17), sizes (22), parse errors."""

from __future__ import annotations

from typing import Any

import pytest

from shoptide.simulator.bucket import Bucket
from shoptide.simulator.context import Context
from shoptide.simulator.execution import Request, answer
from shoptide.simulator.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World.empty()


def context(world: World) -> Context:
    return world.first.context("2026-10", "http://127.0.0.1")


def asked(world: World, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    bucket = Bucket.of_plan("enterprise", world.shop.clock)
    return answer(Request(query, variables or {}), context(world), bucket)


STATIC = [
    ("query Q { shop { nope } }", "undefinedField", ["query Q", "shop", "nope"]),
    ("{ shop }", "selectionMismatch", ["query", "shop"]),
    ("{ shop { name { x } } }", "selectionMismatch", ["query", "shop", "name"]),
    ("{ products(first: 1, nope: 2) { nodes { id } } }", "argumentNotAccepted", ["query", "products", "nope"]),
    ("{ products(first: true) { nodes { id } } }", "argumentLiteralsIncompatible", ["query", "products", "first"]),
    ('{ node(id: "x") { id } }', "argumentLiteralsIncompatible", ["query", "node", "id"]),
    ("{ order { id } }", "missingRequiredArguments", ["query", "order"]),
    ("mutation { productDelete(input: {}) { deletedProductId } }", "missingRequiredInputObjectAttribute", None),
    ("query Q($a: Int) { shop { name } }", "variableNotUsed", ["query Q"]),
    ("query Q { products(first: $a) { nodes { id } } }", "variableNotDefined", None),
    ("query Q($a: String!) { products(first: $a) { nodes { id } } }", "variableMismatch", None),
    ("{ shop { ...A } }", "useAndDefineFragment", None),
    ("{ shop { id } } fragment A on Shop { id }", "useAndDefineFragment", ["fragment A"]),
    ("{ shop { ... on Nope { id } } }", "undefinedType", None),
    ("{ shop { ... on Order { id } } }", "cannotSpreadFragment", None),
    ("{ shop { name @nope } }", "undefinedDirective", None),
    ("{ shop { a: name a: id } }", "fieldConflict", None),
    ("{ shop {", "PARSE_ERROR", None),
]


@pytest.mark.parametrize(("query", "code", "path"), STATIC)
def test_static_error_has_its_code_and_path_and_no_data(
    query: str, code: str, path: list[str] | None, world: World
) -> None:
    """No data, no cost; the first error has the code and, where checked, the path of the store's."""
    body = asked(world, query)
    assert set(body) == {"errors"}
    assert body["errors"][0]["extensions"]["code"] == code
    assert body["errors"][0]["locations"]
    if path is not None:
        assert body["errors"][0]["path"] == path


VARIABLES = [
    ("$id: ID!", "node(id: $id) { id }", {"id": None}, "", [([], "Expected value to not be null")]),
    ("$id: ID!", "node(id: $id) { id }", {}, "", [([], "Expected value to not be null")]),
    ("$id: ID!", "node(id: $id) { id }", {"id": "7"}, "", [([], "Invalid global id '7'")]),
    ("$n: Int", "products(first: $n) { nodes { id } }", {"n": 1.5}, "", [([], "Could not coerce value 1.5 to Int")]),
    (
        "$k: ProductSortKeys",
        "products(first: 1, sortKey: $k) { nodes { id } }",
        {"k": "COLOUR"},
        "",
        [([], 'Expected "COLOUR" to be one of: ')],
    ),
    (
        "$i: [ID!]!",
        "nodes(ids: $i) { id }",
        {"i": ["gid://shopify/Product/1", "x"]},
        " for 1 (Invalid global id 'x')",
        [([1], "Invalid global id 'x'")],
    ),
]


@pytest.mark.parametrize(("declared", "field", "values", "places", "problems"), VARIABLES)
def test_variable_error_tells_value_and_problems(
    declared: str, field: str, values: dict[str, Any], places: str, problems: list[Any], world: World
) -> None:
    """INVALID_VARIABLE echoes the whole value and says where each problem is."""
    body = asked(world, f"query Q({declared}) {{ {field} }}", values)
    assert set(body) == {"errors"}
    error = body["errors"][0]
    name, kind = declared[1:].split(": ")
    assert error["message"] == f"Variable ${name} of type {kind} was provided invalid value{places}"
    assert error["extensions"]["code"] == "INVALID_VARIABLE"
    assert error["extensions"]["value"] == values.get(name)
    found = error["extensions"]["problems"]
    assert [one["path"] for one in found] == [path for path, _ in problems]
    assert all(one["explanation"].startswith(words) for one, (_, words) in zip(found, problems, strict=True))


def test_missing_and_unknown_attributes_are_all_told(world: World) -> None:
    """Every problem of an input object is listed, the unknown keys first."""
    query = "mutation M($i: ProductDeleteInput!) { productDelete(input: $i) { deletedProductId } }"
    error = asked(world, query, {"i": {"x": 1}})["errors"][0]
    assert error["message"].endswith(
        "for x (Field is not defined on ProductDeleteInput), id (Expected value to not be null)"
    )


def test_array_that_is_too_long_is_refused_and_paid_for(world: World) -> None:
    """FACTS 18 and 22: no data, the requested cost, actual null."""
    ids = [f"gid://shopify/Product/{number}" for number in range(1, 252)]
    body = asked(world, "query Q($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ids})
    assert "data" not in body
    assert body["errors"][0]["path"] == ["nodes", "ids"]
    assert body["errors"][0]["message"] == "The input array size of 251 is greater than the maximum allowed of 250."
    assert body["extensions"]["cost"]["actualQueryCost"] is None


def test_document_above_the_limit_is_not_run(world: World) -> None:
    """MAX_COST_EXCEEDED carries the cost and nothing else."""
    nested = (
        "products(first: 250) { nodes { variants(first: 250) { nodes { metafields(first: 250) { nodes { id } } } } } }"
    )
    body = asked(world, f"{{ {nested} }}")
    assert set(body) == {"errors"}
    extensions = body["errors"][0]["extensions"]
    assert (extensions["code"], extensions["maxCost"]) == ("MAX_COST_EXCEEDED", 1000)
    assert extensions["cost"] > 1000
