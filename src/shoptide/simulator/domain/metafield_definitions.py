"""Metafield definitions: creating, changing, pinning, deleting; their validations; what they say of a value."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from shoptide.simulator import metafield_validations as validations
from shoptide.simulator.context import Context
from shoptide.simulator.domain import metafield_definition_rules as rules
from shoptide.simulator.metafield_values import MEASURED, definable_types
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

KIND = "MetafieldDefinition"
OWNER_TYPES = {
    "Product": "PRODUCT", "ProductVariant": "PRODUCTVARIANT", "Collection": "COLLECTION", "Customer": "CUSTOMER",
    "Order": "ORDER", "DraftOrder": "DRAFTORDER", "Location": "LOCATION", "Shop": "SHOP", "Company": "COMPANY",
    "CompanyLocation": "COMPANY_LOCATION", "Market": "MARKET", "Page": "PAGE", "Blog": "BLOG", "Article": "ARTICLE",
    "MediaImage": "MEDIA_IMAGE", "SellingPlan": "SELLING_PLAN", "InventoryTransfer": "TRANSFER",
    "DiscountNode": "DISCOUNT",
}  # fmt: skip
LABELS = {"PRODUCTVARIANT": "Product variant", "DRAFTORDER": "Draft order", "COMPANY_LOCATION": "Company location"}
MOST_PINNED = 50
MOST_OF_AN_OWNER = 256
UNIQUE_TYPES = ("id", "single_line_text_field", "url", "number_integer", "multi_line_text_field")
CATEGORIES: dict[str, str] = {
    **dict.fromkeys(("single_line_text_field", "multi_line_text_field", "rich_text_field"), "TEXT"),
    **dict.fromkeys(("number_integer", "number_decimal"), "NUMBER"),
    **dict.fromkeys(("date", "date_time"), "DATE_TIME"),
    **dict.fromkeys(("boolean",), "TRUE_FALSE"),
    **dict.fromkeys(("color",), "COLOR"),
    **dict.fromkeys(("json",), "JSON"),
    **dict.fromkeys(("money",), "MONEY"),
    **dict.fromkeys(("rating",), "RATING"),
    **dict.fromkeys(("url", "link"), "URL"),
    **dict.fromkeys(("id",), "ID"),
    **dict.fromkeys(MEASURED, "MEASUREMENT"),
}


def _place(record: Record) -> str:
    return f"{record['ownerType']} {record['namespace']}.{record['key']}"


def _table(shop: Shop) -> Any:
    table = shop.table(KIND)
    table.add_index("place", _place)
    return table


def full_namespace(namespace: str | None, ctx: Context) -> str:
    """`$app` and its sub-namespaces, and no namespace at all, are the calling app's own (FACTS 41)."""
    if not namespace or namespace == "$app":
        return ctx.app.namespace
    if namespace.startswith("$app:"):
        return f"{ctx.app.namespace}--{namespace.removeprefix('$app:')}"
    return namespace


def definition_of(shop: Shop, owner_type: str, namespace: str, key: str) -> Record | None:
    return next(iter(_table(shop).by("place", f"{owner_type} {namespace}.{key}")), None)


def unique_values(definition: Record) -> bool:
    return bool(definition.get("_unique"))


# writing


@mutation("metafieldDefinitionCreate")
def create(args: Args, ctx: Context) -> Record:
    given = args["definition"]
    namespace = full_namespace(given.get("namespace"), ctx)
    errors = _creation_problems(given, namespace, ctx)
    if errors:
        return {"createdDefinition": None, "userErrors": errors}
    unique = given["type"] == "id" or _enabled(given, "uniqueValues")
    record = {
        "id": ctx.shop.new_id(KIND),
        "namespace": namespace,
        "key": given["key"],
        "name": given["name"],
        "description": given.get("description"),
        "ownerType": given["ownerType"],
        "type": given["type"],
        "validations": validations.records(given.get("validations") or [], given["type"]),
        "createdAt": ctx.shop.stamp(),
        "updatedAt": ctx.shop.stamp(),
        "access": _access(given.get("access") or {}, {}),
        "pinnedPosition": _next_pin(ctx.shop, given["ownerType"]) if given.get("pin") else None,
        "useAsCollectionCondition": bool(given.get("useAsCollectionCondition")),
        "_unique": unique,
        "_adminFilterable": _enabled(given, "adminFilterable"),
        "_smartCollection": _enabled(given, "smartCollectionCondition"),
        "_constraints": rules.constraints(given.get("constraints")),
    }
    _table(ctx.shop).put(record)
    ctx.shop.emit("metafield_definitions/create", record)
    return {"createdDefinition": record, "userErrors": []}


def _enabled(given: Record, capability: str) -> bool:
    return bool(((given.get("capabilities") or {}).get(capability) or {}).get("enabled"))


def _creation_problems(given: Record, namespace: str, ctx: Context) -> list[Record]:
    problems = _name_problems(given, namespace)
    if problems:
        return problems
    if given["type"] not in definable_types():
        names = ", ".join(definable_types())
        message = f"Type name {given['type']} is not a valid type. Valid types are: {names}."
        return [user_error(["definition", "type"], message, "INCLUSION")]
    if definition_of(ctx.shop, given["ownerType"], namespace, given["key"]):
        message = (
            f"Key is in use for {label(given['ownerType'])} metafields on the '{given.get('namespace')}' namespace."
        )
        return [user_error(["definition", "key"], message, "TAKEN")]
    options = validations.option_problems(given["type"], given.get("validations") or [])
    if options:
        code = "DUPLICATE_OPTION" if "duplicate" in options[0] else "INVALID_OPTION"
        return [user_error(["definition", "validations"], message, code) for message in options]
    access = rules.access_problems(given, namespace, "INVALID")
    return access or _capability_problems(given) or rules.pinning_problems(given) or _limit_problems(given, ctx.shop)


def _name_problems(given: Record, namespace: str) -> list[Record]:
    found = []
    for name, text, low, high in (("namespace", namespace, 3, 255), ("key", given["key"], 2, 64)):
        if len(text) < low:
            message, code = f"{name.capitalize()} is too short (minimum is {low} characters)", "TOO_SHORT"
        elif len(text) > high:
            message, code = f"{name.capitalize()} is too long (maximum is {high} characters)", "TOO_LONG"
        elif not re.fullmatch(r"[A-Za-z0-9_-]+", text):
            message, code = f"{name.capitalize()} contains one or more invalid characters.", "INVALID_CHARACTER"
        else:
            continue
        found.append(user_error(["definition", name], message, code))
    return found + text_problems(given)


def text_problems(given: Record) -> list[Record]:
    found = []
    if "name" in given and not (given["name"] or "").strip():
        found.append(user_error(["definition", "name"], "Name can't be blank", "BLANK"))
    for name in ("name", "description"):
        if len(given.get(name) or "") > 255:
            message = f"{name.capitalize()} is too long (maximum is 255 characters)"
            found.append(user_error(["definition", name], message, "TOO_LONG"))
    return found


def _capability_problems(given: Record) -> list[Record]:
    wanted = (given.get("capabilities") or {}).get("uniqueValues") or {}
    if given["type"] == "id" and wanted.get("enabled") is False:
        message = "Capability unique_values is required for type id but is disabled"
        return [user_error(["definition"], message, "CAPABILITY_REQUIRED_BUT_DISABLED")]
    if wanted.get("enabled") and given["type"] not in UNIQUE_TYPES:
        message = "The capability unique_values is not valid for this definition."
        return [user_error(["definition"], message, "INVALID_CAPABILITY")]
    if _enabled(given, "smartCollectionCondition") and given["ownerType"] not in ("PRODUCT", "PRODUCTVARIANT"):
        message = "The capability smart_collection_condition is not valid for this definition."
        return [user_error(["definition"], message, "INVALID_CAPABILITY")]
    return []


def _limit_problems(given: Record, shop: Shop) -> list[Record]:
    of_owner = [row for row in _table(shop) if row["ownerType"] == given["ownerType"]]
    if len(of_owner) >= MOST_OF_AN_OWNER:
        message = f"Stores can only have {MOST_OF_AN_OWNER} definitions for each store resource."
        return [user_error(["definition"], message, "RESOURCE_TYPE_LIMIT_EXCEEDED")]
    if given.get("pin") and len([row for row in of_owner if row["pinnedPosition"]]) >= MOST_PINNED:
        return [user_error(["definition"], f"Limit of {MOST_PINNED} pinned definitions.", "PINNED_LIMIT_REACHED")]
    if _enabled(given, "adminFilterable") and len([row for row in of_owner if row["_adminFilterable"]]) >= MOST_PINNED:
        message = (
            f"You can only use {MOST_PINNED} {label(given['ownerType']).lower()} metafield definitions to filter the "
            f"{label(given['ownerType']).lower()} list. To add a new filter, disable filtering on an existing one."
        )
        return [user_error(["definition"], message, "OWNER_TYPE_LIMIT_EXCEEDED_FOR_USE_AS_ADMIN_FILTERS")]
    return []


def label(owner_type: str) -> str:
    return LABELS.get(owner_type, owner_type.replace("_", " ").capitalize())


def _access(given: Record, held: Record) -> Record:
    defaults = {"admin": "PUBLIC_READ_WRITE", "storefront": "NONE", "customerAccount": "NONE"}
    return {**defaults, **held, **{name: value for name, value in given.items() if value is not None}}


def _next_pin(shop: Shop, owner_type: str) -> int:
    pins = [row["pinnedPosition"] or 0 for row in _table(shop) if row["ownerType"] == owner_type]
    return max(pins, default=0) + 1


def _wanted(args: Args, ctx: Context) -> Record | None:
    """The definition an argument pair `id`/`identifier` means."""
    gid = args.get("definitionId") or args.get("id")
    if gid is not None:
        found: Record | None = _table(ctx.shop).get(gid)
        return found
    given = args.get("identifier")
    return _identified(given, ctx) if given else None


def _identified(given: Record, ctx: Context) -> Record | None:
    return definition_of(ctx.shop, given["ownerType"], full_namespace(given.get("namespace"), ctx), given["key"])


@mutation("metafieldDefinitionUpdate")
def update(args: Args, ctx: Context) -> Record:
    given = args["definition"]
    record = _identified(given, ctx)
    if record is None:
        return _not_updated([user_error(["definition"], "Definition not found.", "NOT_FOUND")])
    errors = text_problems({name: given[name] for name in ("name", "description") if name in given})
    options = validations.option_problems(record["type"], given.get("validations") or [])
    errors += [user_error(["definition", "validations"], message, "INVALID_OPTION") for message in options]
    errors += _capability_problems({**record, "capabilities": given.get("capabilities")})
    errors += rules.access_problems(given, record["namespace"], "INVALID_INPUT") + rules.constraint_problems(
        record, given
    )
    errors += rules.standard_problems(record, given) + rules.metaobject_problems(record, given)
    if given.get("pin") and not record["pinnedPosition"]:
        errors += _limit_problems({"ownerType": record["ownerType"], "pin": True}, ctx.shop)
    if errors:
        return _not_updated(errors)
    before = record["validations"]
    _apply(record, given, ctx.shop)
    ctx.shop.emit("metafield_definitions/update", record)
    job = _validation_job(ctx) if record["validations"] != before else None
    return {"updatedDefinition": record, "validationJob": job, "userErrors": []}


def _not_updated(errors: list[Record]) -> Record:
    return {"updatedDefinition": None, "validationJob": None, "userErrors": errors}


def _apply(record: Record, given: Record, shop: Shop) -> None:
    shop.touch(record)
    record.update({name: given[name] for name in ("name", "description") if name in given})
    record["_constraints"] = rules.changed_constraints(record.get("_constraints"), given.get("constraintsUpdates"))
    if given.get("validations") is not None:
        record["validations"] = validations.records(given["validations"], record["type"])
    if given.get("access"):
        record["access"] = _access(given["access"], record["access"])
    if given.get("pin") is not None:
        pinned = record["pinnedPosition"] or _next_pin(shop, record["ownerType"])
        record["pinnedPosition"] = pinned if given["pin"] else None
    names = (
        ("uniqueValues", "_unique"),
        ("adminFilterable", "_adminFilterable"),
        ("smartCollectionCondition", "_smartCollection"),
    )
    for capability, name in names:
        if capability in (given.get("capabilities") or {}):
            record[name] = _enabled(given, capability)


def _validation_job(ctx: Context) -> Record:
    """The check of existing values runs in the background: it is done when it is next looked at a second later."""
    record = {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False, "query": None}
    return ctx.shop.table("Job").put(record)


@mutation("metafieldDefinitionDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = _wanted(args, ctx)
    if record is None:
        return _not_deleted(user_error(["id"], "Definition not found.", "NOT_FOUND"))
    values = [row for row in ctx.shop.table("Metafield") if _belongs(row, record)]
    everything = args.get("deleteAllAssociatedMetafields")
    if _rules_collections(record, ctx.shop):
        message = "Cannot proceed with this action. This definition is used in one or more automated collections."
        return _not_deleted(user_error(None, message, "METAFIELD_DEFINITION_IN_USE"))
    if refusal := None if everything else _keeping_problem(record):
        return _not_deleted(user_error(None, *refusal))
    for row in values if everything else ():
        ctx.shop.table("Metafield").remove(row["id"])
    _table(ctx.shop).remove(record["id"])
    ctx.shop.emit("metafield_definitions/delete", record)
    identifier = {name: record[name] for name in ("ownerType", "namespace", "key")}
    return {"deletedDefinitionId": record["id"], "deletedDefinition": identifier, "userErrors": []}


def _rules_collections(record: Record, shop: Shop) -> bool:
    found = (rule for row in shop.table("Collection") for rule in (row.get("_rules") or {}).get("rules") or ())
    return any(rule.get("conditionObjectId") == record["id"] for rule in found)


def _not_deleted(error: Record) -> Record:
    return {"deletedDefinitionId": None, "deletedDefinition": None, "userErrors": [error]}


def _keeping_problem(record: Record) -> tuple[str, str] | None:
    """Definitions whose values can't be left behind."""
    kind = record["type"].removeprefix("list.")
    if kind.endswith("_reference"):
        message = "Deleting a reference type metafield definition requires deletion of its associated metafields."
        return message, "REFERENCE_TYPE_DELETION_ERROR"
    if kind == "id":
        message = "Deleting an id type metafield definition requires deletion of its associated metafields."
        return message, "ID_TYPE_DELETION_ERROR"
    if record["namespace"].startswith("app--"):
        message = "Deleting a definition in a reserved namespace must have deleteAllAssociatedMetafields set to true."
        return message, "RESERVED_NAMESPACE_ORPHANED_METAFIELDS"
    return None


def _belongs(metafield: Record, definition: Record) -> bool:
    same = (metafield["namespace"], metafield["key"]) == (definition["namespace"], definition["key"])
    return same and OWNER_TYPES.get(kind_of(metafield["_owner"])) == definition["ownerType"]


@mutation("metafieldDefinitionPin")
def pin(args: Args, ctx: Context) -> Record:
    record = _wanted(args, ctx)
    if record is None:
        return {"pinnedDefinition": None, "userErrors": [user_error(None, "Definition not found.", "NOT_FOUND")]}
    if record.get("_constraints"):
        error = user_error(None, rules.NO_PINNING, "UNSUPPORTED_PINNING")
        return {"pinnedDefinition": None, "userErrors": [error]}
    if record["pinnedPosition"]:
        error = user_error(None, "Definition already pinned.", "ALREADY_PINNED")
        return {"pinnedDefinition": None, "userErrors": [error]}
    if errors := _limit_problems({"ownerType": record["ownerType"], "pin": True}, ctx.shop):
        return {"pinnedDefinition": None, "userErrors": [{**errors[0], "field": None}]}
    record["pinnedPosition"] = _next_pin(ctx.shop, record["ownerType"])
    return {"pinnedDefinition": record, "userErrors": []}


@mutation("metafieldDefinitionUnpin")
def unpin(args: Args, ctx: Context) -> Record:
    record = _wanted(args, ctx)
    if record is None:
        return {"unpinnedDefinition": None, "userErrors": [user_error(None, "Definition not found.", "NOT_FOUND")]}
    if not record["pinnedPosition"]:
        error = user_error(None, f"Definition {tail_of(record['id'])} isn't pinned.", "NOT_PINNED")
        return {"unpinnedDefinition": None, "userErrors": [error]}
    gap = record["pinnedPosition"]
    record["pinnedPosition"] = None
    for other in _table(ctx.shop):
        if other["ownerType"] == record["ownerType"] and (other["pinnedPosition"] or 0) > gap:
            other["pinnedPosition"] -= 1
    return {"unpinnedDefinition": record, "userErrors": []}


# reading


@root("metafieldDefinition")
def one(args: Args, ctx: Context) -> Record | None:
    return _wanted(args, ctx)


@root("metafieldDefinitions")
def definitions(args: Args, ctx: Context) -> Listing:
    return listed(args["ownerType"], args, ctx)


def listed(owner_type: str, args: Args, ctx: Context) -> Listing:
    def wanted(row: Record) -> bool:
        pinned = args.get("pinnedStatus") or "ANY"
        return (
            row["ownerType"] == owner_type
            and (not args.get("namespace") or row["namespace"] == full_namespace(args["namespace"], ctx))
            and args.get("key") in (None, row["key"])
            and (pinned == "ANY" or (pinned == "PINNED") == bool(row["pinnedPosition"]))
        )

    return Listing(kind=KIND, records=[row for row in _table(ctx.shop) if wanted(row)], root="metafieldDefinitions")


def _definitions_for(owner_type: str) -> Callable[[Record, Args, Context], Listing]:
    return lambda _record, args, ctx: listed(owner_type, args, ctx)


for _kind, _owner_type in OWNER_TYPES.items():
    field(_kind, "metafieldDefinitions")(_definitions_for(_owner_type))


@root("metafieldDefinitionTypes")
def types(_args: Args, _ctx: Context) -> list[Record]:
    return [type_record(name) for name in definable_types()]


def type_record(name: str) -> Record:
    base = name.removeprefix("list.")
    category = "REFERENCE" if base.endswith("_reference") else CATEGORIES.get(base, "OTHER")
    return {
        "name": name,
        "category": category,
        "supportsDefinitionMigrations": category != "REFERENCE",
        "supportedValidations": validations.supported(name),
        "valueType": {"boolean": "BOOLEAN", "number_integer": "INTEGER"}.get(name, "STRING"),
    }


@field(KIND, "type")
def type_of(record: Record, _args: Args, _ctx: Context) -> Record:
    return type_record(record["type"])


@field(KIND, "constraints")
def constraints(record: Record, _args: Args, _ctx: Context) -> Record:
    held = record.get("_constraints") or {"key": None, "values": []}
    return {"key": held["key"], "values": Listing("", [{"value": value} for value in held["values"]])}


@field(KIND, "validationStatus")
def validation_status(_record: Record, _args: Args, _ctx: Context) -> str:
    return "ALL_VALID"


@field(KIND, "capabilities")
def capabilities(record: Record, _args: Args, _ctx: Context) -> Record:
    filterable = bool(record.get("_adminFilterable"))
    return {
        "uniqueValues": {"enabled": unique_values(record), "eligible": record["type"] in UNIQUE_TYPES},
        "adminFilterable": {
            "enabled": filterable,
            "eligible": True,
            "status": "FILTERABLE" if filterable else "NOT_FILTERABLE",
        },
        "smartCollectionCondition": {
            "enabled": bool(record.get("_smartCollection")),
            "eligible": record["ownerType"] in ("PRODUCT", "PRODUCTVARIANT"),
        },
    }


@field(KIND, "metafields")
def metafields(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(kind="", records=[row for row in ctx.shop.table("Metafield") if _belongs(row, record)])


@field(KIND, "metafieldsCount")
def metafields_count(record: Record, args: Args, ctx: Context) -> int:
    if args.get("validationStatus") == "INVALID":
        return 0
    return sum(1 for row in ctx.shop.table("Metafield") if _belongs(row, record))


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "key": token(lambda row, _shop: row["key"]),
        "namespace": token(lambda row, _shop: row["namespace"]),
        "owner_type": token(lambda row, _shop: row["ownerType"]),
        "type": token(lambda row, _shop: row["type"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[lambda row, _shop: row["name"], lambda row, _shop: row["key"], lambda row, _shop: row["namespace"]],
)
sort(
    "metafieldDefinitions",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "NAME": lambda row, _shop: row["name"],
        "PINNED_POSITION": lambda row, _shop: row["pinnedPosition"],
    },
    default="ID",
)
