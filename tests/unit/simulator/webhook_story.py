"""A shop's day in mutations, heard by a subscription to every topic: what was told, by topic."""

from __future__ import annotations

import json
import time
from typing import Any

from ordering import ask, created, fulfilled, line, money, order_of, sale

from shoptide.simulator.schema import executable
from shoptide.simulator.world import World

ADDRESS = {
    "firstName": "Ada",
    "lastName": "Byron",
    "address1": "1 Analytical Way",
    "address2": "Unit 2",
    "company": "Engines Ltd",
    "city": "Toronto",
    "countryCode": "CA",
    "provinceCode": "ON",
    "zip": "M5V 2T6",
    "phone": "+14165550100",
}
PERSON = {
    "firstName": "Ada",
    "lastName": "Byron",
    "email": "ada@example.net",
    "phone": "+14165550101",
    "note": "Prefers mornings",
    "addresses": [ADDRESS],
    "emailMarketingConsent": {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"},
    "smsMarketingConsent": {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"},
}
SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!) { webhookSubscriptionCreate(topic: $topic,
  webhookSubscription: {uri: "pubsub://some-project:some-topic"}) { userErrors { field message } } }"""
DELIVERED = "fulfillmentLineItems(first: 5) { nodes { id } }"
PHOTO = {"originalSource": "https://example.net/a.jpg", "mediaContentType": "IMAGE", "alt": "front"}


def did(world: World, name: str, kinds: dict[str, str], select: str = "", /, **given: Any) -> Any:
    """Run a mutation with these arguments and their types; its payload, or an AssertionError with its userErrors."""
    heads = ", ".join(f"${key}: {kind}" for key, kind in kinds.items())
    args = ", ".join(f"{key}: ${key}" for key in kinds)
    payload: Any = executable("2026-10").type_map["Mutation"].fields[name].type  # type: ignore[attr-defined]
    errors = [field for field in payload.fields if field.endswith("serErrors")]
    wanted = "orderCancelUserErrors" if "orderCancelUserErrors" in errors else errors[-1]
    document = f"mutation({heads}) {{ {name}({args}) {{ {select} {wanted} {{ field message }} }} }}"
    found = ask(world, document, given)[name]
    assert not found[wanted], (name, found[wanted])
    return found


def subscribe_to_all(world: World) -> None:
    for topic in executable("2026-10").type_map["WebhookSubscriptionTopic"].values:  # type: ignore[attr-defined]
        payload = ask(world, SUBSCRIBE, {"topic": topic})["webhookSubscriptionCreate"]
        assert payload["userErrors"] == []


def told(world: World) -> dict[str, list[Any]]:
    """The payloads so far, by topic; fails when one could not be built."""
    found: dict[str, list[Any]] = {}
    for each in world.first.post.all():
        assert each.body, (each.topic, each.reason)
        found.setdefault(each.topic, []).append(json.loads(each.body))
    return found


def people(world: World) -> str:
    created_one = did(world, "customerCreate", {"input": "CustomerInput!"}, "customer { id }", input=PERSON)
    gid: str = created_one["customer"]["id"]
    other = did(
        world, "customerCreate", {"input": "CustomerInput!"}, "customer { id }", input={"email": "two@example.net"}
    )["customer"]["id"]
    did(world, "customerUpdate", {"input": "CustomerInput!"}, input={"id": gid, "note": "Prefers noon"})
    did(world, "tagsAdd", {"id": "ID!", "tags": "[String!]!"}, id=gid, tags=["vip", "old"])
    did(world, "tagsRemove", {"id": "ID!", "tags": "[String!]!"}, id=gid, tags=["old"])
    consent = {"marketingState": "UNSUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"}
    for name, kind in (("Email", "emailMarketingConsent"), ("Sms", "smsMarketingConsent")):
        kinds = {"input": f"Customer{name}MarketingConsentUpdateInput!"}
        did(world, f"customer{name}MarketingConsentUpdate", kinds, input={"customerId": gid, kind: consent})
    did(
        world, "customerMerge", {"customerOneId": "ID!", "customerTwoId": "ID!"}, customerOneId=other, customerTwoId=gid
    )
    kept = next(row["id"] for row in world.shop.table("Customer"))
    return str(kept)


def goods(world: World, place: str) -> tuple[str, str]:
    """A product with stock; its variant and inventory item."""
    given = {
        "title": "Felt hat",
        "descriptionHtml": "<p>Warm</p>",
        "status": "ACTIVE",
        "productOptions": [{"name": "Size", "values": [{"name": "S"}, {"name": "M"}]}],
        "files": [{"originalSource": PHOTO["originalSource"], "contentType": "IMAGE", "alt": "front"}],
        "variants": [
            {
                "optionValues": [{"optionName": "Size", "name": size}],
                "price": "20.00",
                "compareAtPrice": "25.00",
                "barcode": "123",
                "inventoryItem": {
                    "sku": f"HAT-{size}",
                    "tracked": True,
                    "cost": "7.50",
                    "measurement": {"weight": {"value": 1, "unit": "KILOGRAMS"}},
                },
                "inventoryQuantities": [{"locationId": place, "name": "available", "quantity": 3}],
            }
            for size in ("S", "M")
        ],
    }
    select = "product { id variants(first: 5) { nodes { id inventoryItem { id } } } }"
    product = did(world, "productSet", {"input": "ProductSetInput!"}, select, input=given)["product"]
    world.shop.clock.move(60)  # the photo is processed meanwhile
    did(world, "productUpdate", {"product": "ProductUpdateInput!"}, product={"id": product["id"], "vendor": "Acme"})
    small, medium = product["variants"]["nodes"]
    item = small["inventoryItem"]["id"]
    did(world, "inventoryItemUpdate", {"id": "ID!", "input": "InventoryItemInput!"}, id=item, input={"cost": 8})
    for delta in (-3, 3):
        changes = [{"inventoryItemId": item, "locationId": place, "delta": delta, "changeFromQuantity": None}]
        adjust(world, changes)
    did(
        world,
        "productVariantsBulkDelete",
        {"productId": "ID!", "variantsIds": "[ID!]!"},
        productId=product["id"],
        variantsIds=[medium["id"]],
    )
    return str(small["id"]), str(item)


def adjust(world: World, changes: list[dict[str, Any]]) -> None:
    document = """mutation($input: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $input)
      @idempotent(key: "%s") { userErrors { message } } }"""
    given = {"name": "available", "reason": "correction", "changes": changes}
    payload = ask(world, document % time.perf_counter_ns(), {"input": given})["inventoryAdjustQuantities"]
    assert payload["userErrors"] == []


def places(world: World, item: str) -> str:
    """A second location, that item stocked there and no more; two more locations that come and go."""
    kinds = {"input": "LocationAddInput!"}
    address = {"countryCode": "CA", "provinceCode": "QC", "city": "Montreal", "address1": "2 Rue", "zip": "H2Y 1C6"}
    gid: str = did(world, "locationAdd", kinds, "location { id }", input={"name": "Depot", "address": address})[
        "location"
    ]["id"]
    did(world, "locationEdit", {"id": "ID!", "input": "LocationEditInput!"}, id=gid, input={"name": "Depot 2"})
    document = """mutation($item: ID!, $place: ID!) { inventoryActivate(inventoryItemId: $item, locationId: $place)
      @idempotent(key: "a") { inventoryLevel { id } userErrors { message } } }"""
    level = ask(world, document, {"item": item, "place": gid})["inventoryActivate"]["inventoryLevel"]["id"]
    did(world, "inventoryDeactivate", {"inventoryLevelId": "ID!"}, inventoryLevelId=level)
    other = did(world, "locationAdd", kinds, "location { id }", input={"name": "Attic", "address": address})["location"]
    for name in ("locationDeactivate", "locationActivate", "locationDeactivate"):
        document = "mutation($id: ID!) { %s(locationId: $id) @idempotent(key: %s) { %sUserErrors { message } } }"
        key = json.dumps(f"{name}{time.perf_counter_ns()}")
        payload = ask(world, document % (name, key, name), {"id": other["id"]})[name]
        assert payload[f"{name}UserErrors"] == []
    document = "mutation($id: ID!) { locationDelete(locationId: $id) { locationDeleteUserErrors { message } } }"
    assert ask(world, document, {"id": other["id"]})["locationDelete"]["locationDeleteUserErrors"] == []
    return gid


def collecting(world: World) -> None:
    given = {
        "title": "Hats",
        "descriptionHtml": "<p>All hats</p>",
        "image": {"src": "https://example.net/h.jpg", "altText": "hats"},
        "ruleSet": {
            "appliedDisjunctively": False,
            "rules": [{"column": "TITLE", "relation": "CONTAINS", "condition": "hat"}],
        },
    }
    kinds = {"input": "CollectionInput!"}
    gid = did(world, "collectionCreate", kinds, "collection { id }", input=given)["collection"]["id"]
    channel = next(iter(world.shop.table("Publication")))["id"]
    did(
        world,
        "publishablePublish",
        {"id": "ID!", "input": "[PublicationInput!]!"},
        id=gid,
        input=[{"publicationId": channel}],
    )
    did(world, "collectionUpdate", kinds, input={"id": gid, "title": "Fine hats"})
    did(world, "collectionDelete", {"input": "CollectionDeleteInput!"}, input={"id": gid})


def order(world: World, customer: str, *lines: dict[str, Any], **more: Any) -> Any:
    tax = [{"title": "HST", "rate": 0.13, "priceSet": money("5.20")}]
    given: dict[str, Any] = {
        "customer": {"toAssociate": {"id": customer}},
        "email": "ada@example.net",
        "billingAddress": ADDRESS,
        "shippingAddress": ADDRESS,
        "shippingLines": [{"title": "Post", "code": "post", "priceSet": money("5.00")}],
        "customAttributes": [{"key": "gift", "value": "yes"}],
        "note": "Ring twice",
        "tags": ["web"],
        **more,
    }
    rows = lines or (line("Hat", 4, "10.00", requiresShipping=True, vendor="Acme", sku="H", taxLines=tax),)
    return created(world, *rows, **given)


def ordering(world: World, customer: str, variant: str, place: str) -> None:
    """Orders that are paid, edited, fulfilled in parts, refunded, returned, cancelled and deleted."""
    hat = {"variantId": variant, "quantity": 4, "priceSet": money("10.00"), "requiresShipping": True}
    code = {"itemPercentageDiscountCode": {"code": "TEN", "percentage": 10}}
    first = order(world, customer, hat, discountCode=code)
    did(world, "orderMarkAsPaid", {"input": "OrderMarkAsPaidInput!"}, input={"id": first["id"]})
    working(world, first, place)
    first = order_of(world, first["id"])
    work = next(row for row in first["fulfillmentOrders"]["nodes"] if row["status"] == "OPEN")
    first["fulfillmentOrders"]["nodes"] = [work]
    tracking = {"company": "UPS", "number": "1Z", "url": "https://ups.example/1Z"}
    parcel = fulfilled(world, first, {work["lineItems"]["nodes"][0]["id"]: 1}, trackingInfo=tracking)["fulfillment"]
    event = {"fulfillmentId": parcel["id"], "status": "IN_TRANSIT", "message": "On its way", "country": "CA"}
    did(world, "fulfillmentEventCreate", {"fulfillmentEvent": "FulfillmentEventInput!"}, fulfillmentEvent=event)
    returning(world, first["id"], parcel["fulfillmentLineItems"]["nodes"][0]["id"])
    returning_less(world, order(world, customer, hat), tracking)
    second = order(world, customer, transactions=[sale("50.20")])
    fulfilled(world, second, trackingInfo=tracking)
    refunding(world, order_of(world, second["id"]))
    editing(world, order(world, customer)["id"])
    serving(world, order(world, customer))
    third = order(world, customer)["id"]
    kinds = {"orderId": "ID!", "reason": "OrderCancelReason!", "restock": "Boolean!", "refund": "Boolean"}
    did(world, "orderCancel", kinds, orderId=third, reason="CUSTOMER", restock=True, refund=False)
    document = "mutation($id: ID!) { orderDelete(orderId: $id) { userErrors { message } } }"
    assert ask(world, document, {"id": third})["orderDelete"]["userErrors"] == []


def working(world: World, found: Any, place: str) -> None:
    """Everything that happens to a fulfillment order before it is fulfilled."""
    work = found["fulfillmentOrders"]["nodes"][0]
    gid, row = work["id"], work["lineItems"]["nodes"][0]["id"]
    held = {"reason": "OTHER", "reasonNotes": "Wait", "handle": "h"}
    one = {**held, "fulfillmentOrderLineItems": [{"id": row, "quantity": 3}]}
    kinds = {"id": "ID!", "fulfillmentHold": "FulfillmentOrderHoldInput!"}
    select = "remainingFulfillmentOrder { id }"
    rest = did(world, "fulfillmentOrderHold", kinds, select, id=gid, fulfillmentHold=one)["remainingFulfillmentOrder"]
    did(world, "fulfillmentOrderReleaseHold", {"id": "ID!"}, id=gid)
    intents = [{"mergeIntents": [{"fulfillmentOrderId": gid}, {"fulfillmentOrderId": rest["id"]}]}]
    kinds = {"fulfillmentOrderMergeInputs": "[FulfillmentOrderMergeInput!]!"}
    did(world, "fulfillmentOrderMerge", kinds, fulfillmentOrderMergeInputs=intents)
    report = {"id": "ID!", "progressReport": "FulfillmentOrderReportProgressInput"}
    did(world, "fulfillmentOrderReportProgress", report, id=gid, progressReport={"reasonNotes": "Packing"})
    did(world, "fulfillmentOrderOpen", {"id": "ID!"}, id=gid)
    parts = [{"fulfillmentOrderId": gid, "fulfillmentOrderLineItems": [{"id": row, "quantity": 2}]}]
    kinds = {"fulfillmentOrderSplits": "[FulfillmentOrderSplitInput!]!"}
    select = "fulfillmentOrderSplits { remainingFulfillmentOrder { id } }"
    (split,) = did(world, "fulfillmentOrderSplit", kinds, select, fulfillmentOrderSplits=parts)[
        "fulfillmentOrderSplits"
    ]
    rest = split["remainingFulfillmentOrder"]["id"]
    did(world, "fulfillmentOrderMove", {"id": "ID!", "newLocationId": "ID!"}, id=rest, newLocationId=place)
    did(world, "fulfillmentOrderCancel", {"id": "ID!"}, id=rest)


def serving(world: World, found: Any) -> None:
    """A fulfillment service is asked, refuses, is asked again, accepts, and is asked to stop."""
    kinds = {"name": "String!", "callbackUrl": "URL"}
    select = "fulfillmentService { location { id } }"
    made = did(world, "fulfillmentServiceCreate", kinds, select, name="Far", callbackUrl="https://far.example/x")
    place = made["fulfillmentService"]["location"]["id"]
    gid = found["fulfillmentOrders"]["nodes"][0]["id"]
    did(world, "fulfillmentOrderMove", {"id": "ID!", "newLocationId": "ID!"}, id=gid, newLocationId=place)
    for step in (
        "SubmitFulfillmentRequest",
        "RejectFulfillmentRequest",
        "SubmitFulfillmentRequest",
        "AcceptFulfillmentRequest",
        "SubmitCancellationRequest",
        "RejectCancellationRequest",
    ):
        did(world, f"fulfillmentOrder{step}", {"id": "ID!", "message": "String"}, id=gid, message="Please")
    work = world.shop.get(gid)
    assert work is not None
    work["requestStatus"] = "CANCELLATION_REQUESTED"  # the service thinks again
    kinds = {"id": "ID!", "message": "String"}
    did(world, "fulfillmentOrderAcceptCancellationRequest", kinds, id=gid, message="All right")


def returning(world: World, gid: str, row: str) -> None:
    """A return declined, one cancelled, one that runs its course."""
    rows = [{"fulfillmentLineItemId": row, "quantity": 1, "returnReason": "COLOR", "customerNote": "Too green"}]

    def requested() -> str:
        kinds = {"input": "ReturnRequestInput!"}
        given = {"orderId": gid, "returnLineItems": rows}
        return str(did(world, "returnRequest", kinds, "return { id }", input=given)["return"]["id"])

    declined = {"id": requested(), "declineReason": "OTHER", "declineNote": "No"}
    did(world, "returnDeclineRequest", {"input": "ReturnDeclineRequestInput!"}, input=declined)
    did(world, "returnCancel", {"id": "ID!"}, id=requested())
    approved = requested()
    select = "return { returnLineItems(first: 5) { nodes { id } } }"
    kinds = {"input": "ReturnApproveRequestInput!"}
    found = did(world, "returnApproveRequest", kinds, select, input={"id": approved})["return"]
    for name in ("returnClose", "returnReopen"):
        did(world, name, {"id": "ID!"}, id=approved)
    line_id = found["returnLineItems"]["nodes"][0]["id"]
    given = {"returnId": approved, "returnLineItems": [{"id": line_id, "quantity": 1}]}
    did(world, "returnProcess", {"input": "ReturnProcessInput!"}, input=given)


def returning_less(world: World, found: Any, tracking: dict[str, Any]) -> None:
    """A piece is taken off a return."""
    parcel = fulfilled(world, found, trackingInfo=tracking)["fulfillment"]["fulfillmentLineItems"]["nodes"][0]["id"]
    rows = [{"fulfillmentLineItemId": parcel, "quantity": 2, "returnReason": "COLOR"}]
    select = "return { id returnLineItems(first: 5) { nodes { id } } }"
    given = {"orderId": found["id"], "returnLineItems": rows}
    made = did(world, "returnRequest", {"input": "ReturnRequestInput!"}, select, input=given)["return"]
    taken = [{"returnLineItemId": made["returnLineItems"]["nodes"][0]["id"], "quantity": 1}]
    kinds = {"returnId": "ID!", "returnLineItems": "[ReturnLineItemRemoveFromReturnInput!]"}
    did(world, "removeFromReturn", kinds, returnId=made["id"], returnLineItems=taken)


def refunding(world: World, found: Any) -> None:
    paid = next(row["id"] for row in found["transactions"] if row["kind"] == "SALE")
    row = found["lineItems"]["nodes"][0]["id"]
    given = {
        "orderId": found["id"],
        "note": "Torn",
        "refundLineItems": [{"lineItemId": row, "quantity": 1, "restockType": "NO_RESTOCK"}],
        "transactions": [
            {"orderId": found["id"], "parentId": paid, "amount": "11.30", "gateway": "manual", "kind": "REFUND"}
        ],
    }
    document = """mutation($input: RefundInput!) { refundCreate(input: $input) @idempotent(key: "r") {
      userErrors { message } } }"""
    assert ask(world, document, {"input": given})["refundCreate"]["userErrors"] == []


def editing(world: World, gid: str) -> None:
    begun = did(
        world, "orderEditBegin", {"id": "ID!"}, "calculatedOrder { id lineItems(first: 5) { nodes { id } } }", id=gid
    )
    edit = begun["calculatedOrder"]
    kinds = {"id": "ID!", "lineItemId": "ID!", "quantity": "Int!"}
    first = edit["lineItems"]["nodes"][0]["id"]
    did(world, "orderEditSetQuantity", kinds, id=edit["id"], lineItemId=first, quantity=2)
    kinds = {"id": "ID!", "title": "String!", "quantity": "Int!", "price": "MoneyInput!"}
    price = {"amount": "3.00", "currencyCode": "CAD"}
    did(world, "orderEditAddCustomItem", kinds, id=edit["id"], title="Pin", quantity=1, price=price)
    did(world, "orderEditCommit", {"id": "ID!", "staffNote": "String"}, id=edit["id"], staffNote="Fewer")


def drafting(world: World, customer: str, variant: str) -> None:
    """A draft that becomes an order, one that goes."""
    lines = [
        {"variantId": variant, "quantity": 1},
        {"title": "Pin", "quantity": 2, "originalUnitPriceWithCurrency": {"amount": "3.00", "currencyCode": "CAD"}},
    ]
    given = {
        "lineItems": lines,
        "email": "ada@example.net",
        "purchasingEntity": {"customerId": customer},
        "shippingAddress": ADDRESS,
        "billingAddress": ADDRESS,
        "shippingLine": {"title": "Post", "priceWithCurrency": {"amount": "5.00", "currencyCode": "CAD"}},
        "appliedDiscount": {"title": "Friend", "value": 10, "valueType": "PERCENTAGE", "description": "10"},
        "note": "Later",
    }
    kinds = {"input": "DraftOrderInput!"}
    gid = did(world, "draftOrderCreate", kinds, "draftOrder { id }", input=given)["draftOrder"]["id"]
    did(world, "draftOrderComplete", {"id": "ID!"}, id=gid)
    other = did(world, "draftOrderCreate", kinds, "draftOrder { id }", input={"lineItems": lines})["draftOrder"]["id"]
    did(world, "draftOrderDelete", {"input": "DraftOrderDeleteInput!"}, input={"id": other})


def modelling(world: World) -> None:
    """Definitions and objects of the merchant's own."""
    given: dict[str, Any] = {
        "name": "Hue",
        "namespace": "paint",
        "key": "hue",
        "type": "single_line_text_field",
        "ownerType": "PRODUCT",
    }
    kinds = {"definition": "MetafieldDefinitionInput!"}
    select = "createdDefinition { id }"
    gid = did(world, "metafieldDefinitionCreate", kinds, select, definition=given)["createdDefinition"]["id"]
    place = {name: given[name] for name in ("namespace", "key", "ownerType")}
    kinds = {"definition": "MetafieldDefinitionUpdateInput!"}
    did(world, "metafieldDefinitionUpdate", kinds, definition={**place, "name": "Colour"})
    kinds = {"id": "ID!", "deleteAllAssociatedMetafields": "Boolean!"}
    did(world, "metafieldDefinitionDelete", kinds, id=gid, deleteAllAssociatedMetafields=True)
    fields = [{"key": "name", "type": "single_line_text_field"}]
    wanted = {"type": "maker", "name": "Maker", "displayNameKey": "name", "fieldDefinitions": fields}
    did(world, "metaobjectDefinitionCreate", {"definition": "MetaobjectDefinitionCreateInput!"}, definition=wanted)
    values = {"type": "maker", "fields": [{"key": "name", "value": "Acme"}]}
    kinds = {"metaobject": "MetaobjectCreateInput!"}
    made = did(world, "metaobjectCreate", kinds, "metaobject { id }", metaobject=values)["metaobject"]["id"]
    changed = {"fields": [{"key": "name", "value": "Apex"}]}
    did(world, "metaobjectUpdate", {"id": "ID!", "metaobject": "MetaobjectUpdateInput!"}, id=made, metaobject=changed)
    did(world, "metaobjectDelete", {"id": "ID!"}, id=made)
    place = {"name": "Works", "shippingAddress": {"address1": "1 Rue", "countryCode": "CA", "zoneCode": "QC"}}
    company = {
        "company": {"name": "Engines Ltd", "externalId": "E1", "note": "Old"},
        "companyContact": {"email": "engines@example.net"},
        "companyLocation": place,
    }
    kinds, name = {"automaticBasicDiscount": "DiscountAutomaticBasicInput!"}, "automaticDiscountNode"
    given = {"title": "Spring", "customerGets": {"items": {"all": True}, "value": {"percentage": 0.1}}}
    spring = did(world, "discountAutomaticBasicCreate", kinds, f"{name} {{ id }}", automaticBasicDiscount=given)
    gid = spring[name]["id"]
    did(world, "discountAutomaticDeactivate", {"id": "ID!"}, id=gid)
    did(world, "discountAutomaticDelete", {"id": "ID!"}, id=gid)
    shown = "company { id mainContact { id } locations(first: 1) { nodes { id } } }"
    found = did(world, "companyCreate", {"input": "CompanyCreateInput!"}, shown, input=company)["company"]
    made, person, depot = found["id"], found["mainContact"]["id"], found["locations"]["nodes"][0]["id"]
    kinds = {"companyContactId": "ID!", "input": "CompanyContactInput!"}
    did(world, "companyContactUpdate", kinds, companyContactId=person, input={"title": "Buyer"})
    kinds = {"companyLocationId": "ID!", "input": "CompanyLocationUpdateInput!"}
    did(world, "companyLocationUpdate", kinds, companyLocationId=depot, input={"name": "Depot"})
    did(world, "companyUpdate", {"companyId": "ID!", "input": "CompanyInput!"}, companyId=made, input={"note": "New"})
    did(world, "companyDelete", {"id": "ID!"}, id=made)


def ending(world: World) -> None:
    """Deletions, and a bulk operation that ends."""
    lonely = did(
        world, "customerCreate", {"input": "CustomerInput!"}, "customer { id }", input={"email": "go@example.net"}
    )["customer"]["id"]
    did(world, "customerDelete", {"input": "CustomerDeleteInput!"}, input={"id": lonely})
    product = next(iter(world.shop.table("Product")))["id"]
    did(world, "productDelete", {"input": "ProductDeleteInput!"}, input={"id": product})
    world.shop.settings["bulk_seconds"] = 0
    did(
        world,
        "bulkOperationRunQuery",
        {"query": "String!", "groupObjects": "Boolean!"},
        query="{ customers { edges { node { id } } } }",
        groupObjects=False,
    )
    end = time.monotonic() + 5
    while "bulk_operations/finish" not in told(world):
        assert time.monotonic() < end, "the bulk operation did not end"
        time.sleep(0.01)


def run(world: World) -> dict[str, list[Any]]:
    subscribe_to_all(world)
    place = next(iter(world.shop.table("Location")))["id"]
    customer = people(world)
    variant, item = goods(world, place)
    depot = places(world, item)
    collecting(world)
    ordering(world, customer, variant, depot)
    drafting(world, customer, variant)
    modelling(world)
    ending(world)
    return told(world)
