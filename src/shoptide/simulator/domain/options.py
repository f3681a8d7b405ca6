"""Options of products and their values: kept in the product's record, changed by the productOption mutations."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as combinations
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import linked_options, variants
from shoptide.simulator.domain.option_checks import creation_problems, update_problems, value_names
from shoptide.simulator.registry import Args, field, mutation, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

DEFAULT_OPTION, DEFAULT_TITLE = "Title", "Default Title"
MOST_VARIANTS = 2048


def option(shop: Shop, name: str, position: int, values: list[str]) -> Record:
    held = {value: shop.new_id("ProductOptionValue") for value in values}
    return {"id": shop.new_id("ProductOption"), "name": name, "position": position, "_values": held}


def found(shop: Shop, product: Record, given: list[Args] | None) -> None:
    """Give a new product its options; without any it has the default one."""
    wanted = [entry for entry in given or [] if entry.get("name")]
    wanted = wanted or [{"name": DEFAULT_OPTION, "values": [{"name": DEFAULT_TITLE}]}]
    product["_options"] = []
    for place, entry in enumerate(wanted, 1):
        held = option(shop, entry["name"], place, value_names(entry))
        linked_options.note(held, entry)
        product["_options"].append(held)
    linked_options.write_metafields(shop, product)


def is_default(product: Record) -> bool:
    held = product["_options"]
    return len(held) == 1 and held[0]["name"] == DEFAULT_OPTION and list(held[0]["_values"]) == [DEFAULT_TITLE]


def named(product: Record, name: str | None) -> Record | None:
    return next((held for held in product["_options"] if held["name"] == name), None)


def note_value(shop: Shop, held: Record, name: str) -> None:
    """See to it that an option has a value."""
    if name not in held["_values"]:
        held["_values"][name] = shop.new_id("ProductOptionValue")


def renumber(product: Record) -> None:
    for place, held in enumerate(product["_options"], 1):
        held["position"] = place


def _changed(shop: Shop, product: Record) -> None:
    shop.touch(product)
    shop.table("Product").put(product)
    shop.emit("products/update", product)


def _refused(errors: list[Record], product: Record | None = None) -> Record:
    return {"product": product, "userErrors": errors}


NO_PRODUCT = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")


# creating


@mutation("productOptionsCreate")
def create(args: Args, ctx: Context) -> Record:
    shop, given = ctx.shop, args["options"]
    product = shop.table("Product").get(args["productId"])
    if product is None:
        return _refused([NO_PRODUCT])
    kept = [] if is_default(product) else product["_options"]
    if errors := creation_problems(kept, given, ctx):
        return _refused(errors, product)
    given = [linked_options.resolved(entry, ctx) for entry in given]
    all_of_them = args.get("variantStrategy") == "CREATE"
    if all_of_them and _combination_count(product, given) > MOST_VARIANTS:
        message = f"The number of created variants would exceed the {MOST_VARIANTS} variants per product limit"
        return _refused([user_error(["options"], message, "TOO_MANY_VARIANTS_CREATED")], product)
    _add(shop, product, given)
    if all_of_them:
        fill(shop, product)
    _changed(shop, product)
    return {"product": product, "userErrors": []}


def _combination_count(product: Record, given: list[Args]) -> int:
    count = 1
    for held in [] if is_default(product) else product["_options"]:
        count *= len(held["_values"])
    for entry in given:
        count *= len(value_names(entry))
    return count


def _add(shop: Shop, product: Record, given: list[Args]) -> None:
    """Add options; existing variants take the first value of each."""
    if is_default(product):
        product["_options"] = []
        for variant in variants.of_product(shop, product["id"]):
            variant["_values"] = {}
    for entry in given:
        added = option(shop, entry["name"].strip(), 0, value_names(entry))
        linked_options.note(added, entry)
        place = entry.get("position")
        product["_options"].insert(place - 1 if place else len(product["_options"]), added)
        for variant in variants.of_product(shop, product["id"]):
            variant["_values"][added["name"]] = next(iter(added["_values"]))
    renumber(product)
    arrange(shop, product)
    linked_options.write_metafields(shop, product)


def fill(shop: Shop, product: Record) -> None:
    """Create the variants of all combinations that there are none of."""
    held = {tuple(variant["_values"].values()) for variant in variants.of_product(shop, product["id"])}
    model = next(iter(variants.of_product(shop, product["id"])), None)
    names = [entry["name"] for entry in product["_options"]]
    for values in combinations(*(entry["_values"] for entry in product["_options"])):
        if values not in held:
            given = {"price": model["price"]} if model else {}
            variants.add(shop, product, given, dict(zip(names, values, strict=True)))
    arrange(shop, product, by_value=True)


def arrange(shop: Shop, product: Record, *, by_value: bool = False) -> None:
    """Bring the variants' values into the options' order, and on request the variants into that of the values."""
    names = [entry["name"] for entry in product["_options"]]
    places = {entry["name"]: list(entry["_values"]) for entry in product["_options"]}
    rows = variants.of_product(shop, product["id"])
    for variant in rows:
        variant["_values"] = {name: variant["_values"][name] for name in names if name in variant["_values"]}
    if by_value:
        rows.sort(key=lambda row: [places[name].index(value) for name, value in row["_values"].items()])
        for place, variant in enumerate(rows, 1):
            variant["position"] = place


# changing


@mutation("productOptionUpdate")
def update(args: Args, ctx: Context) -> Record:
    shop, given = ctx.shop, args["option"]
    product = shop.table("Product").get(args["productId"])
    if product is None:
        return _refused([NO_PRODUCT])
    held = next((entry for entry in product["_options"] if entry["id"] == given["id"]), None)
    if held is None:
        return _refused([user_error(["option"], "Option does not exist", "OPTION_DOES_NOT_EXIST")], product)
    named = linked_options.named_values(args, held, ctx)
    if named is None:
        return _refused([linked_options.error("INVALID_METAFIELD_VALUE_FOR_LINKED_OPTION", ["option"])], product)
    args = named
    if errors := update_problems(product, held, args, _used(shop, product, held)):
        return _refused(errors, product)
    if given.get("name"):
        _rename(shop, product, held, given["name"].strip())
    _change_values(shop, product, held, args)
    linked_options.relink(held, args)
    linked_options.write_metafields(shop, product)
    if given.get("position"):
        product["_options"].remove(held)
        product["_options"].insert(given["position"] - 1, held)
        renumber(product)
        arrange(shop, product, by_value=True)
    if args.get("variantStrategy") == "MANAGE":
        fill(shop, product)
    _changed(shop, product)
    return {"product": product, "userErrors": []}


def _rename(shop: Shop, product: Record, held: Record, name: str) -> None:
    old, held["name"] = held["name"], name
    for variant in variants.of_product(shop, product["id"]):
        variant["_values"] = {name if key == old else key: value for key, value in variant["_values"].items()}


def _change_values(shop: Shop, product: Record, held: Record, args: Args) -> None:
    by_id = {gid: value for value, gid in held["_values"].items()}
    for entry in args.get("optionValuesToUpdate") or []:
        if entry.get("name"):
            _rename_value(shop, product, held, by_id[entry["id"]], entry["name"])
    for entry in args.get("optionValuesToAdd") or []:
        note_value(shop, held, entry.get("name") or "")
    for gid in args.get("optionValuesToDelete") or []:
        _delete_value(shop, product, held, by_id[gid])


def _rename_value(shop: Shop, product: Record, held: Record, old: str, new: str) -> None:
    held["_values"] = {new if value == old else value: gid for value, gid in held["_values"].items()}
    for variant in variants.of_product(shop, product["id"]):
        if variant["_values"].get(held["name"]) == old:
            variant["_values"][held["name"]] = new
            shop.touch(variant)


def _delete_value(shop: Shop, product: Record, held: Record, value: str) -> None:
    for variant in variants.of_product(shop, product["id"]):
        if variant["_values"].get(held["name"]) == value:
            variants.drop(shop, variant)
    held["_values"].pop(value, None)
    variants.compact(shop, product)


# deleting


@mutation("productOptionsDelete")
def delete(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    product = shop.table("Product").get(args["productId"])
    if product is None:
        return {"deletedOptionsIds": None, **_refused([NO_PRODUCT])}
    errors, strategy = [], args.get("strategy") or "DEFAULT"
    known = {entry["id"]: entry for entry in product["_options"]}
    for place, gid in enumerate(args["options"]):
        path = ["options", str(place)]
        if gid not in known:
            errors.append(user_error(path, "Option does not exist.", "OPTION_DOES_NOT_EXIST"))
        elif strategy != "POSITION" and len(_used(shop, product, known[gid])) > 1:
            message = "Cannot delete option with multiple values."
            errors.append(user_error(path, message, "CANNOT_DELETE_OPTION_WITH_MULTIPLE_VALUES"))
    if errors:
        return {"deletedOptionsIds": None, **_refused(errors, product)}
    for gid in args["options"]:
        _remove(shop, product, known[gid])
    _changed(shop, product)
    return {"deletedOptionsIds": args["options"], "product": product, "userErrors": []}


def _used(shop: Shop, product: Record, held: Record) -> set[str]:
    return {variant["_values"].get(held["name"], "") for variant in variants.of_product(shop, product["id"])}


def _remove(shop: Shop, product: Record, held: Record) -> None:
    """Drop an option; of variants that become alike the first stays."""
    product["_options"].remove(held)
    seen: set[tuple[str, ...]] = set()
    for variant in variants.of_product(shop, product["id"]):
        variant["_values"].pop(held["name"], None)
        values = tuple(variant["_values"].values())
        if values in seen:
            variants.drop(shop, variant)
        seen.add(values)
    if not product["_options"]:
        found(shop, product, None)
        for variant in variants.of_product(shop, product["id"]):
            variant["_values"] = {DEFAULT_OPTION: DEFAULT_TITLE}
    renumber(product)
    variants.compact(shop, product)


# reordering


@mutation("productOptionsReorder")
def reorder(args: Args, ctx: Context) -> Record:
    product = ctx.shop.table("Product").get(args["productId"])
    if product is None:
        return _refused([NO_PRODUCT])
    given = args["options"]
    error = _order_problem(given, product["_options"], "Option", "options", lambda entry: entry["name"])
    error = error or next(filter(None, (_values_problem(entry, product) for entry in given)), None)
    if error:
        return _refused([error], product)
    wanted = [_meant(entry, product["_options"]) for entry in given]
    for entry, held in zip(given, wanted, strict=True):
        held["_values"] = _reordered_values(held["_values"], entry.get("values") or [])
    product["_options"] = wanted + [held for held in product["_options"] if held not in wanted]
    renumber(product)
    arrange(ctx.shop, product, by_value=True)
    _changed(ctx.shop, product)
    return {"product": product, "userErrors": []}


def _meant(entry: Args, held: list[Record]) -> Record:
    return next(each for each in held if each["id"] == entry.get("id") or each["name"] == entry.get("name"))


def _order_problem(
    given: list[Args], held: list[Record], what: str, plural: str, name_of: Callable[[Record], Any]
) -> Record | None:
    """What is wrong with a list that names things by id or by name."""
    if any(entry.get("id") for entry in given) and any(entry.get("name") for entry in given):
        message = f"Only specify one of `id` or `name` fields for {plural}."
        return user_error(["options"], message, "MIXING_ID_AND_NAME_KEYS_IS_NOT_ALLOWED")
    code = what.upper().replace(" ", "_")
    for place, entry in enumerate(given):
        if any(
            entry == other or (entry.get("name") and entry.get("name") == other.get("name")) for other in given[:place]
        ):
            label = entry.get("name") or tail_of(entry.get("id") or "")
            kind = "name " if what == "Option" else ""
            message = f"Duplicated {what.lower()} {kind}'{label}'."
            return user_error(["options", str(place)], message, f"DUPLICATED_{code}{'_NAME' if kind else ''}")
    for entry in given:
        if entry.get("id") and all(each["id"] != entry["id"] for each in held):
            message = f"{what} id '{tail_of(entry['id'])}' does not exist."
            return user_error(["options"], message, f"{code}_ID_DOES_NOT_EXIST")
        if entry.get("name") and all(name_of(each) != entry["name"] for each in held):
            name = "name " if what == "Option" else ""
            message = f"{what} {name}'{entry['name']}' does not exist."
            return user_error(["options"], message, f"{code}{'_NAME' if name else ''}_DOES_NOT_EXIST")
    return None


def _values_problem(entry: Args, product: Record) -> Record | None:
    held = _meant(entry, product["_options"])
    values = [{"id": gid, "name": name} for name, gid in held["_values"].items()]
    return _order_problem(
        entry.get("values") or [], values, "Option value", "option values", lambda value: value["name"]
    )


def _reordered_values(held: dict[str, str], given: list[Args]) -> dict[str, str]:
    by_id = {gid: name for name, gid in held.items()}
    first = [entry.get("name") or by_id[entry["id"]] for entry in given]
    return {name: held[name] for name in [*first, *(name for name in held if name not in first)]}


# reading


@field("Product", "options")
def options_of(record: Record, _args: Args, ctx: Context) -> list[Record]:
    used = [row["_values"] for row in variants.of_product(ctx.shop, record["id"])]
    return [{**held, "_used": {values.get(held["name"]) for values in used}} for held in record["_options"]]


@field("ProductOption", "values")
def used_values(record: Record, _args: Args, _ctx: Context) -> list[str]:
    return [name for name in record["_values"] if name in record["_used"]]


@field("ProductOption", "optionValues")
def option_values(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    links = record.get("_links") or {}
    return [
        {"id": gid, "name": name, "hasVariants": name in record["_used"], "linkedMetafieldValue": links.get(name)}
        for name, gid in record["_values"].items()
    ]


@field("ProductOption", "linkedMetafield")
def link(record: Record, _args: Args, _ctx: Context) -> Record | None:
    found: Record | None = record.get("_link")
    return found
