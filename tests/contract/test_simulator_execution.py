"""The compiled executor against graphql-core's own, on one shop: the same documents give the same answers."""

from __future__ import annotations

from typing import Any

import pytest
import simulated
from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
    execute_sync,
    get_named_type,
    parse,
)

from shoptide.shopify import schema as compact
from shoptide.simulator import paging
from shoptide.simulator.completion import is_connection, type_name, zero_of
from shoptide.simulator.context import Context
from shoptide.simulator.execution import Request, prepare, run
from shoptide.simulator.registry import FIELDS, ROOTS, Listing, TopLevelError
from shoptide.simulator.roots import generic_root
from shoptide.simulator.schema import executable
from shoptide.simulator.world import World

VERSION = "2026-10"
PAGE = "products(first: 3, sortKey: ID)"

DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "scalars": ("{ shop { name currencyCode ianaTimezone } }", {}),
    "aliases": ("{ a: shop { n: name } b: shop { name m: myshopifyDomain } }", {}),
    "typename": ("{ __typename shop { __typename plan { __typename displayName } } }", {}),
    "nodes and edges": (f"{{ {PAGE} {{ nodes {{ id title tags }} edges {{ cursor node {{ id handle }} }} }} }}", {}),
    "page info": (f"{{ {PAGE} {{ pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}", {}),
    "backwards": ("{ products(last: 2, reverse: true) { nodes { id } pageInfo { hasPreviousPage } } }", {}),
    "nested": (
        f"{{ {PAGE} {{ nodes {{ variants(first: 1) {{ nodes {{ id sku }} pageInfo {{ hasNextPage }} }} }} }} }}",
        {},
    ),
    "fragments": (
        (
            f"query {{ {PAGE} {{ nodes {{ ...A ...B }} }} }} fragment A on Product {{ id ...C }} "
            "fragment B on Product { title variants(first: 1) { nodes { id } } } "
            "fragment C on Product { status variants(first: 1) { nodes { sku } } }"
        ),
        {},
    ),
    "merged selections": ("{ shop { plan { displayName } } shop { name plan { shopifyPlus } } }", {}),
    "interface": (
        (
            "query($id: ID!) { node(id: $id) { __typename id ... on Product { title } ... on Order { name } "
            "... on HasMetafields { __typename } } }"
        ),
        {"id": "$product"},
    ),
    "nodes": (
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Product { handle } } }",
        {"ids": ["$product", "gid://shopify/Product/1"]},
    ),
    "skip": ("query($y: Boolean!) { shop { name @skip(if: $y) id @include(if: $y) } }", {"y": True}),
    "include": ("query($y: Boolean!) { shop { name @skip(if: $y) id @include(if: $y) } }", {"y": False}),
    "skipped fragment": ("query($y: Boolean!) { shop { id ... @include(if: $y) { name } } }", {"y": False}),
    "missing record": ('{ product(id: "gid://shopify/Product/1") { id title } }', {}),
    "wrong id": ('{ a: product(id: "gid://shopify/Order/1") { id } shop { name } }', {}),
    "no size": ("{ products { nodes { id } } shop { name } }", {}),
    "variables with defaults": ("query($n: Int = 2) { products(first: $n) { nodes { id } } }", {}),
    "required connection fails": (f"{{ {PAGE} {{ nodes {{ id variants {{ nodes {{ id }} }} }} }} }}", {}),
    "zero values": (f"{{ {PAGE} {{ nodes {{ isGiftCard options {{ id }} seo {{ title }} totalInventory }} }} }}", {}),
    "search": ('{ products(first: 5, query: "tag:t1 OR tag:t2") { nodes { id } } }', {}),
}


@pytest.fixture(scope="module")
def world() -> World:
    return simulated.world(5)


def context(world: World) -> Context:
    return world.first.context(VERSION, "http://127.0.0.1")


def value_of(source: Any, info: GraphQLResolveInfo[Any], args: dict[str, Any], ctx: Context) -> Any:
    kind = info.parent_type.name
    if kind == "QueryRoot":
        resolver = ROOTS.get(info.field_name)
        return resolver(args, ctx) if resolver else generic_root(info.field_name, args, ctx)
    known = FIELDS.get((kind, info.field_name))
    return known(source, args, ctx) if known else source.get(info.field_name)


def zero(wanted: Any) -> Any:
    """What a required field shows without a value."""
    if not isinstance(wanted, GraphQLNonNull):
        return None
    inner = wanted.of_type
    if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
        return zero_of(inner)
    if isinstance(inner, GraphQLList):
        return []
    return Listing(kind="", records=()) if is_connection(inner) else {}


def by_the_book(world: World, document: str, variables: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The data and the paths of errors as graphql-core's executor gives them."""
    schema = executable(VERSION)

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        ctx = context(world)
        ctx.path.extend(info.path.as_list())  # nested listings are never kept between pages
        value = value_of(source, info, args, ctx)
        value = zero(info.return_type) if value is None else value
        if is_connection(get_named_type(info.return_type)):
            return paging.page(value, args, ctx, {"nodes", "edges", "pageInfo"})
        return value

    result = execute_sync(
        schema,
        parse(document),
        {},
        variable_values=variables,
        field_resolver=resolve,
        type_resolver=lambda record, _info, _kind: type_name(record),
    )
    return result.data, [error.path for error in result.errors or ()]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_compiled_executor_equals_graphql_core(name: str, world: World) -> None:
    """Data, nulls that bubble, and the paths of errors are the same."""
    document, template = DOCUMENTS[name]
    product = next(iter(world.shop.table("Product")))["id"]
    variables = {
        key: [item.replace("$product", product) for item in value]
        if isinstance(value, list)
        else (product if value == "$product" else value)
        for key, value in template.items()
    }
    ctx = context(world)
    ours = run(prepare(Request(document, variables), VERSION), ctx)
    expected, paths = by_the_book(world, document, variables)
    assert ours == expected
    assert [error["path"] for error in ctx.errors] == paths


@pytest.mark.parametrize("version", compact.SUPPORTED_VERSIONS)
def test_every_version_is_served(version: str, world: World) -> None:
    """Each supported schema can be built and asked."""
    ctx = world.first.context(version, "http://127.0.0.1")
    assert run(prepare(Request("{ shop { myshopifyDomain } }"), version), ctx) == {
        "shop": {"myshopifyDomain": world.shop.domain}
    }


def test_errors_of_resolvers_carry_place_and_code(world: World) -> None:
    """A resolver's error names where it happened and what kind it is, and leaves the other fields alone."""
    ctx = context(world)
    prepared = prepare(Request('query Q { bad: product(id: "gid://shopify/Order/1") { id } shop { name } }'), VERSION)
    data = run(prepared, ctx)
    assert data is not None
    assert data["bad"] is None
    assert data["shop"]["name"] == world.shop.name
    assert ctx.errors[0]["path"] == ["bad"]
    assert ctx.errors[0]["locations"] == [{"line": 1, "column": 11}]
    assert ctx.errors[0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert isinstance(TopLevelError("X", "y").extensions, dict)
