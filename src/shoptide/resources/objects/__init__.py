"""What a push accepts, object by object: input types, conveniences, how an existing record is found. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field

from shoptide.shopify.schema import Schema

# Columns that name the record itself, in any object.
IDENTITY = ("gid", "id", "record_id")


@dataclass(frozen=True)
class PushObject:
    """One object of the store as a target of a push.

    `create` and `update` are the input types whose fields are columns; `extra` are columns that the tool adds, with
    the type a value of theirs must fit. `match` are the ways to find a record; `required` must be there to create.
    """

    name: str
    kind: str
    create: str
    update: str
    extra: dict[str, str] = field(default_factory=dict)
    match: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    marker_owner: str | None = None  # the owner type whose id metafield can carry the row's key

    def create_fields(self, schema: Schema) -> dict[str, str]:
        """Column (GraphQL name) → type, when a record is made."""
        return self._fields(schema, self.create) | self.extra

    def update_fields(self, schema: Schema) -> dict[str, str]:
        """Column → type, when a record is changed."""
        return self._fields(schema, self.update) | {
            name: kind for name, kind in self.extra.items() if name not in CREATE_ONLY.get(self.name, ())
        }

    def fields(self, schema: Schema) -> dict[str, str]:
        return self.update_fields(schema) | self.create_fields(schema)

    @staticmethod
    def _fields(schema: Schema, name: str) -> dict[str, str]:
        if not name:
            return {}
        return {each.name: each.type.text for each in schema.type(name).inputs.values() if each.name != "id"}


CREATE_ONLY = {"orders": ("inventoryBehaviour", "sendReceipt", "sendFulfillmentReceipt")}

CUSTOMERS = PushObject(
    "customers",
    "Customer",
    create="CustomerInput",
    update="CustomerInput",
    match=("email", "phone"),
    marker_owner="CUSTOMER",
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
    required=("title",),
    marker_owner="PRODUCT",
)

ORDERS = PushObject(
    "orders",
    "Order",
    create="OrderCreateOrderInput",
    update="OrderInput",
    extra={
        "inventoryBehaviour": "OrderCreateInputsInventoryBehavior",
        "sendReceipt": "Boolean",
        "sendFulfillmentReceipt": "Boolean",
    },
    match=("name",),
    required=("lineItems",),
    marker_owner="ORDER",
)

FULFILLMENTS = PushObject(
    "fulfillments",
    "Fulfillment",
    create="",
    update="",
    extra={
        "order": "String",
        "lineItems": "JSON",
        "trackingNumber": "String",
        "trackingNumbers": "[String!]",
        "trackingCompany": "String",
        "trackingUrl": "URL",
        "trackingUrls": "[URL!]",
        "notifyCustomer": "Boolean",
        "status": "FulfillmentEventStatus",
    },
    match=("order",),
)

OBJECTS = {each.name: each for each in (CUSTOMERS, PRODUCTS, ORDERS, FULFILLMENTS)}
