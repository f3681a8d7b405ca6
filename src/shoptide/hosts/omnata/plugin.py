"""The class that Omnata calls: what the plugin is, how it connects, what it reads and writes. The work is elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from omnata_plugin_runtime.configuration import (
    ConnectionConfigurationParameters,
    ConnectivityOption,
    StoredConfigurationValue,
)
from omnata_plugin_runtime.forms import ConnectionMethod
from omnata_plugin_runtime.omnata_plugin import ConnectResponse, OmnataPlugin, PluginManifest
from omnata_plugin_runtime.rate_limiting import ApiLimits, HttpRequestMatcher, RequestRateLimit

from shoptide.clock import SystemClock
from shoptide.errors import ShoptideError
from shoptide.hosts.omnata.connection import checked
from shoptide.hosts.omnata.connection_form import connection_methods
from shoptide.hosts.omnata.manifest import manifest
from shoptide.hosts.omnata.requests_http import RequestsHttp
from shoptide.hosts.omnata.shop import hosts_of, limit_of, open_client, shop_of
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
    except ShoptideError as error:
        raise ValueError(f"{error.message}. {error.hint}" if error.hint else error.message) from None
