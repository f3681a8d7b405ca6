"""What a push accepts, object by object: input types, conveniences, how an existing record is found. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shoptide.shopify.schema import Schema

# Columns that name the record itself, in any object.
IDENTITY = ("gid", "id", "record_id")


@dataclass(frozen=True)
class PushObject:
    """One object of the store as a target of a push.

    `create` and `update` are the input types whose fields are columns; `extra` are columns that the tool adds, with
    the type a value of theirs must fit, `create_extra` and `update_extra` those of one of the two. `match` are the
    ways to find a record. `told` says which columns a step of an
    error's path means where the store calls them something else, or all errors of a mutation that is for them.
    """

    name: str
    kind: str
    create: str
    update: str
    extra: dict[str, str] = field(default_factory=dict)
    match: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()  # of each group one must be there to create
    finding: tuple[str, ...] = ()  # columns beside `match` that say which record is meant, and are never changed
    natural: tuple[str, ...] = ()  # fields that are one record's only, by which a new one is found again
    marker_owner: str | None = None  # the owner type whose id metafield can carry the row's key
    later: tuple[str, ...] = ()  # columns that are written by a step of their own once the record was made
    create_extra: dict[str, str] = field(default_factory=dict)
    update_extra: dict[str, str] = field(default_factory=dict)
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()  # columns that are sent whole when one of them changes
    filled: tuple[str, ...] = ()  # columns whose writer keeps `set_if_empty` itself: it reads what the record has

    def create_fields(self, schema: Schema) -> dict[str, str]:
        """Column (GraphQL name) → type, when a record is made."""
        return self._fields(schema, self.create) | self.extra | self.create_extra

    def update_fields(self, schema: Schema) -> dict[str, str]:
        """Column → type, when a record is changed."""
        return self._fields(schema, self.update) | self.extra | self.update_extra

    def whole(self, changed: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """The changed fields with those of the row that the store wants beside them."""
        beside = {name for group in self.together if changed.keys() & set(group) for name in group}
        return {name: values[name] for name in beside if name in values} | changed

    def fields(self, schema: Schema) -> dict[str, str]:
        return self.update_fields(schema) | self.create_fields(schema)

    @staticmethod
    def _fields(schema: Schema, name: str) -> dict[str, str]:
        if not name:
            return {}
        return {each.name: each.type.text for each in schema.type(name).inputs.values() if each.name != "id"}


CUSTOMERS = PushObject(
    "customers",
    "Customer",
    create="CustomerInput",
    update="CustomerInput",
    match=("email", "phone"),
    natural=("email", "phone"),
    marker_owner="CUSTOMER",
    told={
        "customerEmailMarketingConsentUpdate": ("emailMarketingConsent",),
        "customerSmsMarketingConsentUpdate": ("smsMarketingConsent",),
        "customerWhatsAppMarketingConsentUpdate": ("whatsAppMarketingConsent",),
    },
)

PRODUCTS = PushObject(
    "products",
    "Product",
    create="ProductCreateInput",
    update="ProductUpdateInput",
    extra={
        "variants": "[ProductVariantSetInput!]",
        "media": "[CreateMediaInput!]",
        "publishTo": "[String!]",
        "unpublishFrom": "[String!]",
        "sku": "String",  # to match by, and the SKU of a product that has one variant
        "price": "Money",
    },
    match=("handle", "sku"),
    natural=("handle",),
    later=("publishTo", "unpublishFrom"),
    required=(("title",),),
    marker_owner="PRODUCT",
    told={
        "files": ("media",),
        "collections": ("collectionsToJoin",),
        "customProductType": ("productType",),
        "options": ("productOptions", "variants"),
        "variants": ("sku", "price"),
        "publishablePublish": ("publishTo",),
        "publishableUnpublish": ("unpublishFrom",),
        **dict.fromkeys(
            (
                "productOptionsCreate",
                "productVariantsBulkCreate",
                "productVariantsBulkUpdate",
                "productVariantsBulkDelete",
                "productVariantsBulkReorder",
                "inventorySetQuantities",
                "inventoryActivate",
            ),
            ("variants", "sku", "price"),
        ),
    },
    together=(("sku", "price"),),
    filled=("variants", "media", "sku", "price"),
)

ORDERS = PushObject(
    "orders",
    "Order",
    create="OrderCreateOrderInput",
    update="OrderInput",
    create_extra={
        "inventoryBehaviour": "OrderCreateInputsInventoryBehavior",
        "sendReceipt": "Boolean",
        "sendFulfillmentReceipt": "Boolean",
    },
    update_extra={"customer": "OrderCreateCustomerInput", "customerId": "ID"},
    later=("localizedFields", "localizationExtensions"),
    match=("name",),
    required=(("lineItems",),),
    marker_owner="ORDER",
    told={"customerId": ("customer",), "toAssociate": ("customer",)},
)

FULFILLMENTS = PushObject(
    "fulfillments",
    "Fulfillment",
    create="",
    update="",
    create_extra={
        "order": "String",
        "lineItems": "JSON",
        "lineItemsByFulfillmentOrder": "[FulfillmentOrderLineItemsInput!]",
        "originAddress": "FulfillmentOriginAddressInput",
    },
    extra={
        "trackingInfo": "FulfillmentTrackingInput",
        "trackingNumber": "String",
        "trackingNumbers": "[String!]",
        "trackingCompany": "String",
        "trackingUrl": "URL",
        "trackingUrls": "[URL!]",
        "notifyCustomer": "Boolean",
        "status": "FulfillmentEventStatus",
        "happenedAt": "DateTime",
        "estimatedDeliveryAt": "DateTime",
        "eventMessage": "String",
    },
    match=("order",),
    required=(("order", "lineItemsByFulfillmentOrder"),),
    finding=("lineItems",),
    later=("status",),
    together=(("trackingInfo", "trackingNumber", "trackingNumbers", "trackingCompany", "trackingUrl", "trackingUrls"),),
    told={
        "fulfillment": ("lineItems", "order"),
        "lineItemsByFulfillmentOrder": ("lineItems", "order"),
        "trackingInfoInput": ("trackingInfo", "trackingNumber", "trackingNumbers", "trackingUrl", "trackingUrls"),
        "trackingInfo": ("trackingNumber", "trackingNumbers", "trackingUrl", "trackingUrls"),
        "fulfillmentEventCreate": ("status",),
    },
)

OBJECTS = {each.name: each for each in (CUSTOMERS, PRODUCTS, ORDERS, FULFILLMENTS)}
