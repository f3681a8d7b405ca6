"""The course of returns: asked for, approved, declined, closed, reopened, cancelled, processed, refunded."""

from __future__ import annotations

from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts, refunds
from shoptide.simulator.domain.order_totals import line_discounted
from shoptide.simulator.domain.return_records import (
    KIND,
    definition,
    fee_of,
    fulfilled_rows,
    put,
    returnable,
)
from shoptide.simulator.domain.reverse_logistics import dispose, open_reverse_work, reverse_orders
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop

OTHER_NEEDS_NOTE = 'Return line items return reason note The note is required when the return reason is "Other"'
NO_REASON = "Return line items Either return reason or return reason definition must be provided"
NOT_APPROVABLE = "Return is not approvable. Only returns with status REQUESTED can be approved."
NOT_DECLINABLE = "Return is not declinable. Only non-refunded returns with status REQUESTED can be declined."


def _refused(path: list[str], message: str, code: str) -> Record:
    return {"return": None, "userErrors": [user_error(path, message, code)]}


# asking and creating


@mutation("returnRequest")
def request(args: Args, ctx: Context) -> Record:
    given = args["input"]
    order = by_id(given["orderId"], "Order", ctx)
    if order is None:
        return _refused(["input", "orderId"], "Order not found.", "NOT_FOUND")
    at = ["input", "returnLineItems"]
    for index, row in enumerate(given["returnLineItems"]):
        if not row.get("returnReason") and not row.get("returnReasonDefinitionId"):
            return _refused([*at, str(index), "returnReason"], "Return reason can't be blank", "BLANK")
    problem = _lines_problem(ctx.shop, order, given["returnLineItems"], at)
    if problem is not None:
        return problem
    record = _write(ctx.shop, order, given, "REQUESTED")
    ctx.shop.emit("returns/request", record)
    return {"return": record, "userErrors": []}


@mutation("returnCreate")
def create(args: Args, ctx: Context) -> Record:
    """A return that needs no approval: it is open at once, and the goods are awaited."""
    given = args["returnInput"]
    order = by_id(given["orderId"], "Order", ctx)
    if order is None:
        return _refused(["returnInput", "orderId"], "Order not found.", "NOT_FOUND")
    at = ["returnInput", "returnLineItems"]
    for index, row in enumerate(given["returnLineItems"]):
        if not row.get("returnReason") and not row.get("returnReasonDefinitionId"):
            return _refused([*at, str(index)], NO_REASON, "NOT_FOUND")
        if row.get("returnReason") == "OTHER" and not row.get("returnReasonNote"):
            return _refused([*at, str(index), "returnReasonNote"], OTHER_NEEDS_NOTE, "BLANK")
    problem = _lines_problem(ctx.shop, order, given["returnLineItems"], at)
    if problem is not None:
        return problem
    record = _write(ctx.shop, order, given, "OPEN")
    open_reverse_work(ctx.shop, record)
    ctx.shop.emit("returns/approve", record)
    return {"return": record, "userErrors": []}


def _lines_problem(shop: Shop, order: Record, rows: list[Args], at: list[str]) -> Record | None:
    left = returnable(shop, order)
    for index, row in enumerate(rows):
        gid = row["fulfillmentLineItemId"]
        if gid not in left:
            path = [*at, str(index), "fulfillmentLineItemId"]
            return _refused(path, "Fulfillment Line Item was not found.", "NOT_FOUND")
        left[gid] -= row["quantity"]
        if row["quantity"] <= 0 or left[gid] < 0:
            return _refused([*at, str(index), "quantity"], "Return line item has an invalid quantity.", "INVALID")
    return None


def _write(shop: Shop, order: Record, given: Args, status: str) -> Record:
    stamp = shop.stamp()
    number = len(order_parts.returns(shop, order)) + 1
    rows = fulfilled_rows(shop, order)
    record: Record = {
        "id": shop.new_id(KIND),
        "_order": order["id"],
        "name": f"{order['name']}-R{number}",
        "status": status,
        "createdAt": given.get("requestedAt") or stamp,
        "_lines": [_line(shop, row, rows[row["fulfillmentLineItemId"]][0]) for row in given["returnLineItems"]],
    }
    if status == "OPEN":
        record["requestApprovedAt"] = stamp
    fee = (given.get("returnShippingFee") or {}).get("amount")
    if fee:
        record["_shippingFee"] = str(Decimal(str(fee["amount"])))
    return put(shop, record)


def _line(shop: Shop, given: Args, source: Record) -> Record:
    chosen = definition(given.get("returnReasonDefinitionId"))
    row: Record = {
        "id": shop.new_id("ReturnLineItem"),
        "from": source["id"],
        "line": source["line"],
        "quantity": given["quantity"],
        "reason": given.get("returnReason") or (chosen["_reason"] if chosen else "UNKNOWN"),
        "note": given.get("returnReasonNote"),
        "customerNote": given.get("customerNote"),
    }
    fee = (given.get("restockingFee") or {}).get("percentage")
    line = shop.table("LineItem").get(source["line"])
    if fee is not None and line is not None:
        share = line_discounted(line).share(given["quantity"], line["quantity"])
        row["fee"], row["feeAmount"] = fee, money.kept(fee_of(share, fee))
    return row


# approving and declining


@mutation("returnApproveRequest")
def approve(args: Args, ctx: Context) -> Record:
    record = by_id(args["input"]["id"], KIND, ctx)
    if record is None:
        return _refused(["input", "id"], "Return not found.", "NOT_FOUND")
    if record["status"] != "REQUESTED":
        return _refused(["input", "id"], NOT_APPROVABLE, "INVALID_STATE")
    record.update(status="OPEN", requestApprovedAt=ctx.shop.stamp())
    put(ctx.shop, record)
    open_reverse_work(ctx.shop, record)
    ctx.shop.emit("returns/approve", record)
    return {"return": record, "userErrors": []}


@mutation("returnDeclineRequest")
def decline(args: Args, ctx: Context) -> Record:
    given = args["input"]
    record = by_id(given["id"], KIND, ctx)
    if record is None:
        return _refused(["input", "id"], "Return not found.", "NOT_FOUND")
    if record["status"] == "DECLINED":
        return _refused(["input", "id"], "The return is already declined.", "INVALID_STATE")
    if record["status"] != "REQUESTED":
        return _refused(["input", "id"], NOT_DECLINABLE, "INVALID_STATE")
    record.update(status="DECLINED", decline={"reason": given["declineReason"], "note": given.get("declineNote")})
    put(ctx.shop, record)
    ctx.shop.emit("returns/decline", record)
    return {"return": record, "userErrors": []}


# closing, reopening, cancelling; none of them moves the order's updatedAt (FACTS 4)


@mutation("returnClose")
def close(args: Args, ctx: Context) -> Record:
    record = by_id(args["id"], KIND, ctx)
    if record is None:
        return _refused(["id"], "Return not found.", "NOT_FOUND")
    if record["status"] == "CLOSED":
        return {"return": record, "userErrors": []}
    if record["status"] != "OPEN":
        return _refused(["id"], "Return status is invalid.", "INVALID_STATE")
    record.update(status="CLOSED", closedAt=ctx.shop.stamp())
    put(ctx.shop, record)
    ctx.shop.emit("returns/close", record)
    return {"return": record, "userErrors": []}


@mutation("returnReopen")
def reopen(args: Args, ctx: Context) -> Record:
    record = by_id(args["id"], KIND, ctx)
    if record is None:
        return _refused(["id"], "Return not found.", "NOT_FOUND")
    if record["status"] == "OPEN":
        return {"return": record, "userErrors": []}
    if record["status"] != "CLOSED":
        return _refused(["id"], "Return status is invalid.", "INVALID_STATE")
    record.update(status="OPEN", closedAt=None)
    put(ctx.shop, record)
    ctx.shop.emit("returns/reopen", record)
    return {"return": record, "userErrors": []}


@mutation("returnCancel")
def cancel(args: Args, ctx: Context) -> Record:
    """Nothing of it may have been processed or refunded."""
    record = by_id(args["id"], KIND, ctx)
    if record is None:
        return _refused(["id"], "Return not found.", "NOT_FOUND")
    if record["status"] == "CANCELED":
        return {"return": record, "userErrors": []}
    touched = any(row.get("processed") or row.get("refunded") for row in record["_lines"])
    if record["status"] not in ("OPEN", "REQUESTED") or touched:
        return _refused(["id"], "Return is not cancelable.", "INVALID_STATE")
    record["status"] = "CANCELED"
    put(ctx.shop, record)
    for work in reverse_orders(ctx.shop, record):
        work["status"] = "CANCELED"
    ctx.shop.emit("returns/cancel", record)
    return {"return": record, "userErrors": []}


# changing what is returned


@mutation("removeFromReturn", "returnLineItemRemoveFromReturn")
def remove(args: Args, ctx: Context) -> Record:
    record = by_id(args["returnId"], KIND, ctx)
    if record is None:
        return _refused(["returnId"], "Return not found.", "NOT_FOUND")
    if record["status"] not in ("OPEN", "REQUESTED"):
        return _refused(["returnId"], "Return status is invalid.", "INVALID_STATE")
    rows = {row["id"]: row for row in record["_lines"]}
    for index, given in enumerate(args.get("returnLineItems") or []):
        row = rows.get(given["returnLineItemId"])
        at = ["returnLineItems", str(index)]
        if row is None:
            return _refused([*at, "returnLineItemId"], "Return line item does not exist.", "NOT_FOUND")
        if not 0 < given["quantity"] <= row["quantity"] - row.get("processed", 0):
            return _refused([*at, "quantity"], "Quantity is not removable from return.", "INVALID")
    for given in args.get("returnLineItems") or []:
        _take_off(ctx.shop, record, rows[given["returnLineItemId"]], given["quantity"])
    put(ctx.shop, record)
    taken = [[given["returnLineItemId"], given["quantity"]] for given in args.get("returnLineItems") or []]
    ctx.shop.emit("returns/update", record, _taken=taken)
    return {"return": record, "userErrors": []}


def _take_off(shop: Shop, record: Record, row: Record, quantity: int) -> None:
    row["quantity"] -= quantity
    for work in reverse_orders(shop, record):
        for part in work["_lines"]:
            if part["from"] == row["from"]:
                part["quantity"] -= quantity
        work["_lines"] = [part for part in work["_lines"] if part["quantity"] > 0]
    record["_lines"] = [held for held in record["_lines"] if held["quantity"] > 0]


# processing and refunding


@mutation("returnProcess")
def process(args: Args, ctx: Context) -> Record:
    given = args["input"]
    record = by_id(given["returnId"], KIND, ctx)
    if record is None:
        return _refused(["input", "returnId"], "Return not found.", "NOT_FOUND")
    if record["status"] != "OPEN":
        return _refused(["input", "returnId"], "Return status is invalid.", "INVALID_STATE")
    rows = {row["id"]: row for row in record["_lines"]}
    wanted = given.get("returnLineItems") or []
    for index, entry in enumerate(wanted):
        row = rows.get(entry["id"])
        at = ["input", "returnLineItems", str(index)]
        if row is None:
            return _refused([*at, "id"], "Return line item was not found.", "NOT_FOUND")
        if not 0 < entry["quantity"] <= row["quantity"] - row.get("processed", 0):
            return _refused([*at, "quantity"], "Return line item has an invalid quantity.", "INVALID")
    for entry in wanted:
        row = rows[entry["id"]]
        row["processed"] = row.get("processed", 0) + entry["quantity"]
        for part in entry.get("dispositions") or []:
            dispose(ctx, part)
    put(ctx.shop, record)
    ctx.shop.emit("returns/process", record)
    return {"return": record, "userErrors": []}


@mutation("returnRefund")
def refund(args: Args, ctx: Context) -> Record:
    """Refund pieces of a return, from the payments named."""
    given, shop = args["returnRefundInput"], ctx.shop
    record = by_id(given["returnId"], KIND, ctx)
    if record is None:
        path = ["returnRefundInput", "returnId"]
        return {"refund": None, "userErrors": [user_error(path, "Return not found.", "NOT_FOUND")]}
    rows = {row["id"]: row for row in record["_lines"]}
    wanted = []
    for index, entry in enumerate(given["returnRefundLineItems"]):
        row = rows.get(entry["returnLineItemId"])
        at = ["returnRefundInput", "returnRefundLineItems", str(index)]
        if row is None:
            error = user_error([*at, "returnLineItemId"], "Return line item was not found.", "NOT_FOUND")
            return {"refund": None, "userErrors": [error]}
        if not 0 < entry["quantity"] <= row["quantity"] - row.get("refunded", 0):
            error = user_error([*at, "quantity"], "Return line item has an invalid quantity.", "INVALID")
            return {"refund": None, "userErrors": [error]}
        wanted.append((row, entry["quantity"]))
    order = order_parts.order_of(shop, record)
    paid = [
        {
            "kind": "REFUND",
            "parentId": entry["parentId"],
            "gateway": (shop.get(entry["parentId"]) or {}).get("gateway", ""),
            "amount": entry["transactionAmount"]["amount"],
        }
        for entry in given.get("orderTransactions") or []
    ]
    lines = [{"lineItemId": row["line"], "quantity": quantity} for row, quantity in wanted]
    written = refunds.give(shop, order, {"refundLineItems": lines, "transactions": paid})
    if written.get("userErrors"):
        return {"refund": None, "userErrors": written["userErrors"]}
    written["_return"] = record["id"]
    for row, quantity in wanted:
        row["refunded"] = row.get("refunded", 0) + quantity
    put(shop, record)
    return {"refund": written, "userErrors": []}
