"""The record reader of Airbyte's source: lines to composed records; runs in its own environment."""

import json
import sys
import time
from types import SimpleNamespace

from source_shopify.shopify_graphql.bulk.record import ShopifyBulkRecord

PARTS = ["LineItem", "ShippingLine", "DiscountApplication", "OrderTransaction", "RefundLineItem"]


def whole(record):
    """As the streams do that have nothing of their own to do."""
    yield record


query = SimpleNamespace(
    record_composition={"new_record": "Order", "record_components": PARTS}, record_process_components=whole
)
began = time.perf_counter()
records = sum(1 for _ in ShopifyBulkRecord(query).read_file(sys.argv[1], remove_file=False))
print(json.dumps({"seconds": time.perf_counter() - began, "records": records}))
