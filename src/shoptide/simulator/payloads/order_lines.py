"""Line items, taxes, discounts and shipping lines of orders, as the REST shapes write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoptide.simulator.payloads.shapes import (
    amount,
    attributes,
    grams,
    low,
    money_set,
    nodes,
    number,
    plain,
)

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record

TAX = "fragment T on TaxLine { channelLiable priceSet { ...M } rate title }"
ALLOCATION = "fragment D on DiscountAllocation { allocatedAmountSet { ...M } discountApplication { index } }"
LINE = """
fragment L on LineItem {
  id name title variantTitle vendor sku quantity currentQuantity fulfillableQuantity fulfillmentStatus isGiftCard
  requiresShipping taxable weight { value unit } customAttributes { key value }
  product { id } variant { id inventoryItem { tracked } } fulfillmentService { handle }
  originalUnitPriceSet { ...M } totalDiscountSet { ...M } priceAfterAllDiscountsBeforeTaxesSet { ...M }
  taxLines { ...T } discountAllocations { ...D }
}
"""
SHIPPING = """
fragment S on ShippingLine {
  id title code source carrierIdentifier phone isRemoved
  originalPriceSet { ...M } discountedPriceSet { ...M } currentDiscountedPriceSet { ...M }
  taxLines { ...T } discountAllocations { ...D }
}
"""
APPLICATION = """
fragment P on DiscountApplication {
  __typename index allocationMethod targetSelection targetType
  value { __typename ... on MoneyV2 { amount currencyCode } ... on PricingPercentageValue { percentage } }
  ... on DiscountCodeApplication { code }
  ... on ManualDiscountApplication { title description }
  ... on ScriptDiscountApplication { title }
  ... on AutomaticDiscountApplication { title }
}
"""
TYPES = {
    "DiscountCodeApplication": "discount_code",
    "ManualDiscountApplication": "manual",
    "ScriptDiscountApplication": "script",
    "AutomaticDiscountApplication": "automatic",
}


def tax_line(row: Record) -> Record:
    return {
        "channel_liable": bool(row["channelLiable"]),
        "price": plain(row["priceSet"]),
        "price_set": money_set(row["priceSet"]),
        "rate": row["rate"],
        "title": row["title"],
    }


def allocation(row: Record) -> Record:
    return {
        "amount": plain(row["allocatedAmountSet"]),
        "amount_set": money_set(row["allocatedAmountSet"]),
        "discount_application_index": row["discountApplication"]["index"],
    }


def line_item(row: Record) -> Record:
    """A line item as fulfillments and refunds show it too."""
    variant, before_tax = row["variant"], row["priceAfterAllDiscountsBeforeTaxesSet"]
    managed = variant is not None and variant["inventoryItem"]["tracked"]
    return {
        "id": number(row["id"]),
        "admin_graphql_api_id": row["id"],
        "current_quantity": row["currentQuantity"],
        "fulfillable_quantity": row["fulfillableQuantity"],
        "fulfillment_service": (row["fulfillmentService"] or {"handle": "manual"})["handle"],
        "fulfillment_status": None if row["fulfillmentStatus"] == "unfulfilled" else row["fulfillmentStatus"],
        "gift_card": row["isGiftCard"],
        "grams": grams(row["weight"]),
        "name": row["name"],
        "pre_tax_price": plain(before_tax),
        "pre_tax_price_set": money_set(before_tax),
        "price": plain(row["originalUnitPriceSet"]),
        "price_set": money_set(row["originalUnitPriceSet"]),
        "product_exists": row["product"] is not None,
        "product_id": number(row["product"]["id"]) if row["product"] else None,
        "properties": attributes(row["customAttributes"]),
        "quantity": row["quantity"],
        "requires_shipping": row["requiresShipping"],
        "sku": row["sku"] or "",
        "taxable": row["taxable"],
        "title": row["title"],
        "total_discount": plain(row["totalDiscountSet"]),
        "total_discount_set": money_set(row["totalDiscountSet"]),
        "variant_id": number(variant["id"]) if variant else None,
        "variant_inventory_management": "shopify" if managed else None,
        "variant_title": row["variantTitle"],
        "vendor": row["vendor"],
        "tax_lines": [tax_line(tax) for tax in row["taxLines"]],
        "duties": [],
        "discount_allocations": [allocation(held) for held in row["discountAllocations"]],
    }


def order_line(row: Record) -> Record:
    """A line item of an order itself."""
    return {**line_item(row), "attributed_staffs": [], "sales_line_item_group_id": None}


def shipping_line(row: Record) -> Record:
    return {
        "id": number(row["id"]),
        "carrier_identifier": row["carrierIdentifier"],
        "code": row["code"],
        "current_discounted_price_set": money_set(row["currentDiscountedPriceSet"]),
        "discounted_price": plain(row["discountedPriceSet"]),
        "discounted_price_set": money_set(row["discountedPriceSet"]),
        "is_removed": row["isRemoved"],
        "phone": row["phone"],
        "price": plain(row["originalPriceSet"]),
        "price_set": money_set(row["originalPriceSet"]),
        "requested_fulfillment_service_id": None,
        "source": row["source"],
        "title": row["title"],
        "tax_lines": [tax_line(tax) for tax in row["taxLines"]],
        "discount_allocations": [allocation(held) for held in row["discountAllocations"]],
    }


def application(row: Record) -> Record:
    value: Any = row["value"]
    percentage = value["__typename"] == "PricingPercentageValue"
    shown = {name: row[name] for name in ("code", "title", "description") if row.get(name) is not None}
    return {
        "target_type": low(row["targetType"]),
        "type": TYPES[row["__typename"]],
        "value": f"{float(value['percentage']):.1f}" if percentage else amount(value["amount"], value["currencyCode"]),
        "value_type": "percentage" if percentage else "fixed_amount",
        "allocation_method": low(row["allocationMethod"]),
        "target_selection": low(row["targetSelection"]),
        **shown,
    }


def codes(order: Record) -> list[Record]:
    """`discount_codes`: each code with what it took off the whole order."""
    found = []
    lines = [*nodes(order["lineItems"]), *nodes(order["shippingLines"])]
    held = [entry for line in lines for entry in line["discountAllocations"]]
    for row in nodes(order["discountApplications"]):
        if row["__typename"] == "DiscountCodeApplication":
            own = [entry for entry in held if entry["discountApplication"]["index"] == row["index"]]
            off = sum(float(entry["allocatedAmountSet"]["shopMoney"]["amount"]) for entry in own)
            found.append({"code": row["code"], "amount": amount(off, order["currencyCode"]), "type": _code_type(row)})
    return found


def _code_type(row: Record) -> str:
    if row["targetType"] == "SHIPPING_LINE":
        return "shipping"
    return "percentage" if row["value"]["__typename"] == "PricingPercentageValue" else "fixed_amount"
