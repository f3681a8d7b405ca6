"""Each object made and changed in every supported API version: inputs that came, went or changed between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from outbound_store import opened

from shoptide.shopify.schema import SUPPORTED_VERSIONS

LINE = {"title": "Hat", "sku": "HAT", "quantity": 1, "price": "5.00"}
ROWS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "customers": (
        {"email": "a@example.com", "phone": "+16135550111", "tags": ["a"]},
        {"sms_marketing_consent": {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "SINGLE_OPT_IN"}},
    ),
    "products": ({"title": "Hat", "handle": "hat", "sku": "HAT"}, {"publish_to": ["Online Store"], "price": "7.00"}),
    "orders": ({"line_items": [LINE], "name": "#1"}, {"note": "n", "po_number": "P"}),
    "fulfillments": ({"order": "#1", "line_items": ["HAT"]}, {"tracking_number": "T1", "status": "DELIVERED"}),
}


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_every_object_is_made_and_changed(tmp_path: Path, version: str) -> None:
    """With stock, which takes other arguments in each version."""
    with opened(tmp_path, api_version=version) as project:
        place = project.ask("{ locations(first: 1) { nodes { id } } }")["locations"]["nodes"][0]["id"]
        for name, (first, more) in ROWS.items():
            for row in (first, {**first, **more}):
                report = project.push(project.config(name, name, "upsert", project.rows({"k": 1, **row})))
                assert report.outcomes == {"applied": 1}, (name, report.failures)
        variants = [{"sku": "HAT", "inventory_quantities": [{"location_id": place, "quantity": 3}]}]
        row = {"k": 1, "title": "Hat", "handle": "hat", "variants": variants}
        report = project.push(project.config("products", "products", "upsert", project.rows(row)))
        assert report.outcomes == {"applied": 1}, report.failures
        found = project.ask("{ productVariants(first: 1) { nodes { inventoryQuantity price } } }")["productVariants"]
        assert found["nodes"] == [{"inventoryQuantity": 3, "price": "7.00"}]
