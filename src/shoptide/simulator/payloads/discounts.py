"""Payloads of discounts/*: what a discount is called and whether it applies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop


@payload("discounts/create", "discounts/update")
def discount(_topic: str, record: Record, shop: Shop) -> Record:
    return {
        "admin_graphql_api_id": record["id"],
        "title": record["title"],
        "status": record["_status"],
        "created_at": stamp(record["createdAt"], shop),
        "updated_at": stamp(record["updatedAt"], shop),
    }


@payload("discounts/delete")
def deleted(_topic: str, record: Record, shop: Shop) -> Record:
    return {"admin_graphql_api_id": record["id"], "deleted_at": stamp(shop.stamp(), shop)}
