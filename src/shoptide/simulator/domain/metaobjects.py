"""Metaobjects: records of a shop's own kinds, written field by field and checked as metafields are."""

from __future__ import annotations

import json
import uuid
from typing import Any

from shoptide.simulator import metafield_validations as validations
from shoptide.simulator.context import Context
from shoptide.simulator.domain import metaobject_definitions as definitions
from shoptide.simulator.domain.handles import slug
from shoptide.simulator.metafield_values import Problem, json_value, normalised
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
from shoptide.simulator.registry import text as words
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = definitions.OBJECT


def _table(shop: Shop) -> Any:
    table = shop.table(KIND)
    table.add_index("handle", lambda row: f"{row['type']} {row['handle']}")
    return table


def holder(shop: Shop, kind: str, handle: str) -> Record | None:
    return next(iter(_table(shop).by("handle", f"{kind} {handle}")), None)


def definition_of(shop: Shop, record: Record) -> Record:
    found = shop.table(definitions.KIND).get(record["_definition"])
    if found is None:
        raise LookupError(f"{record['id']} outlived its definition")
    return found


# values


def _error(path: list[str], message: str, code: str, key: str | None = None) -> Record:
    return user_error(path, message, code, elementKey=key, elementIndex=None)


def _given(wanted: Args) -> list[Args]:
    """Values by field, or as one JSON object."""
    if wanted.get("values") is not None:
        values = wanted["values"] if isinstance(wanted["values"], dict) else json.loads(wanted["values"])
        return [{"key": key, "value": _as_text(value)} for key, value in values.items()]
    return list(wanted.get("fields") or [])


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _checked(
    definition: Record, rows: list[Args], held: dict[str, str], ctx: Context
) -> tuple[dict[str, str], list[Record]]:
    """The values after writing some; what is wrong with them."""
    values, errors = dict(held), []
    for index, row in enumerate(rows):
        at, key = ["metaobject", "fields", str(index)], row["key"]
        found = definitions.field_of(definition, key)
        if found is None:
            errors.append(_error(at, f'Field definition "{key}" does not exist', "UNDEFINED_OBJECT_FIELD", key))
        elif key in [other["key"] for other in rows[:index]]:
            errors.append(_error(at, f'Field "{key}" duplicates other inputs', "DUPLICATE_FIELD_INPUT", key))
        elif row["value"] == "":
            values.pop(key, None)
        else:
            value = _value(found, row["value"], ctx)
            if isinstance(value, Problem):
                errors.append(_error(at, value.message, "INVALID_VALUE", key))
            else:
                values[key] = value
    for row in definition["_fields"]:
        if row["required"] and row["key"] not in values and not errors:
            errors.append(_error(["metaobject"], f"{row['name']} can't be blank", "OBJECT_FIELD_REQUIRED", row["key"]))
    return values, errors


def _value(found: Record, value: str, ctx: Context) -> str | Problem:
    result = normalised(found["type"], value, ctx)
    if isinstance(result, Problem):
        return result
    return validations.problem(found, result) or validations.belonging(found, result, ctx.shop) or result


def display_name(definition: Record, record: Record) -> str:
    key = definition["displayNameKey"]
    shown: str = record["_values"].get(key) if key else ""
    return shown or " ".join(part.capitalize() for part in record["handle"].split("-"))


def _free_handle(shop: Shop, kind: str, wanted: str, besides: Record | None = None) -> str:
    handle, number = wanted, 0
    while (other := holder(shop, kind, handle)) is not None and other is not besides:
        number += 1
        handle = f"{wanted}-{number}"
    return handle


# writing


def _refused(errors: list[Record]) -> Record:
    return {"metaobject": None, "userErrors": errors}


def _create(wanted: Args, name: str, ctx: Context) -> Record:
    shop = ctx.shop
    definition = definitions.of_type(shop, definitions.full_type(name, ctx))
    if definition is None:
        message = f'No metaobject definition exists for type "{name}"'
        return _refused([_error(["metaobject", "type"], message, "UNDEFINED_OBJECT_TYPE")])
    values, errors = _checked(definition, _given(wanted), {}, ctx)
    if errors:
        return _refused(errors)
    title = values.get(definition["displayNameKey"] or "") or f"{definition['type']}-{uuid.uuid4().hex[:8]}"
    record: Record = {
        "id": shop.new_id(KIND),
        "type": definition["type"],
        "handle": _free_handle(shop, definition["type"], slug(wanted.get("handle") or title)),
        "createdAt": shop.stamp(),
        "updatedAt": shop.stamp(),
        "_definition": definition["id"],
        "_values": values,
        "_status": _status(wanted) or "DRAFT",
    }
    _table(shop).put(record)
    shop.emit("metaobjects/create", record)
    return {"metaobject": record, "userErrors": []}


def _status(wanted: Args) -> str | None:
    status: str | None = ((wanted.get("capabilities") or {}).get("publishable") or {}).get("status")
    return status


@mutation("metaobjectCreate")
def create(args: Args, ctx: Context) -> Record:
    return _create(args["metaobject"], args["metaobject"]["type"], ctx)


@mutation("metaobjectUpdate")
def update(args: Args, ctx: Context) -> Record:
    record = _table(ctx.shop).get(args["id"])
    if record is None:
        return _refused([_error(["id"], "Record not found", "RECORD_NOT_FOUND")])
    return _update(record, args["metaobject"], ctx)


def _update(record: Record, wanted: Args, ctx: Context) -> Record:
    shop = ctx.shop
    values, errors = _checked(definition_of(shop, record), _given(wanted), record["_values"], ctx)
    handle = slug(wanted["handle"]) if wanted.get("handle") else record["handle"]
    other = holder(shop, record["type"], handle)
    if other is not None and other is not record:
        errors.append(_error(["metaobject", "handle"], "Handle has already been taken", "TAKEN"))
    if errors:
        return _refused(errors)
    record.update(_values=values, handle=handle, _status=_status(wanted) or record["_status"])
    shop.touch(record)
    _table(shop).put(record)
    shop.emit("metaobjects/update", record)
    return {"metaobject": record, "userErrors": []}


@mutation("metaobjectUpsert")
def upsert(args: Args, ctx: Context) -> Record:
    given, handle = args.get("metaobject") or {}, args["handle"]
    wanted = {**given, **({"values": args["values"]} if args.get("values") is not None else {})}
    known = holder(ctx.shop, definitions.full_type(handle["type"], ctx).lower(), slug(handle["handle"]))
    if known is not None:
        return _update(known, wanted, ctx)
    return _create({"handle": handle["handle"], **wanted}, handle["type"], ctx)


@mutation("metaobjectDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = _table(ctx.shop).remove(args["id"])
    if record is None:
        return {"deletedId": None, "userErrors": [_error(["id"], "Record not found", "RECORD_NOT_FOUND")]}
    ctx.shop.emit("metaobjects/delete", record)
    return {"deletedId": record["id"], "userErrors": []}


@mutation("metaobjectBulkDelete")
def bulk_delete(args: Args, ctx: Context) -> Record:
    where, shop = args["where"], ctx.shop
    gone = [row for row in _table(shop) if row["id"] in (where.get("ids") or [])]
    if where.get("type"):
        kind = definitions.full_type(where["type"], ctx).lower()
        if definitions.of_type(shop, kind) is None:
            message = f'No metaobject definition exists for type "{where["type"]}"'
            error = _error(["where", "type"], message, "UNDEFINED_OBJECT_TYPE")
            return {"job": None, "userErrors": [error]}
        gone = [row for row in _table(shop) if row["type"] == kind]
    for row in gone:
        _table(shop).remove(row["id"])
    return {"job": {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False, "query": None}, "userErrors": []}


# reading


@root("metaobject")
def metaobject(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


@root("metaobjectByHandle")
def by_handle(args: Args, ctx: Context) -> Record | None:
    wanted = args["handle"]
    return holder(ctx.shop, definitions.full_type(wanted["type"], ctx).lower(), wanted["handle"])


@root("metaobjects")
def metaobjects(args: Args, ctx: Context) -> Listing:
    kind = definitions.full_type(args["type"], ctx).lower()
    return Listing(KIND, [row for row in _table(ctx.shop) if row["type"] == kind], root="metaobjects")


@field(KIND, "definition")
def definition(record: Record, _args: Args, ctx: Context) -> Record:
    return definition_of(ctx.shop, record)


@field(KIND, "displayName")
def shown_name(record: Record, _args: Args, ctx: Context) -> str:
    return display_name(definition_of(ctx.shop, record), record)


@field(KIND, "fields")
def fields(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [_shown(row, record, ctx) for row in definition_of(ctx.shop, record)["_fields"]]


@field(KIND, "field")
def one_field(record: Record, args: Args, ctx: Context) -> Record | None:
    found = definitions.field_of(definition_of(ctx.shop, record), args["key"])
    return _shown(found, record, ctx) if found else None


@field(KIND, "thumbnailField")
def thumbnail(record: Record, args: Args, ctx: Context) -> Record | None:
    return next((row for row in fields(record, args, ctx) if row["type"] in ("file_reference", "color")), None)


@field(KIND, "values")
def values(record: Record, _args: Args, ctx: Context) -> Record:
    rows = definition_of(ctx.shop, record)["_fields"]
    return {row["key"]: _json(row, record) for row in rows}


def _json(row: Record, record: Record) -> Any:
    value = record["_values"].get(row["key"])
    return None if value is None else json_value(row["type"], value)


def _shown(row: Record, record: Record, ctx: Context) -> Record:
    value = record["_values"].get(row["key"])
    kind = row["type"]
    single = value is not None and kind.endswith("_reference") and not kind.startswith("list.")
    many = value is not None and kind.startswith("list.") and kind.endswith("_reference")
    found = (ctx.shop.get(gid) for gid in json_value(kind, value)) if many else ()
    return {
        "key": row["key"],
        "type": kind,
        "value": value,
        "jsonValue": _json(row, record),
        "definition": definitions.shown_field(row),
        "reference": ctx.shop.get(value) if single else None,
        "references": Listing("", [target for target in found if target]) if many else None,
    }


@field(KIND, "capabilities")
def capabilities(record: Record, _args: Args, ctx: Context) -> Record:
    on = definition_of(ctx.shop, record)["_capabilities"]
    return {
        "publishable": {"status": record["_status"]} if on.get("publishable") else None,
        "onlineStore": {"templateSuffix": None} if on.get("onlineStore") else None,
    }


@field(KIND, "createdByApp", "createdBy")
def created_by(_record: Record, _args: Args, ctx: Context) -> Record:
    return {"id": ctx.app.id, "title": ctx.app.title, "handle": ctx.app.handle}


def _name(row: Record, shop: Shop) -> str:
    return display_name(definition_of(shop, row), row)


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "handle": token(lambda row, _shop: row["handle"]),
        "display_name": words(_name),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[_name, lambda row, _shop: row["handle"]],
)
sort(
    "metaobjects",
    {
        "id": lambda row, _shop: int(tail_of(row["id"])),
        "display_name": _name,
        "type": lambda row, _shop: row["type"],
        "updated_at": lambda row, _shop: row["updatedAt"],
    },
    default="id",
)
