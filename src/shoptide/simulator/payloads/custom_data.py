"""Payloads of metaobjects/* and metafield_definitions/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import low, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

METAOBJECT = """
query Metaobject($id: ID!) { node(id: $id) { ... on Metaobject {
  id type handle displayName createdAt updatedAt fields { key value } capabilities { publishable { status } }
} } }
"""


@payload("metaobjects/create", "metaobjects/update")
def metaobject(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(METAOBJECT, record["id"], shop)
    if found is None:
        return None
    publishable = found["capabilities"]["publishable"]
    return {
        "id": found["id"],
        "type": found["type"],
        "handle": found["handle"],
        "display_name": found["displayName"],
        "created_at": stamp(found["createdAt"], shop),
        "updated_at": stamp(found["updatedAt"], shop),
        "fields": {row["key"]: row["value"] for row in found["fields"]},
        "capabilities": {"publishable": {"status": low(publishable["status"])}} if publishable else {},
    }


@payload("metaobjects/delete")
def deleted_metaobject(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"id": record["id"], "type": record["type"], "handle": record["handle"]}


@payload("metafield_definitions/create", "metafield_definitions/update", "metafield_definitions/delete")
def definition(_topic: str, record: Record, _shop: Shop) -> Record:
    return {
        "id": record["id"],
        "name": record["name"],
        "namespace": record["namespace"],
        "key": record["key"],
        "description": record["description"],
        "owner_type": low(record["ownerType"]),
        "type": record["type"],
        "validations": [dict(each) for each in record["validations"]],
    }
