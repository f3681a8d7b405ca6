"""Takes a person out of the tables and their histories, as the compliance request `customers/redact` asks.

The own row of the customer keeps its keys, so that what refers to it still joins, and nothing else. Of everything that
hangs on it (orders, their transactions, parcels …) the columns that speak of a person are emptied; amounts, items
and dates stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shoptide.inbound.landing import BOOKKEEPING, REDACTED
from shoptide.resources.tables import snake
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import quoted

KEPT = frozenset(
    {"_shop", "gid", "id", "position", "created_at", "updated_at", "_valid_from", "_valid_to", *BOOKKEEPING}
)
PERSONAL = frozenset(
    {
        "account_number", "address1", "address2", "attributes", "billing_address", "body", "buyer_name", "cart_token",
        "checkout_token", "city", "client_ip", "company", "content", "coordinates", "custom_attributes",
        "customer_journey_summary", "customer_locale", "default_address", "default_email_address",
        "default_phone_number", "destination", "display_address", "display_name", "email", "first_name",
        "formatted_address", "invoice_email_template_subject", "invoice_url", "last_name", "latitude", "longitude",
        "message", "note", "number", "payment_id", "phone", "po_number", "receipt_json", "recipient_attributes",
        "registered_source_url", "shipping_address", "status_page_url", "tags", "tax_id", "url", "zip",
    }
)  # fmt: skip


@dataclass
class Redaction:
    """A redaction under way: whose it is, and what was emptied so far, rows by table."""

    warehouse: Warehouse
    shop: str
    now: datetime
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [name for name in self.warehouse.tables() if not name.startswith("_")]
        self.columns = {name: self.warehouse.columns(name) for name in names}

    def person(self, gid: str) -> None:
        """Empty the customer's own row, in the table and in every version of it."""
        for table in ("customers", "customers_history"):
            if table in self.columns:
                self._empty(table, [name for name in self.columns[table] if name not in KEPT], "gid", [gid], gone=True)

    def below(self, gids: list[str], seen: set[str] | None = None) -> None:
        """Empty what speaks of the person in the rows that refer to these gids, and in what refers to those."""
        known = seen if seen is not None else set(gids)
        column = f"{snake(gids[0].split('/')[3])}_gid"
        found: list[str] = []
        for table, held in self.columns.items():
            if column in held and "_shop" in held:
                # Of a customer's own children (addresses) nothing is left to keep.
                own = table.removesuffix("_history").startswith("customer_")
                personal = [name for name in held if (name not in {*KEPT, column} if own else name in PERSONAL)]
                self._empty(table, personal, column, gids, gone=own)
                found += self._gids(table, column, gids)
        by_kind: dict[str, list[str]] = {}
        for each in found:
            if each not in known:
                known.add(each)
                by_kind.setdefault(each.split("/")[3], []).append(each)
        for several in by_kind.values():
            self.below(several, known)

    def _empty(self, table: str, names: list[str], column: str, gids: list[str], *, gone: bool) -> None:
        changes = [f"{quoted(name)} = NULL" for name in names]
        values: list[object] = []
        if gone and "_deleted_at" in self.columns[table]:
            changes.append("_deleted_at = coalesce(_deleted_at, ?)")
            values.append(self.now.replace(tzinfo=None))
        if not changes:
            return
        number = self.warehouse.run(
            f"UPDATE {self.warehouse.table(table)} SET {', '.join([*changes, '_row_hash = ?'])}"
            f" WHERE _shop = ? AND {quoted(column)} IN (SELECT unnest(CAST(? AS VARCHAR[])))",
            [*values, REDACTED, self.shop, gids],
        )
        if number:
            self.rows[table] = self.rows.get(table, 0) + number

    def _gids(self, table: str, column: str, gids: list[str]) -> list[str]:
        if "gid" not in self.columns[table]:
            return []
        rows = self.warehouse.rows(
            f"SELECT DISTINCT gid FROM {self.warehouse.table(table)}"
            f" WHERE _shop = ? AND {quoted(column)} IN (SELECT unnest(CAST(? AS VARCHAR[]))) AND gid IS NOT NULL",
            [self.shop, gids],
        )
        return [found[0] for found in rows]


def redact_customer(warehouse: Warehouse, shop: str, gid: str, now: datetime) -> dict[str, int]:
    """Remove a customer's personal data from a shop's current and history tables; returns rows emptied, by table.

    `gid` is `gid://shopify/Customer/1`. Doing it again changes nothing more.
    """
    with warehouse.transaction():
        redaction = Redaction(warehouse, shop, now)
        redaction.person(gid)
        redaction.below([gid])
    return redaction.rows


def orders_of(warehouse: Warehouse, shop: str, gid: str) -> list[str]:
    """The orders that the tables have of a customer."""
    if not warehouse.has_table("orders"):
        return []
    sql = f"SELECT gid FROM {warehouse.table('orders')} WHERE _shop = ? AND customer_gid = ?"
    return [row[0] for row in warehouse.rows(sql, [shop, gid])]


# The values in the tables that publish what pushes did; they follow the ledger by what is new, not by what was emptied.
PUBLISHED = {"_shoptide_record_states": ("value", "message"), "_shoptide_record_history": ("changes", "message")}


def redact_published(warehouse: Warehouse, gids: list[str]) -> None:
    """Empty the values that pushes sent for these records, where they are published."""
    marks = ", ".join("?" for _ in gids)
    with warehouse.transaction():
        for table, columns in PUBLISHED.items():
            if warehouse.has_table(table):
                changes = ", ".join(f"{quoted(column)} = NULL" for column in columns)
                warehouse.run(f"UPDATE {warehouse.table(table)} SET {changes} WHERE gid IN ({marks})", gids)
