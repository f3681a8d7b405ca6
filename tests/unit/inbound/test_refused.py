"""Which field a refusal of the store is about."""

from __future__ import annotations

from typing import Any

import pytest

from shoptide.errors import ApiError, ApiMessage
from shoptide.inbound.refused import refusals, widening
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load

NOBODY: Any = None  # the client is asked after bulk operations only


def denied(*paths: tuple[str | int, ...]) -> ApiError:
    return ApiError("refused", messages=tuple(ApiMessage("Access denied.", "ACCESS_DENIED", path) for path in paths))


@pytest.mark.parametrize(
    ("stream", "path", "field"),
    [
        ("orders", ("orders",), ""),
        ("orders", ("orders", "nodes", 3, "customer"), "customer"),
        ("orders", ("orders", "nodes", 3, "lineItems", "nodes", 0, "image"), "lineItems.image"),
        ("orders", ("orders", "edges", 0, "node", "json_risk", "provider"), "risk.provider"),
        ("fulfillments", ("orders", "nodes", 0, "fulfillments", 1, "location"), "location"),
        ("returns", ("orders", "nodes", 0, "returns", "nodes", 1, "decline"), "decline"),
        ("payouts", ("shopifyPaymentsAccount",), ""),
        ("payouts", ("shopifyPaymentsAccount", "payouts", "nodes", 0, "net"), "net"),
        ("metafield_definitions", ("ORDER", "nodes", 0, "access"), "access"),
        ("shops", ("shop", "email"), "email"),
    ],
)
def test_the_path_below_the_record_is_found(stream: str, path: tuple[str | int, ...], field: str) -> None:
    plan = plan_stream(STREAMS[stream], load("2026-10"))
    assert refusals(NOBODY, plan, denied(path)) == {field: "Access denied."}


def test_other_errors_are_no_refusals() -> None:
    """Also when only some of the messages are."""
    plan = plan_stream(STREAMS["orders"], load("2026-10"))
    mixed = ApiError(
        "x", messages=(*denied(("orders",)).messages, ApiMessage("Internal error", "INTERNAL_SERVER_ERROR"))
    )
    assert refusals(NOBODY, plan, mixed) == {}
    assert refusals(NOBODY, plan, ApiError("x")) == {}


def test_an_inner_field_is_left_out_with_what_it_is_in() -> None:
    assert list(widening("lineItems.image.url")) == ["lineItems.image.url", "lineItems.image", "lineItems"]
