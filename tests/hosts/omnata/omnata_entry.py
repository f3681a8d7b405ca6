"""The plugin's real entry point, with what a user entered in the connection's form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from omnata_engine import SYNC_ID, Engine
from omnata_store import Store


@dataclass
class Plugin:
    """The real entry point on a made-up session."""

    entry: Any
    engine: Engine
    store: Store
    limits: list[dict[str, Any]] = field(default_factory=list)

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

    def push(
        self,
        target: str,
        strategy: str,
        *records: dict[str, Any],
        parameters: dict[str, str] | None = None,
        minutes: float = 60,
    ) -> dict[str, dict[str, Any]]:
        """Run an outbound sync of these records; returns each one's result."""
        self.engine.records = list(records)
        given = {name: {"value": value, "metadata": {}} for name, value in (parameters or {}).items()}
        self.entry.sync(
            {
                **self._shared("outbound", minutes),
                "records_schema_name": "DATA",
                "records_table_name": "RECORDS",
                "target_type": target,
                "sync_strategy": {"name": strategy, "custom_strategy": False},
                "sync_parameters": given,
            }
        )
        return self.engine.results()

    def outbound_form(self, target: str, strategy: str) -> dict[str, Any]:
        """The form of an outbound sync, as Omnata asks for it."""
        found: dict[str, Any] = self.entry.configuration_form(
            {
                "sync_direction": "outbound",
                "connection_method": "API Access Token",
                "connection_parameters": self.parameters(),
                "other_secrets_name": "secrets",
                "target_type": target,
                "sync_strategy": {"name": strategy, "custom_strategy": False},
                "sync_parameters": {},
                "current_form_parameters": {},
            }
        )
        return found

    def validate(self, target: str, strategy: str, values: dict[str, Any]) -> dict[str, str] | None:
        """What the validator says of a record whose fields were mapped in the form."""
        fields = self.outbound_form(target, strategy)["mapper"]["data_source"]["values"]
        mappings = [
            {
                "source_type": "column_name",
                "source_value": field["value"].upper(),
                "app_field": field["value"],
                "app_metadata": field["metadata"],
            }
            for field in fields
        ]
        stored = {"mapper_type": "field_mapping_selector", "field_mappings": mappings}
        found: dict[str, str] | None = self.entry.outbound_record_validator({}, stored, values, {})
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
            "api_limit_overrides": self.limits,
            "rate_limits_state": {},
            "time_limit_mins": minutes,
        }

    def connect(self, method: str = "API Access Token", **more: str) -> dict[str, Any]:
        found: dict[str, Any] = self.entry.connect("direct", method, self.parameters(**more), "rule", None, "secrets")
        return found


Maker = Callable[..., Plugin]
