"""The lines a fulfillment's row asks for, in one shape whatever way the source spells them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shoptide.resources.inputs import Mismatch, Shaper, camel

IDS = ("id", "gid", "lineItemId", "lineItemGid")
Line = dict[str, Any]


def parcel_lines(shaper: Shaper, value: Any, where: str) -> list[Line]:
    """`[{sku | id, quantity}]` from a list, JSON text or a single line; a plain text is a SKU. Raises Mismatch."""
    given = _parsed(value, where)
    return [_line(shaper, each, f"{where}[{index}]") for index, each in enumerate(_listed(given))]


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _parsed(value: Any, where: str) -> Any:
    """JSON text as what it says; other text as itself. Sources turn lists of mixed things into JSON texts."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{", '"'):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise Mismatch(where, f"must be a list of lines: {error}", value) from None


def _line(shaper: Shaper, given: Any, where: str) -> Line:
    value = _parsed(given, where)
    if isinstance(value, str) and value.strip():
        is_id = value.startswith("gid://")
        return {"id": shaper.fits("ID", value, where, kinds=("LineItem",))} if is_id else {"sku": value}
    if not isinstance(value, Mapping):
        raise Mismatch(where, "must be a SKU, or an object with sku or id, and quantity", value)
    fields = {camel(str(name)): each for name, each in value.items() if each is not None}
    unknown = sorted(fields.keys() - {"sku", "quantity", *IDS})
    if unknown:
        raise Mismatch(f"{where}.{unknown[0]}", "is no field of a line; it has sku or id, and quantity", value)
    line: Line = {}
    if given_id := next((fields[name] for name in IDS if name in fields), None):
        line["id"] = shaper.fits("ID", given_id, f"{where}.id", kinds=("LineItem",))
    elif fields.get("sku"):
        line["sku"] = str(fields["sku"])
    else:
        raise Mismatch(where, "needs a sku or the id of a line item", value)
    if "quantity" in fields:
        line["quantity"] = shaper.fits("Int", fields["quantity"], f"{where}.quantity")
        if line["quantity"] <= 0:
            raise Mismatch(f"{where}.quantity", "must be above 0", fields["quantity"])
    return line
