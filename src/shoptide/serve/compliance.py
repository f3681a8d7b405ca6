"""Carries out what Shopify asks for people and for shops that left: data requests, redaction (FACTS §7).

Each is a run of the kind `compliance` in the ledger, with what was done and no word of whom it was about but the id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shoptide.clock import Clock
from shoptide.errors import AccessError, LedgerError, ShoptideError, ShopUnavailable
from shoptide.inbound.disclosure import forget_shop, held_about
from shoptide.inbound.redaction import orders_of, redact_customer, redact_published
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Delivery
from shoptide.ledger.redaction import redact
from shoptide.resources.topics import DATA_REQUEST, REDACT_CUSTOMER, REDACT_SHOP
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse


class ComplianceError(ShoptideError):
    """A request that can't be carried out as it is; somebody has to look at it."""


@dataclass(frozen=True)
class Compliance:
    """Answers a shop's requests; `folder` is where what is handed out about people is put, for the operator to send."""

    client: AdminClient
    warehouse: Warehouse
    ledger: Ledger
    clock: Clock
    folder: Path

    def carry_out(self, delivery: Delivery) -> None:
        """Do what the delivery asks for, and note it. Raises ShoptideError when it can't be done yet."""
        do: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            DATA_REQUEST: self._disclose,
            REDACT_CUSTOMER: self._redact,
            REDACT_SHOP: self._forget,
        }
        payload = self._payload(delivery)
        run_id = self.ledger.begin_run("compliance", delivery.topic, delivery.shop, {"event": delivery.event})
        try:
            told = do[delivery.topic](payload)
        except ShoptideError as error:
            self.ledger.end_run(run_id, "failed", {"error": error.message})
            raise
        self.ledger.end_run(run_id, "succeeded", told)

    def _payload(self, delivery: Delivery) -> dict[str, Any]:
        """The request, if it is one about this shop: headers are not signed, so the topic alone proves nothing."""
        try:
            found = msgspec.json.decode((delivery.body or "").encode())
        except msgspec.DecodeError:
            found = None
        if not isinstance(found, dict) or found.get("shop_domain") != self.client.domain:
            raise ComplianceError(f"{delivery.topic}: the request does not name the shop {self.client.domain}")
        return found

    def _customer(self, payload: dict[str, Any]) -> str:
        customer = payload.get("customer")
        number = customer.get("id") if isinstance(customer, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise ComplianceError("the request names no customer")
        return f"gid://shopify/Customer/{number}"

    def _disclose(self, payload: dict[str, Any]) -> dict[str, Any]:
        gid = self._customer(payload)
        asked = payload.get("data_request")
        number = asked.get("id") if isinstance(asked, dict) else None
        with self.warehouse.errors():
            tables = held_about(self.warehouse, self.client.domain, gid)
        name = f"{self.client.domain}.data_request.{number if isinstance(number, int) else gid.rsplit('/', 1)[-1]}.json"
        _write(self.folder / name, {"shop": self.client.domain, "customer": gid, "tables": tables})
        return {"customer": gid, "file": name, "rows": {table: len(rows) for table, rows in tables.items()}}

    def _redact(self, payload: dict[str, Any]) -> dict[str, Any]:
        gid = self._customer(payload)
        named = [each for each in payload.get("orders_to_redact") or () if isinstance(each, int)]
        orders = [f"gid://shopify/Order/{each}" for each in named]
        orders += orders_of(self.warehouse, self.client.domain, gid)
        gids = list(dict.fromkeys([gid, *orders]))
        rows = redact_customer(self.warehouse, self.client.domain, gid, self.clock.now())
        sent = redact(self.ledger, gids)
        redact_published(self.warehouse, gids)
        return {"customer": gid, "rows": rows, "ledger": sent}

    def _forget(self, _payload: dict[str, Any]) -> dict[str, Any]:
        """Only for a shop that does not let us in any more: it is asked for 48 hours after the app was taken off."""
        try:
            self.client.access(refresh=True)
        except (AccessError, ShopUnavailable):
            return {"rows": forget_shop(self.warehouse, self.client.domain)}
        raise ComplianceError(
            f"{self.client.domain}: the app is still installed, so its rows are kept",
            hint="take the app off the shop, or its [shop.…] out of the configuration and its rows out of the tables",
        )


def _write(path: Path, content: dict[str, Any]) -> None:
    """Put a file there whole, for the operator's eyes only."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1, default=str)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise LedgerError(f"{path} can't be written: {error}", hint="check [serve] compliance") from None
