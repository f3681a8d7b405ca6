"""Options linked to a metafield of their product: their values are metaobjects, and go by those's display names."""

from __future__ import annotations

import json
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import metaobjects
from shoptide.simulator.domain.metafield_definitions import definition_of, full_namespace
from shoptide.simulator.domain.metafields import Wanted, put
from shoptide.simulator.registry import Args, user_error
from shoptide.simulator.shop import Record, Shop

TYPE = "list.metaobject_reference"
MESSAGES = {
    "CANNOT_COMBINE_LINKED_METAFIELD_AND_OPTION_VALUES": "Cannot combine linked metafield and option values.",
    "DUPLICATE_LINKED_OPTION": "Cannot link multiple options to the same metafield.",
    "INVALID_METAFIELD_VALUE_FOR_LINKED_OPTION": "Invalid metafield value for linked option.",
    "LINKED_METAFIELD_DEFINITION_NOT_FOUND": "No valid metafield definition found for linked option.",
    "LINKED_METAFIELD_VALUE_WITHOUT_LINKED_OPTION": (
        "Cannot specify 'linkedMetafieldValue' for an option that is not linked to a metafield."
    ),
    "MISSING_METAFIELD_VALUES_FOR_LINKED_OPTION": "Missing metafield values for linked option.",
    "OPTION_LINKED_METAFIELD_ALREADY_TAKEN": "An option linked to the provided metafield already exists.",
}


def _place(link: Record, ctx: Context) -> tuple[str, str]:
    return full_namespace(link["namespace"], ctx), link["key"]


def wanted_gids(given: Args) -> list[str]:
    """The metaobjects an input names, beside its link or one a value."""
    link = given.get("linkedMetafield") or {}
    if link.get("values") is not None:
        return list(link["values"])
    values = [entry.get("linkedMetafieldValue") for entry in given.get("values") or []]
    return [value for value in values if value]


def problem(given: Args, held: list[Record], earlier: list[Args], ctx: Context) -> str | None:
    """The code of what is wrong with an option's link; `held` are the product's options, `earlier` the input's."""
    link = given.get("linkedMetafield")
    values = given.get("values") or []
    if not link:
        stray = any(entry.get("linkedMetafieldValue") for entry in values)
        return "LINKED_METAFIELD_VALUE_WITHOUT_LINKED_OPTION" if stray else None
    place = _place(link, ctx)
    if any(_place(other["linkedMetafield"], ctx) == place for other in earlier if other.get("linkedMetafield")):
        return "DUPLICATE_LINKED_OPTION"
    if any((row.get("_link") or {}) == {"namespace": place[0], "key": place[1]} for row in held):
        return "OPTION_LINKED_METAFIELD_ALREADY_TAKEN"
    definition = definition_of(ctx.shop, "PRODUCT", *place)
    if definition is None or definition["type"] != TYPE:
        return "LINKED_METAFIELD_DEFINITION_NOT_FOUND"
    if any(entry.get("name") for entry in values) or (values and link.get("values") is not None):
        return "CANNOT_COMBINE_LINKED_METAFIELD_AND_OPTION_VALUES"
    return _value_problem(wanted_gids(given), definition, ctx)


def _value_problem(gids: list[str], definition: Record, ctx: Context) -> str | None:
    if not gids:
        return "MISSING_METAFIELD_VALUES_FOR_LINKED_OPTION"
    rules = {row["name"]: row["value"] for row in definition["validations"]}
    kind: Any = (ctx.shop.get(rules.get("metaobject_definition_id")) or {}).get("type")
    rows = [ctx.shop.table(metaobjects.KIND).get(gid) for gid in gids]
    if any(row is None or row["type"] != kind for row in rows):
        return "INVALID_METAFIELD_VALUE_FOR_LINKED_OPTION"
    return None


def error(code: str, path: list[str]) -> Record:
    return user_error(path, MESSAGES[code], code)


def resolved(given: Args, ctx: Context) -> Args:
    """The input with plain values, named after the metaobjects, and which is which beside them."""
    if not given.get("linkedMetafield"):
        return given
    names: dict[str, str] = {}
    for gid in wanted_gids(given):
        row = ctx.shop.get(gid)
        if row is not None:
            names[metaobjects.display_name(metaobjects.definition_of(ctx.shop, row), row)] = gid
    namespace, key = _place(given["linkedMetafield"], ctx)
    values = [{"name": name} for name in names]
    return {**given, "values": values, "_link": {"namespace": namespace, "key": key}, "_links": names}


def named_values(args: Args, held: Record, ctx: Context) -> Args | None:
    """The input of an option's update with its linked values named; None where one can't be a value of the option."""
    found = dict(args)
    for name in ("optionValuesToAdd", "optionValuesToUpdate"):
        rows = []
        for entry in args.get(name) or []:
            gid = entry.get("linkedMetafieldValue")
            row = ctx.shop.table(metaobjects.KIND).get(gid)
            if gid and (row is None or not _fits(held, row, ctx)):
                return None
            shown = {"name": metaobjects.display_name(metaobjects.definition_of(ctx.shop, row), row)} if row else {}
            rows.append({**entry, **shown})
        found[name] = rows
    return found


def _fits(held: Record, row: Record, ctx: Context) -> bool:
    link = held.get("_link")
    definition = definition_of(ctx.shop, "PRODUCT", link["namespace"], link["key"]) if link else None
    return definition is not None and _value_problem([row["id"]], definition, ctx) is None


def relink(held: Record, args: Args) -> None:
    """Keep which metaobjects the named values of an update are."""
    for entry in [*args["optionValuesToAdd"], *args["optionValuesToUpdate"]]:
        if entry.get("linkedMetafieldValue"):
            links = {name: gid for name, gid in held["_links"].items() if name in held["_values"]}
            held["_links"] = {**links, entry["name"]: entry["linkedMetafieldValue"]}


def note(held: Record, given: Args) -> None:
    """Keep with an option what its resolved input linked it to."""
    if given.get("_link"):
        held.update(_link=given["_link"], _links=given["_links"])


def write_metafields(shop: Shop, product: Record) -> None:
    """The product's metafield holds the metaobjects that are its option's values."""
    for held in product["_options"]:
        if held.get("_link"):
            gids = [held["_links"][name] for name in held["_values"] if name in held["_links"]]
            value = json.dumps(gids, separators=(",", ":"))
            put(shop, Wanted(product["id"], held["_link"]["namespace"], held["_link"]["key"], TYPE, value))
