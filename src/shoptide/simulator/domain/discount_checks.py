"""What the store refuses of a discount, in its words; an input that contradicts itself is an error of the request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shoptide.simulator.domain.discount_records import CODE, CODE_TYPES, classes
from shoptide.simulator.registry import Args, TopLevelError, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

LONGEST = 255
LARGEST_LIMIT = 2_147_483_647
BUYERS = {"customers": "Customer", "customerSegments": "Segment", "markets": "Market"}
Wrong = tuple[str, str, str]  # path below the input, message, code


def refuse_contradictions(given: Args) -> None:
    """More than one kind of value, the same tag added and removed, everybody and some."""
    value = (given.get("customerGets") or {}).get("value") or {}
    if len([name for name in value if value[name] is not None]) > 1:
        _bad("A discount can only have one of percentage, discountOnQuantity or discountAmount.")
    tags = (given.get("combinesWith") or {}).get("productDiscountsWithTagsOnSameCartLine") or {}
    if set(tags.get("add") or []) & set(tags.get("remove") or []):
        what = "`add` and `remove` fields of `productDiscountsWithTagsOnSameCartLine`"
        _bad(f"The same tag is present in both {what}.")
    buyers = given.get("customerSelection") or {}
    if buyers.get("all") and buyers.get("customers"):
        _bad(
            "A discount cannot have customerSelection set to all, when customers or customerSavedSearches is specified."
        )
    if buyers.get("all") and buyers.get("customerSegments"):
        _bad("A discount cannot have customerSelection set to all, when customerSegments is specified.")


def _bad(message: str) -> None:
    raise TopLevelError("BAD_REQUEST", message)


def problems(given: Args, held: Record, shop: Shop, at: str, *, new: bool) -> list[Record]:
    """The userErrors of an input over what is held (a blank record for a new discount)."""
    found: list[Wrong] = [*_words(given, held, shop, new=new), *_dates(given, held), *_limits(given)]
    found += [*_values(given), *_minimums(given), *_articles(given, shop), *_people(given, shop)]
    if held["_type"].endswith("Bxgy"):
        found += _exchange(given, new=new)
    return [user_error([at, *path.split(".")] if path else [at], message, code) for path, message, code in found]


def combining_problems(record: Record, at: str) -> list[Record]:
    """Free shipping can't be combined with free shipping."""
    if "SHIPPING" in classes(record) and record["combinesWith"]["shippingDiscounts"]:
        message = "The combinesWith settings are not valid for the discount class."
        return [user_error([at, "combinesWith"], message, "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS")]
    return []


def _words(given: Args, held: Record, shop: Shop, *, new: bool) -> Iterator[Wrong]:
    if (new or "title" in given) and not (given.get("title") or "").strip():
        yield "title", "Title can't be blank", "BLANK"
    elif len(given.get("title") or "") > LONGEST:
        yield "title", f"Title is too long (maximum is {LONGEST} characters)", "TOO_LONG"
    if held["_type"] not in CODE_TYPES:
        return
    code = (given.get("code") or "").strip()
    if not code and (new or "code" in given):
        yield "code", "Code can't be blank", "BLANK"
    elif len(code) > LONGEST:
        yield "code", f"Code is too long (maximum is {LONGEST} characters)", "TOO_LONG"
    elif "\n" in code:
        yield "code", "Code cannot contain newline characters.", "INVALID"
    elif code and owner_of(code, shop) not in (None, held["id"]):
        yield "code", "Code must be unique. Please try a different code.", "TAKEN"


def owner_of(code: str, shop: Shop) -> str | None:
    """The discount that has a code, whatever its case."""
    wanted = code.lower()
    for row in shop.table(CODE):
        if any(each["code"].lower() == wanted for each in row["_codes"]):
            return str(row["id"])
    return None


def _dates(given: Args, held: Record) -> Iterator[Wrong]:
    ends = given.get("endsAt", held["endsAt"])
    if ends and ends <= (given.get("startsAt") or held["startsAt"]):
        yield "endsAt", "Ends at needs to be after starts_at", "INVALID"


def _limits(given: Args) -> Iterator[Wrong]:
    for name, label in (("usageLimit", "Usage limit"), ("usesPerOrderLimit", "Allocation limit")):
        value = given.get(name)
        if value is not None and int(value) <= 0:
            yield name, f"{label} must be greater than 0", "GREATER_THAN"
        elif value is not None and int(value) > LARGEST_LIMIT:
            yield name, f"{label} must be less than or equal to {LARGEST_LIMIT}", "LESS_THAN_OR_EQUAL_TO"
    if (given.get("recurringCycleLimit") or 0) < 0:
        yield "recurringCycleLimit", "Recurring cycle limit must be greater than or equal to 0", "VALUE_OUTSIDE_RANGE"


def _values(given: Args) -> Iterator[Wrong]:
    value = (given.get("customerGets") or {}).get("value") or {}
    effect = (value.get("discountOnQuantity") or {}).get("effect") or {}
    for share, path in (
        (value.get("percentage"), "percentage"),
        (effect.get("percentage"), "discountOnQuantity.effect.percentage"),
    ):
        if share is not None and not 0 <= share <= 1:
            yield f"customerGets.value.{path}", "Value must be between 0.0 and 1.0", "VALUE_OUTSIDE_RANGE"
    amount = (value.get("discountAmount") or {}).get("amount")
    if amount is not None and Decimal(str(amount)) < 0:
        # The store keeps what is taken off as a negative amount, and says so.
        path = "customerGets.value.discountAmount.amount"
        yield path, "Value must be less than or equal to 0", "LESS_THAN_OR_EQUAL_TO"


def _minimums(given: Args) -> Iterator[Wrong]:
    held: Any = given.get("minimumRequirement") or {}
    quantity = (held.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
    subtotal = (held.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    if quantity is not None and subtotal is not None:
        for name, own, other in (("subtotal", "Subtotal", "quantity"), ("quantity", "Quantity", "subtotal")):
            message = f"Minimum {name} cannot be defined when minimum {other} is."
            yield f"minimumRequirement.{name}.greaterThanOrEqualTo{own}", message, "CONFLICT"
    if subtotal is not None and Decimal(str(subtotal)) < 0:
        path = "minimumRequirement.subtotal.greaterThanOrEqualToSubtotal"
        yield path, "Minimum subtotal must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO"


def _articles(given: Args, shop: Shop) -> Iterator[Wrong]:
    for side in ("customerGets", "customerBuys"):
        items = (given.get(side) or {}).get("items") or {}
        products, collections = items.get("products") or {}, items.get("collections") or {}
        named = [*(products.get("productsToAdd") or []), *(products.get("productVariantsToAdd") or [])]
        if named and collections.get("add"):
            message = "Cannot entitle collections in combination with product variants or products"
            yield f"{side}.items.collections.add", message, "CONFLICT"
        wanted = {
            ("products.productsToAdd", "Product"): products.get("productsToAdd"),
            ("products.productVariantsToAdd", "Product variant"): products.get("productVariantsToAdd"),
            ("collections.add", "Collection"): collections.get("add"),
        }
        for (path, label), gids in wanted.items():
            yield from _unknown(gids, f"{side}.items.{path}", label, shop)


def _unknown(gids: list[str] | None, path: str, label: str, shop: Shop) -> Iterator[Wrong]:
    for gid in gids or []:
        if shop.get(gid) is None:
            yield path, f"{label} with id: {tail_of(gid)} is invalid", "INVALID"


def _people(given: Args, shop: Shop) -> Iterator[Wrong]:
    for side in ("customerSelection", "context"):
        for name, label in BUYERS.items():
            entry = (given.get(side) or {}).get(name) or {}
            yield from _unknown(entry.get("add"), f"{side}.{name}.add", label, shop)


def _exchange(given: Args, *, new: bool) -> Iterator[Wrong]:
    """Buy some, get some: what is bought is said, and what is got is a number of pieces of some articles."""
    buys, gets = given.get("customerBuys") or {}, given.get("customerGets") or {}
    if new and not buys.get("items"):
        yield "customerBuys.items", "Items in 'customer buys' must be defined", "BLANK"
    if (buys.get("items") or {}).get("all"):
        yield "customerBuys.items.all", "Items in 'customer buys' cannot be set to all", "INVALID"
    if new and not gets.get("items"):
        yield "customerGets.items", "Items in 'customer get' must be defined", "BLANK"
    if (gets.get("items") or {}).get("all"):
        yield "customerGets.items.all", "Items in 'customer get' cannot be set to all", "INVALID"
    for name in ("percentage", "discountAmount"):
        if (gets.get("value") or {}).get(name) is not None:
            message = "Only discountOnQuantity permitted with bxgy discounts."
            yield f"customerGets.value.{name}", message, "INVALID"
