"""Standard metafield definitions: templates of the store's own that a shop may enable. A few of them are known here."""

from __future__ import annotations

from typing import Any

from shoptide.simulator import metafield_validations as validations
from shoptide.simulator.context import Context
from shoptide.simulator.domain import metafield_definitions as definitions
from shoptide.simulator.registry import Args, Listing, field, mutation, root, user_error
from shoptide.simulator.shop import Record

TEMPLATE = "StandardMetafieldDefinitionTemplate"
UNKNOWN = "Id is not a valid standard metafield definition template id"
PRODUCTS = ("PRODUCT", "PRODUCTVARIANT")
# number, namespace and key, name, description, type, owners, validations
KNOWN: tuple[tuple[int, str, str, str, str, tuple[str, ...], dict[str, str]], ...] = (
    (
        *(1, "descriptors.subtitle", "Product subtitle", "Used as a shorthand for a product name"),
        *("single_line_text_field", PRODUCTS, {"max": "70"}),
    ),
    (
        *(2, "descriptors.care_guide", "Care guide", "Instructions for taking care of a product or apparel"),
        *("multi_line_text_field", PRODUCTS, {"max": "500"}),
    ),
    (
        *(3, "facts.isbn", "ISBN", "International Standard Book Number"),
        *(
            "single_line_text_field",
            PRODUCTS,
            {"regex": r"^((\d{3})?([\-\s])?(\d{1,5})([\-\s])?(\d{1,7})([\-\s])?(\d{6})([\-\s])?(\d{1}))$"},
        ),
    ),
)


def _template(number: int, place: str, name: str, text: str, kind: str, owners: Any, given: dict[str, str]) -> Record:
    namespace, _, key = place.partition(".")
    rows = [{"name": rule, "value": value} for rule, value in given.items()]
    return {
        "id": f"gid://shopify/{TEMPLATE}/{number}",
        "namespace": namespace,
        "key": key,
        "name": name,
        "description": text,
        "type": kind,
        "ownerTypes": list(owners),
        "validations": validations.records(rows, kind),
        "visibleToStorefrontApi": True,
    }


TEMPLATES = [_template(*facts) for facts in KNOWN]


def _meant(args: Args) -> Record | None:
    if args.get("id"):
        return next((row for row in TEMPLATES if row["id"] == args["id"]), None)
    place = (args.get("namespace"), args.get("key"))
    return next((row for row in TEMPLATES if (row["namespace"], row["key"]) == place), None)


@mutation("standardMetafieldDefinitionEnable")
def enable(args: Args, ctx: Context) -> Record:
    found = _meant(args)
    if found is None or args["ownerType"] not in found["ownerTypes"]:
        message = UNKNOWN if args.get("id") else "A standard definition wasn't found for the specified owner type."
        path = ["id"] if args.get("id") else None
        return {"createdDefinition": None, "userErrors": [user_error(path, message, "TEMPLATE_NOT_FOUND")]}
    if definitions.definition_of(ctx.shop, args["ownerType"], found["namespace"], found["key"]):
        label, namespace = definitions.label(args["ownerType"]), found["namespace"]
        message = f"Key is in use for {label} metafields on the '{namespace}' namespace."
        return {"createdDefinition": None, "userErrors": [user_error(None, message, "TAKEN")]}
    given = {name: found[name] for name in ("namespace", "key", "name", "description", "type")}
    rules = [{"name": row["name"], "value": row["value"]} for row in found["validations"]]
    wanted = {**given, "ownerType": args["ownerType"], "validations": rules, "pin": bool(args.get("pin"))}
    wanted["capabilities"] = args.get("capabilities") or {}
    payload: Record = definitions.create({"definition": wanted}, ctx)
    if payload["createdDefinition"] is not None:
        payload["createdDefinition"]["_standard"] = found["id"]
    return payload


@root("standardMetafieldDefinitionTemplates")
def templates(args: Args, ctx: Context) -> Listing:
    enabled = {row.get("_standard") for row in ctx.shop.table(definitions.KIND)}
    return Listing("", [row for row in TEMPLATES if not args.get("excludeActivated") or row["id"] not in enabled])


@field(TEMPLATE, "type")
def type_of(record: Record, _args: Args, _ctx: Context) -> Record:
    return definitions.type_record(record["type"])


@field(definitions.KIND, "standardTemplate")
def template_of(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return next((row for row in TEMPLATES if row["id"] == record.get("_standard")), None)
