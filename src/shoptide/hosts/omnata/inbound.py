"""Inbound syncs in Omnata's terms: which streams there are, which were selected; each is read apart from the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from omnata_plugin_runtime.configuration import InboundSyncStrategy, StreamConfiguration
from omnata_plugin_runtime.forms import (
    FormTextAreaField,
    InboundSyncConfigurationForm,
    InformationBoxField,
)

from shoptide.config import PullConfig, StreamConfig
from shoptide.errors import ConfigError, Interrupted, ShoptideError
from shoptide.hosts.omnata.layout import Layout, layouts
from shoptide.hosts.omnata.reading import Inbound, Member, Reading, earliest, words_of
from shoptide.hosts.omnata.shop import entered
from shoptide.inbound.plans import plan_one
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.streams import STREAMS
from shoptide.resources.streams.by_configuration import table_names
from shoptide.shopify.client import AdminClient

log = logging.getLogger("omnata_plugin")

STREAM_OF = {table: name for name, stream in STREAMS.items() for table in table_names(stream)}
EXCLUDE_HELP = (
    "Fields that are not read, a stream a line, by their names in the Admin API: "
    "orders: customerJourneySummary, lineItems.image"
)
METAFIELDS_HELP = "Metafields that become columns, a stream a line: orders: custom.erp_id, custom.channel"


def configuration_form(warnings: str) -> InboundSyncConfigurationForm:
    """What can be set before streams are chosen; what the connection lacks is shown above it."""
    told = [InformationBoxField(name="warnings", markdown_content=warnings, box_type="warning")] if warnings else []
    return InboundSyncConfigurationForm(
        fields=[
            *told,
            FormTextAreaField(name="exclude", label="Fields to leave out", help_text=EXCLUDE_HELP),
            FormTextAreaField(name="metafields", label="Metafields as columns", help_text=METAFIELDS_HELP),
        ]
    )


def settings_of(parameters: Mapping[str, Any] | None) -> PullConfig:
    """The form as the configuration of a pull. Raises ConfigError that names the line."""
    exclude, metafields = (_lines(entered(parameters, name), name) for name in ("exclude", "metafields"))
    chosen = {
        name: StreamConfig(exclude=tuple(exclude.get(name, ())), metafields=tuple(metafields.get(name, ())))
        for name in {*exclude, *metafields}
    }
    return PullConfig("omnata", "omnata", ("all",), stream=chosen)


def _lines(text: str, field: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        stream, colon, names = line.partition(":")
        if not colon or stream.strip() not in STREAMS:
            raise ConfigError(f"{field}: {line!r} names no stream", hint="write a line as `orders: field, field`")
        found.setdefault(stream.strip(), []).extend(filter(None, map(str.strip, names.split(","))))
    return found


def stream_list(client: AdminClient, config: PullConfig, selected: Iterable[str] | None) -> list[StreamConfiguration]:
    """The streams that the token may read; those that were selected with their columns."""
    wanted = None if selected is None else set(selected)
    scopes = client.access().scopes
    names = STREAMS if wanted is None else [name for name in STREAMS if wanted & set(table_names(STREAMS[name]))]
    plans = (plan_one(config, client.schema, scopes, name) for name in names)
    found = [layout for plan in plans if not plan.closed for layout in layouts(plan)]
    there = {layout.name for layout in found} if wanted is None else wanted
    return [
        _stream(layout, there, schema=wanted is not None) for layout in found if wanted is None or layout.name in wanted
    ]


def _stream(layout: Layout, there: set[str], *, schema: bool) -> StreamConfiguration:
    strategies = [InboundSyncStrategy.FULL_REFRESH]
    if layout.incremental:
        strategies.insert(0, InboundSyncStrategy.INCREMENTAL)
    key = list(layout.primary_key)
    return StreamConfiguration(
        stream_name=layout.name,
        supported_sync_strategies=strategies,
        source_defined_cursor=layout.incremental,
        source_defined_primary_key=key[0] if len(key) == 1 else key,
        primary_key_can_be_composite=len(key) > 1,
        default_cursor_field=layout.cursor,
        json_schema=layout.json_schema if schema else None,
        depends_on_stream=layout.depends_on if schema or layout.depends_on in there else None,
    )


def members_of(streams: Iterable[Any]) -> dict[str, dict[str, Member]]:
    """Omnata's stored streams, those of one record together: stream → table → how it is to be read."""
    found: dict[str, dict[str, Member]] = {}
    for each in streams:
        name = each.stream_name
        if name not in STREAM_OF:
            log.error(f"there is no stream {name}", extra={"stream_name": name})  # noqa: G004  # Omnata shows it
            continue
        whole = each.sync_strategy == InboundSyncStrategy.FULL_REFRESH
        found.setdefault(STREAM_OF[name], {})[name] = Member(name, whole, {} if whole else dict(each.latest_state))
    return found


def inbound_of(client: AdminClient, request: Any, config: PullConfig) -> Inbound:
    """What the streams of a run share."""
    scopes = client.access().scopes

    def planned(name: str, left_out: Mapping[str, str]) -> StreamPlan:
        return plan_one(config, client.schema, scopes, name, left_out)

    groups = members_of(request.streams)
    states = (member.state for members in groups.values() for member in members.values() if not member.whole)
    return Inbound(client, request, client.clock.stop.is_set, planned, earliest(states))  # type: ignore[attr-defined]


def read_stream(inbound: Inbound, request: Any, lead: str, members: Mapping[str, Member]) -> bool:
    """Read a stream with its children; whether it came to its end. What went wrong is told of each of them."""
    try:
        request.update_activity(f"Reading {STREAM_OF[lead]}")
        for name in members:
            request.mark_stream_started(name)
        Reading(inbound, STREAM_OF[lead], members).read()
    except Interrupted:
        return False
    except ShoptideError as error:
        for name in members:
            # Its handler keeps the message as it is, without arguments.
            log.error(words_of(error), extra={"stream_name": name})  # noqa: TRY400  # what Omnata shows
        return False
    for name in members:
        if name != lead:
            request.mark_stream_complete(name)
    return True
