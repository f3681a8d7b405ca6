"""Puts the parts of `shoptide serve` together from the configuration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.errors import ConfigError
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Inbox
from shoptide.serve.commits import GroupCommit
from shoptide.serve.http import HttpPart
from shoptide.serve.process import Process
from shoptide.serve.receiver import Receiver, Sender
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import DuckDBWarehouse


def senders_of(config: Config) -> dict[str, Sender]:
    """The shops whose webhooks can be proved, by alias. Raises ConfigError when there is a shop without a secret."""
    found = {}
    for alias, shop in config.shops.items():
        held = (*config.serve.secrets, *([shop.client_secret] if shop.client_secret else []))
        if not held:
            raise ConfigError(
                f"[serve] secrets: is missing, and [shop.{alias}] has no client_secret: nothing proves its webhooks",
                hint='secrets = ["env:SHOPIFY_CLIENT_SECRET"], the client secret of the app that sends them',
            )
        found[alias] = Sender(alias, shop.domain, tuple(secret.reveal().encode() for secret in held))
    return found


@dataclass(frozen=True)
class Opened:
    """What the command has opened for its parts; `stop` is set when the process is to end."""

    config: Config
    clock: Clock
    stop: threading.Event
    ledger: Ledger
    warehouse: DuckDBWarehouse
    open_client: Callable[[str], AdminClient]  # of a shop, by its alias
    state: Path  # the folder for files of our own


def open_parts(opened: Opened) -> tuple[Process, HttpPart]:
    """The process with all its parts, and the one that webhooks come to. Raises ConfigError."""
    serve = opened.config.serve
    process = Process(opened.clock, opened.stop)
    commits = GroupCommit(Inbox(opened.ledger), lambda _shops: None, clock=opened.clock)
    process.add(commits)
    receiver = Receiver(senders_of(opened.config), commits.accept, clock=opened.clock, max_body=serve.max_body)
    http = HttpPart("webhooks", receiver.app(), serve.host, serve.port, clock=opened.clock, fail=process.fail)
    process.add(http)
    return process, http
