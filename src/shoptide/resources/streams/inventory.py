"""What lies where: inventory items, their levels at every location with the quantities by state, and movements."""

from __future__ import annotations

import json

from shoptide.resources.stream import Child, Stream

STATES = (
    "available",
    "on_hand",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "safety_stock",
    "quality_control",
)

INVENTORY_ITEMS = Stream(
    name="inventory_items",
    root="inventoryItems",
    children=(Child("countryHarmonizedSystemCodes", "inventory_item_country_codes", first=3),),
)
# Neither the item's nor the location's last change moves with its stock: the levels themselves are searched.
INVENTORY_LEVELS = Stream(
    name="inventory_levels",
    root="locations",
    arguments=("includeInactive: true", "includeLegacy: true"),
    via="inventoryLevels",
    via_arguments=("includeInactive: true",),
    via_first=50,
    search="updated_at",
    search_via=True,
    children=(
        Child(
            "quantities",
            "inventory_level_quantities",
            arguments=(f"names: {json.dumps(STATES)}",),
        ),
    ),
)
LOCATIONS = Stream(name="locations", root="locations", arguments=("includeInactive: true", "includeLegacy: true"))
INVENTORY_TRANSFERS = Stream(
    name="inventory_transfers",
    root="inventoryTransfers",
    children=(Child("lineItems", "inventory_transfer_line_items", first=10),),
)
INVENTORY_SHIPMENTS = Stream(
    name="inventory_shipments",
    root="inventoryShipments",
    children=(Child("lineItems", "inventory_shipment_line_items", first=10),),
)
