"""What a GraphQL document will be charged before it runs: Shopify's requested query cost, by the formula of FACTS §3.

Shopify does not publish the formula whole; this one was recovered from recorded answers and is exact on about 97 % of
them. What it gets wrong the governor learns from the store's own answer. Actual costs are the store's business.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from shoptide.errors import InvalidDocument
from shoptide.shopify.document import (
    Directive,
    Document,
    Field,
    InlineFragment,
    Operation,
    Selection,
    Spread,
    Variable,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shoptide.shopify.schema import Field as SchemaField
    from shoptide.shopify.schema import Schema

MUTATION = 10
ROOT_COUNT = 10
CONNECTION = 2
SINGLE_QUERY_LIMIT = 1000

_FREE_TYPES = frozenset({"MoneyV2", "MoneyBag", "PageInfo", "ApiVersion"})
_MUTATION_COSTS = {
    "fileCreate": 20,
    "fulfillmentTrackingInfoUpdate": 50,
    "fulfillmentTrackingInfoUpdateV2": 50,
    "orderCapture": 20,
    "productCreateMedia": 20,
    "refundCreate": 20,
}
_FIELD_COSTS = {
    ("Article", "commentsCount"): 10,
    ("Blog", "articlesCount"): 10,
    ("DeliveryProfile", "productVariantsCount"): 10,
    ("Publication", "includedProductsCount"): 10,
    ("Customer", "defaultAddress"): 0,
    ("Customer", "emailMarketingConsent"): 0,
    ("Customer", "smsMarketingConsent"): 0,
    ("Location", "address"): 0,
    ("Location", "fulfillmentService"): 2,
    ("Shop", "shopAddress"): 0,
    ("WebhookSubscription", "endpoint"): 0,
}


def requested_cost(
    schema: Schema, document: str, variables: Mapping[str, object] | None = None, *, operation: str | None = None
) -> int:
    """Compute `requestedQueryCost`; raises InvalidDocument when the text is no GraphQL or does not fit the schema."""
    parsed = parse(document)
    chosen = parsed.operation(operation)
    return _Costing(schema, parsed, _values(chosen, variables or {})).operation(chosen)


def page_weight(size: int) -> int:
    """How many nodes a page of `size` is charged for: 1 → 1, 10 → 4, 50 → 7, 250 → 11."""
    return max(1, math.floor(2 * math.log(size))) if size > 0 else 0


def _values(operation: Operation, given: Mapping[str, object]) -> dict[str, object]:
    defaults = {each.name: each.default for each in operation.variables if each.has_default}
    return {**defaults, **given}


class _Costing:
    """One computation: the schema, the document and the variables' values are the same all the way down."""

    def __init__(self, schema: Schema, document: Document, values: Mapping[str, object]) -> None:
        self.schema = schema
        self.document = document
        self.values = values

    def operation(self, operation: Operation) -> int:
        if operation.is_mutation:
            return max(1, self._sum(operation.selections, self.schema.mutation_root.name, self._mutation))
        return max(1, self._sum(operation.selections, self.schema.query_root.name, self._root))

    def _sum(self, selections: tuple[Selection, ...], on: str, price: Callable[[Field, SchemaField, str], int]) -> int:
        total = 0
        for field, declared in self._fields(selections, on):
            total += price(field, declared, on)
        return total

    def _fields(self, selections: tuple[Selection, ...], on: str) -> Iterator[tuple[Field, SchemaField]]:
        """The fields that apply to the concrete type `on`, each answer key once per place it is asked for."""
        for selection in selections:
            if self._skipped(selection.directives):
                continue
            if isinstance(selection, Field):
                if selection.name != "__typename":
                    yield selection, self._declared(on, selection.name)
            elif (inner := self._applying(selection, on)) is not None:
                yield from self._fields(inner, on)

    def _applying(self, selection: InlineFragment | Spread, on: str) -> tuple[Selection, ...] | None:
        if isinstance(selection, InlineFragment):
            condition, inner = selection.on, selection.selections
        else:
            fragment = self.document.fragments.get(selection.name)
            if fragment is None:
                raise _unknown(f"fragment {selection.name!r} is used and not defined")
            condition, inner = fragment.on, fragment.selections
        return inner if condition is None or on in self._concrete(condition) or condition == on else None

    def _skipped(self, directives: tuple[Directive, ...]) -> bool:
        for each in directives:
            if each.name in ("include", "skip"):
                holds = bool(self._value(each.arguments.get("if")))
                if holds == (each.name == "skip"):
                    return True
        return False

    def _value(self, value: Any) -> Any:
        return self.values.get(value.name) if isinstance(value, Variable) else value

    def _declared(self, on: str, name: str) -> SchemaField:
        declared = self.schema.type(on).fields.get(name)
        if declared is None:
            raise _unknown(f"field {name!r} does not exist on type {on!r} in API version {self.schema.version}")
        return declared

    def _concrete(self, name: str) -> tuple[str, ...]:
        if name not in self.schema:
            raise _unknown(f"type {name!r} does not exist in API version {self.schema.version}")
        declared = self.schema.type(name)
        if declared.kind not in ("INTERFACE", "UNION"):
            return (name,)
        return tuple(each for each in declared.possible_types if each in self.schema)

    def _mutation(self, field: Field, declared: SchemaField, on: str) -> int:  # noqa: ARG002  # same shape as _field
        price = _MUTATION_COSTS.get(field.name, MUTATION) + self._surcharge(field)
        return price + self._sum(field.selections, declared.type.name, self._payload)

    def _surcharge(self, field: Field) -> int:
        """What the size of the input adds; productSet's weights are in its own documentation."""
        given = {name: self._value(value) for name, value in field.arguments.items()}
        if field.name == "productSet":
            return math.ceil(_product_weight(given.get("input")))
        variants = _entries(given, "variants")
        if field.name in ("productVariantsBulkCreate", "productVariantsBulkUpdate"):
            each = 0.2 if field.name == "productVariantsBulkCreate" else 0
            return math.floor(each * len(variants)) + math.ceil(0.4 * _count(variants, "metafields"))
        return 0

    def _payload(self, field: Field, declared: SchemaField, on: str) -> int:
        """A payload's own objects are free, what they contain is not."""
        if self._is_plain_object(declared):
            return self._inside(field.selections, declared.type.name)
        return self._field(field, declared, on)

    def _root(self, field: Field, declared: SchemaField, on: str) -> int:
        if field.name == "nodes" and "ids" in field.arguments:
            return 1 + self._inside(field.selections, declared.type.name)
        if declared.type.name == "Count":
            return ROOT_COUNT
        return self._field(field, declared, on)

    def _field(self, field: Field, declared: SchemaField, on: str) -> int:
        name = declared.type.name
        kind = self.schema.type(name)
        if kind.is_leaf or name in _FREE_TYPES or name.endswith("UserError"):
            return 0
        if kind.is_connection:
            return self._connection(field, name)
        return _FIELD_COSTS.get((on, field.name), 1) + self._inside(field.selections, name)

    def _is_plain_object(self, declared: SchemaField) -> bool:
        kind = self.schema.type(declared.type.name)
        return not kind.is_leaf and not kind.is_connection

    def _inside(self, selections: tuple[Selection, ...], name: str) -> int:
        """What a selection costs on a type; the dearest concrete type decides for interfaces and unions."""
        return max((self._sum(selections, each, self._field) for each in self._concrete(name)), default=0)

    def _connection(self, field: Field, name: str) -> int:
        size = self._value(field.arguments.get("first"))
        if size is None:
            size = self._value(field.arguments.get("last"))
        weight = page_weight(size) if isinstance(size, int) else 0
        total = CONNECTION
        for inner, declared in self._fields(field.selections, name):
            if inner.name == "edges":
                total += weight * (1 + self._edge(inner, declared.type.name))
            elif inner.name == "nodes":
                total += weight * (1 + self._inside(inner.selections, declared.type.name))
            else:
                total += self._field(inner, declared, name)
        return total

    def _edge(self, field: Field, name: str) -> int:
        """An edge's node is the 1 that the connection already counts."""
        total = 0
        for inner, declared in self._fields(field.selections, name):
            if inner.name == "node":
                total += self._inside(inner.selections, declared.type.name)
            else:
                total += self._field(inner, declared, name)
        return total


def _product_weight(product: object) -> float:
    variants = _entries(product, "variants")
    return (
        0.2 * len(variants)
        + 0.4 * (len(_entries(product, "metafields")) + _count(variants, "metafields"))
        + 1.9 * len(_entries(product, "files"))
        + 0.6 * sum(1 for each in variants if isinstance(each, dict) and each.get("file"))
    )


def _entries(holder: object, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _count(holders: list[Any], name: str) -> int:
    return sum(len(_entries(each, name)) for each in holders)


def _unknown(what: str) -> InvalidDocument:
    return InvalidDocument(f"The GraphQL document does not fit the schema: {what}")
