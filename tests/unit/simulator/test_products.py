"""Products as the store keeps them: handles, options, variants, what is derived, setting, deleting, publishing."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

CREATE = """mutation($product: ProductCreateInput!, $media: [CreateMediaInput!]) {
  productCreate(product: $product, media: $media) {
    product { id title handle status vendor tags publishedAt hasOnlyDefaultVariant tracksInventory
      options { id name position values optionValues { name hasVariants } }
      variants(first: 9) { nodes { id title sku price position } }
      media(first: 9) { nodes { id status } } }
    userErrors { field message } } }"""
UPDATE = CREATE.replace("productCreate(product", "productUpdate(product").replace(
    "ProductCreateInput", "ProductUpdateInput"
)
SET = """mutation($input: ProductSetInput!, $by: ProductSetIdentifiers, $now: Boolean) {
  productSet(input: $input, identifier: $by, synchronous: $now) {
    product { id handle totalInventory options { id name values }
      variants(first: 9) { nodes { id title sku price inventoryQuantity } } }
    productSetOperation { id status } userErrors { field message code } } }"""
BULK = """mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulk%s(productId: $id, variants: $variants) {
    product { id hasOnlyDefaultVariant priceRangeV2 { minVariantPrice { amount } maxVariantPrice { amount } } }
    productVariants { id title sku price compareAtPrice position displayName } userErrors { field message code } } }"""
COLORS = [{"name": "Color", "values": [{"name": "Red"}, {"name": "Blue"}]}]


@pytest.fixture
def store() -> Store:
    return Store()


def created(store: Store, **given: Any) -> dict[str, Any]:
    payload = store.ask(CREATE, product={"title": "Hat", **given})
    assert payload["userErrors"] == []
    product: dict[str, Any] = payload["product"]
    return product


def complaints(payload: dict[str, Any]) -> list[tuple[str | None, str]]:
    errors = payload["userErrors"]
    return [(".".join(error["field"]) if error["field"] else None, error["message"]) for error in errors]


def test_a_new_product_is_active_unpublished_and_has_one_default_variant(store: Store) -> None:
    """Its vendor is the shop until somebody says otherwise."""
    product = created(store)
    assert (product["status"], product["publishedAt"], product["vendor"]) == ("ACTIVE", None, "Simulated")
    assert product["hasOnlyDefaultVariant"]
    assert [(row["title"], row["price"], row["sku"]) for row in product["variants"]["nodes"]] == [
        ("Default Title", "0.00", None)
    ]


@pytest.mark.parametrize(
    ("titles", "handles"),
    [
        (["Hat", "Hat", "Hat"], ["hat", "hat-1", "hat-2"]),
        (["Hat 2026", "Hat 2026"], ["hat-2026", "hat-2027"]),
        (["%%%", "%%%"], ["product", "product-1"]),
        (["Café / 東京 100 %"], ["cafe-東京-100"]),
    ],
)
def test_handles_are_made_from_titles_and_kept_apart(store: Store, titles: list[str], handles: list[str]) -> None:
    """FACTS 37: a trailing number counts up, else one is put behind."""
    assert [created(store, title=title)["handle"] for title in titles] == handles


def test_a_handle_asked_for_is_refused_when_it_is_taken(store: Store) -> None:
    """The message quotes it as it was written."""
    created(store, handle="felt-hat")
    payload = store.ask(CREATE, product={"title": "Other", "handle": " FELT-hat "})
    message = "Handle ' FELT-hat ' already in use. Please provide a new handle."
    assert complaints(payload) == [("input.handle", message)]


def test_a_blank_title_leaves_the_product_unchanged_and_creates_none(store: Store) -> None:
    """FACTS 36: update answers with the product as it was."""
    assert store.ask(CREATE, product={"title": " "})["product"] is None
    product = created(store)
    payload = store.ask(UPDATE, product={"id": product["id"], "title": "", "vendor": "Other"})
    assert complaints(payload) == [("title", "Title can't be blank")]
    assert payload["product"]["vendor"] == "Simulated"
    assert complaints(store.ask(UPDATE, product={"title": "x"})) == [("id", "Product does not exist")]


def test_options_start_with_one_variant_and_values_without_variants(store: Store) -> None:
    """`values` lists what variants have, `optionValues` all there is."""
    product = created(store, productOptions=COLORS)
    option = product["options"][0]
    assert option["values"] == ["Red"]
    assert option["optionValues"] == [{"name": "Red", "hasVariants": True}, {"name": "Blue", "hasVariants": False}]


def test_bulk_creation_takes_the_place_of_the_default_variant(store: Store) -> None:
    """Positions count on, titles are the option values."""
    gid = created(store)["id"]
    rows = [
        {"optionValues": [{"optionName": "Title", "name": name}], "price": price}
        for name, price in (("S", "5"), ("L", "9"))
    ]
    payload = store.ask(BULK % "Create", id=gid, variants=rows)
    assert [(row["title"], row["price"], row["position"]) for row in payload["productVariants"]] == [
        ("S", "5.00", 1),
        ("L", "9.00", 2),
    ]
    assert payload["productVariants"][0]["displayName"] == "Hat - S"
    assert payload["product"]["priceRangeV2"] == {
        "minVariantPrice": {"amount": "5.0"},
        "maxVariantPrice": {"amount": "9.0"},
    }


@pytest.mark.parametrize(
    ("variant", "field", "message", "code"),
    [
        (
            {"optionValues": [{"optionName": "Size", "name": "S"}]},
            ["variants", "0", "optionValues", "0"],
            "Option does not exist",
            "INVALID_INPUT",
        ),
        (
            {"optionValues": []},
            ["variants", "0"],
            "You need to add option values for Color",
            "NEED_TO_ADD_OPTION_VALUES",
        ),
        (
            {"optionValues": [{"optionName": "Color", "name": "Red"}]},
            ["variants", "0"],
            "The variant 'Red' already exists. Please change at least one option value.",
            "VARIANT_ALREADY_EXISTS_CHANGE_OPTION_VALUE",
        ),
        (
            {"optionValues": [{"optionName": "Color", "name": "Sky"}], "price": "-1"},
            ["variants", "0", "price"],
            "Price must be greater than or equal to 0",
            "GREATER_THAN_OR_EQUAL_TO",
        ),
        (
            {
                "optionValues": [{"optionName": "Color", "name": "Sky"}],
                "inventoryQuantities": [{"locationId": "gid://shopify/Location/9", "availableQuantity": 1}],
            },
            ["variants", "0", "inventoryQuantities"],
            "Quantity for Sky couldn't be set because the location was deleted.",
            "TRACKED_VARIANT_LOCATION_NOT_FOUND",
        ),
    ],
)
def test_bulk_creation_is_refused_as_a_whole(
    store: Store, variant: dict[str, Any], field: list[str], message: str, code: str
) -> None:
    """One wrong variant and none is made."""
    gid = created(store, productOptions=COLORS)["id"]
    good = {"optionValues": [{"optionName": "Color", "name": "Green"}]}
    payload = store.ask(BULK % "Create", id=gid, variants=[variant, good])
    assert payload["userErrors"] == [{"field": field, "message": message, "code": code}]
    assert len(store.shop.table("ProductVariant")) == 1


PARTIAL = (BULK % "Update").replace("variants: $variants)", "variants: $variants, allowPartialUpdates: true)")


def test_partial_updates_change_what_can_be_changed(store: Store) -> None:
    """FACTS 40: the refused variant comes back as it was."""
    product = created(store, productOptions=COLORS)
    red = product["variants"]["nodes"][0]["id"]
    blue = {"optionValues": [{"optionName": "Color", "name": "Blue"}]}
    blue = {"id": store.ask(BULK % "Create", id=product["id"], variants=[blue])["productVariants"][0]["id"]}
    wanted = [{"id": red, "price": "-1"}, {**blue, "price": "7", "inventoryItem": {"sku": "B-1"}}]
    assert store.ask(BULK % "Update", id=product["id"], variants=wanted)["productVariants"] is None
    payload = store.ask(PARTIAL, id=product["id"], variants=wanted)
    assert [(row["title"], row["price"], row["sku"]) for row in payload["productVariants"]] == [
        ("Red", "0.00", None),
        ("Blue", "7.00", "B-1"),
    ]
    assert [error["field"] for error in payload["userErrors"]] == [["variants", "0", "price"]]


def test_quantities_are_no_business_of_bulk_updates(store: Store) -> None:
    """They are refused with the name of what does it."""
    product = created(store)
    level = {"locationId": store.shop.table("Location").all()[0]["id"], "availableQuantity": 3}
    variant = {"id": product["variants"]["nodes"][0]["id"], "inventoryQuantities": [level]}
    payload = store.ask(BULK % "Update", id=product["id"], variants=[variant])
    assert payload["userErrors"][0]["code"] == "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"


def test_deleting_variants_closes_the_gaps(store: Store) -> None:
    """Positions stay 1, 2, 3 …"""
    product = created(store, productOptions=COLORS)
    rows = [{"optionValues": [{"optionName": "Color", "name": name}]} for name in ("Blue", "Green")]
    blue, _green = store.ask(BULK % "Create", id=product["id"], variants=rows)["productVariants"]
    document = """mutation($id: ID!, $gids: [ID!]!) { productVariantsBulkDelete(productId: $id, variantsIds: $gids) {
      product { variants(first: 9) { nodes { title position } } } userErrors { message } } }"""
    payload = store.ask(document, id=product["id"], gids=[blue["id"]])
    assert payload["product"]["variants"]["nodes"] == [
        {"title": "Red", "position": 1},
        {"title": "Green", "position": 2},
    ]


# productSet


def variant(color: str, **more: Any) -> dict[str, Any]:
    return {"optionValues": [{"optionName": "Color", "name": color}], **more}


def test_setting_replaces_variants_and_keeps_ids_of_those_that_stay(store: Store) -> None:
    """FACTS 38: what is not listed goes."""
    given = {"title": "Hat", "productOptions": COLORS, "variants": [variant("Red", sku="R"), variant("Blue", sku="B")]}
    first = store.ask(SET, input=given)["product"]
    ids = {row["title"]: row["id"] for row in first["variants"]["nodes"]}
    given = {"id": first["id"], "productOptions": COLORS, "variants": [variant("Blue", price="3")]}
    second = store.ask(SET, input=given)["product"]
    assert [(row["id"], row["price"], row["sku"]) for row in second["variants"]["nodes"]] == [
        (ids["Blue"], "3.00", "B")
    ]
    assert second["options"][0]["id"] == first["options"][0]["id"]
    assert store.shop.get(ids["Red"]) is None


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"title": "x", "productOptions": COLORS}, ["input", "variants"], "VARIANTS_INPUT_REQUIRED"),
        ({"id": "gid://shopify/Product/9"}, ["input", "id"], "PRODUCT_DOES_NOT_EXIST"),
        (
            {"title": "x", "productOptions": COLORS, "variants": [variant("Red"), variant("Red")]},
            ["input", "variants", "1"],
            "INVALID_VARIANT",
        ),
        ({"title": "x" * 256}, ["input", "title"], "INVALID_INPUT"),
    ],
)
def test_setting_is_refused_with_a_code(store: Store, given: dict[str, Any], field: list[str], code: str) -> None:
    """And leaves nothing behind."""
    payload = store.ask(SET, input=given)
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [(field, code)]
    assert len(store.shop.table("Product")) == 0


def test_setting_asynchronously_answers_with_an_operation(store: Store) -> None:
    """Its errors show in the operation alone (FACTS 39)."""
    payload = store.ask(SET, input={"id": "gid://shopify/Product/9"}, now=False)
    assert (payload["product"], payload["userErrors"]) == (None, [])
    assert payload["productSetOperation"]["status"] == "CREATED"
    document = """query($id: ID!) { productOperation(id: $id) { status product { id }
      ... on ProductSetOperation { userErrors { message } } } }"""
    found = store.ask(document, id=payload["productSetOperation"]["id"])
    assert found == {"status": "COMPLETE", "product": None, "userErrors": [{"message": "Product does not exist"}]}


def test_setting_by_handle_creates_then_updates(store: Store) -> None:
    """The handle of the identifier becomes the product's."""
    first = store.ask(SET, by={"handle": "felt-hat"}, input={"title": "Felt hat"})["product"]
    second = store.ask(SET, by={"handle": "felt-hat"}, input={"title": "Felt hat 2"})["product"]
    assert (first["handle"], second["id"]) == ("felt-hat", first["id"])


# deleting

DELETE = """mutation($id: ID!, $now: Boolean) { productDelete(input: {id: $id}, synchronous: $now) {
  deletedProductId productDeleteOperation { id status } userErrors { field message } } }"""


def test_deletion_takes_variants_and_leaves_an_event(store: Store) -> None:
    """Variants, items and metafields go with their product."""
    gid = created(store)["id"]
    assert store.ask(DELETE, id=gid)["deletedProductId"] == gid
    assert [len(store.shop.table(kind)) for kind in ("Product", "ProductVariant", "InventoryItem")] == [0, 0, 0]
    found = store.ask('{ events(first: 5, query: "action:destroy") { nodes { ... on BasicEvent { subjectId } } } }')
    assert found["nodes"] == [{"subjectId": gid}]


def test_asynchronous_deletion_goes_on_while_the_product_is_still_there(store: Store) -> None:
    """A second one meanwhile is refused; a little later the product is gone."""
    gid = created(store)["id"]
    assert store.ask(DELETE, id=gid, now=False)["productDeleteOperation"]["status"] == "CREATED"
    again = store.ask(DELETE, id=gid, now=False)
    assert complaints(again) == [
        (None, "Another operation already in progress. Please wait until current one is finished.")
    ]
    read = "query($id: ID!) { product(id: $id) { id } }"
    assert store.ask(read, id=gid) == {"id": gid}
    store.later(10)
    assert store.ask(read, id=gid) is None


# media and publishing


def test_images_are_uploaded_then_processed_then_ready(store: Store) -> None:
    """Until then they have no address."""
    media = [{"mediaContentType": "IMAGE", "originalSource": "https://example.com/hat.png"}]
    product = store.ask(CREATE, product={"title": "Hat"}, media=media)["product"]
    assert product["media"]["nodes"][0]["status"] == "UPLOADED"
    read = "query($id: ID!) { product(id: $id) { media(first: 1) { nodes { status preview { image { url } } } } } }"
    found = store.ask(read, id=product["id"])["media"]["nodes"][0]
    assert found == {"status": "PROCESSING", "preview": {"image": None}}
    store.later(30)
    found = store.ask(read, id=product["id"])["media"]["nodes"][0]
    assert found["status"] == "READY"
    assert "hat.png" in found["preview"]["image"]["url"]


def test_media_without_an_address_refuse_the_whole_product(store: Store) -> None:
    """No product is made of half an input."""
    media = [{"mediaContentType": "IMAGE", "originalSource": "not-a-url"}]
    payload = store.ask(CREATE, product={"title": "Hat"}, media=media)
    assert complaints(payload) == [("media.0.originalSource", "Image URL is invalid")]
    assert len(store.shop.table("Product")) == 0


def test_publishing_gives_a_date_and_an_address(store: Store) -> None:
    """Drafts on the online store have no address yet."""
    gid = created(store)["id"]
    publication = store.shop.table("Publication").all()[0]["id"]
    document = """mutation($id: ID!, $on: [PublicationInput!]!) { publishablePublish(id: $id, input: $on) {
      publishable { ... on Product { publishedAt onlineStoreUrl } } userErrors { field message } } }"""
    payload = store.ask(document, id=gid, on=[{"publicationId": "gid://shopify/Publication/9"}])
    assert complaints(payload) == [("input.0.publicationId", "Publication does not exist or is not publishable")]
    payload = store.ask(document, id=gid, on=[{"publicationId": publication}])
    assert payload["publishable"] == {
        "publishedAt": "2026-10-01T12:00:00Z",
        "onlineStoreUrl": "https://simulated.myshopify.com/products/hat",
    }


def test_adding_options_gives_existing_variants_their_first_values(store: Store) -> None:
    """And fills in the rest on request."""
    gid = created(store)["id"]
    document = """mutation($id: ID!, $options: [OptionCreateInput!]!, $how: ProductOptionCreateVariantStrategy) {
      productOptionsCreate(productId: $id, options: $options, variantStrategy: $how) {
        product { variants(first: 9) { nodes { title } } } userErrors { field message code } } }"""
    payload = store.ask(document, id=gid, options=COLORS, how=None)
    assert [row["title"] for row in payload["product"]["variants"]["nodes"]] == ["Red"]
    sizes = [{"name": "Size", "values": [{"name": "S"}, {"name": "L"}]}]
    payload = store.ask(document, id=gid, options=sizes, how="CREATE")
    titles = [row["title"] for row in payload["product"]["variants"]["nodes"]]
    assert titles == ["Red / S", "Red / L", "Blue / S", "Blue / L"]
    payload = store.ask(document, id=gid, options=COLORS, how=None)
    assert payload["userErrors"][0]["code"] == "OPTION_ALREADY_EXISTS"


def test_tags_are_added_and_removed_whatever_their_case(store: Store) -> None:
    """An unchanged list does not move updatedAt."""
    gid = created(store, tags=["Red"])["id"]
    store.later(60)
    add = "mutation($id: ID!, $tags: [String!]!) { tags%s(id: $id, tags: $tags) {"
    add += " node { id } userErrors { field message } } }"
    store.ask(add % "Add", id=gid, tags=["red"])
    record = store.shop.get(gid)
    assert record is not None
    assert record["updatedAt"] == "2026-10-01T12:00:00Z"
    store.ask(add % "Add", id=gid, tags=["blue, green"])
    store.ask(add % "Remove", id=gid, tags=["RED"])
    assert record["tags"] == ["blue", "green"]
    payload = store.ask(add % "Add", id="gid://shopify/Product/9", tags=["x"])
    assert complaints(payload) == [("id", "Product does not exist")]


def test_smart_collections_hold_what_their_rules_say(store: Store) -> None:
    """And nobody can put a product in by hand."""
    created(store, title="Felt hat", tags=["warm"])
    gid = created(store, title="Straw hat")["id"]
    rules = {"appliedDisjunctively": False, "rules": [{"column": "TAG", "relation": "EQUALS", "condition": "Warm"}]}
    document = """mutation($input: CollectionInput!) { collectionCreate(input: $input) {
      collection { id handle products(first: 5) { nodes { title } } } userErrors { field message } } }"""
    payload = store.ask(document, input={"title": "Warm things", "ruleSet": rules})
    assert payload["collection"]["handle"] == "warm-things"
    assert payload["collection"]["products"]["nodes"] == [{"title": "Felt hat"}]
    add = """mutation($id: ID!, $gids: [ID!]!) { collectionAddProductsV2(id: $id, productIds: $gids) {
      job { id } userErrors { field message } } }"""
    payload = store.ask(add, id=payload["collection"]["id"], gids=[gid])
    assert complaints(payload) == [("id", "Can't manually add products to a smart collection")]
