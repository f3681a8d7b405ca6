"""Components of variants, bundles and selling plan groups in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.world import World

CREATE = """mutation($title: String!) { productCreate(product: {title: $title}) { product { id
  options { id } variants(first: 1) { nodes { id } } } } }"""
RELATE = """mutation($input: [ProductVariantRelationshipUpdateInput!]!) {
  productVariantRelationshipBulkUpdate(input: $input) {
    parentProductVariants { id requiresComponents
      productVariantComponents(first: 5) { nodes { quantity productVariant { id } } } }
    userErrors { field message code } } }"""
GROUP = """mutation($input: SellingPlanGroupInput!, $resources: SellingPlanGroupResourceInput) {
  sellingPlanGroupCreate(input: $input, resources: $resources) {
    sellingPlanGroup { id name merchantCode sellingPlans(first: 5) { nodes { name
      billingPolicy { __typename ... on SellingPlanRecurringBillingPolicy { interval intervalCount } } } } }
    userErrors { field message code } } }"""


@pytest.fixture
def world() -> World:
    return opened()


def made(world: World, title: str) -> tuple[str, str, str]:
    """A new product: its id, its variant's and its option's."""
    product = ask(world, CREATE, {"title": title})["productCreate"]["product"]
    return product["id"], product["variants"]["nodes"][0]["id"], product["options"][0]["id"]


def related(world: World, **given: Any) -> Any:
    return ask(world, RELATE, {"input": [given]})["productVariantRelationshipBulkUpdate"]


def test_a_variant_may_be_made_of_others(world: World) -> None:
    """Components show on the parent, which from then on requires them."""
    _, parent, _ = made(world, "Set")
    _, child, _ = made(world, "Hat")
    parts = [{"id": child, "quantity": 2}]
    payload = related(world, parentProductVariantId=parent, productVariantRelationshipsToCreate=parts)
    (shown,) = payload["parentProductVariants"]
    assert shown["requiresComponents"]
    assert shown["productVariantComponents"]["nodes"] == [{"quantity": 2, "productVariant": {"id": child}}]


def test_what_components_cannot_be(world: World) -> None:
    """Nothing is its own component, and what is unknown is named."""
    _, parent, _ = made(world, "Set")
    parts = [{"id": parent, "quantity": 1}]
    payload = related(world, parentProductVariantId=parent, productVariantRelationshipsToCreate=parts)
    assert [error["code"] for error in payload["userErrors"]] == ["CIRCULAR_REFERENCE"]
    lost = "gid://shopify/ProductVariant/999"
    payload = related(world, parentProductVariantId=lost, productVariantRelationshipsToCreate=parts)
    assert payload["userErrors"] == [
        {
            "field": ["input"],
            "message": f'The product variants with ID(s) ["{lost}"] could not be found.',
            "code": "PRODUCT_VARIANTS_NOT_FOUND",
        }
    ]


def test_a_bundle_is_made_in_the_background(world: World) -> None:
    """The operation is created first and shows its product when it has been done."""
    gid, _, option = made(world, "Hat")
    selection = {"componentOptionId": option, "name": "Title", "values": ["Default Title"]}
    part = {"productId": gid, "quantity": 2, "optionSelections": [selection]}
    query = """mutation($input: ProductBundleCreateInput!) { productBundleCreate(input: $input) {
      productBundleOperation { id status product { id } } userErrors { field message } } }"""
    payload = ask(world, query, {"input": {"title": "Two hats", "components": [part]}})["productBundleCreate"]
    operation = payload["productBundleOperation"]
    assert (operation["status"], operation["product"]) == ("CREATED", None)
    world.shop.clock.move(2)
    read = "query($id: ID!) { productOperation(id: $id) { status product { title } } }"
    found = ask(world, read, {"id": operation["id"]})["productOperation"]
    assert found == {"status": "COMPLETE", "product": {"title": "Two hats"}}


def test_a_selling_plan_group_and_its_products(world: World) -> None:
    """A group has plans; products join and leave it."""
    gid, _, _ = made(world, "Tea")
    every_month = {"recurring": {"interval": "MONTH", "intervalCount": 1}}
    plan = {"name": "Monthly", "options": ["Monthly"], "billingPolicy": every_month, "deliveryPolicy": every_month}
    given = {"name": "Tea club", "options": ["Every"], "sellingPlansToCreate": [plan]}
    group = ask(world, GROUP, {"input": given})["sellingPlanGroupCreate"]["sellingPlanGroup"]
    assert group["merchantCode"] == "tea-club"
    policy = group["sellingPlans"]["nodes"][0]["billingPolicy"]
    assert policy == {"__typename": "SellingPlanRecurringBillingPolicy", "interval": "MONTH", "intervalCount": 1}
    for verb, count in (("Join", 1), ("Leave", 0)):
        query = f"""mutation($id: ID!, $groups: [ID!]!) {{ product{verb}SellingPlanGroups(
          id: $id, sellingPlanGroupIds: $groups) {{ product {{ sellingPlanGroupsCount {{ count }} }} }} }}"""
        payload = ask(world, query, {"id": gid, "groups": [group["id"]]})
        assert payload[f"product{verb}SellingPlanGroups"]["product"]["sellingPlanGroupsCount"]["count"] == count


def test_a_group_without_plans_is_refused(world: World) -> None:
    """Name and plans are needed."""
    errors = ask(world, GROUP, {"input": {"name": " "}})["sellingPlanGroupCreate"]["userErrors"]
    assert [error["code"] for error in errors] == ["BLANK", "SELLING_PLAN_COUNT_LOWER_BOUND"]
