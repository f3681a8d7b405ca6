"""Payloads of fulfillment_orders/*: the fulfillment order's state and what just happened to it.

What happened comes with the record under the names that the topic adds (`moved`, `lines`, `hold` …), put there by
whoever told of the change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shoptide.simulator.payloads.reading import EVERYTHING
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import low, number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop


def state(record: Record, *names: str) -> Record:
    """`{"id": …, "status": …}`, with those of the other names that are asked for."""
    more: dict[str, Callable[[], Any]] = {
        "request_status": lambda: low(record["requestStatus"]),
        "assigned_location_id": lambda: record["_location"],
        "delivery_method": lambda: {"method_type": low(record["_way"])},
        "preparable": lambda: record["status"] == "OPEN",
    }
    return {"id": record["id"], "status": low(record["status"]), **{name: more[name]() for name in names}}


def _app() -> Record:
    return {"id": EVERYTHING.id}


def _pieces(rows: list[list[Any]]) -> list[Record]:
    return [{"id": gid, "quantity": quantity} for gid, quantity in rows]


@payload("fulfillment_orders/order_routing_complete", "fulfillment_orders/scheduled_fulfillment_order_ready")
@payload("fulfillment_orders/hold_released")
def plain(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"fulfillment_order": state(record)}


@payload("fulfillment_orders/fulfillment_request_accepted", "fulfillment_orders/fulfillment_request_rejected")
@payload("fulfillment_orders/cancellation_request_rejected")
def answered(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"fulfillment_order": state(record, "request_status"), "message": record.get("_message") or ""}


@payload(
    "fulfillment_orders/cancellation_request_accepted", "fulfillment_orders/fulfillment_service_failed_to_complete"
)
def told(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"fulfillment_order": state(record), "message": record.get("_message") or ""}


def _request(record: Record) -> Record:
    last = record["_requests"][-1]
    return {"id": last["id"], "message": last["message"] or ""}


@payload("fulfillment_orders/cancellation_request_submitted")
def cancellation_asked(_topic: str, record: Record, _shop: Shop) -> Record:
    shown = state(record, "request_status")
    return {"fulfillment_order": shown, "fulfillment_order_merchant_request": _request(record)}


@payload("fulfillment_orders/fulfillment_request_submitted")
def asked(_topic: str, record: Record, _shop: Shop) -> Record:
    shown = state(record, "request_status")
    return {
        "original_fulfillment_order": shown,
        "submitted_fulfillment_order": dict(shown),
        "fulfillment_order_merchant_request": _request(record),
    }


@payload("fulfillment_orders/cancelled")
def cancelled(_topic: str, record: Record, shop: Shop) -> Record:
    replacement = shop.get(record.get("_replacement"))
    return {
        "fulfillment_order": state(record),
        "replacement_fulfillment_order": state(replacement) if replacement else None,
    }


@payload(
    "fulfillment_orders/line_items_prepared_for_pickup", "fulfillment_orders/line_items_prepared_for_local_delivery"
)
def prepared(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"fulfillment_order": state(record, "delivery_method", "preparable")}


@payload("fulfillment_orders/rescheduled")
def rescheduled(_topic: str, record: Record, shop: Shop) -> Record:
    return {"fulfillment_order": {**state(record), "fulfill_at": stamp(record["fulfillAt"], shop)}}


@payload("fulfillment_orders/progress_reported")
def progress(_topic: str, record: Record, _shop: Shop) -> Record:
    report = {"reason_notes": record.get("_notes") or "", "progress_reported_by_app": _app()}
    return {
        "fulfillment_order": state(record),
        "initial_status": low(record.get("_before")),
        "progress_report": {**report, "progress_reported_by_user": None},
    }


@payload("fulfillment_orders/manually_reported_progress_stopped")
def progress_stopped(_topic: str, record: Record, _shop: Shop) -> Record:
    return {
        "fulfillment_order": state(record),
        "progress_stopped_by_app": _app(),
        "progress_stopped_by_user": None,
    }


@payload("fulfillment_orders/merged")
def merged(_topic: str, record: Record, _shop: Shop) -> Record:
    intents = [
        {
            "fulfillment_order_id": number(gid),
            "fulfillment_order_line_items": [{"id": number(row), "quantity": quantity} for row, quantity in rows],
        }
        for gid, rows in record.get("_intents", ())
    ]
    return {"fulfillment_order_merges": {"fulfillment_order": state(record)}, "merge_intents": intents}


@payload("fulfillment_orders/moved")
def moved(_topic: str, record: Record, shop: Shop) -> Record:
    target = shop.get(record.get("_moved")) or record
    return {
        "original_fulfillment_order": state(record, "assigned_location_id"),
        "moved_fulfillment_order": state(target, "assigned_location_id"),
        "destination_location_id": target["_location"],
        "fulfillment_order_line_items_requested": _pieces(record.get("_pieces", [])),
        "source_location": {"id": record.get("_from")},
    }


@payload("fulfillment_orders/split")
def split(_topic: str, record: Record, shop: Shop) -> Record:
    remaining = shop.get(record.get("_remaining"))
    return {
        "fulfillment_order": state(record),
        "remaining_fulfillment_order": state(remaining) if remaining else None,
        "replacement_fulfillment_order": None,
        "split_line_items": _pieces(record.get("_pieces", [])),
    }


@payload("fulfillment_orders/placed_on_hold")
def held(_topic: str, record: Record, shop: Shop) -> Record:
    holds = [_hold(each) for each in record.get("_holds", ())]
    remaining = shop.get(record.get("_remaining"))
    return {
        "fulfillment_order": {**state(record), "fulfillment_holds": holds},
        "remaining_fulfillment_order": state(remaining) if remaining else None,
        "held_fulfillment_order_line_items": [
            {"id": row["id"], "quantity": row["remaining"]} for row in record["_lines"]
        ],
        "created_fulfillment_hold": holds[-1] if holds else None,
    }


def _hold(entry: Record) -> Record:
    return {
        "id": entry["id"],
        "handle": entry.get("handle") or "",
        "reason": low(entry["reason"]),
        "reason_notes": entry.get("reasonNotes") or "",
        "held_by_app": _app(),
        "held_by_requesting_app": True,
    }
