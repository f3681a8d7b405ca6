"""The mutations of one customer's addresses: create, update, delete, choose the default one."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import addresses
from shoptide.simulator.domain.customers import changed, new_address, settle_default, table
from shoptide.simulator.places import countries
from shoptide.simulator.registry import Args, TopLevelError, mutation, user_error
from shoptide.simulator.shop import Record, Shop

NO_CUSTOMER = user_error(["customerId"], "Customer does not exist")
NO_ADDRESS = user_error(["addressId"], "Address does not exist")
OTHER_ID = user_error(["addressId"], "The id of the address does not match the id in the input")
EXISTS = user_error(["address"], "Address already exists")


def _held(record: Record, gid: str) -> Record | None:
    return next((address for address in record["_addresses"] if address["id"] == gid), None)


def _found(args: Args, ctx: Context) -> tuple[Record | None, Record | None]:
    """The customer and its address; an address that nobody has is an error before all else."""
    gid, shop = args["addressId"], ctx.shop
    if not any(_held(record, gid) for record in table(shop)):
        raise TopLevelError("RESOURCE_NOT_FOUND", "invalid id")
    record = table(shop).get(args["customerId"])
    return record, _held(record, gid) if record is not None else None


def _problems(given: Args, held: Record | None = None) -> list[Record]:
    """What is wrong with an address; a new province is looked for in the country that is held."""
    found = addresses.problems(given)
    if held is not None and not given.get("countryCode") and not given.get("country"):
        found += addresses.province_problem(given, countries().get(held.get("countryCodeV2") or ""))
    return [user_error(["address", name], message) for name, message in found]


@mutation("customerAddressCreate")
def create(args: Args, ctx: Context) -> Record:
    shop, given = ctx.shop, args["address"]
    record = table(shop).get(args["customerId"])
    if record is None:
        return {"address": None, "userErrors": [NO_CUSTOMER]}
    if errors := _problems(given):
        return {"address": None, "userErrors": errors}
    address = new_address(shop, record, {name: value for name, value in given.items() if name != "id"})
    if any(addresses.same(address, other) for other in record["_addresses"]):
        return {"address": None, "userErrors": [EXISTS]}
    record["_addresses"] = [*record["_addresses"], address]
    _settle(shop, record, address, args)
    return {"address": address, "userErrors": []}


def _settle(shop: Shop, record: Record, address: Record, args: Args) -> None:
    if args.get("setAsDefault"):
        record["_defaultAddress"] = address["id"]
    settle_default(record)
    changed(shop, record)


@mutation("customerAddressUpdate")
def update(args: Args, ctx: Context) -> Record:
    record, held = _found(args, ctx)
    given = args["address"]
    if record is None:
        return {"address": None, "userErrors": [NO_CUSTOMER]}
    if held is None:
        return {"address": None, "userErrors": [NO_ADDRESS]}
    if "id" in given and given["id"] != args["addressId"]:
        return {"address": None, "userErrors": [OTHER_ID]}
    if errors := _problems(given, held):
        return {"address": None, "userErrors": errors}
    address = new_address(ctx.shop, record, given, held)
    if any(addresses.same(address, other) for other in record["_addresses"] if other is not held):
        return {"address": None, "userErrors": [EXISTS]}
    held.update(address)
    _settle(ctx.shop, record, held, args)
    return {"address": held, "userErrors": []}


@mutation("customerAddressDelete")
def delete(args: Args, ctx: Context) -> Record:
    record, held = _found(args, ctx)
    if record is None:
        return {"deletedAddressId": None, "userErrors": [NO_CUSTOMER]}
    if held is None:
        return {"deletedAddressId": None, "userErrors": [NO_ADDRESS]}
    record["_addresses"] = [address for address in record["_addresses"] if address is not held]
    settle_default(record)
    changed(ctx.shop, record)
    return {"deletedAddressId": held["id"], "userErrors": []}


@mutation("customerUpdateDefaultAddress")
def set_default(args: Args, ctx: Context) -> Record:
    record, held = _found(args, ctx)
    if record is None:
        return {"customer": None, "userErrors": [NO_CUSTOMER]}
    if held is None:
        return {"customer": record, "userErrors": [NO_ADDRESS]}
    record["_defaultAddress"] = held["id"]
    changed(ctx.shop, record)
    return {"customer": record, "userErrors": []}
