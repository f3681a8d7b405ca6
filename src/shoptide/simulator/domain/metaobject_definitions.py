"""Metaobject definitions: the kinds of metaobjects a shop has, with their fields."""

from __future__ import annotations

import re

from shoptide.simulator import metafield_validations as validations
from shoptide.simulator.context import Context
from shoptide.simulator.domain.metafield_definitions import full_namespace, type_record
from shoptide.simulator.metafield_values import definable_types
from shoptide.simulator.registry import Args, Listing, field, mutation, root, sort, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "MetaobjectDefinition"
OBJECT = "Metaobject"
MOST_FIELDS = 40
CAPABILITIES = ("publishable", "translatable", "onlineStore", "renderable")
ACCESS = {"admin": "PUBLIC_READ_WRITE", "storefront": "NONE", "customerAccount": "NONE"}


def full_type(name: str, ctx: Context) -> str:
    """`$app:x` is the calling app's own."""
    return full_namespace(name, ctx) if name.startswith("$app") else name


def of_type(shop: Shop, name: str) -> Record | None:
    return next((row for row in shop.table(KIND) if row["type"].lower() == name.lower()), None)


def field_of(definition: Record, key: str) -> Record | None:
    return next((row for row in definition["_fields"] if row["key"] == key), None)


def objects_of(shop: Shop, definition: Record) -> list[Record]:
    return [row for row in shop.table(OBJECT) if row["_definition"] == definition["id"]]


# checks


def _refused(errors: list[Record]) -> Record:
    return {"metaobjectDefinition": None, "userErrors": errors}


def _named(path: list[str], message: str, code: str, key: str | None = None, index: int | None = None) -> Record:
    return user_error(path, message, code, elementKey=key, elementIndex=index)


def _type_problems(name: str, shop: Shop) -> list[Record]:
    at = ["definition", "type"]
    if not name.strip():
        return [_named(at, "Type can't be blank", "BLANK")]
    if len(name) < 3:
        return [_named(at, "Type is too short (minimum is 3 characters)", "TOO_SHORT")]
    if len(name) > 255:
        return [_named(at, "Type is too long (maximum is 255 characters)", "TOO_LONG")]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        message = (
            "Type contains one or more invalid characters. Only alphanumeric characters, underscores, and dashes are "
            "allowed."
        )
        return [_named(at, message, "INVALID")]
    return [_named(at, "Type has already been taken", "TAKEN")] if of_type(shop, name) else []


def _field_problems(given: Args, at: list[str]) -> list[Record]:
    key = given["key"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,64}", key):
        return [_named(at, "Key is invalid", "INVALID", key)]
    if given["type"] not in definable_types():
        message = f"Type name {given['type']} is not a valid type. Valid types are: {', '.join(definable_types())}."
        return [_named(at, message, "INCLUSION", key)]
    found = validations.option_problems(given["type"], given.get("validations") or [])
    return [_named(at, message, "INVALID_OPTION", key) for message in found]


def _display_problems(key: str | None, fields: list[Record]) -> list[Record]:
    if not key or any(row["key"] == key for row in fields):
        return []
    return [
        _named(["definition", "displayNameKey"], f'Field definition "{key}" does not exist', "UNDEFINED_OBJECT_FIELD")
    ]


# writing


def _field(given: Args) -> Record:
    return {
        "key": given["key"],
        "name": given.get("name") or given["key"].replace("_", " ").capitalize(),
        "description": given.get("description"),
        "required": bool(given.get("required")),
        "type": given["type"],
        "validations": validations.records(given.get("validations") or [], given["type"]),
        "_filterable": _on(given, "adminFilterable"),
    }


def _on(given: Args, capability: str) -> bool:
    return bool(((given.get("capabilities") or {}).get(capability) or {}).get("enabled"))


@mutation("metaobjectDefinitionCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["definition"], ctx.shop
    name = full_type(given["type"], ctx)
    fields = given.get("fieldDefinitions") or []
    errors = _type_problems(name, shop)
    for index, row in enumerate(fields):
        at = ["definition", "fieldDefinitions", str(index)]
        if row["key"] in [other["key"] for other in fields[:index]]:
            message = f'Field "{row["key"]}" duplicates other inputs'
            errors.append(_named(at, message, "DUPLICATE_FIELD_INPUT", row["key"]))
        errors += _field_problems(row, at)
    if len(fields) > MOST_FIELDS:
        message = f"Maximum {MOST_FIELDS} fields per metaobject definition exceeded."
        errors.append(_named(["definition", "fieldDefinitions"], message, "INPUT_LIMIT_EXCEEDED"))
    if errors := errors or _display_problems(given.get("displayNameKey"), fields):
        return _refused(errors)
    record: Record = {
        "id": shop.new_id(KIND),
        "type": name.lower(),
        "name": given.get("name") or given["type"].replace("_", " ").capitalize(),
        "description": given.get("description"),
        "displayNameKey": given.get("displayNameKey"),
        "access": {**ACCESS, **(given.get("access") or {})},
        "createdAt": shop.stamp(),
        "updatedAt": shop.stamp(),
        "_fields": [_field(row) for row in fields],
        "_capabilities": {name: _on(given, name) for name in CAPABILITIES},
    }
    return {"metaobjectDefinition": shop.table(KIND).put(record), "userErrors": []}


@mutation("metaobjectDefinitionUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["definition"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return _refused([_named(["id"], "Record not found", "RECORD_NOT_FOUND")])
    fields, errors = _changed_fields(record, given.get("fieldDefinitions") or [])
    key = given.get("displayNameKey", record["displayNameKey"])
    if errors := errors or _display_problems(key, fields):
        return _refused(errors)
    if given.get("resetFieldOrder"):
        order = [next(iter(change.values()))["key"] for change in given.get("fieldDefinitions") or []]
        fields.sort(key=lambda row: order.index(row["key"]) if row["key"] in order else len(order))
    record.update({name: given[name] for name in ("name", "description", "displayNameKey") if name in given})
    record["access"] = {**record["access"], **(given.get("access") or {})}
    record["_fields"] = fields
    for name in given.get("capabilities") or {}:
        record["_capabilities"][name] = _on(given, name)
    shop.touch(record)
    return {"metaobjectDefinition": shop.table(KIND).put(record), "userErrors": []}


def _changed_fields(record: Record, changes: list[Args]) -> tuple[list[Record], list[Record]]:
    """The fields after creating, changing and deleting some; what is wrong with that."""
    fields, errors = [dict(row) for row in record["_fields"]], []
    for index, change in enumerate(changes):
        verb = next(name for name in ("create", "update", "delete") if change.get(name))
        given, at = change[verb], ["definition", "fieldDefinitions", str(index), verb]
        held = next((row for row in fields if row["key"] == given["key"]), None)
        if verb == "create" and held is None:
            errors += _field_problems(given, at)
            fields.append(_field(given))
        elif verb == "create":
            message = f'Field definition "{given["key"]}" is already taken'
            errors.append(_named(at, message, "OBJECT_FIELD_TAKEN", given["key"]))
        elif held is None:
            message = f'Field definition "{given["key"]}" does not exist'
            errors.append(_named(at, message, "UNDEFINED_OBJECT_FIELD", given["key"]))
        elif verb == "delete":
            fields.remove(held)
        else:
            held.update({name: given[name] for name in ("name", "description", "required") if name in given})
            if given.get("validations") is not None:
                held["validations"] = validations.records(given["validations"], held["type"])
    return fields, errors


@mutation("metaobjectDefinitionDelete")
def delete(args: Args, ctx: Context) -> Record:
    """A definition takes its metaobjects with it."""
    record = ctx.shop.table(KIND).remove(args["id"])
    if record is None:
        return {"deletedId": None, "userErrors": [_named(["id"], "Record not found", "RECORD_NOT_FOUND")]}
    for row in objects_of(ctx.shop, record):
        ctx.shop.table(OBJECT).remove(row["id"])
    return {"deletedId": record["id"], "userErrors": []}


# reading


@root("metaobjectDefinitionByType")
def by_type(args: Args, ctx: Context) -> Record | None:
    return of_type(ctx.shop, full_type(args["type"], ctx))


@field(KIND, "fieldDefinitions")
def field_definitions(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [shown_field(row) for row in record["_fields"]]


def shown_field(row: Record) -> Record:
    capabilities = {"adminFilterable": {"enabled": bool(row.get("_filterable")), "eligible": True}}
    return {**row, "type": type_record(row["type"]), "capabilities": capabilities}


@field(KIND, "capabilities")
def capabilities(record: Record, _args: Args, _ctx: Context) -> Record:
    return {name: {"enabled": bool(record["_capabilities"].get(name)), "data": None} for name in CAPABILITIES}


@field(KIND, "hasThumbnailField")
def has_thumbnail(record: Record, _args: Args, _ctx: Context) -> bool:
    return any(row["type"] in ("file_reference", "color") for row in record["_fields"])


@field(KIND, "createdByApp")
def created_by(_record: Record, _args: Args, ctx: Context) -> Record:
    return {"id": ctx.app.id, "title": ctx.app.title, "handle": ctx.app.handle}


@field(KIND, "metaobjects")
def metaobjects(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(OBJECT, objects_of(ctx.shop, record))


@field(KIND, "metaobjectsCount")
def count(record: Record, _args: Args, ctx: Context) -> int:
    return len(objects_of(ctx.shop, record))


sort("metaobjectDefinitions", {"ID": lambda row, _shop: int(tail_of(row["id"]))}, default="ID")
