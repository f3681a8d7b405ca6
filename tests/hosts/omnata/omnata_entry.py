"""The plugin's real entry point, with what a user entered in the connection's form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omnata_engine import Engine
from omnata_store import Store


@dataclass
class Plugin:
    """The real entry point on a made-up session."""

    entry: Any
    engine: Engine
    store: Store

    def parameters(self, **more: str) -> dict[str, dict[str, Any]]:
        values = {"shop": "simulated", "user_tier": "Shopify Plus", "base_url": self.store.url, **more}
        return {name: {"value": value, "metadata": {}} for name, value in values.items()}

    def connect(self, method: str = "API Access Token", **more: str) -> dict[str, Any]:
        found: dict[str, Any] = self.entry.connect("direct", method, self.parameters(**more), "rule", None, "secrets")
        return found


Maker = Callable[..., Plugin]
