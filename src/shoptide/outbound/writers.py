"""Writes a row: customers and what all objects share. Each writer returns the gid of the record it wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shoptide.outbound.session import Refused, Session, refused

Values = dict[str, Any]
CONSENTS = {
    "emailMarketingConsent": ("customerEmailMarketingConsentUpdate", "email"),
    "smsMarketingConsent": ("customerSmsMarketingConsentUpdate", "phone"),
}


def with_marker(session: Session, values: Values, key: str) -> Values:
    """The values with the row's key as an id metafield, by which the record is found again."""
    return {**values, "metafields": [*(values.get("metafields") or []), session.marker_metafield(key)]}


# customers


def create_customer(session: Session, key: str, values: Values) -> str:
    given = values if values.get("email") or values.get("phone") else with_marker(session, values, key)
    return str(session.mutate("customerCreate", {"input": given}, "customer { id }")["customer"]["id"])


def update_customer(session: Session, gid: str, values: Values) -> str:
    plain = {name: value for name, value in values.items() if name not in CONSENTS}
    if plain:
        session.mutate("customerUpdate", {"input": {"id": gid, **plain}}, "customer { id }")
    for name, (mutation, _needs) in CONSENTS.items():
        if values.get(name):
            # The store takes consent of an existing customer only through a mutation of its own (FACTS 32).
            session.mutate(mutation, {"input": {"customerId": gid, name: values[name]}}, "customer { id }")
    return gid


def delete_customer(session: Session, gid: str) -> None:
    try:
        session.mutate("customerDelete", {"input": {"id": gid}}, "deletedCustomerId")
    except Refused as answer:
        if any("can't be found" in error.message for error in answer.errors):
            return
        raise Refused(
            answer.errors, blocked=any("can’t be deleted" in error.message for error in answer.errors)
        ) from None


# products


def create_product(session: Session, key: str, values: Values) -> str:
    given = {
        name: value for name, value in values.items() if name not in ("media", "publishTo", "variants", "sku", "price")
    }
    if not given.get("handle"):
        given = with_marker(session, given, key)
    if values.get("variants") or values.get("sku") is not None or values.get("price") is not None:
        gid = _set_product(session, given, values)
    else:
        variables: Values = {"product": given}
        if values.get("media"):
            variables["media"] = values["media"]
        gid = str(session.mutate("productCreate", variables, "product { id }")["product"]["id"])
    publish(session, gid, values)
    return gid


def _set_product(session: Session, given: Values, values: Values) -> str:
    """A new product with its variants: productSet, which takes both at once."""
    variants = [checked_variant(each) for each in values.get("variants") or [single_variant(values)]]
    body = {**given, "productOptions": options_of(variants), "variants": variants}
    if values.get("media"):
        body["files"] = [
            {"originalSource": each["originalSource"], "contentType": each.get("mediaContentType", "IMAGE"),
             **({"alt": each["alt"]} if each.get("alt") else {})}
            for each in values["media"]
        ]  # fmt: skip
    payload = session.mutate("productSet", {"input": body, "synchronous": True}, "product { id }")
    return str(payload["product"]["id"])


def single_variant(values: Values) -> Values:
    found: Values = {"optionValues": [{"optionName": "Title", "name": "Default Title"}]}
    return found | {name: values[name] for name in ("sku", "price") if values.get(name) is not None}


def checked_variant(variant: Values) -> Values:
    for value in variant.get("optionValues") or []:
        if not value.get("optionName") or not value.get("name"):
            raise refused("each option value needs optionName and name", "variants")
    return variant


def options_of(variants: list[Values]) -> list[Values]:
    """The options that variants use, with their values, in the order in which they come."""
    found: dict[str, dict[str, None]] = {}
    for variant in variants:
        for value in variant["optionValues"]:
            found.setdefault(value["optionName"], {})[value["name"]] = None
    return [{"name": name, "values": [{"name": value} for value in values]} for name, values in found.items()]


def update_product(session: Session, gid: str, values: Values) -> str:
    extra = ("media", "publishTo", "variants", "sku", "price")
    creating = session.target.create_fields(session.schema).keys() - session.target.update_fields(session.schema).keys()
    plain = {name: value for name, value in values.items() if name not in extra and name not in creating}
    variables: Values = {"product": {"id": gid, **plain}}
    if values.get("media"):
        variables["media"] = values["media"]
    if plain or values.get("media"):
        session.mutate("productUpdate", variables, "product { id }")
    if values.get("variants"):
        write_variants(session, gid, values["variants"])
    elif values.get("sku") is not None or values.get("price") is not None:
        _write_single(session, gid, values)
    publish(session, gid, values)
    return gid


VARIANTS = """query($id: ID!, $after: String) { product(id: $id) { id variants(first: 250, after: $after) {
  nodes { id sku selectedOptions { name value } } pageInfo { hasNextPage endCursor } } } }"""


def held_variants(session: Session, gid: str) -> list[Values]:
    found: list[Values] = []
    after = None
    while True:
        product = session.query(VARIANTS, {"id": gid, "after": after})["product"]
        if product is None:
            raise refused("the product does not exist", "id")
        found += product["variants"]["nodes"]
        page = product["variants"]["pageInfo"]
        if not page["hasNextPage"]:
            return found
        after = page["endCursor"]


def write_variants(session: Session, gid: str, wanted: list[Values]) -> None:
    """Change the variants that a row mentions and add the new ones. Those it does not mention stay as they are."""
    held = held_variants(session, gid)
    changed, fresh = [], []
    for variant in wanted:
        known = matching_variant(held, variant)
        if known is None:
            fresh.append(for_bulk(checked_variant(variant)))
        else:
            changed.append({"id": known["id"], **{k: v for k, v in for_bulk(variant).items() if k != "optionValues"}})
    if changed:
        session.mutate("productVariantsBulkUpdate", {"productId": gid, "variants": changed}, "productVariants { id }")
    if fresh:
        session.mutate("productVariantsBulkCreate", {"productId": gid, "variants": fresh}, "productVariants { id }")


def matching_variant(held: list[Values], wanted: Values) -> Values | None:
    """The variant a row means: by id, by its option values, by a SKU that only one has."""
    if wanted.get("id"):
        return next((each for each in held if each["id"] == wanted["id"]), None)
    options = {
        (v.get("optionName") or "").lower(): (v.get("name") or "").lower() for v in wanted.get("optionValues") or []
    }
    for each in held:
        has = {option["name"].lower(): option["value"].lower() for option in each["selectedOptions"]}
        if options and has == options:
            return each
    same = [each for each in held if wanted.get("sku") and each["sku"] == wanted["sku"]]
    if len(same) > 1:
        raise refused(f"{len(same)} variants of the product have the SKU {wanted['sku']}", "variants")
    return same[0] if same else None


def for_bulk(variant: Values) -> Values:
    """A variant of productSet's input as the bulk mutations take it: the SKU sits in the inventory item."""
    left_out = ("sku", "position", "file", "inventoryQuantities", "id")
    found = {name: value for name, value in variant.items() if name not in left_out}
    if variant.get("sku") is not None:
        found["inventoryItem"] = {**(variant.get("inventoryItem") or {}), "sku": variant["sku"]}
    return found


def _write_single(session: Session, gid: str, values: Values) -> None:
    held = held_variants(session, gid)
    if len(held) != 1:
        raise refused(f"the product has {len(held)} variants: say which in the column variants", "price")
    given = {name: values[name] for name in ("sku", "price") if values.get(name) is not None}
    variants = [{"id": held[0]["id"], **for_bulk(given)}]
    session.mutate("productVariantsBulkUpdate", {"productId": gid, "variants": variants}, "productVariants { id }")


def publish(session: Session, gid: str, values: Values) -> None:
    names = values.get("publishTo") or []
    if names:
        given = [{"publicationId": session.publication(name)} for name in names]
        session.mutate("publishablePublish", {"id": gid, "input": given}, "publishable { ... on Product { id } }")


def delete_product(session: Session, gid: str) -> None:
    if session.push.deletes == "archive":
        session.mutate("productUpdate", {"product": {"id": gid, "status": "ARCHIVED"}}, "product { id }")
        return
    _gone_is_fine(lambda: session.mutate("productDelete", {"input": {"id": gid}}, "deletedProductId"), "does not exist")


def _gone_is_fine(write: Callable[[], object], words: str) -> None:
    """A record that is not there any more is deleted already."""
    try:
        write()
    except Refused as answer:
        if not any(words in error.message for error in answer.errors):
            raise
