"""Payloads of inventory_items/* and inventory_levels/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import UNITS, number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop


def _origin(record: Record) -> Record:
    return {
        "id": number(record["id"]),
        "country_code_of_origin": record.get("countryCodeOfOrigin"),
        "province_code_of_origin": record.get("provinceCodeOfOrigin"),
        "harmonized_system_code": record.get("harmonizedSystemCode"),
        "country_harmonized_system_codes": [
            {"country_code": held["countryCode"], "harmonized_system_code": held["harmonizedSystemCode"]}
            for held in record.get("_countryCodes", ())
        ],
        "admin_graphql_api_id": record["id"],
    }


@payload("inventory_items/create", "inventory_items/update")
def item(_topic: str, record: Record, shop: Shop) -> Record | None:
    if shop.get(record["id"]) is None:
        return None
    weight = record["_weight"]
    return {
        **_origin(record),
        "sku": record["sku"] or "",
        "created_at": stamp(record["createdAt"], shop),
        "updated_at": stamp(record["updatedAt"], shop),
        "requires_shipping": record["requiresShipping"],
        "cost": None if record["_cost"] is None else f"{float(record['_cost']):.2f}",
        "tracked": record["tracked"],
        "weight_value": int(weight["value"]) if float(weight["value"]).is_integer() else weight["value"],
        "weight_unit": UNITS[weight["unit"]],
    }


@payload("inventory_items/delete")
def deleted_item(_topic: str, record: Record, _shop: Shop) -> Record:
    return _origin(record)


@payload("inventory_levels/update", "inventory_levels/connect")
def level(_topic: str, record: Record, shop: Shop) -> Record:
    held = record["_level"]
    return {
        "inventory_item_id": number(record["item"]["id"]),
        "location_id": number(record["location"]),
        "available": held["available"] if record["item"]["tracked"] else None,
        "updated_at": stamp(held["updatedAt"], shop),
        "admin_graphql_api_id": record["id"],
    }


@payload("inventory_levels/disconnect")
def disconnected(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"inventory_item_id": number(record["item"]["id"]), "location_id": number(record["location"])}
