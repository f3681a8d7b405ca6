"""The streams that ship with Shoptide, by name."""

from __future__ import annotations

from shoptide.resources.stream import Stream
from shoptide.resources.streams.customers import CUSTOMERS
from shoptide.resources.streams.fulfillments import FULFILLMENTS
from shoptide.resources.streams.orders import ORDERS
from shoptide.resources.streams.products import PRODUCTS

STREAMS: dict[str, Stream] = {stream.name: stream for stream in (CUSTOMERS, PRODUCTS, ORDERS, FULFILLMENTS)}
