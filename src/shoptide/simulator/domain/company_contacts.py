"""The people who buy for a company: customers made its contacts, and the main one of them."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import company_roles, customer_writes, customers, text
from shoptide.simulator.domain.company_records import CONTACT, KIND, in_use, of_company, tell, unknown
from shoptide.simulator.registry import Args, Listing, field, instant, mutation, numeric_id, search, sort, user_error
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

OWN = ("title", "locale")
TAKEN = "Customer is already associated with a company contact."
LONGEST_TITLE = 255


def _person(given: Args) -> Args:
    """What of a contact's input is its customer's."""
    return {name: given[name] for name in ("firstName", "lastName", "email", "phone") if name in given}


def contacts_of_customer(shop: Shop, customer: str) -> list[Record]:
    return [row for row in shop.table(CONTACT) if row["customer"] == customer]


def problems(given: Args, held: Record | None, shop: Shop, at: list[str]) -> list[Record]:
    """A contact needs an e-mail address of its own; a customer with that address becomes the contact."""
    found: list[Record] = []
    if len(given.get("title") or "") > LONGEST_TITLE:
        message = f"Title is too long (maximum is {LONGEST_TITLE} characters)"
        found.append(user_error([*at, "title"], message, "TOO_LONG"))
    customer = shop.get(held["customer"]) if held else None
    address = text.email(given.get("email"))
    if held is None and not address:
        return [*found, user_error([*at, "email"], "Email can't be blank", "BLANK")]
    known = next(iter(customers.table(shop).by("email", (address or "").lower())), None)
    if known is not None and known is not customer:
        if held is not None:
            return [*found, user_error([*at, "email"], "Email address has already been taken.", "TAKEN")]
        if contacts_of_customer(shop, known["id"]):
            return [*found, user_error([*at, "email"], TAKEN, "TAKEN")]
        customer = known
    for error in customer_writes.problems(shop, _person(given), customer):
        code = "TAKEN" if "taken" in error["message"] else "TOO_LONG" if "too long" in error["message"] else "INVALID"
        found.append(user_error([*at, *error["field"]], error["message"], code))
    return found


def add(company: Record, given: Args, shop: Shop) -> Record:
    address = (text.email(given.get("email")) or "").lower()
    person = next(iter(customers.table(shop).by("email", address)), None)
    if person is None:
        person = customers.applied(shop, customers.blank(shop), _person(given))
        customers.table(shop).put(person)
        shop.emit("customers/create", person)
    return link(company, person, given, shop)


def link(company: Record, customer: Record, given: Args, shop: Shop) -> Record:
    """Make a customer a contact; the first of a company is its main one only when it came with the company."""
    now = shop.stamp()
    record = {"id": shop.new_id(CONTACT), "company": company["id"], "customer": customer["id"]}
    record.update(createdAt=now, updatedAt=now, title=given.get("title"))
    record["locale"] = given.get("locale") or customer.get("locale") or "en"
    shop.table(CONTACT).put(record)
    tell("company_contacts/create", record, shop)
    return record


def remove(record: Record, shop: Shop) -> None:
    """The customer stays a customer."""
    company_roles.revoke_all("companyContact", record["id"], shop)
    company = shop.get(record["company"])
    if company is not None and company.get("mainContact") == record["id"]:
        company["mainContact"] = None
    shop.table(CONTACT).remove(record["id"])
    tell("company_contacts/delete", record, shop)


@mutation("companyContactCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    company = shop.table(KIND).get(args["companyId"])
    if company is None:
        return {"companyContact": None, "userErrors": [unknown("companyId")]}
    if errors := problems(given, None, shop, ["input"]):
        return {"companyContact": None, "userErrors": errors}
    return {"companyContact": add(company, given, shop), "userErrors": []}


@mutation("companyContactUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(CONTACT).get(args["companyContactId"])
    if record is None:
        return {"companyContact": None, "userErrors": [unknown("companyContactId")]}
    if errors := problems(given, record, shop, ["input"]):
        return {"companyContact": None, "userErrors": errors}
    record.update({name: given[name] for name in OWN if name in given})
    customer = shop.get(record["customer"])
    if customer is not None and _person(given):
        customers.changed(shop, customers.applied(shop, customer, _person(given)))
    shop.touch(record)
    tell("company_contacts/update", record, shop)
    return {"companyContact": record, "userErrors": []}


@mutation("companyAssignCustomerAsContact")
def assign_customer(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    company, customer = shop.table(KIND).get(args["companyId"]), shop.table("Customer").get(args["customerId"])
    error = None
    if company is None or customer is None:
        error = unknown("companyId" if company is None else "customerId")
    elif contacts_of_customer(shop, customer["id"]):
        error = user_error(["customerId"], TAKEN, "INVALID_INPUT")
    elif not customer.get("email"):
        error = user_error(["customerId"], "Customer must have an email address.", "INVALID_INPUT")
    if error is not None or company is None or customer is None:
        return {"companyContact": None, "userErrors": [error]}
    return {"companyContact": link(company, customer, {}, shop), "userErrors": []}


@mutation("companyAssignMainContact")
def assign_main(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    company, contact = shop.table(KIND).get(args["companyId"]), shop.table(CONTACT).get(args["companyContactId"])
    error = None
    if company is None or contact is None:
        error = unknown("companyId" if company is None else "companyContactId")
    elif contact["company"] != company["id"]:
        message = "The company contact does not belong to the company."
        error = user_error(["companyContactId"], message, "INVALID_INPUT")
    if error is not None or company is None or contact is None:
        return {"company": None, "userErrors": [error]}
    company["mainContact"] = contact["id"]
    shop.touch(company)
    shop.emit("companies/update", company)
    return {"company": company, "userErrors": []}


@mutation("companyRevokeMainContact")
def revoke_main(args: Args, ctx: Context) -> Record:
    company = ctx.shop.table(KIND).get(args["companyId"])
    if company is None:
        return {"company": None, "userErrors": [unknown("companyId")]}
    company["mainContact"] = None
    ctx.shop.touch(company)
    return {"company": company, "userErrors": []}


# deleting


def _deletion_problem(record: Record | None, shop: Shop, at: list[str]) -> Record | None:
    if record is None:
        return unknown(*at)
    if in_use(record, shop):
        message = "Cannot delete a company contact with existing orders or draft orders."
        return user_error(at, message, "FAILED_TO_DELETE")
    return None


def _deleted(args: Args, ctx: Context) -> tuple[str | None, list[Record]]:
    record = ctx.shop.table(CONTACT).get(args["companyContactId"])
    error = _deletion_problem(record, ctx.shop, ["companyContactId"])
    if error is not None or record is None:
        return None, [error] if error else []
    remove(record, ctx.shop)
    return record["id"], []


@mutation("companyContactDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid, errors = _deleted(args, ctx)
    return {"deletedCompanyContactId": gid, "userErrors": errors}


@mutation("companyContactRemoveFromCompany")
def remove_from_company(args: Args, ctx: Context) -> Record:
    gid, errors = _deleted(args, ctx)
    return {"removedCompanyContactId": gid, "userErrors": errors}


@mutation("companyContactsDelete")
def delete_many(args: Args, ctx: Context) -> Record:
    gone, errors = [], []
    for index, gid in enumerate(args["companyContactIds"]):
        record = ctx.shop.table(CONTACT).get(gid)
        error = _deletion_problem(record, ctx.shop, ["companyContactIds", str(index)])
        if error is not None or record is None:
            errors.append(error)
            continue
        remove(record, ctx.shop)
        gone.append(gid)
    return {"deletedCompanyContactIds": gone, "userErrors": errors}


# reading


@field(CONTACT, "isMainContact")
def is_main(record: Record, _args: Args, ctx: Context) -> bool:
    return bool((ctx.shop.get(record["company"]) or {}).get("mainContact") == record["id"])


@field(KIND, "contacts")
def contacts(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(CONTACT, of_company(CONTACT, record, ctx.shop), root="companyContacts")


@field(KIND, "contactsCount")
def contacts_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(of_company(CONTACT, record, ctx.shop)), "precision": "EXACT"}


@field(KIND, "contactCount")
def contact_count(record: Record, _args: Args, ctx: Context) -> int:
    return len(of_company(CONTACT, record, ctx.shop))


@field("Customer", "companyContactProfiles")
def profiles(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return contacts_of_customer(ctx.shop, record["id"])


def _name(row: Record, shop: Shop) -> str:
    return customers.display_name_of(shop.get(row["customer"]) or {})


def _email(row: Record, shop: Shop) -> str | None:
    address: str | None = (shop.get(row["customer"]) or {}).get("email")
    return address


search(
    CONTACT,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "company_id": numeric_id(lambda row, _shop: row["company"]),
        "name": words(_name),
        "email": words(_email),
        "title": words(lambda row, _shop: row.get("title")),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[_name, _email],
)
sort(
    "companyContacts",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "COMPANY_ID": lambda row, _shop: int(tail_of(row["company"])),
        "NAME": _name,
        "NAME_EMAIL": lambda row, shop: f"{_name(row, shop)} {_email(row, shop)}",
        "EMAIL": _email,
        "TITLE": lambda row, _shop: row.get("title") or "",
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
    },
    default="ID",
)
