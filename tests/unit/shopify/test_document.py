"""Reading our own GraphQL documents."""

from __future__ import annotations

import contextlib

import pytest
from graphql import parse as reference_parse
from hypothesis import given
from hypothesis import strategies as st

from shoptide.errors import InvalidDocument
from shoptide.shopify.document import EnumValue, Field, InlineFragment, Spread, Variable, VariableDefinition, parse

RICH = '''
# a comment, with "quotes"
query Orders($first: Int = 50, $ids: [ID!]!, $on: Boolean! = true) @tracked(by: "x") {
  recent: orders(first: $first, query: "tag:\\"a b\\" \\u00e9", sortKey: UPDATED_AT, reverse: false) {
    edges { cursor node { id ... on Order @include(if: $on) { name } ...More } }
    pageInfo { hasNextPage }
  }
  shop { name(x: -1.5e3, y: [1, null, {z: $first}], note: """
    two
      lines
  """) }
}
fragment More on Order { tags }
'''


def test_reads_what_the_language_offers() -> None:
    """Aliases, variables with defaults, directives, fragments, block strings, every kind of value."""
    document = parse(RICH)
    operation = document.operation("Orders")
    orders, shop = operation.selections
    assert isinstance(orders, Field)
    assert isinstance(shop, Field)
    assert operation.variables[:2] == (
        VariableDefinition("first", "Int", 50, has_default=True),
        VariableDefinition("ids", "[ID!]!", None, has_default=False),
    )
    assert (orders.key, orders.name) == ("recent", "orders")
    assert orders.arguments == {
        "first": Variable("first"),
        "query": 'tag:"a b" é',
        "sortKey": EnumValue("UPDATED_AT"),
        "reverse": False,
    }
    name = shop.selections[0]
    assert isinstance(name, Field)
    assert name.arguments == {"x": -1500.0, "y": [1, None, {"z": Variable("first")}], "note": "two\n  lines"}
    node = orders.selections[0].selections[1]  # type: ignore[union-attr]
    assert isinstance(node, Field)
    assert [type(each) for each in node.selections] == [Field, InlineFragment, Spread]
    assert document.fragments["More"].on == "Order"


def test_the_reference_parser_reads_it_too() -> None:
    """The document above is GraphQL, and not just what we take for it."""
    assert len(reference_parse(RICH).definitions) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query { shop { name }", "expected a name, found the end at line 1, column 22"),
        ("{ shop(name: ) { id } }", "expected a value, found ')' at line 1, column 14"),
        ("{\n  shop § }", "unexpected character '§' at line 2, column 8"),
        ("type X { a: Int }", "expected query, mutation or fragment, found 'type'"),
        ("", "expected an operation, found the end"),
    ],
)
def test_says_where_it_stopped_making_sense(text: str, told: str) -> None:
    """Line and column, and what was expected there."""
    with pytest.raises(InvalidDocument) as caught:
        parse(text)
    assert told in caught.value.message


@given(st.text(alphabet='{}()[]:$!=@".#\\ \nabc1-|&', max_size=40))
def test_never_fails_with_anything_but_its_own_error(text: str) -> None:
    """Nonsense in, InvalidDocument out."""
    with contextlib.suppress(InvalidDocument):
        parse(text)


@pytest.mark.parametrize("name", [None, "C"])
def test_which_operation_to_run_must_be_clear(name: str | None) -> None:
    """Two operations and no name, or a name that none has."""
    with pytest.raises(InvalidDocument, match="needs exactly one"):
        parse("query A { shop { id } } query B { shop { id } }").operation(name)
