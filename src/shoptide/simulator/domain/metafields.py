"""Metafields of every owner: reading, metafieldsSet and metafieldsDelete, and the ones given with their owner."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shoptide.simulator import metafield_validations as validations
from shoptide.simulator.context import Context
from shoptide.simulator.domain.metafield_definitions import (
    OWNER_TYPES,
    definition_of,
    full_namespace,
    unique_values,
)
from shoptide.simulator.domain.shop_facts import shop_record
from shoptide.simulator.metafield_values import Problem, json_value, normalised, settable_types
from shoptide.simulator.registry import Args, Listing, TopLevelError, field, mutation, root, user_error
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

KIND = "Metafield"
MOST_AT_ONCE = 25
RESERVED = ("shopify_standard", "protected", "shopify-l10n-fields", "shopify")
STALE = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
FORBIDDEN = "Access to this namespace and key on Metafields for this resource type is not allowed."
CUSTOM_ID_NEEDS = "Metafield definition of type 'id' is required when using custom ids."


def _owner(record: Record) -> str:
    return str(record["_owner"])


def _place(record: Record) -> str:
    return f"{record['_owner']} {record['namespace']}.{record['key']}"


def _table(shop: Shop) -> Any:
    table = shop.table(KIND)
    table.add_index("owner", _owner)
    table.add_index("place", _place)
    return table


def of_owner(shop: Shop, gid: str) -> list[Record]:
    rows: list[Record] = _table(shop).by("owner", gid)
    return rows


def find(shop: Shop, owner: str, namespace: str, key: str) -> Record | None:
    return next(iter(_table(shop).by("place", f"{owner} {namespace}.{key}")), None)


def owner_exists(shop: Shop, gid: str) -> bool:
    return shop.get(gid) is not None or gid == f"gid://shopify/Shop/{shop.number}" or kind_of(gid) == "AppInstallation"


# writing


@dataclass(frozen=True)
class Wanted:
    """A metafield about to be written."""

    owner: str
    namespace: str
    key: str
    type: str
    value: str


def _complaint(index: int, name: str | None, message: str, code: str | None, element: int | None = None) -> Record:
    path = ["metafields", str(index), *([name] if name else [])]
    return user_error(path, message, code, elementIndex=element)


def _name_problem(name: str, text: str, low: int, high: int) -> tuple[str, str] | None:
    label = name.capitalize()
    if len(text) < low:
        return f"{label} is too short (minimum is {low} characters)", "TOO_SHORT"
    if len(text) > high:
        return f"{label} is too long (maximum is {high} characters)", "TOO_LONG"
    return None


def check(given: Record, owner: str, index: int, ctx: Context, *, known: bool = True) -> Wanted | Record:
    """What is to be written, or the first complaint. `known`: whether the owner exists already."""
    if known and not owner_exists(ctx.shop, owner):
        return _complaint(index, "ownerId", "Owner does not exist.", "INVALID_VALUE")
    namespace, key = full_namespace(given.get("namespace"), ctx), given.get("key") or ""
    for name, text, low, high in (("namespace", namespace, 3, 255), ("key", key, 2, 64)):
        if problem := _name_problem(name, text, low, high):
            return _complaint(index, name, *problem)
    if namespace in RESERVED:
        return _complaint(index, "namespace", f"Namespace {namespace} is a reserved namespace", None)
    if re.match(r"app--\d", namespace) and not f"{namespace}--".startswith(f"{ctx.app.namespace}--"):
        return _complaint(index, None, FORBIDDEN, "APP_NOT_AUTHORIZED")
    return _typed(given, owner, namespace, key, index, ctx)


def _typed(given: Record, owner: str, namespace: str, key: str, index: int, ctx: Context) -> Wanted | Record:
    definition = definition_of(ctx.shop, OWNER_TYPES.get(kind_of(owner), ""), namespace, key)
    existing = find(ctx.shop, owner, namespace, key)
    kind = given.get("type") or (definition or {}).get("type") or (existing or {}).get("type")
    if not kind:
        return _complaint(index, "type", "Type can't be blank", "BLANK")
    if kind not in settable_types():
        names = ", ".join(settable_types())
        return _complaint(index, "type", f"Type must be one of the following: {names}.", "INCLUSION")
    if definition is not None and kind != definition["type"]:
        message = f"Type must be consistent with the definition's type: '{definition['type']}'."
        return _complaint(index, "type", message, "INVALID_TYPE")
    value = normalised(kind, given.get("value") or "", ctx)
    if isinstance(value, str) and definition is not None:
        value = validations.problem(definition, value) or validations.belonging(definition, value, ctx.shop) or value
    if isinstance(value, Problem):
        return _complaint(index, "value", value.message, "INVALID_VALUE", value.element)
    if definition is not None and unique_values(definition) and _taken(ctx.shop, owner, namespace, key, value):
        return _complaint(index, "value", "Value must be unique across all values of this metafield.", "TAKEN")
    return Wanted(owner, namespace, key, kind, value)


def _taken(shop: Shop, owner: str, namespace: str, key: str, value: str) -> bool:
    other = holder(shop, kind_of(owner), namespace, key, value)
    return other is not None and other != owner


def put(shop: Shop, wanted: Wanted) -> Record:
    """Write a metafield; an identical value leaves it as it was."""
    record = find(shop, wanted.owner, wanted.namespace, wanted.key)
    moment = shop.stamp()
    if record is None:
        record = {"id": shop.new_id(KIND), "namespace": wanted.namespace, "key": wanted.key, "createdAt": moment}
        record["_owner"] = wanted.owner
    elif (record["type"], record["value"]) == (wanted.type, wanted.value):
        return record
    record.update(type=wanted.type, value=wanted.value, updatedAt=moment)
    _table(shop).put(record)
    return record


def digest(record: Record) -> str:
    return hashlib.sha256(f"{record['type']}\n{record['value']}".encode()).hexdigest()


def _stale(given: Record, wanted: Wanted, index: int, shop: Shop) -> Record | None:
    """Compare-and-set; an identical value passes whatever the digest (FACTS 41)."""
    if "compareDigest" not in given:
        return None
    existing, claimed = find(shop, wanted.owner, wanted.namespace, wanted.key), given["compareDigest"]
    if existing is None:
        if claimed is None:
            return None
        if not re.fullmatch(r"[0-9a-f]{64}", claimed):
            return _complaint(index, None, "Invalid `compareDigest` value.", "INVALID_COMPARE_DIGEST")
        return _complaint(index, None, STALE, "STALE_OBJECT")
    same = (existing["type"], existing["value"]) == (wanted.type, wanted.value)
    return None if same or claimed == digest(existing) else _complaint(index, None, STALE, "STALE_OBJECT")


@mutation("metafieldsSet")
def set_metafields(args: Args, ctx: Context) -> Record:
    given = args["metafields"]
    if len(given) > MOST_AT_ONCE:
        message = f"Exceeded the maximum metafields input limit of {MOST_AT_ONCE}."
        error = user_error(["metafields"], message, "LESS_THAN_OR_EQUAL_TO")
        return {"metafields": None, "userErrors": [error]}
    checked = [check(entry, entry["ownerId"], index, ctx) for index, entry in enumerate(given)]
    errors = [outcome for outcome in checked if not isinstance(outcome, Wanted)]
    for index, (entry, outcome) in enumerate(zip(given, checked, strict=True)):
        if isinstance(outcome, Wanted) and (stale := _stale(entry, outcome, index, ctx.shop)):
            errors.append(stale)
    if errors:
        return {"metafields": [], "userErrors": errors}
    written = [put(ctx.shop, wanted) for wanted in checked if isinstance(wanted, Wanted)]
    for owner in {wanted["_owner"] for wanted in written}:
        _announce(ctx.shop, owner)
    return {"metafields": written, "userErrors": []}


UPDATED = {"Product": "products/update", "Customer": "customers/update", "Collection": "collections/update"}


def _announce(shop: Shop, gid: str) -> None:
    record, topic = shop.get(gid), UPDATED.get(kind_of(gid))
    if record is not None and topic is not None:
        shop.emit(topic, record)


@mutation("metafieldsDelete")
def delete_metafields(args: Args, ctx: Context) -> Record:
    gone: list[Record | None] = []
    for given in args["metafields"]:
        namespace = full_namespace(given["namespace"], ctx)
        record = find(ctx.shop, given["ownerId"], namespace, given["key"])
        if record is None:
            gone.append(None)
            continue
        _table(ctx.shop).remove(record["id"])
        gone.append({"ownerId": given["ownerId"], "namespace": namespace, "key": given["key"]})
    return {"deletedMetafields": gone, "userErrors": []}


# with their owner


def write_metafields(
    ctx: Context, owner: Record, given: Iterable[Record], *, at: tuple[str, ...] = ("metafields",)
) -> list[Record]:
    """Write the metafields of an owner's own input, all or none; the userErrors, their paths below `at`."""
    wanted, errors = check_inputs(given, owner["id"], ctx)
    if errors:
        return [{**error, "field": [*at, *error["field"][1:]]} for error in errors]
    for entry in wanted:
        put(ctx.shop, entry)
    return []


def check_inputs(given: Iterable[Record], owner: str, ctx: Context) -> tuple[list[Wanted], list[Record]]:
    """The metafields of an owner's own input: what to write, and the complaints (paths begin at `metafields`).

    An entry may name an existing metafield by id instead of namespace and key.
    """
    wanted: list[Wanted] = []
    errors: list[Record] = []
    for index, entry in enumerate(given):
        known = ctx.shop.table(KIND).get(entry.get("id"))
        merged = {**_named(known), **{name: value for name, value in entry.items() if value is not None}}
        outcome = check(merged, owner, index, ctx, known=False)
        if isinstance(outcome, Wanted):
            wanted.append(outcome)
        else:
            errors.append(outcome)
    return wanted, errors


def _named(record: Record | None) -> Record:
    return {name: record[name] for name in ("namespace", "key", "type")} if record else {}


def drop_of(shop: Shop, owner: str) -> None:
    """An owner's metafields go with it."""
    for record in of_owner(shop, owner):
        _table(shop).remove(record["id"])


# custom ids


def holder(shop: Shop, kind: str, namespace: str, key: str, value: str) -> str | None:
    """The owner of that kind whose metafield has the value."""
    table = shop.table(KIND)
    table.add_index("value", lambda row: f"{kind_of(row['_owner'])} {row['namespace']}.{row['key']}={row['value']}")
    found = next(iter(table.by("value", f"{kind} {namespace}.{key}={value}")), None)
    return found["_owner"] if found else None


def by_custom_id(ctx: Context, owner_type: str, custom: Record) -> Record | None:
    """The record with that custom id; without a definition of type `id` an error (FACTS 34)."""
    namespace = full_namespace(custom.get("namespace"), ctx)
    definition = definition_of(ctx.shop, owner_type, namespace, custom["key"])
    kind = next(name for name, value in OWNER_TYPES.items() if value == owner_type)
    if definition is None or definition["type"] != "id" or not unique_values(definition):
        raise TopLevelError("NOT_FOUND", CUSTOM_ID_NEEDS)
    return ctx.shop.get(holder(ctx.shop, kind, namespace, custom["key"], custom["value"]))


# reading


def _metafield(record: Record, args: Args, ctx: Context) -> Record | None:
    key, namespace = args["key"], args.get("namespace")
    if namespace is None and "." in key:
        namespace, key = key.rsplit(".", 1)
    return find(ctx.shop, record["id"], full_namespace(namespace, ctx), key)


def _metafields(record: Record, args: Args, ctx: Context) -> Listing:
    rows = of_owner(ctx.shop, record["id"])
    if args.get("namespace") is not None:
        namespace = full_namespace(args["namespace"], ctx)
        rows = [row for row in rows if row["namespace"] == namespace]
    if args.get("keys") is not None:
        rows = _qualified(rows, args["keys"], ctx)
    return Listing(kind=KIND, records=rows)


def _qualified(rows: list[Record], keys: list[str], ctx: Context) -> list[Record]:
    """`keys` are `namespace.key`; what they find comes in their order and shows its key so qualified."""
    by_key = {f"{row['namespace']}.{row['key']}": row for row in rows}
    names = [full_namespace(key.rsplit(".", 1)[0], ctx) + "." + key.rsplit(".", 1)[1] for key in keys if "." in key]
    return [{**by_key[name], "key": name} for name in names if name in by_key]


for _kind in (*OWNER_TYPES, "AppInstallation", "Image"):
    field(_kind, "metafield")(_metafield)
    field(_kind, "metafields")(_metafields)


@field(KIND, "owner")
def owner_of(record: Record, _args: Args, ctx: Context) -> Record | None:
    if kind_of(record["_owner"]) == "Shop":
        return shop_record(ctx)
    return ctx.shop.get(record["_owner"])


@field(KIND, "ownerType")
def owner_type(record: Record, _args: Args, _ctx: Context) -> str:
    return OWNER_TYPES.get(kind_of(record["_owner"]), "API_PERMISSION")


@field(KIND, "definition")
def definition(record: Record, _args: Args, ctx: Context) -> Record | None:
    owner = OWNER_TYPES.get(kind_of(record["_owner"]), "")
    return definition_of(ctx.shop, owner, record["namespace"], record["key"])


@field(KIND, "jsonValue")
def parsed(record: Record, _args: Args, _ctx: Context) -> Any:
    return json_value(record["type"], record["value"])


@field(KIND, "compareDigest")
def compare_digest(record: Record, _args: Args, _ctx: Context) -> str:
    return digest(record)


@field(KIND, "sizeInBytes")
def size(record: Record, _args: Args, _ctx: Context) -> int:
    return len(record["value"].encode())


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "reference")
def reference(record: Record, _args: Args, ctx: Context) -> Record | None:
    single = record["type"].endswith("_reference") and not record["type"].startswith("list.")
    return ctx.shop.get(record["value"]) if single else None


@field(KIND, "references")
def references(record: Record, _args: Args, ctx: Context) -> Listing | None:
    if not (record["type"].startswith("list.") and record["type"].endswith("_reference")):
        return None
    found = (ctx.shop.get(gid) for gid in json_value(record["type"], record["value"]))
    return Listing(kind="", records=[row for row in found if row is not None])


@root("metafield")
def metafield(args: Args, ctx: Context) -> Record | None:
    return ctx.shop.table(KIND).get(args["id"])
