"""Products pushed to a simulated store over a socket: variants kept, matched and stocked, deletes, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

READ = """{ products(first: 20) { nodes { id title handle vendor status tags productType
  options { name values } metafields(first: 5) { nodes { namespace key value } }
  media(first: 5) { nodes { alt mediaContentType } } resourcePublicationsCount { count }
  variants(first: 20) { nodes { id sku price barcode selectedOptions { name value }
    inventoryItem { tracked } inventoryQuantity } } } } }"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def store(project: Project) -> dict[str, dict[str, Any]]:
    return {node["title"]: node for node in project.ask(READ)["products"]["nodes"]}


def prices(project: Project, title: str = "Shirt") -> dict[str, str]:
    """Price by SKU."""
    return {node["sku"]: node["price"] for node in store(project)[title]["variants"]["nodes"]}


def variant(size: str, **more: Any) -> dict[str, Any]:
    return {"option_values": [{"option_name": "Size", "name": size}], **more}


def location(project: Project) -> str:
    found: str = project.ask("{ locations(first: 1) { nodes { id } } }")["locations"]["nodes"][0]["id"]
    return found


SHIRT = {
    "k": "shirt",
    "title": "Shirt",
    "handle": "shirt",
    "variants": [variant("S", sku="S-1", price="10.00"), variant("M", sku="M-1", price="11.00")],
}


def pushed(project: Project, *rows: dict[str, Any], strategy: str = "upsert", **settings: Any) -> Any:
    settings.setdefault("match", ("handle",))
    return project.push(project.config("p", "products", strategy, project.rows(*rows), **settings))


def test_a_product_is_created_whole(project: Project) -> None:
    """Options, variants, media, metafields, tags, stock and publication in one row."""
    row = {
        **SHIRT,
        "vendor": "Acme",
        "status": "active",
        "tags": ["cotton", "new"],
        "product_type": "Clothes",
        "metafields": [{"namespace": "custom", "key": "erp", "type": "single_line_text_field", "value": "E1"}],
        "media": [{"original_source": "https://example.com/shirt.jpg", "media_content_type": "IMAGE", "alt": "front"}],
        "publish_to": ["Online Store"],
    }
    row["variants"] = [
        variant(
            "S",
            sku="S-1",
            price="10.00",
            barcode="123",
            inventory_item={"tracked": True},
            inventory_quantities=[{"location_id": location(project), "name": "available", "quantity": 7}],
        ),
        variant("M", sku="M-1", price="11.00"),
    ]
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    made = store(project)["Shirt"]
    assert (made["vendor"], made["status"], made["tags"]) == ("Acme", "ACTIVE", ["cotton", "new"])
    assert made["options"] == [{"name": "Size", "values": ["S", "M"]}]
    assert {"namespace": "custom", "key": "erp", "value": "E1"} in made["metafields"]["nodes"]
    assert [each["alt"] for each in made["media"]["nodes"]] == ["front"]
    assert made["resourcePublicationsCount"]["count"] == 1
    small = made["variants"]["nodes"][0]
    assert (small["sku"], small["price"], small["barcode"], small["inventoryQuantity"]) == ("S-1", "10.00", "123", 7)
    again = pushed(project, row)
    assert (again.unchanged, again.outcomes, again.calls) == (1, {}, 0)


def test_a_plain_product_takes_sku_and_price_of_its_only_variant(project: Project) -> None:
    """The convenience for products without options, on create and on update."""
    pushed(project, {"k": "mug", "title": "Mug", "handle": "mug", "sku": "MUG", "price": "5.00"})
    assert prices(project, "Mug") == {"MUG": "5.00"}
    report = pushed(project, {"k": "mug", "title": "Mug", "handle": "mug", "sku": "MUG", "price": "6.00"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert prices(project, "Mug") == {"MUG": "6.00"}


def test_variants_a_row_does_not_mention_are_kept(project: Project) -> None:
    """The classic loss: a row with one variant changes that one and adds the new one; the rest stays."""
    pushed(project, SHIRT)
    held = {node["sku"]: node["id"] for node in store(project)["Shirt"]["variants"]["nodes"]}
    report = pushed(
        project,
        {**SHIRT, "variants": [variant("M", price="12.00"), variant("L", sku="L-1", price="13.00")]},
    )
    assert report.outcomes == {"applied": 1}, report.failures
    assert prices(project) == {"S-1": "10.00", "M-1": "12.00", "L-1": "13.00"}
    now = {node["sku"]: node["id"] for node in store(project)["Shirt"]["variants"]["nodes"]}
    assert {sku: now[sku] for sku in held} == held


def test_a_row_without_variants_leaves_them_alone(project: Project) -> None:
    """Neither an absent column nor an empty list takes a variant away."""
    pushed(project, SHIRT)
    row = {name: value for name, value in SHIRT.items() if name != "variants"} | {"vendor": "New"}
    assert pushed(project, row).outcomes == {"applied": 1}
    empty = project.config(
        "p",
        "products",
        "upsert",
        "select 'shirt' as k, 'Shirt' as title, 'Newer' as vendor, [] as variants",
        match=("handle",),
    )
    assert project.push(empty).outcomes == {"applied": 1}
    assert store(project)["Shirt"]["vendor"] == "Newer"
    assert prices(project) == {"S-1": "10.00", "M-1": "11.00"}


def test_variants_are_matched_by_sku(project: Project) -> None:
    """A row that knows SKUs only needs no option values for what exists."""
    pushed(project, SHIRT)
    report = pushed(project, {**SHIRT, "variants": [{"sku": "S-1", "price": "9.50"}]})
    assert report.outcomes == {"applied": 1}, report.failures
    assert prices(project) == {"S-1": "9.50", "M-1": "11.00"}


def test_a_sku_that_is_new_to_a_variant_is_set_on_the_variant_its_options_name(project: Project) -> None:
    """Option values say which variant is meant, the SKU is then one of its values."""
    pushed(project, SHIRT)
    pushed(project, {**SHIRT, "variants": [variant("S", sku="S-2", price="10.00")]})
    assert prices(project) == {"S-2": "10.00", "M-1": "11.00"}


def test_a_variant_that_can_not_be_told_is_refused_and_named(project: Project) -> None:
    """A SKU of two variants of the product, and an unknown SKU without option values, name the column."""
    twice = [variant("S", sku="X"), variant("M", sku="X")]
    pushed(project, {**SHIRT, "variants": twice})
    report = pushed(project, {**SHIRT, "variants": [{"sku": "X", "price": "1.00"}]})
    assert report.outcomes == {"rejected": 1}
    assert (report.failures[0].column, "2 variants" in str(report.failures[0].message)) == ("variants", True)
    report = pushed(project, {**SHIRT, "variants": [{"sku": "UNKNOWN", "price": "1.00"}]})
    assert report.outcomes == {"rejected": 1}
    assert "UNKNOWN" in str(report.failures[0].message)
    assert report.failures[0].column == "variants"


def test_replace_is_an_explicit_choice(project: Project) -> None:
    """columns.variants = "replace": the product has the row's variants and no others."""
    pushed(project, SHIRT)
    row = {**SHIRT, "variants": [variant("M", sku="M-1", price="12.00"), variant("L", sku="L-1", price="13.00")]}
    report = pushed(project, row, columns={"variants": "replace"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert prices(project) == {"M-1": "12.00", "L-1": "13.00"}


def test_options_come_to_a_product_that_had_none(project: Project) -> None:
    """The standalone variant becomes the first of the row's."""
    pushed(project, {"k": "shirt", "title": "Shirt", "handle": "shirt", "sku": "S-1", "price": "10.00"})
    held = store(project)["Shirt"]["variants"]["nodes"][0]["id"]
    report = pushed(project, SHIRT)
    assert report.outcomes == {"applied": 1}, report.failures
    made = store(project)["Shirt"]
    assert made["options"] == [{"name": "Size", "values": ["S", "M"]}]
    assert prices(project) == {"S-1": "10.00", "M-1": "11.00"}
    assert held in {node["id"] for node in made["variants"]["nodes"]}


def test_pictures_are_added_once(project: Project) -> None:
    """A URL that the product has already is not uploaded again; a variant's picture is the product's."""
    row = {**SHIRT, "media": ["https://example.com/front.jpg"]}
    pushed(project, row)
    row["media"] = ["https://example.com/front.jpg", "https://example.com/back.jpg"]
    row["variants"] = [variant("S", file={"original_source": "https://example.com/small.jpg"})]
    assert pushed(project, row).outcomes == {"applied": 1}
    row["variants"] = [variant("S", price="9.00", file={"original_source": "https://example.com/small.jpg"})]
    report = pushed(project, {**row, "vendor": "V"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert len(store(project)["Shirt"]["media"]["nodes"]) == 3
    pictures = "variants(first: 5) { nodes { sku media(first: 2) { nodes { id } } } }"
    nodes = project.ask(f"{{ products(first: 1) {{ nodes {{ {pictures} }} }} }}")["products"]["nodes"][0]["variants"]
    assert {each["sku"]: len(each["media"]["nodes"]) for each in nodes["nodes"]} == {"S-1": 1, "M-1": 0}


def test_stock_of_existing_variants_is_set(project: Project) -> None:
    """Quantities of variants that exist go through the inventory's own mutation, also at a location new to them."""
    pushed(project, SHIRT)
    place = location(project)
    second = project.mutate("locationAdd", 'input: {name: "Second", address: {countryCode: CA}}', "location { id }")[
        "location"
    ]["id"]
    row = {
        **SHIRT,
        "variants": [
            variant(
                "S",
                inventory_item={"tracked": True},
                inventory_quantities=[
                    {"location_id": place, "name": "available", "quantity": 5},
                    {"location_id": second, "name": "available", "quantity": 3},
                ],
            )
        ],
    }
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    small = next(node for node in store(project)["Shirt"]["variants"]["nodes"] if node["sku"] == "S-1")
    assert small["inventoryQuantity"] == 8
    row["variants"][0]["inventory_quantities"][0]["quantity"] = 6  # type: ignore[index]  # the rows above
    assert pushed(project, row).outcomes == {"applied": 1}
    small = next(node for node in store(project)["Shirt"]["variants"]["nodes"] if node["sku"] == "S-1")
    assert small["inventoryQuantity"] == 9


def test_products_are_found_by_handle_and_by_sku(project: Project) -> None:
    """The match chain in order; an SKU of two products is nobody's guess."""
    pushed(project, SHIRT)
    by_sku = project.config(
        "q", "products", "upsert", "select 'a' as k, 'S-1' as sku, 'Renamed' as title", match=("handle", "sku")
    )
    assert project.plan(by_sku).counts() == {"update": 1}
    spelled = project.config(
        "s", "products", "update", "select 'a' as k, ' Shirt! ' as handle, 'V' as vendor", match=("handle",)
    )
    assert project.plan(spelled).counts() == {"update": 1}
    pushed(project, {"k": "other", "title": "Other", "handle": "other", "sku": "S-1"})
    other = project.config(
        "r", "products", "update", "select 'a' as k, 'S-1' as sku, 'Renamed' as title", match=("sku",)
    )
    report = project.push(other)
    assert report.outcomes == {"ambiguous": 1}
    assert "2 records fit by sku" in str(report.failures[0].message)


def test_a_sku_of_many_variants_hides_no_other_product(project: Project) -> None:
    """The search's first page is full of one product's variants: the other one is seen all the same."""
    sizes = [variant(str(size), sku="DUP", price="1.00") for size in range(10)]
    pushed(project, {**SHIRT, "variants": sizes}, {"k": "hat", "title": "Hat", "handle": "hat", "sku": "DUP"})
    row = {"k": "x", "title": "Other", "sku": "DUP"}
    report = project.push(project.config("s", "products", "upsert", project.rows(row), match=("sku",)))
    assert report.outcomes == {"ambiguous": 1}


@pytest.mark.parametrize("column", ["price", "sku"])
def test_a_price_beside_variants_is_refused(project: Project, column: str) -> None:
    """It would be for none of them: it is not left out in silence, neither at first nor later."""
    row = {**SHIRT, column: "5"}
    assert pushed(project, row).failures[0].column == column
    assert project.count("Product") == 0
    pushed(project, SHIRT)
    report = pushed(project, {**row, "variants": [variant("S", price="6.00")]})
    assert report.outcomes == {"rejected": 1}
    assert prices(project) == {"S-1": "10.00", "M-1": "11.00"}


def test_a_product_without_a_handle_is_found_again_by_its_key(project: Project) -> None:
    """The row's key is in an id metafield of the product."""
    row = {"k": "k-1", "title": "Bowl"}
    assert pushed(project, row, match=()).outcomes == {"applied": 1}
    assert {"namespace": "shoptide", "key": "p_key", "value": "k-1"} in store(project)["Bowl"]["metafields"]["nodes"]
    (project.base / "elsewhere").mkdir()
    with opened(project.base / "elsewhere", running=project.running) as other:
        same = other.config("p", "products", "upsert", other.rows({**row, "vendor": "V"}))
        assert other.push(same).outcomes == {"applied": 1}
    assert (project.count("Product"), store(project)["Bowl"]["vendor"]) == (1, "V")


def test_update_creates_nothing_and_create_doubles_nothing(project: Project) -> None:
    """The strict strategies keep to their name."""
    assert pushed(project, SHIRT, strategy="update").outcomes == {"blocked": 1}
    assert pushed(project, SHIRT, strategy="create").outcomes == {"applied": 1}
    twin = project.config("twin", "products", "create", project.rows(SHIRT), match=("handle",))
    assert project.push(twin).outcomes == {"blocked": 1}
    assert project.count("Product") == 1


def test_delete_and_archive(project: Project) -> None:
    """Deleted for good, or archived where the configuration says so; a second run has nothing to do."""
    pushed(project, SHIRT, {"k": "mug", "title": "Mug", "handle": "mug"})
    archive = project.config(
        "a", "products", "delete", "select 'x' as k, 'shirt' as handle", match=("handle",), deletes="archive"
    )
    assert project.push(archive).outcomes == {"applied": 1}
    assert store(project)["Shirt"]["status"] == "ARCHIVED"
    gone = project.config("g", "products", "delete", "select 'y' as k, 'mug' as handle", match=("handle",))
    assert project.push(gone).outcomes == {"applied": 1}
    assert set(store(project)) == {"Shirt"}
    assert (project.push(archive).unchanged, project.push(gone).unchanged) == (1, 1)


def test_mirror_archives_what_left_the_source(project: Project) -> None:
    """Only its own products; one made by the store's staff is not touched."""
    project.mutate("productCreate", 'product: {title: "Staff"}', "product { id }")
    settings: dict[str, Any] = {"strategy": "mirror", "deletes": "archive", "max_deletes": 1}
    pushed(project, SHIRT, {"k": "mug", "title": "Mug", "handle": "mug"}, **settings)
    assert pushed(project, SHIRT, **settings).outcomes == {"applied": 1}
    assert {name: each["status"] for name, each in store(project).items()} == {
        "Shirt": "ACTIVE",
        "Mug": "ARCHIVED",
        "Staff": "ACTIVE",
    }


def test_a_wrong_variant_spoils_its_row_only(project: Project) -> None:
    """The store's words, its code and path, and the column; the other row is applied."""
    bad = {**SHIRT, "k": "bad", "title": "Bad", "handle": "bad", "variants": [variant("S", sku="B", price="-1.00")]}
    report = pushed(project, bad, SHIRT)
    assert report.outcomes == {"applied": 1, "rejected": 1}
    failure = report.failures[0]
    assert (failure.key, failure.column) == ("bad", "variants")
    assert "greater than or equal to 0" in str(failure.message)
    assert failure.path is not None


def test_an_unknown_publication_stops_the_row_before_anything_is_made(project: Project) -> None:
    """No product without its publication, which the next run would make again."""
    report = pushed(project, {**SHIRT, "publish_to": ["Nowhere"]})
    assert report.outcomes == {"rejected": 1}
    assert "Online Store" in str(report.failures[0].message)
    assert report.failures[0].column == "publish_to"
    assert project.count("Product") == 0


def test_what_follows_a_creation_never_makes_it_happen_twice(project: Project) -> None:
    """The product is made, publishing it fails: the next run publishes the same product."""
    project.fault(action="internal_error", operation="publishablePublish", times=1)
    row = {"k": "k-1", "title": "Bowl", "publish_to": ["Online Store"]}
    pushed(project, row, match=())
    pushed(project, row, match=())
    assert project.count("Product") == 1
    assert store(project)["Bowl"]["resourcePublicationsCount"]["count"] == 1


@pytest.mark.parametrize("strategy", ["create", "upsert"])
@pytest.mark.parametrize("more", [{}, {"handle": "bowl"}, {"sku": "BOWL"}])
def test_what_follows_a_lost_creation_is_done_by_the_next_run(
    project: Project, more: dict[str, str], strategy: str
) -> None:
    """The answer of the creation was lost before the product was published: it is one product, and it is published."""
    project.fault(action="reset_after", operation="productSet" if "sku" in more else "productCreate", times=1)
    row = {"k": "k-1", "title": "Bowl", "publish_to": ["Online Store"], **more}
    for _ in range(2):
        pushed(project, row, match=(), strategy=strategy)
    assert project.count("Product") == 1
    assert store(project)["Bowl"]["resourcePublicationsCount"]["count"] == 1
    assert pushed(project, row, match=(), strategy=strategy).unchanged == 1


def test_a_lost_refusal_does_not_take_over_what_others_made(project: Project) -> None:
    """The handle was somebody else's and the refusal was lost: a strict create leaves that product alone."""
    project.mutate("productCreate", 'product: {title: "Theirs", handle: "bowl"}', "product { id }")
    project.fault(action="reset_after", operation="productCreate", times=1)
    row = {"k": "k-1", "title": "Bowl", "handle": "bowl", "publish_to": ["Online Store"]}
    pushed(project, row, match=(), strategy="create")
    report = pushed(project, row, match=(), strategy="create")
    assert report.outcomes == {"rejected": 1}
    assert "already in use" in str(report.failures[0].message)
    assert set(store(project)) == {"Theirs"}


def test_columns_of_changes_wait_for_the_change(project: Project) -> None:
    """What means nothing to a new product is not sent with it."""
    row = {**SHIRT, "redirect_new_handle": True, "collections_to_leave": []}
    report = pushed(project, row)
    assert report.outcomes == {"applied": 1}, report.failures
    report = pushed(project, {**row, "vendor": "V"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert store(project)["Shirt"]["vendor"] == "V"


def test_columns_of_creation_are_refused_for_update(project: Project) -> None:
    """What the store takes only at creation is told by name."""
    pushed(project, {**SHIRT, "gift_card": False})
    report = pushed(project, {**SHIRT, "gift_card": True})
    assert report.outcomes == {"blocked": 1}
    assert report.failures[0].column == "gift_card"


def test_tags_are_appended_and_empty_fields_filled(project: Project) -> None:
    """Column policies against what the store's staff wrote."""
    project.mutate(
        "productCreate", 'product: {title: "Shirt", handle: "shirt", vendor: "Staff", tags: ["old"]}', "product { id }"
    )
    row = {"k": "shirt", "title": "Shirt", "handle": "shirt", "tags": ["new"], "vendor": "Acme", "product_type": "T"}
    columns = {"tags": "append", "vendor": "set_if_empty", "product_type": "set_if_empty"}
    report = pushed(project, row, columns=columns)
    assert report.outcomes == {"applied": 1}, report.failures
    made = store(project)["Shirt"]
    assert (made["tags"], made["vendor"], made["productType"]) == (["new", "old"], "Staff", "T")


def test_gaps_of_variants_are_filled_and_what_they_have_stays(project: Project) -> None:
    """set_if_empty on variants: each field by itself, a variant that is missing comes whole."""
    color = {"namespace": "custom", "key": "color", "type": "single_line_text_field", "value": "red"}
    fit = {**color, "key": "fit", "value": "slim"}
    held = [variant("S", sku="S-1", price="10.00", barcode="111", metafields=[color]), variant("M", price="11.00")]
    pushed(project, {**SHIRT, "variants": held})
    picture = {"original_source": "https://example.com/s.jpg"}
    item = {"cost": "3.00", "country_code_of_origin": "CA"}
    wanted = [
        variant("S", sku="S-9", price="99.00", barcode="999", compare_at_price="120.00", file=picture,
                metafields=[{**color, "value": "blue"}, fit], inventory_item=item),
        variant("M", sku="M-1", price="99.00"),
        variant("L", sku="L-1", price="12.00"),
    ]  # fmt: skip
    report = pushed(project, {**SHIRT, "variants": wanted}, columns={"variants": "set_if_empty"})
    assert report.outcomes == {"applied": 1}, report.failures
    assert prices(project) == {"S-1": "10.00", "M-1": "11.00", "L-1": "12.00"}
    read = """{ products(first: 1) { nodes { variants(first: 1) { nodes { barcode compareAtPrice
      metafields(first: 5) { nodes { key value } } media(first: 2) { nodes { id } }
      inventoryItem { unitCost { amount } countryCodeOfOrigin } } } } } }"""
    small = project.ask(read)["products"]["nodes"][0]["variants"]["nodes"][0]
    assert (small["barcode"], small["compareAtPrice"]) == ("111", "120.00")
    assert {each["key"]: each["value"] for each in small["metafields"]["nodes"]} == {"color": "red", "fit": "slim"}
    assert len(small["media"]["nodes"]) == 1
    assert float(small["inventoryItem"]["unitCost"]["amount"]) == 3.0
    assert small["inventoryItem"]["countryCodeOfOrigin"] == "CA"


def test_gaps_of_a_plain_product_are_filled(project: Project) -> None:
    """Pictures only where there is none; the SKU of the only variant, but never its price."""
    pushed(project, {"k": "mug", "title": "Mug", "handle": "mug", "price": "5.00"})
    row = {"k": "mug", "handle": "mug", "sku": "MUG", "price": "9.00", "media": ["https://example.com/front.jpg"]}
    policies = dict.fromkeys(("sku", "price", "media"), "set_if_empty")
    assert pushed(project, row, columns=policies).outcomes == {"applied": 1}
    row |= {"sku": "CUP", "media": ["https://example.com/back.jpg"]}
    assert pushed(project, row, columns=policies).outcomes == {"applied": 1}
    assert prices(project, "Mug") == {"MUG": "5.00"}
    assert len(store(project)["Mug"]["media"]["nodes"]) == 1


def test_each_metafield_is_a_gap_of_its_own(project: Project) -> None:
    """set_if_empty on metafields adds those that the product lacks beside those it has."""
    color = {"namespace": "custom", "key": "color", "type": "single_line_text_field", "value": "red"}
    pushed(project, {"k": "mug", "title": "Mug", "handle": "mug", "metafields": [color]})
    wanted = [{**color, "value": "blue"}, {**color, "key": "fit", "value": "slim"}]
    row = {"k": "mug", "handle": "mug", "metafields": wanted}
    assert pushed(project, row, columns={"metafields": "set_if_empty"}).outcomes == {"applied": 1}
    held = project.ask("{ products(first: 1) { nodes { metafields(first: 5) { nodes { key value } } } } }")
    nodes = held["products"]["nodes"][0]["metafields"]["nodes"]
    assert {each["key"]: each["value"] for each in nodes} == {"color": "red", "fit": "slim"}


def test_nulls_clear_when_asked(project: Project) -> None:
    """`ignore` leaves a field, `clear` empties it."""
    pushed(project, {**SHIRT, "vendor": "Acme"})
    row = {**SHIRT, "vendor": None}
    assert pushed(project, row, nulls="ignore").outcomes == {}
    assert store(project)["Shirt"]["vendor"] == "Acme"
    report = pushed(project, row, nulls="clear")
    assert report.outcomes == {"applied": 1}, report.failures
    assert store(project)["Shirt"]["vendor"] != "Acme"
