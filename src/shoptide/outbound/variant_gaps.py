"""What of a row's variant the store's variant lacks, for `set_if_empty`: what it has stays. Pure.

A variant always has a price, a stock policy, a position and a quantity: these are never empty, whatever they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoptide.outbound.likeness import is_empty, lacking

Values = dict[str, Any]
ITEM = """unitCost { amount } countryCodeOfOrigin provinceCodeOfOrigin harmonizedSystemCode
  measurement { weight { value } }"""
# What is asked of a product's variants beside what tells them apart, when a row names such a field.
ASKED = {
    "barcode": "barcode",
    "compareAtPrice": "compareAtPrice",
    "file": "media(first: 1) { nodes { id } }",
    "metafields": "metafields(first: 50) { nodes { namespace key value } }",
}
OF_ITEM = ("countryCodeOfOrigin", "provinceCodeOfOrigin", "harmonizedSystemCode")


def asked(variants: Iterable[Values]) -> str:
    """The fields of held variants that show what these lack."""
    named = {name for each in variants for name in each}
    return " ".join(text for name, text in ASKED.items() if name in named)


def gaps(variant: Values, held: Values) -> Values:
    """What of a row's variant fills something empty; its option values and id stay, which say what it is."""
    found = {name: value for name, value in variant.items() if name in ("barcode", "compareAtPrice", "sku")}
    found = {name: value for name, value in found.items() if is_empty(held.get(name))}
    if variant.get("file") and not held["media"]["nodes"]:
        found["file"] = variant["file"]
    if rest := lacking(held["metafields"]["nodes"], variant["metafields"]) if variant.get("metafields") else []:
        found["metafields"] = rest
    if item := _item_gaps(variant.get("inventoryItem") or {}, held["inventoryItem"]):
        found["inventoryItem"] = item
    return found


def _item_gaps(item: Values, held: Values) -> Values:
    found = {name: item[name] for name in OF_ITEM if item.get(name) and is_empty(held.get(name))}
    if item.get("cost") is not None and not held.get("unitCost"):
        found["cost"] = item["cost"]
    weight = ((held.get("measurement") or {}).get("weight") or {}).get("value")
    if item.get("measurement") and not weight:
        found["measurement"] = item["measurement"]
    return found
