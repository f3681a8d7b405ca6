"""The class that Omnata calls: what the plugin is, how it connects, what it reads and writes. The work is elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from omnata_plugin_runtime.configuration import (
    ConnectionConfigurationParameters,
    ConnectivityOption,
    InboundSyncConfigurationParameters,
    OutboundSyncConfigurationParameters,
    StoredConfigurationValue,
    StoredMappingValue,
    StoredStreamConfiguration,
    StreamConfiguration,
)
from omnata_plugin_runtime.forms import (
    ConnectionMethod,
    InboundSyncConfigurationForm,
    OutboundSyncConfigurationForm,
)
from omnata_plugin_runtime.omnata_plugin import (
    ConnectResponse,
    InboundSyncRequest,
    OmnataPlugin,
    OutboundSyncRequest,
    PluginManifest,
    managed_inbound_processing,
)
from omnata_plugin_runtime.rate_limiting import ApiLimits, HttpRequestMatcher, RequestRateLimit

from shoptide.clock import SystemClock
from shoptide.errors import Interrupted, ShoptideError
from shoptide.hosts.omnata import inbound, outbound
from shoptide.hosts.omnata.connection import checked
from shoptide.hosts.omnata.connection_form import connection_methods
from shoptide.hosts.omnata.manifest import manifest, object_of
from shoptide.hosts.omnata.reading import Inbound, Member, words_of
from shoptide.hosts.omnata.requests_http import RequestsHttp
from shoptide.hosts.omnata.sending import Outbound
from shoptide.hosts.omnata.shop import NEWEST, RunClock, Stop, entered, hosts_of, limit_of, open_client, shop_of
from shoptide.hosts.omnata.validation import wrong_fields
from shoptide.shopify.client import AdminClient
from shoptide.shopify.endpoint import Endpoint

log = logging.getLogger("omnata_plugin")


class ShoptidePlugin(OmnataPlugin):
    """Shopify by Shoptide's core. One instance serves a whole run; Omnata's threads share it."""

    def get_manifest(self) -> PluginManifest:
        return manifest()

    # connection

    def connection_form(self, _connectivity_option: ConnectivityOption) -> list[ConnectionMethod]:
        return connection_methods()

    def network_addresses(self, parameters: ConnectionConfigurationParameters) -> list[str]:
        with told():
            return hosts_of(parameters.connection_parameters)

    def connect(self, parameters: ConnectionConfigurationParameters) -> ConnectResponse:
        """Check token, scopes and version; what is missing and can be lived with is kept beside the connection."""
        with told(), opened(parameters) as client:
            found = checked(client)
        for warning in found.warnings:
            log.warning("%s", warning)
        kept = {
            "shop_domain": found.access.domain,
            "shop_plan": found.access.plan.name,
            "granted_scopes": ", ".join(sorted(found.access.scopes)),
            "missing_scopes": ", ".join(found.missing),
            "warnings": "\n".join(found.warnings),
        }
        return ConnectResponse(
            connection_parameters={name: StoredConfigurationValue(value=value) for name, value in kept.items()}
        )

    def api_limits(self, parameters: ConnectionConfigurationParameters) -> list[ApiLimits]:
        with told():
            limit = limit_of(parameters.connection_parameters)
        return [
            ApiLimits(
                endpoint_category="Admin API",
                request_matchers=[HttpRequestMatcher(http_methods=["POST"], url_regex=limit.path)],
                request_rates=[RequestRateLimit(request_count=limit.requests, time_unit="second", unit_count=1)],
            )
        ]

    # inbound

    def inbound_configuration_form(
        self, parameters: InboundSyncConfigurationParameters
    ) -> InboundSyncConfigurationForm:
        return inbound.configuration_form(entered(parameters.connection_parameters, "warnings"))

    def inbound_stream_list(self, parameters: InboundSyncConfigurationParameters) -> list[StreamConfiguration]:
        with told(), opened(parameters) as client:
            config = inbound.settings_of(parameters.sync_parameters)
            return inbound.stream_list(client, config, parameters.currently_selected_streams)

    def sync_inbound(
        self, parameters: InboundSyncConfigurationParameters, inbound_sync_request: InboundSyncRequest
    ) -> None:
        """Read every selected stream; what goes wrong with one is its own."""
        clock = RunClock(Stop(inbound_sync_request.wait))
        with suppress(Interrupted), told(), opened(parameters, clock) as client:
            config = inbound.settings_of(parameters.sync_parameters)
            shared = inbound.inbound_of(client, inbound_sync_request, config)
            groups = inbound.members_of(inbound_sync_request.streams)
            leads = {next(iter(members)): members for members in groups.values()}
            streams = [each for each in inbound_sync_request.streams if each.stream_name in leads]
            self.read_stream(streams, shared, inbound_sync_request, leads)

    @managed_inbound_processing(concurrency=3)
    def read_stream(
        self,
        stream: StoredStreamConfiguration,
        shared: Inbound,
        request: InboundSyncRequest,
        leads: dict[str, dict[str, Member]],
    ) -> bool:
        """One stream and its children, in a thread of its own; False leaves it incomplete."""
        return inbound.read_stream(shared, request, stream.stream_name, leads[stream.stream_name])

    # outbound

    def outbound_configuration_form(
        self, parameters: OutboundSyncConfigurationParameters
    ) -> OutboundSyncConfigurationForm:
        """The form for the object and strategy that were chosen."""
        connection = parameters.connection_parameters
        return outbound.configuration_form(
            object_of(parameters.target_type),
            parameters.sync_strategy.name.lower(),
            entered(connection, "api_version") or NEWEST,
            entered(connection, "warnings"),
        )

    def outbound_record_validator(
        self,
        _sync_parameters: dict[str, StoredConfigurationValue],
        field_mappings: StoredMappingValue,
        transformed_record: dict[str, Any],
        _source_types: dict[str, str],
    ) -> dict[str, str] | None:
        """What Shopify would not take of a record: field → reason; None when there is nothing."""
        return wrong_fields(getattr(field_mappings, "field_mappings", ()), transformed_record) or None

    def sync_outbound(
        self, parameters: OutboundSyncConfigurationParameters, outbound_sync_request: OutboundSyncRequest
    ) -> None:
        """Send every record that needs it; results are handed over as they come."""
        stop = Stop(outbound_sync_request.wait)
        with suppress(Interrupted), told(), opened(parameters, RunClock(stop)) as client:
            push = outbound.push_of(
                object_of(parameters.target_type),
                parameters.sync_strategy.name.lower(),
                parameters.sync_parameters,
                outbound.name_of(outbound_sync_request),
            )
            sending = Outbound(
                push,
                client,
                stop=stop.is_set,
                report=lambda results: outbound_sync_request.enqueue_results(outbound.frame_of(results)),
            )
            for frame in outbound_sync_request.get_records(batched=True):
                if stop.is_set():
                    return
                sending.send(outbound.records_of(frame))


@contextmanager
def opened(parameters: Any, clock: SystemClock | None = None) -> Iterator[AdminClient]:
    """A client for the parameters of a connection or a sync. Raises ConfigError."""
    shop = shop_of(parameters.connection_method, parameters.connection_parameters, parameters.connection_secrets)
    http = RequestsHttp(local=Endpoint.of(shop).is_local)
    try:
        yield open_client(shop, http, clock=clock)
    finally:
        http.close()


@contextmanager
def told() -> Iterator[None]:
    """Our errors as the ValueError that Omnata shows: what happened, and what to do."""
    try:
        yield
    except Interrupted:
        raise
    except ShoptideError as error:
        raise ValueError(words_of(error)) from None
