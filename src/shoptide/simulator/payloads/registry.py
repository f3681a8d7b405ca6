"""Which function builds which topic's payload."""

from __future__ import annotations

from collections.abc import Callable

from shoptide.simulator.shop import Record, Shop

Builder = Callable[[str, Record, Shop], "Record | None"]

BUILDERS: dict[str, Builder] = {}


def payload(*topics: str) -> Callable[[Builder], Builder]:
    """Register what builds the payload of these topics from the record that the change was about.

    A builder takes the topic, the record and the shop, whose lock is held. None: the shop has no such record any more,
    so nothing is told of it.
    """

    def register(function: Builder) -> Builder:
        for topic in topics:
            BUILDERS[topic] = function
        return function

    return register
