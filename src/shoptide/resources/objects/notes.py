"""What the reference says of columns that are more than the store's own input field. Data only."""

from __future__ import annotations

from shoptide.resources.objects import PushObject
from shoptide.shopify.schema import Schema

CONSENT = "with a new customer; later by the store's own mutation for it"
NOTES: dict[str, dict[str, str]] = {
    "customers": {
        "email": "also a match key, compared without case",
        "phone": "also a match key, compared in E.164; without a code it is one of the shop's country",
        "addresses": "all of a customer's addresses; with the policy append they are added",
        "metafields": "those named are written, others kept",
        "emailMarketingConsent": CONSENT,
        "smsMarketingConsent": CONSENT,
        "whatsAppMarketingConsent": CONSENT,
    },
    "products": {
        "handle": "also a match key",
        "sku": "of the only variant, or of the one that is meant; also a match key when one product has it",
        "price": "of the only variant, or of the one with the row's sku",
        "variants": "found by id, option values or SKU; others are kept unless the policy is replace",
        "media": "objects, or plain URLs of pictures; added once",
        "publishTo": "publications by name or gid",
        "unpublishFrom": "publications by name or gid",
        "metafields": "those named are written, others kept",
    },
    "orders": {
        "name": "also a match key, with or without #",
        "lineItems": "by variant_id, by sku, or with a title and price of their own",
        "shippingLines": "price stands for a price_set in the shop's currency",
        "transactions": "amount stands for an amount_set in the shop's currency",
        "customer": "an id, e-mail address or phone number, or the store's own input",
        "inventoryBehaviour": "BYPASS when absent",
        "sendReceipt": "false when absent",
        "sendFulfillmentReceipt": "false when absent",
        "metafields": "those named are written, others kept",
    },
    "fulfillments": {
        "order": "gid, number, name, or the custom id that match says",
        "lineItems": "list of SKUs, or of objects with sku or id, and quantity; all that remains when absent",
        "lineItemsByFulfillmentOrder": "instead of order",
        "trackingNumber": "one; several in tracking_numbers",
        "notifyCustomer": "false when absent",
        "status": "tells the store an event: IN_TRANSIT, DELIVERED, …",
        "happenedAt": "of the event",
        "estimatedDeliveryAt": "of the event",
        "eventMessage": "of the event",
    },
}


def note_of(target: PushObject, schema: Schema, name: str) -> str:
    """When a column counts, and what it is beside the store's field."""
    notes = [NOTES[target.name].get(name, "")]
    if name not in target.update_fields(schema):
        notes.append("new records only")
    elif name not in target.create_fields(schema):
        notes.append("existing records only")
    return "; ".join(note for note in notes if note)
