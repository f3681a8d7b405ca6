"""Writes a product's variants: each one a row names is found by id, option values or SKU; the others are left alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as replace_fields
from typing import Any

from shoptide.outbound import variant_gaps
from shoptide.outbound.product_media import found_in, held_media
from shoptide.outbound.rows import fills
from shoptide.outbound.session import Refused, Session, refused
from shoptide.outbound.variant_gaps import gaps
from shoptide.outbound.writers import Values, in_batches

TITLE, DEFAULT = "Title", "Default Title"  # the option and value of a product without options
MOST_QUANTITIES = 250  # items in an input array
NOT_STOCKED = "ITEM_NOT_STOCKED_AT_LOCATION"


def write(session: Session, gid: str, values: Values) -> None:
    """Change the variants that a product's row mentions and add the new ones."""
    if values.get("variants"):
        replace = session.push.columns.get("variants") == "replace"
        _write_several(session, gid, values["variants"], replace=replace)
    elif values.get("sku") is not None or values.get("price") is not None:
        _write_single(session, gid, values)


def refuse_beside(session: Session, values: Values) -> None:
    """Raise Refused for a price, or a SKU that nothing is looked up by, beside variants: it would be for none."""
    if not values.get("variants"):
        return
    for name in ("price", "sku"):
        if values.get(name) is not None and name not in session.push.match:
            raise refused(f"{name} is for a product of one variant: say it in variants, or leave that column out", name)


# as the store takes them


def of_new_product(values: Values) -> list[Values]:
    """The variants of a product that is about to be made; a product without options has one."""
    given = values.get("variants") or [
        {name: values[name] for name in ("sku", "price") if values.get(name) is not None}
    ]
    if len(given) == 1 and not given[0].get("optionValues"):
        return [{**given[0], "optionValues": [{"optionName": TITLE, "name": DEFAULT}]}]
    return [_with_options(variant, index) for index, variant in enumerate(given)]


def _with_options(variant: Values, index: int) -> Values:
    """The variant, if its option values say which one of the product it is; raises Refused."""
    found = variant.get("optionValues")
    if not found:
        named = f" with the SKU {variant['sku']}" if variant.get("sku") else ""
        message = f"a new variant{named} needs option_values, such as [{{option_name: Size, name: S}}]"
        raise refused(message, "variants", str(index), "optionValues")
    for value in found:
        if not (value.get("optionName") or value.get("optionId")) or not (value.get("name") or value.get("id")):
            raise refused("each option value needs option_name and name", "variants", str(index), "optionValues")
    return variant


def options_of(variants: list[Values]) -> list[Values]:
    """The options that variants use, with their values, in the order in which they come."""
    found: dict[str, dict[str, None]] = {}
    for variant in variants:
        for value in variant["optionValues"]:
            found.setdefault(value.get("optionName") or "", {})[value.get("name") or ""] = None
    return [{"name": name, "values": [{"name": value} for value in values]} for name, values in found.items()]


def for_bulk(variant: Values) -> Values:
    """A variant of productSet's input as the bulk mutations take it: the SKU sits in the inventory item."""
    left_out = ("sku", "position", "file", "inventoryQuantities", "id")
    found = {name: value for name, value in variant.items() if name not in left_out}
    if variant.get("sku") is not None:
        found["inventoryItem"] = {**(variant.get("inventoryItem") or {}), "sku": variant["sku"]}
    file = variant.get("file") or {}
    if file.get("id"):
        found["mediaId"] = file["id"]
    elif file.get("originalSource"):
        found["mediaSrc"] = [file["originalSource"]]
    return found


def with_held_pictures(session: Session, gid: str, variants: list[Values]) -> list[Values]:
    """The variants with a picture that the product has already named by its id, so that it is not uploaded again."""
    if not any((each.get("file") or {}).get("originalSource") for each in variants):
        return variants
    held = held_media(session, gid)

    def known(variant: Values) -> Values:
        medium = found_in(held, (variant.get("file") or {}).get("originalSource") or "")
        return {**variant, "file": {"id": medium}} if medium else variant

    return [known(each) for each in variants]


def _media_of(variants: list[Values]) -> list[Values]:
    """The pictures that variants bring along; one that several share is uploaded once."""
    files = [file for each in variants if (file := each.get("file") or {}).get("originalSource")]
    found = {file["originalSource"]: file.get("alt") for file in files}
    return [
        {"originalSource": url, "mediaContentType": "IMAGE"} | ({"alt": alt} if alt else {})
        for url, alt in found.items()
    ]


# what the product has

HELD = """query($id: ID!, $after: String) {{ product(id: $id) {{ id
  variants(first: 250, after: $after) {{ nodes {{ id sku selectedOptions {{ name value }} inventoryItem {{ id {item} }}
  {more} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""


def held_variants(session: Session, gid: str, wanted: list[Values] | None = None) -> list[Values]:
    """A product's variants, with what tells them apart; with what those `wanted` give as well, when they fill gaps."""
    found: list[Values] = []
    after = None
    item = variant_gaps.ITEM if wanted and any(each.get("inventoryItem") for each in wanted) else ""
    document = HELD.format(item=item, more=variant_gaps.asked(wanted or ()))
    while True:
        product = session.query(document, {"id": gid, "after": after})["product"]
        if product is None:
            raise refused("the product does not exist", "id")
        found += product["variants"]["nodes"]
        page = product["variants"]["pageInfo"]
        if not page["hasNextPage"]:
            return found
        after = page["endCursor"]


def is_standalone(held: list[Values]) -> bool:
    return len(held) == 1 and held[0]["selectedOptions"] == [{"name": TITLE, "value": DEFAULT}]


def matching(held: list[Values], wanted: Values, index: int) -> Values | None:
    """The variant a row means: by id, by its option values, by a SKU that only one has. Raises Refused."""
    if wanted.get("id"):
        known = next((each for each in held if each["id"] == wanted["id"]), None)
        if known is None:
            raise refused(f"the product has no variant {wanted['id']}", "variants", str(index), "id")
        return known
    options = named_options(wanted)
    for each in held:
        if options and options == {
            option["name"].lower(): option["value"].lower() for option in each["selectedOptions"]
        }:
            return each
    same = [each for each in held if wanted.get("sku") and each["sku"] == wanted["sku"]]
    if len(same) > 1:
        message = f"{len(same)} variants of the product have the SKU {wanted['sku']}: add their option_values or id"
        raise refused(message, "variants", str(index), "sku")
    return same[0] if same else None


def named_options(variant: Values) -> dict[str, str]:
    return {
        (value.get("optionName") or "").lower(): (value.get("name") or "").lower()
        for value in variant.get("optionValues") or []
    }


# changes


def _write_several(session: Session, gid: str, wanted: list[Values], *, replace: bool) -> None:
    fill = fills(session.push, "variants")
    held = held_variants(session, gid, wanted if fill else None)
    wanted = with_held_pictures(session, gid, wanted)
    if is_standalone(held) and any(
        value["name"] != DEFAULT for each in wanted for value in each.get("optionValues") or []
    ):
        _give_options(session, gid, held[0], wanted)
        held = held_variants(session, gid, wanted if fill else None)
    pairs = [(variant, matching(held, variant, index)) for index, variant in enumerate(wanted)]
    _refuse_twice(pairs)
    fresh = [_with_options(variant, index) for index, (variant, found) in enumerate(pairs) if found is None]
    known = [(gaps(variant, found) if fill else variant, found) for variant, found in pairs if found is not None]
    with _as_in_row([index for index, (_variant, found) in enumerate(pairs) if found is not None]):
        _change(session, gid, known)
    with _as_in_row([index for index, (_variant, found) in enumerate(pairs) if found is None]):
        made = _add(session, gid, fresh)
    _stock(session, [(each["inventoryItem"]["id"], variant) for variant, each in known])
    _arrange(session, gid, [*((found["id"], variant) for variant, found in known), *zip(made, fresh, strict=False)])
    if replace:
        _remove(session, gid, held, {found["id"] for _variant, found in known})


@contextmanager
def _as_in_row(indices: list[int]) -> Iterator[None]:
    """Tell errors by the places that variants have in the row: what is sent is a part of them."""
    try:
        yield
    except Refused as answer:
        errors = tuple(replace_fields(error, path=_moved(error.path, indices)) for error in answer.errors)
        raise Refused(errors, blocked=answer.blocked, gid=answer.gid) from None


def _moved(path: tuple[str, ...], indices: list[int]) -> tuple[str, ...]:
    if len(path) < 2 or path[0] != "variants" or not path[1].isdigit() or int(path[1]) >= len(indices):
        return path
    return ("variants", str(indices[int(path[1])]), *path[2:])


def _refuse_twice(pairs: list[tuple[Values, Values | None]]) -> None:
    """Two entries that mean one variant would overwrite each other."""
    seen: set[str] = set()
    for index, (_variant, found) in enumerate(pairs):
        if found is not None and found["id"] in seen:
            raise refused(f"two entries mean the variant {found['id']}", "variants", str(index))
        if found is not None:
            seen.add(found["id"])


def _give_options(session: Session, gid: str, only: Values, wanted: list[Values]) -> None:
    """Options for a product that had none; its variant becomes the row's variant of its SKU, else the first."""
    with_values = [each for each in wanted if each.get("optionValues")]
    first = next((each for each in with_values if each.get("sku") and each["sku"] == only["sku"]), with_values[0])
    variables = {"productId": gid, "options": options_of([_with_options(first, wanted.index(first))]),
                 "variantStrategy": "LEAVE_AS_IS"}  # fmt: skip
    session.mutate("productOptionsCreate", variables, "product { id updatedAt }")


def _change(session: Session, gid: str, known: list[tuple[Values, Values]]) -> None:
    changed = []
    for variant, found in known:
        given = for_bulk(variant)
        has = {option["name"].lower(): option["value"].lower() for option in found["selectedOptions"]}
        if named_options(variant) == has:
            given.pop("optionValues", None)
        changed.append({"id": found["id"], **given})
    if any(len(each) > 1 for each in changed):
        variables: dict[str, Any] = {"productId": gid, "variants": changed}
        if media := _media_of([variant for variant, _found in known]):
            variables["media"] = media
        session.mutate("productVariantsBulkUpdate", variables, "productVariants { id } product { id updatedAt }")


def _add(session: Session, gid: str, fresh: list[Values]) -> list[str]:
    """New variants with their stock; returns their gids in the same order."""
    if not fresh:
        return []
    variables: dict[str, Any] = {"productId": gid, "variants": [_as_new(each) for each in fresh]}
    if media := _media_of(fresh):
        variables["media"] = media
    payload = session.mutate("productVariantsBulkCreate", variables, "productVariants { id } product { id updatedAt }")
    return [each["id"] for each in payload["productVariants"] or []]


def _as_new(variant: Values) -> Values:
    stock = [
        {"locationId": each["locationId"], "availableQuantity": each["quantity"]}
        for each in variant.get("inventoryQuantities") or []
    ]
    return for_bulk(variant) | ({"inventoryQuantities": stock} if stock else {})


def _arrange(session: Session, gid: str, placed: list[tuple[str, Values]]) -> None:
    positions = [{"id": each, "position": variant["position"]} for each, variant in placed if variant.get("position")]
    if positions:
        variables = {"productId": gid, "positions": positions}
        session.mutate("productVariantsBulkReorder", variables, "product { id updatedAt }")


def _remove(session: Session, gid: str, held: list[Values], kept: set[str]) -> None:
    gone = [each["id"] for each in held if each["id"] not in kept]
    if gone:
        session.mutate("productVariantsBulkDelete", {"productId": gid, "variantsIds": gone}, "product { id updatedAt }")


def _write_single(session: Session, gid: str, values: Values) -> None:
    held = held_variants(session, gid)
    given = {name: values[name] for name in ("sku", "price") if values.get(name) is not None}
    if len(held) != 1:
        same = [each for each in held if each["sku"] == values.get("sku")]
        if len(same) != 1:
            column = "price" if "price" in given else "sku"
            raise refused(f"the product has {len(held)} variants: say which in the column variants", column)
        held = same
    given = {
        name: value for name, value in given.items() if not (fills(session.push, name) and held[0].get(name, True))
    }
    if not given:
        return
    variants = [{"id": held[0]["id"], **for_bulk(given)}]
    session.mutate(
        "productVariantsBulkUpdate",
        {"productId": gid, "variants": variants},
        "productVariants { id } product { id updatedAt }",
    )


# stock


def _stock(session: Session, wanted: list[tuple[str, Values]]) -> None:
    """Set quantities of variants that exist, which the bulk mutations don't take (FACTS 40)."""
    by_name: dict[str, list[Values]] = {}
    for item, variant in wanted:
        for each in variant.get("inventoryQuantities") or []:
            entry = {"inventoryItemId": item, "locationId": each["locationId"], "quantity": each["quantity"]}
            by_name.setdefault(each.get("name") or "available", []).append(entry)
    for name, entries in by_name.items():
        for batch in in_batches(entries, MOST_QUANTITIES):
            _set_quantities(session, name, batch)


def _set_quantities(session: Session, name: str, entries: list[Values]) -> None:
    try:
        _send_quantities(session, name, entries)
    except Refused as answer:
        if not any(error.code == NOT_STOCKED for error in answer.errors):
            raise
        for entry in entries:
            # Already stocked there: nothing happens; not yet: it is from now on.
            place = {"inventoryItemId": entry["inventoryItemId"], "locationId": entry["locationId"]}
            session.mutate("inventoryActivate", place, "inventoryLevel { id }", idempotency_key=str(uuid.uuid4()))
        _send_quantities(session, name, entries)


def _send_quantities(session: Session, name: str, entries: list[Values]) -> None:
    fields = session.schema.type("InventoryQuantityInput").inputs
    body: Values = {"name": name, "reason": "correction"}
    if "ignoreCompareQuantity" in session.schema.type("InventorySetQuantitiesInput").inputs:
        body["ignoreCompareQuantity"] = True  # the source is the truth, whatever was counted before
    if "changeFromQuantity" in fields:
        entries = [{**entry, "changeFromQuantity": None} for entry in entries]
    body["quantities"] = entries
    # A key of its own each time: setting the same number again later is a new wish, not a repetition.
    session.mutate("inventorySetQuantities", {"input": body}, "inventoryAdjustmentGroup { id }",
                   idempotency_key=str(uuid.uuid4()))  # fmt: skip
