"""Every document the product can send is valid in all four API versions, and keeps Shopify's rules for bulk queries."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import DocumentNode, FieldNode, OperationDefinitionNode, parse, validate

from shoptide.config import PushConfig, Secret, ShopConfig
from shoptide.errors import ConfigError
from shoptide.inbound.reading import file_tree
from shoptide.outbound import survey, variant_gaps, writers
from shoptide.outbound.current import selection
from shoptide.outbound.fulfillment_writers import MORE_LINES, MORE_WORK, ORDER, OWNER
from shoptide.outbound.lookup import ORDER_NAME, SKU, VARIANT_BY_SKU, WAYS, Way
from shoptide.outbound.product_media import MEDIA
from shoptide.outbound.session import Session
from shoptide.outbound.variant_writers import HELD
from shoptide.resources.branches import PagedChild
from shoptide.resources.changes import changes_document
from shoptide.resources.extraction import ID, StreamPlan
from shoptide.resources.objects import OBJECTS
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify import access, bulk, subscriptions
from shoptide.shopify.client import AdminClient
from shoptide.shopify.cost import requested_cost
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load
from shoptide.simulator.schema import executable

FEW = frozenset({"read_orders", "read_customers"})
SEARCH = "updated_at:>='2026-01-01T00:00:00Z'"


@cache
def wholes(version: str) -> tuple[StreamPlan, ...]:
    """Each stream that the version has, with all scopes."""
    every = (plan_stream(stream, load(version)) for stream in STREAMS.values())
    return tuple(plan for plan in every if not plan.closed)


@cache
def plans(version: str) -> tuple[StreamPlan, ...]:
    """These, and the same with few scopes, with metafields, with fields left out and chosen."""
    return (*wholes(version), *variants(version))


def variants(version: str) -> Iterator[StreamPlan]:
    for whole in wholes(version):
        fields = whole.place.node.fields
        choices: list[dict[str, Any]] = [{"scopes": FEW}, {"exclude": [next(iter(fields))]}, {"include": ["id"]}]
        if "metafield" in fields:
            choices.append({"metafields": ["custom.erp_id", "my-app--x.key"]})
        chosen = (plan_stream(whole.stream, load(version), **choice) for choice in choices)
        yield from (plan for plan in chosen if not plan.closed)


def documents(version: str) -> Iterator[str]:
    """Everything a stream may send; of one that was pruned or chosen from, what the choice changes."""
    for plan in plans(version):
        yield plan.page_document(counted=True)
        yield from plan.bulk_documents() if plan.bulkable else ()
    for plan in wholes(version):
        yield from further(plan)


def further(plan: StreamPlan) -> Iterator[str]:
    if plan.bulkable:
        yield plan.ids_document()
    if plan.stream.search:
        yield plan.page_request(plan.first_cursors, first=5, search=SEARCH)[0]
        yield from (plan.search_document(), *plan.bulk_documents(SEARCH)) if plan.bulkable else ()
    yield from filter(
        None, (plan.count_document(), plan.counts_document(2), plan.probe_document(), plan.scout_document())
    )
    yield from filter(
        None, (plan.nodes_document(), plan.carriers_document(), plan.oldest_document(), changes_document(plan))
    )
    yield from (plan.end_document(),) if plan.window_field == ID else ()
    for second in plan.passes:
        yield second.document
        yield second.rest
        yield from rests(second.children)
    yield from rests(plan.paged_children)


def rests(children: tuple[PagedChild, ...]) -> Iterator[str]:
    for child in children:
        yield from filter(None, (child.rest,))
        yield from rests(child.children)


def wrapped(way: Way) -> str:
    return f"query($v: {way.type}) {{ {way.field} }}"


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_documents_of_streams_are_valid(version: str) -> None:
    """Whatever is pruned, chosen or promoted."""
    for text in set(documents(version)):
        assert [error.message for error in validate(executable(version), parse(text))] == [], text


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_documents_of_client_and_pushes_are_valid(version: str) -> None:
    """Fixed documents, and look-ups."""
    fixed = [access.DOCUMENT, bulk.RUN_QUERY, bulk.RUN_MUTATION, bulk.READ, bulk.RECENT, bulk.CANCEL]
    everything = HELD.format(item=variant_gaps.ITEM, more=" ".join(variant_gaps.ASKED.values()))
    fixed += [ORDER, OWNER, MORE_WORK, MORE_LINES, HELD.format(item="", more=""), everything, MEDIA]
    fixed += [subscriptions.LIST, subscriptions.CREATE, subscriptions.UPDATE, subscriptions.DELETE]
    fixed += [*survey.COUNTS.values(), *survey.READS.values(), *survey.LATEST.values()]
    ways = [wrapped(way) for way in (*WAYS.values(), SKU, ORDER_NAME, VARIANT_BY_SKU)]
    ways += [wrapped(way.widest) for way in (SKU, ORDER_NAME, VARIANT_BY_SKU)]
    for text in [*fixed, *ways]:
        assert [error.message for error in validate(executable(version), parse(text))] == [], text


def mutations() -> Iterator[tuple[str, str]]:
    """Each mutation that a writer sends, with what it selects: read from the writers' own text."""
    folder = Path(writers.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("mutate", "make")
            ):
                name, select = node.args[0], node.args[2]
                if isinstance(name, ast.Constant):
                    assert isinstance(select, ast.Constant), ast.unparse(node)
                    yield str(name.value), str(select.value)
    yield from writers.CONSENTS.values()
    product = "publishable { ... on Product { id updatedAt } }"
    yield from ((name, product) for name in ("publishablePublish", "publishableUnpublish"))


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_mutations_of_pushes_are_valid(version: str) -> None:
    """With every argument that a version has, and a key where one may be given."""
    shop = ShopConfig("main", "acme.myshopify.com", access_token=Secret("shpat_x"), api_version=version)
    known = load(version).mutation_root.fields
    sent = list(mutations())
    assert len(sent) > 25
    with AdminClient(shop) as client:
        session = Session(PushConfig("p", "main", "orders", "create", "rows", "k"), OBJECTS["orders"], client)
        for name, select in sent:
            if name in known:
                idempotent = name.startswith("inventory")
                text = session.document(name, dict.fromkeys(known[name].arguments), select, idempotent=idempotent)
                assert [error.message for error in validate(executable(version), parse(text))] == [], text


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_what_records_hold_is_asked_validly(version: str) -> None:
    """Every field that a column policy or a live plan can ask for, all at once, within one request's budget."""
    schema = load(version)
    for target in OBJECTS.values():
        asked = [text for name in target.fields(schema) if (text := selection(target, schema, name))]
        text = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {target.kind} {{ id {' '.join(asked)} }} }} }}"
        assert [error.message for error in validate(executable(version), parse(text))] == [], text
        assert requested_cost(schema, text, {"ids": ["gid://shopify/Order/1"] * 250}) <= 1000


def connections(document: DocumentNode) -> tuple[int, int]:
    """How many connections a bulk query holds and how deep they nest, told by `edges`."""
    found = [0, 0]

    def walk(node: FieldNode | OperationDefinitionNode, depth: int) -> None:
        for inner in node.selection_set.selections if node.selection_set else ():
            if isinstance(inner, FieldNode):
                edges = inner.name.value == "edges"
                if edges:
                    found[0] += 1
                    found[1] = max(found[1], depth + 1)
                walk(inner, depth + edges)
            else:
                walk(inner, depth)  # type: ignore[arg-type]  # a fragment has selections too

    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    walk(operation, 0)
    return found[0], found[1]


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_bulk_documents_keep_the_rules_of_bulk_queries(version: str) -> None:
    """At most five connections, two levels below the root, by edges and node only, ids everywhere."""
    for plan in plans(version):
        for text in (*plan.bulk_documents(), plan.ids_document()) if plan.bulkable else ():
            count, depth = connections(parse(text))
            assert 1 <= count <= 5, text
            assert depth <= 3
            assert "nodes {" not in text
            assert len(text) < 65_535


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_pages_fit_the_budget_of_one_request(version: str) -> None:
    """The page size is chosen so that no page is refused for its cost."""
    for plan in plans(version):
        text, variables = plan.page_request(plan.first_cursors, first=plan.page_size, search=None, counted=True)
        assert requested_cost(load(version), text, variables) <= 1000, plan.stream.name


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_tables_of_a_stream_can_share_a_file(version: str) -> None:
    """No JSON key is two types, no table has a column twice, every row has a key."""
    for plan in plans(version):
        file_tree(plan)
        for table in plan.tables:
            names = [column.name for column in table.columns]
            assert len(set(names)) == len(names), table.name
            assert table.key == ("gid",) or table.parent_column in table.key


def test_what_is_pruned_says_why() -> None:
    """The scope by name, for every field left out."""
    plan = plan_stream(STREAMS["orders"], load("2026-10"), scopes=frozenset({"read_orders"}))
    reasons = {left.field: left.reason for left in plan.pruned}
    assert reasons["customer"] == "needs the access scope read_customers"
    assert "customer" not in plan.bulk_documents()[0].split()


def test_an_unknown_field_is_named_with_those_like_it() -> None:
    """In the stream's own type and in its children's."""
    with pytest.raises(ConfigError, match="no field 'custmer'") as caught:
        plan_stream(STREAMS["orders"], load("2026-10"), exclude=["custmer"])
    assert "customer" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="LineItem has no field"):
        plan_stream(STREAMS["orders"], load("2026-10"), exclude=["lineItems.picture"])
