"""What the plugin is called and can do, as Omnata lists it."""

from __future__ import annotations

from omnata_plugin_runtime.configuration import (
    ConnectivityOption,
    CreateSyncStrategy,
    DeleteSyncStrategy,
    MirrorSyncStrategy,
    OutboundRecordTransformationParameters,
    OutboundTargetType,
    UpdateSyncStrategy,
    UpsertSyncStrategy,
)
from omnata_plugin_runtime.omnata_plugin import PluginManifest

from shoptide.resources.objects import OBJECTS

STRATEGIES = (CreateSyncStrategy, UpdateSyncStrategy, UpsertSyncStrategy, DeleteSyncStrategy, MirrorSyncStrategy)
# Times leave Snowflake as the Admin API writes them; those without a zone are UTC.
FORMATS = OutboundRecordTransformationParameters(
    timestamp_tz_format='YYYY-MM-DD"T"HH24:MI:SS.FF3TZH:TZM',
    timestamp_ltz_format='YYYY-MM-DD"T"HH24:MI:SS.FF3TZH:TZM',
    timestamp_ntz_format='YYYY-MM-DD"T"HH24:MI:SS.FF3"Z"',
    date_format="YYYY-MM-DD",
)


def manifest() -> PluginManifest:
    names = [strategy().name for strategy in STRATEGIES]
    return PluginManifest(
        plugin_id="shoptide",
        plugin_name="Shopify (Shoptide)",
        developer_id="shoptide",
        developer_name="Shoptide",
        docs_url="",
        supports_inbound=True,
        supported_outbound_strategies=[strategy() for strategy in STRATEGIES],
        supported_connectivity_options=[ConnectivityOption.DIRECT],
        outbound_target_types=[
            OutboundTargetType(label=name.capitalize(), supported_strategies=names) for name in OBJECTS
        ],
        outbound_target_transformation_parameters=FORMATS,
    )


def object_of(target_type: str | None) -> str:
    """The object that a target type stands for; raises ValueError for none of ours."""
    name = (target_type or "").lower()
    if name not in OBJECTS:
        choices = ", ".join(each.capitalize() for each in OBJECTS)
        raise ValueError(f"target type {target_type!r}: choose one of {choices}")
    return name
