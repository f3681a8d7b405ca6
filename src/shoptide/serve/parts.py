"""Puts the parts of `shoptide serve` together from the configuration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shoptide.clock import Clock
from shoptide.config import Config, PullConfig
from shoptide.errors import ConfigError
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.inbox import Delivery, Inbox
from shoptide.resources.topics import FINISHED
from shoptide.serve.caretaker import Caretaker
from shoptide.serve.commits import GroupCommit
from shoptide.serve.compliance import Compliance
from shoptide.serve.following import Follower
from shoptide.serve.http import HttpPart
from shoptide.serve.managing import management_part
from shoptide.serve.process import Process
from shoptide.serve.processing import Processor
from shoptide.serve.receiver import Receiver, Sender
from shoptide.serve.subscriptions import Subscriber
from shoptide.serve.turns import Means
from shoptide.serve.worker import Worker
from shoptide.shopify import bulk
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse


def senders_of(config: Config) -> dict[str, Sender]:
    """The shops whose webhooks can be proved, by alias. Raises ConfigError when some are asked for that can't be."""
    found = {}
    for alias, shop in config.shops.items():
        held = (*config.serve.secrets, *([shop.client_secret] if shop.client_secret else []))
        if not held and config.serve.public_url:
            raise ConfigError(
                f"[serve] secrets: is missing, and [shop.{alias}] has no client_secret: nothing proves its webhooks",
                hint='secrets = ["env:SHOPIFY_CLIENT_SECRET"], the client secret of the app that sends them',
            )
        if held:
            found[alias] = Sender(alias, shop.domain, tuple(secret.reveal().encode() for secret in held))
    return found


@dataclass(frozen=True)
class Opened:
    """What the command has opened for its parts; `stop` is set when the process is to end."""

    config: Config
    clock: Clock
    stop: threading.Event
    ledger: Ledger
    warehouse: Warehouse
    open_client: Callable[[str], AdminClient]  # of a shop, by its alias
    state: Path  # the folder for files of our own


def open_parts(opened: Opened) -> tuple[Process, HttpPart, HttpPart]:
    """The process with all its parts; those that webhooks come to and that people look at. Raises ConfigError."""
    serve = opened.config.serve
    process = Process(opened.clock, opened.stop)
    told = _add_processors(process, opened)
    commits = GroupCommit(Inbox(opened.ledger), told, clock=opened.clock)
    process.add(commits)
    receiver = Receiver(senders_of(opened.config), commits.accept, clock=opened.clock, max_body=serve.max_body)
    http = HttpPart("webhooks", receiver.app(), serve.host, serve.port, clock=opened.clock, fail=process.fail)
    process.add(http)
    process.add(Caretaker(opened.config, opened.ledger, opened.clock))
    manage = management_part(opened.config, opened.ledger, opened.clock, stopping=opened.stop.is_set, fail=process.fail)
    process.add(manage)
    if serve.public_url:
        shops = [(shop, pulls_of(opened.config, shop.alias)) for shop in opened.config.shops.values()]
        process.add(
            Subscriber(
                shops,
                serve.public_url,
                ledger=opened.ledger,
                open_client=opened.open_client,
                told=told,
                clock=opened.clock,
            )
        )
    process.add(_worker(opened))
    return process, http, manage


def _worker(opened: Opened) -> Worker:
    """What works off schedules and the queue, on the warehouse that this process has opened."""
    config, clock = opened.config, opened.clock
    means = Means(
        config,
        clock,
        opened.stop.is_set,
        lambda: open_ledger(config.ledger, base=config.path.parent, clock=clock),
        opened.warehouse.beside,
        opened.open_client,
        opened.state,
    )
    return Worker(means)


def pulls_of(config: Config, alias: str) -> list[PullConfig]:
    return [pull for pull in config.pulls.values() if pull.shop == alias]


def _add_processors(process: Process, opened: Opened) -> Callable[[list[Delivery]], None]:
    """A processor for each shop; returns what to call with deliveries that are in the inbox."""
    processors: dict[str, Processor] = {}
    follower = Follower(opened.config, opened.ledger, opened.clock)
    process.add(follower)
    folder = opened.config.path.parent / opened.config.serve.compliance

    def comply(client: AdminClient, warehouse: Warehouse) -> Callable[[Delivery], None]:
        return Compliance(client, warehouse, opened.ledger, opened.clock, folder).carry_out

    for shop in opened.config.shops.values():
        processors[shop.domain] = Processor(
            shop,
            pulls_of(opened.config, shop.alias),
            ledger=opened.ledger,
            warehouse=opened.warehouse,
            open_client=opened.open_client,
            comply=comply,
            follower=follower,
            clock=opened.clock,
            spool=opened.state / "spool",
            fail=process.fail,
        )
        process.add(processors[shop.domain])

    def told(deliveries: list[Delivery]) -> None:
        for each in deliveries:
            if each.topic == FINISHED:
                bulk.FINISHED.tell(each.subject)
        for domain in {each.shop for each in deliveries}:
            processors[domain].wake()

    return told
