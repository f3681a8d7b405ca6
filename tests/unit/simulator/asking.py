"""Asks a simulated shop in its own process: no socket, the same answers."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from shoptide.simulator.execution import Request
from shoptide.simulator.world import World

NOON = datetime(2026, 10, 1, 12, 0, tzinfo=timezone.utc)  # noqa: UP017  # one spelling with the package
VERSION = "2026-10"


class Store:
    """A shop that starts empty at noon, its clock standing still until a test moves it."""

    def __init__(self) -> None:
        self.world = World.empty(plan="enterprise", now=NOON)
        self.shop = self.world.shop
        self.shop.clock.stop()

    def answer(self, document: str, version: str = VERSION, /, **variables: Any) -> dict[str, Any]:
        """The whole body of an answer."""
        self.world.first.bucket.give_back(1000)
        return self.world.first.execute(Request(document, variables), version, "http://127.0.0.1")

    def ask(self, document: str, version: str = VERSION, /, **variables: Any) -> Any:
        """The value of the only root field; the test fails on top-level errors."""
        body = self.answer(document, version, **variables)
        assert "errors" not in body, body["errors"]
        return next(iter(body["data"].values()))

    def later(self, seconds: float) -> None:
        self.shop.clock.move(seconds)
