"""Arrays of arguments that are longer than Shopify takes: the request is refused, and paid for (FACTS 18 and 22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull

from shoptide.simulator.arguments import arguments
from shoptide.simulator.variables import position

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record

LARGEST = 250
# Where another number is documented or was recorded; None: a userError of the mutation's own, or no limit.
LIMITS: dict[tuple[str, str], int | None] = {
    ("ProductSetInput", "variants"): 2048,
    ("ProductSetInput", "files"): 250,
    ("CustomerInput", "tags"): None,
    ("CustomerSetInput", "tags"): None,
    ("OrderCreateOrderInput", "lineItems"): 499,
    ("OrderCreateOrderInput", "tags"): None,
    ("productVariantsBulkCreate", "variants"): 2048,
    ("productVariantsBulkUpdate", "variants"): 2048,
    ("productVariantsBulkDelete", "variantsIds"): 2048,
    ("FulfillmentOrderLineItemsInput", "fulfillmentOrderLineItems"): 512,
}


def oversized(root_fields: dict[str, Any], root: Any, variables: Record) -> Record | None:
    """The error for the first array that is too long; None when all fit."""
    for key, nodes in root_fields.items():
        name = nodes[0].name.value
        if name.startswith("__"):
            continue
        definition = root.fields[name]
        given = arguments(definition, nodes[0], variables)
        found = _in_fields(name, definition.args, given, [key])
        if found:
            path, size, limit = found
            message = f"The input array size of {size} is greater than the maximum allowed of {limit}."
            extensions = {"code": "MAX_INPUT_SIZE_EXCEEDED"}
            return {"message": message, "locations": [position(nodes[0])], "path": path, "extensions": extensions}
    return None


def _in_fields(owner: str, wanted: Any, given: Record, path: list[Any]) -> tuple[list[Any], int, int] | None:
    for name, value in given.items():
        if name not in wanted or value is None:
            continue
        limit = LIMITS.get((owner, name), LARGEST)
        if isinstance(value, list) and limit is not None and len(value) > limit:
            return [*path, name], len(value), limit
        found = _in_value(wanted[name].type, value, [*path, name])
        if found:
            return found
    return None


def _in_value(kind: Any, value: Any, path: list[Any]) -> tuple[list[Any], int, int] | None:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList) and isinstance(value, list):
        for index, item in enumerate(value):
            if found := _in_value(inner.of_type, item, [*path, index]):
                return found
    elif isinstance(inner, GraphQLInputObjectType) and isinstance(value, dict):
        return _in_fields(inner.name, inner.fields, value, path)
    return None
