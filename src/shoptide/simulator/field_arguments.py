"""Rules of arguments that the schema's types don't state, checked before a field runs: INVALID_FIELD_ARGUMENTS.

Such an argument nulls its field; the rest of the document is answered (FACTS 18).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull

from shoptide.simulator.registry import TopLevelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shoptide.simulator.shop import Record

# Of these exactly one: of an input object, or of a mutation's own arguments.
EXACTLY_ONE: dict[str, tuple[str, ...]] = {
    "OptionReorderInput": ("id", "name"),
    "OptionValueReorderInput": ("id", "name"),
    "MetaobjectBulkDeleteWhereCondition": ("type", "ids"),
    "productCreate": ("input", "product"),
}
# Input objects that lack a field in the schema's eyes only, and since when.
NEEDED: dict[str, tuple[str, str]] = {
    "InventoryQuantityInput": ("changeFromQuantity", "2026-04"),
    "InventorySetQuantityInput": ("changeFromQuantity", "2026-04"),
    "InventoryChangeInput": ("changeFromQuantity", "2026-04"),
}
LENGTHS: dict[tuple[str, str], tuple[int, int]] = {
    ("CreateMediaInput", "originalSource"): (1, 2048),
    ("FileCreateInput", "originalSource"): (1, 2048),
    ("FileSetInput", "originalSource"): (1, 2048),
    ("FileUpdateInput", "originalSource"): (1, 2048),
    ("GiftCardRecipientInput", "preferredName"): (0, 255),
    ("GiftCardRecipientInput", "message"): (0, 200),
}
# Currencies that answers may show and inputs may not name.
RESULT_ONLY = frozenset({"USDC", "XXX"})
FILLED: dict[str, tuple[str, ...]] = {
    "PubSubWebhookSubscriptionInput": ("pubSubProject", "pubSubTopic"),
    "pubSubServerPixelUpdate": ("pubSubProject", "pubSubTopic"),
}


def check(name: str, definition: Any, args: Record, version: str, key: str | None) -> None:
    """Raise the first rule that a root field's arguments break; `key` is its idempotency key."""
    if key is not None and not key.strip():
        raise _broken("key can't be blank")
    for message in _own(name, args, version):
        raise _broken(message)
    for argument, value in args.items():
        kind = definition.args[argument].type
        for message in _within(kind, value, version):
            raise _broken(message)
        _currencies(kind, value)


def _currencies(kind: Any, value: Any) -> None:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList) and isinstance(value, list):
        for item in value:
            _currencies(inner.of_type, item)
    elif isinstance(inner, GraphQLInputObjectType) and isinstance(value, dict):
        for name in value.keys() & inner.fields.keys():
            _currencies(inner.fields[name].type, value[name])
    elif isinstance(value, str) and value in RESULT_ONLY and inner.name == "CurrencyCode":
        message = f'CurrencyCode "{value}" is invalid. It can only be used as a result and not as an input value.'
        raise TopLevelError("CURRENCY_CODE_INVALID", message)


def _broken(message: str) -> TopLevelError:
    return TopLevelError("INVALID_FIELD_ARGUMENTS", message)


def _own(owner: str, given: Record, version: str) -> Iterator[str]:
    """The rules of one input object, or of a mutation itself."""
    names = EXACTLY_ONE.get(owner, ())
    if names and sum(given.get(name) is not None for name in names) != 1:
        if owner[0].isupper():
            yield f"{owner} requires exactly one of {', '.join(names)}"
        else:
            yield f"{owner} must include exactly one of the following arguments: {', '.join(names)}."
    needed, since = NEEDED.get(owner, ("", ""))
    if needed and version >= since and needed not in given:
        yield f"{owner} must include the following argument: {needed}."
    for name in FILLED.get(owner, ()):
        if name in given and not (given[name] or "").strip():
            yield f"{name} can't be blank"
    for name, value in given.items():
        least, most = LENGTHS.get((owner, name), (0, 0))
        if most and isinstance(value, str) and len(value) > most:
            yield f"{name} is too long (maximum is {most})"
        elif isinstance(value, str) and len(value) < least:
            yield f"{name} is too short (minimum is {least})"


def _within(kind: Any, value: Any, version: str) -> Iterator[str]:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList) and isinstance(value, list):
        for item in value:
            yield from _within(inner.of_type, item, version)
    elif isinstance(inner, GraphQLInputObjectType) and isinstance(value, dict):
        yield from _own(inner.name, value, version)
        for name, item in value.items():
            if name in inner.fields:
                yield from _within(inner.fields[name].type, item, version)
