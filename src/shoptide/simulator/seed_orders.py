"""Seeded orders: three years of them in every state a shop knows, the same for the same seed, as of the shop's clock.

Facts only are written (lines, payments, work, parcels, refunds); figures and states follow from them as for any order.
Amounts are reckoned in cents.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shoptide.simulator import seed_trade as trade
from shoptide.simulator.domain import fulfillments, metafields, money, order_numbers, order_parts, text, tracking
from shoptide.simulator.domain.order_totals import Totals
from shoptide.simulator.shop import Record, Shop, stamp_of

DAYS = 3 * 365
MOST_LINES = 6


def seed_orders(shop: Shop, *, orders: int, seed: int) -> None:
    """Add orders to a shop that holds its customers and products already; ids rise with creation times."""
    if orders:
        Seeder(shop, random.Random(f"orders {seed}")).run(orders)  # noqa: S311  # reproducible data, nothing secret


@dataclass
class Draft:
    """An order on its way: what its parts need to know of each other."""

    record: Record
    created: datetime
    rate: float
    lines: list[Record] = field(default_factory=list)
    charged: list[int] = field(default_factory=list)  # cents by line, after discounts
    taxed: list[int] = field(default_factory=list)  # cents of tax by line
    shipping: int = 0
    shipping_tax: int = 0
    last: datetime | None = None  # of whatever happened to it

    @property
    def total(self) -> int:
        return sum(self.charged) + sum(self.taxed) + self.shipping + self.shipping_tax


class Seeder:
    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop = shop
        self.chance = chance
        self.now = shop.clock.now().replace(microsecond=0) - timedelta(minutes=2)
        self.customers = sorted(shop.table("Customer"), key=lambda row: row["createdAt"])
        self.known_since = [row["createdAt"] for row in self.customers]
        self.variants = [row for row in shop.table("ProductVariant") if self._sold(row)]
        self.variants.sort(key=lambda row: row["createdAt"])
        self.sold_since = [row["createdAt"] for row in self.variants]
        self.places = [row["id"] for row in shop.table("Location")]
        self.tables = {
            kind: order_parts.part_table(shop, kind)
            for kind in ("OrderTransaction", "Refund", "Fulfillment", "FulfillmentOrder")
        }

    def _sold(self, variant: Record) -> bool:
        product = self.shop.get(variant["_product"])
        return product is not None and product.get("status") != "DRAFT"

    def run(self, count: int) -> None:
        span = DAYS * 86_400
        moments = sorted(self.now - timedelta(seconds=self.chance.randrange(span)) for _ in range(count))
        for created in moments:
            self._order(created)

    # one order

    def _order(self, created: datetime) -> None:
        draft = self._begun(created)
        self._lines(draft)
        self._discount(draft)
        self._shipping(draft)
        self._taxes(draft)
        self._put(draft)
        self._end(draft)
        draft.record["updatedAt"] = stamp_of(min(draft.last or created, self.now))

    def _begun(self, created: datetime) -> Draft:
        chance, shop = self.chance, self.shop
        customer = self._customer(created)
        number = order_numbers.next_number(shop)
        stamp = stamp_of(created)
        record: Record = {
            "id": shop.new_id("Order"),
            "_number": number,
            "name": order_numbers.name(number),
            "confirmationNumber": order_numbers.confirmation(chance),
            "createdAt": stamp,
            "updatedAt": stamp,
            "processedAt": stamp,
            "currencyCode": shop.currency,
            "customer": customer["id"] if customer else None,
            "email": customer.get("email") if customer else f"guest.{number}@example.com",
            "phone": customer.get("phone") if customer and chance.random() < 0.4 else None,
            "tags": text.tags(chance.sample(trade.TAGS, chance.choice((0, 0, 0, 1, 2)))),
            "sourceName": chance.choice(trade.SOURCES),
            "_claimed": True,
        }
        self._extras(record, customer, number)
        rate = self._currency(record, customer)
        return Draft(record, created, rate, last=created)

    def _customer(self, created: datetime) -> Record | None:
        known = bisect_right(self.known_since, stamp_of(created))
        if not self.customers or self.chance.random() < 0.05:
            return None
        # Early orders of a young shop come from whoever comes first.
        return self.customers[self.chance.randrange(known)] if known else None

    def _extras(self, record: Record, customer: Record | None, number: int) -> None:
        chance = self.chance
        homes = customer["_addresses"] if customer else []
        if homes:
            record["shippingAddress"] = self._home(homes[0])
            record["billingAddress"] = self._home(homes[-1])
        if chance.random() < 0.12:
            record["note"] = chance.choice(trade.NOTES)
        if chance.random() < 0.08:
            record["customAttributes"] = [{"key": "channel", "value": chance.choice(trade.CHANNELS)}]
        if chance.random() < 0.03:
            record["poNumber"] = f"PO-{number}"
        if chance.random() < 0.1:
            self._metafield(record, "custom", "erp_id", "single_line_text_field", f"SO-{number:06d}")
        if chance.random() < 0.04:
            self._metafield(record, "custom", "gift_message", "multi_line_text_field", "With love\nfrom all of us")

    def _home(self, home: Record) -> Record:
        return {**home, "id": f"{self.shop.new_id('MailingAddress')}?model_name=Address"}

    def _metafield(self, record: Record, namespace: str, key: str, kind: str, value: str) -> None:
        entry: Record = {
            "id": self.shop.new_id(metafields.KIND),
            "namespace": namespace,
            "key": key,
            "type": kind,
            "value": value,
            "createdAt": record["createdAt"],
            "updatedAt": record["createdAt"],
            "_owner": record["id"],
        }
        self.shop.table(metafields.KIND).put(entry)

    def _currency(self, record: Record, customer: Record | None) -> float:
        """A third of the customers abroad pay in their own currency."""
        homes = customer["_addresses"] if customer else []
        foreign = trade.RATES.get(homes[0]["countryCodeV2"]) if homes else None
        if foreign is None or foreign[0] == self.shop.currency or self.chance.random() > 0.33:
            return 1.0
        record["presentmentCurrencyCode"] = foreign[0]
        return foreign[1]

    # lines and their amounts

    def _lines(self, draft: Draft) -> None:
        chance = self.chance
        wanted = chance.choices(range(1, MOST_LINES + 1), (40, 28, 15, 9, 5, 3))[0]
        known = bisect_right(self.sold_since, draft.record["createdAt"]) or len(self.variants)
        chosen = {chance.randrange(known) for _ in range(wanted)} if known else set()
        for index in sorted(chosen):
            self._line(draft, self.variants[index])
        if not draft.lines:
            self._custom_line(draft)

    def _line(self, draft: Draft, variant: Record) -> None:
        product = self.shop.get(variant["_product"]) or {}
        item = self.shop.get(variant["_item"]) or {}
        values = " / ".join(value for value in variant["_values"].values() if value != "Default Title")
        line: Record = {
            "title": product["title"],
            "variant": variant["id"],
            "product": product["id"],
            "sku": item.get("sku"),
            "vendor": product["vendor"],
            "requiresShipping": item.get("requiresShipping", True),
            "taxable": variant["taxable"],
        }
        if values:
            line["variantTitle"] = values
        if product.get("isGiftCard"):
            line["isGiftCard"] = True
        if item.get("_weight"):
            line["weight"] = item["_weight"]
        self._add_line(draft, line, trade.cents(variant["price"]))

    def _custom_line(self, draft: Draft) -> None:
        line: Record = {"title": "Custom work", "sku": None, "requiresShipping": False, "taxable": True}
        self._add_line(draft, line, self.chance.randrange(1000, 20_000))

    def _add_line(self, draft: Draft, line: Record, price: int) -> None:
        quantity = self.chance.choices((1, 2, 3, 4), (72, 19, 6, 3))[0]
        record = {
            "id": self.shop.new_id("LineItem"),
            "_order": draft.record["id"],
            **line,
            "quantity": quantity,
            "_price": self._kept(draft, price),
        }
        draft.lines.append(record)
        draft.charged.append(price * quantity)

    def _kept(self, draft: Draft, cents: int) -> Any:
        """An amount as records keep it: with the customer's when that differs."""
        if draft.rate == 1.0:
            return f"{cents // 100}.{cents % 100:02d}"
        other = round(cents * draft.rate)
        return [f"{cents // 100}.{cents % 100:02d}", f"{other // 100}.{other % 100:02d}"]

    def _discount(self, draft: Draft) -> None:
        if self.chance.random() > 0.18:
            return
        code, percent = self.chance.choice(trade.CODES)
        whole = sum(draft.charged)
        application: Record = {
            "__typename": "DiscountCodeApplication",
            "code": code,
            "allocationMethod": "ACROSS",
            "targetSelection": "ALL",
            "targetType": "LINE_ITEM",
        }
        off = min(500, whole) if percent is None else whole * percent // 100
        if percent is None:
            application["_amount"] = self._kept(draft, 500)
        else:
            application["percentage"] = float(percent)
        draft.record["_discounts"] = [application]
        left = off
        for index, line in enumerate(draft.lines):
            last = index == len(draft.lines) - 1
            share = left if last else off * draft.charged[index] // whole if whole else 0
            left -= share
            draft.charged[index] -= share
            if share:
                line["_discounts"] = [[0, self._kept(draft, share)]]

    def _shipping(self, draft: Draft) -> None:
        if not any(line["requiresShipping"] for line in draft.lines):
            return
        title, code, price = self.chance.choice(trade.SHIPPING)
        if sum(draft.charged) >= trade.FREE_ABOVE:
            title, code, price = "Free shipping", "free", 0
        draft.shipping = price
        row: Record = {"id": self.shop.new_id("ShippingLine"), "title": title, "code": code, "source": "shopify"}
        draft.record["_shipping"] = [{**row, "quantity": 1, "_price": self._kept(draft, price)}]

    def _taxes(self, draft: Draft) -> None:
        rates = trade.tax_rates(draft.record.get("shippingAddress"))
        for line, charged in zip(draft.lines, draft.charged, strict=True):
            rows = [(title, rate, round(charged * rate / 100)) for title, rate in rates] if line["taxable"] else []
            draft.taxed.append(sum(cents for _title, _rate, cents in rows))
            if rows:
                line["_taxes"] = [self._tax(draft, *row) for row in rows]
        if draft.shipping and rates:
            rows = [(title, rate, round(draft.shipping * rate / 100)) for title, rate in rates]
            draft.shipping_tax = sum(cents for _title, _rate, cents in rows)
            draft.record["_shipping"][0]["_taxes"] = [self._tax(draft, *row) for row in rows]

    def _tax(self, draft: Draft, title: str, rate: float, cents: int) -> Record:
        return {"title": title, "rate": round(rate / 100, 6), "_price": self._kept(draft, cents)}

    def _put(self, draft: Draft) -> None:
        table = self.shop.table("LineItem")
        draft.record["_lines"] = [line["id"] for line in draft.lines]
        for line in draft.lines:
            table.put(line)
        self.shop.table("Order").put(draft.record)

    # how it goes on

    def _end(self, draft: Draft) -> None:
        young = self.now - draft.created < timedelta(days=trade.YOUNG_DAYS)
        end = self.chance.choices(trade.ENDS, trade.YOUNG if young else trade.OLD)[0]
        works = self._work(draft)
        payment = self._payment(draft, end)
        if end in ("fulfilled", "refunded", "partly refunded"):
            self._parcels(draft, works, whole=True)
        elif end == "partly":
            self._parcels(draft, works, whole=False)
        if end == "refunded":
            self._refund(draft, payment, {line["id"]: line["quantity"] for line in draft.lines}, whole=True)
        elif end == "partly refunded":
            line = self.chance.choice(draft.lines)
            self._refund(draft, payment, {line["id"]: self.chance.randint(1, line["quantity"])}, whole=False)
        elif end == "cancelled":
            self._cancel(draft, works, payment)
        if end in ("fulfilled", "refunded", "partly refunded") and not young:
            draft.record["closedAt"] = stamp_of(min(draft.last or draft.created, self.now))
        self._commit(works)

    def _after(self, draft: Draft, low: int, high: int) -> datetime:
        """A moment some seconds after the last thing that happened, never in the future."""
        moment = min((draft.last or draft.created) + timedelta(seconds=self.chance.randrange(low, high)), self.now)
        draft.last = moment
        return moment

    def _payment(self, draft: Draft, end: str) -> Record | None:
        if draft.total == 0 or (end == "cancelled" and self.chance.random() < 0.4):
            draft.record["_financial"] = "PAID" if draft.total == 0 else "PENDING"
            return None
        gateway = self.chance.choice(trade.GATEWAYS)
        if end == "authorized":
            return self._transaction(draft, "AUTHORIZATION", draft.total, gateway, draft.created)
        if end == "unpaid":
            return self._transaction(draft, "SALE", draft.total, "Bank Deposit", draft.created, status="PENDING")
        if self.chance.random() < 0.15:
            held = self._transaction(draft, "AUTHORIZATION", draft.total, gateway, draft.created)
            moment = self._after(draft, 60, 7200)
            return self._transaction(draft, "CAPTURE", draft.total, gateway, moment, _parent=held["id"])
        return self._transaction(draft, "SALE", draft.total, gateway, draft.created)

    def _transaction(
        self, draft: Draft, kind: str, cents: int, gateway: str, moment: datetime, status: str = "SUCCESS", **more: str
    ) -> Record:
        stamp = stamp_of(moment)
        record: Record = {
            "id": self.shop.new_id("OrderTransaction"),
            "_order": draft.record["id"],
            "kind": kind,
            "status": status,
            "gateway": gateway,
            "_amount": self._kept_total(draft, cents),
            "createdAt": stamp,
            "processedAt": stamp,
            **more,
        }
        return self.tables["OrderTransaction"].put(record)

    def _kept_total(self, draft: Draft, cents: int) -> Any:
        """A payment of the whole order must be the sum of its parts in the customer's currency as well."""
        if draft.rate == 1.0 or cents != draft.total:
            return self._kept(draft, cents)
        return money.kept(Totals(draft.record, draft.lines, [], []).price)

    # work and parcels

    def _work(self, draft: Draft) -> list[Record]:
        """A fulfillment order for each place the lines are sent from, digital ones apart."""
        chosen = self.chance.choice(self.places) if self.places else None
        groups: dict[tuple[str | None, str], list[Record]] = {}
        for line in draft.lines:
            way = "SHIPPING" if line["requiresShipping"] else "NONE"
            groups.setdefault((self._place(line, chosen), way), []).append(line)
        return [self._work_order(draft, place, way, lines) for (place, way), lines in groups.items()]

    def _place(self, line: Record, chosen: str | None) -> str | None:
        variant = self.shop.get(line.get("variant"))
        item = self.shop.get(variant["_item"]) if variant else None
        stocked = item["_levels"] if item else {}
        if chosen in stocked or not stocked:
            return chosen
        return str(next(iter(stocked)))

    def _work_order(self, draft: Draft, place: str | None, way: str, lines: list[Record]) -> Record:
        stamp = draft.record["createdAt"]
        record: Record = {
            "id": self.shop.new_id("FulfillmentOrder"),
            "_order": draft.record["id"],
            "status": "OPEN",
            "requestStatus": "UNSUBMITTED",
            "_location": place,
            "_way": way,
            "createdAt": stamp,
            "updatedAt": stamp,
            "fulfillAt": f"{stamp[:14]}00:00Z",
            "_lines": [
                {
                    "id": self.shop.new_id("FulfillmentOrderLineItem"),
                    "line": line["id"],
                    "total": line["quantity"],
                    "remaining": line["quantity"],
                }
                for line in lines
            ],
        }
        return self.tables["FulfillmentOrder"].put(record)

    def _parcels(self, draft: Draft, works: list[Record], *, whole: bool) -> None:
        for index, work in enumerate(works):
            rows = work["_lines"]
            if not whole:
                # One piece at least stays behind.
                if index or sum(row["total"] for row in rows) < 2:
                    continue
                rows = rows[:1]
            self._parcel(draft, work, rows, whole=whole)

    def _parcel(self, draft: Draft, work: Record, rows: list[Record], *, whole: bool) -> None:
        moment = self._after(draft, 3600, 3 * 86_400)
        pieces: dict[str, int] = {}
        for row in rows:
            part = row["remaining"] if whole else max(1, row["remaining"] // 2)
            row["remaining"] -= part
            pieces[row["line"]] = part
        stamp = stamp_of(moment)
        work["status"] = "CLOSED" if not any(row["remaining"] for row in work["_lines"]) else "IN_PROGRESS"
        work["updatedAt"] = stamp
        parcel = fulfillments.write(self.shop, draft.record, [work["id"]], pieces, work["_location"], stamp)
        if work["_way"] == "SHIPPING":
            company = self.chance.choice(trade.CARRIERS)
            number = f"{company[:2].upper()}{self.chance.randrange(10**9, 10**10)}"
            parcel["_tracking"] = tracking.entries({"company": company, "number": number})
            self._delivery(draft, parcel, moment)

    def _delivery(self, draft: Draft, parcel: Record, shipped: datetime) -> None:
        """What the carrier told of it; most parcels have arrived."""
        if self.chance.random() < 0.4:
            return
        for status, low, high in (("IN_TRANSIT", 3600, 86_400), ("DELIVERED", 86_400, 6 * 86_400)):
            moment = shipped + timedelta(seconds=self.chance.randrange(low, high))
            if moment > self.now:
                return
            stamp = stamp_of(moment)
            event: Record = {
                "id": self.shop.new_id(fulfillments.EVENT),
                "_fulfillment": parcel["id"],
                "status": status,
                "happenedAt": stamp,
                "createdAt": stamp,
            }
            fulfillments.event_table(self.shop).put(event)
            parcel["updatedAt"] = stamp
            draft.last = max(draft.last or moment, moment)

    def _commit(self, works: list[Record]) -> None:
        """Pieces still waiting are committed where they wait."""
        table = self.shop.table("LineItem")
        for work in works:
            for row in work["_lines"]:
                line = table.get(row["line"]) if row["remaining"] and work["status"] != "CLOSED" else None
                variant = self.shop.get(line.get("variant")) if line else None
                item = self.shop.get(variant["_item"]) if variant else None
                if item and item.get("tracked") and work["_location"] in item["_levels"]:
                    held = item["_levels"][work["_location"]]
                    held["committed"] = held.get("committed", 0) + row["remaining"]

    # refunds and cancellations

    def _refund(self, draft: Draft, payment: Record | None, pieces: dict[str, int], *, whole: bool) -> None:
        moment = self._after(draft, 86_400, 20 * 86_400)
        rows, cents = self._refund_rows(draft, pieces, "RETURN" if self.chance.random() < 0.6 else "NO_RESTOCK")
        stamp = stamp_of(moment)
        record: Record = {
            "id": self.shop.new_id("Refund"),
            "_order": draft.record["id"],
            "note": "Returned by the customer" if self.chance.random() < 0.5 else None,
            "createdAt": stamp,
            "updatedAt": stamp,
            "processedAt": stamp,
            "_lines": rows,
        }
        if whole and draft.shipping:
            cents += draft.shipping + draft.shipping_tax
            record["_shipping"] = self._kept(draft, draft.shipping)
            record["_shippingTax"] = self._kept(draft, draft.shipping_tax)
            record["_shippingId"] = self.shop.new_id("RefundShippingLine")
        self.tables["Refund"].put(record)
        if payment is not None and payment["kind"] in ("SALE", "CAPTURE") and payment["status"] == "SUCCESS":
            amount = draft.total if whole else min(cents, draft.total)
            self._transaction(
                draft, "REFUND", amount, payment["gateway"], moment, _parent=payment["id"], _refund=record["id"]
            )

    def _refund_rows(self, draft: Draft, pieces: dict[str, int], restock: str) -> tuple[list[Record], int]:
        rows, whole = [], 0
        for line, charged, taxed in zip(draft.lines, draft.charged, draft.taxed, strict=True):
            quantity = pieces.get(line["id"], 0)
            if not quantity:
                continue
            subtotal, tax = charged * quantity // line["quantity"], taxed * quantity // line["quantity"]
            whole += subtotal + tax
            rows.append(
                {
                    "id": self.shop.new_id("RefundLineItem"),
                    "line": line["id"],
                    "quantity": quantity,
                    "restockType": restock,
                    "location": self.places[0] if restock == "RETURN" and self.places else None,
                    "_subtotal": self._kept(draft, subtotal),
                    "_tax": self._kept(draft, tax),
                }
            )
        return rows, whole

    def _cancel(self, draft: Draft, works: list[Record], payment: Record | None) -> None:
        self._refund(draft, payment, {line["id"]: line["quantity"] for line in draft.lines}, whole=True)
        stamp = stamp_of(draft.last or draft.created)
        for work in works:
            work.update(status="CLOSED", updatedAt=stamp)
            for row in work["_lines"]:
                row.update(total=0, remaining=0)
        reason = self.chance.choice(("CUSTOMER", "FRAUD", "INVENTORY", "DECLINED", "OTHER"))
        draft.record.update(cancelledAt=stamp, closedAt=stamp, cancelReason=reason)
