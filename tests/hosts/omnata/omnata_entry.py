"""The plugin's real entry point, with what a user entered in the connection's form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omnata_engine import SYNC_ID, Engine
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

    def streams(self, *names: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The stream list: all without names, else those with their columns."""
        found: list[dict[str, Any]] = self.entry.inbound_list_streams(
            "direct",
            "API Access Token",
            self.parameters(),
            None,
            "secrets",
            parameters or {},
            list(names) or None,
        )
        return found

    def pull(
        self, *names: str, strategy: str = "Incremental", states: dict[str, Any] | None = None, minutes: float = 60
    ) -> dict[str, Any]:
        """Run an inbound sync of these streams; what it wrote is the engine's to tell."""
        included = {
            stream["stream_name"]: {
                "stream_name": stream["stream_name"],
                "sync_strategy": strategy,
                "storage_behaviour": "merge",
                "stream": stream,
                "latest_state": (states or {}).get(stream["stream_name"]),
            }
            for stream in self.streams(*names)
        }
        assert set(included) == set(names)
        found: dict[str, Any] = self.entry.sync(
            {
                **self._shared("inbound", minutes),
                "streams_configuration": {
                    "include_new_streams": False,
                    "included_streams": included,
                    "excluded_streams": [],
                },
                "latest_stream_state": {},
            }
        )
        return found

    def _shared(self, direction: str, minutes: float) -> dict[str, Any]:
        return {
            "sync_direction": direction,
            "sync_id": SYNC_ID,
            "sync_branch_id": None,
            "connection_id": 1,
            "run_id": 1,
            "source_app_name": "OMNATA",
            "results_schema_name": "DATA",
            "results_table_name": "RESULTS",
            "logging_level": "INFO",
            "connection_method": "API Access Token",
            "connection_parameters": self.parameters(),
            "other_secrets_name": "secrets",
            "sync_parameters": {},
            "api_limit_overrides": [],
            "rate_limits_state": {},
            "time_limit_mins": minutes,
        }

    def connect(self, method: str = "API Access Token", **more: str) -> dict[str, Any]:
        found: dict[str, Any] = self.entry.connect("direct", method, self.parameters(**more), "rule", None, "secrets")
        return found


Maker = Callable[..., Plugin]
