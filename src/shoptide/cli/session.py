"""What commands need opened: configuration, shop, warehouse, ledger; and Ctrl-C that ends a run in good order."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from shoptide.cli import logs
from shoptide.cli.app import Flags
from shoptide.clock import SystemClock
from shoptide.config import Config, PullConfig, PushConfig, ShopConfig
from shoptide.config_file import load_config
from shoptide.errors import UsageError
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.shares import LedgerShares
from shoptide.shopify.client import AdminClient, budget_of
from shoptide.shopify.tokens import FileTokenStore
from shoptide.warehouse import Warehouse, open_warehouse

T = TypeVar("T")


@dataclass
class Session:
    """An opened configuration; clients, warehouse and ledger are opened when asked for."""

    flags: Flags
    config: Config
    clock: SystemClock = field(default_factory=SystemClock)

    @property
    def base(self) -> Path:
        return self.config.path.parent

    @property
    def state_folder(self) -> Path:
        return self.base / ".shoptide"

    @property
    def spool(self) -> Path:
        return self.state_folder / "spool"

    def client(self, alias: str) -> AdminClient:
        store = FileTokenStore(self.state_folder / "tokens.json")
        shop = self.config.shops[alias]
        shares = LedgerShares(lambda: self._shares_ledger.beside(), budget_of(shop))  # noqa: PLW0108  # opened when asked
        return AdminClient(shop, clock=self.clock, token_store=store, shares=shares)

    @cached_property
    def _shares_ledger(self) -> Ledger:
        """One ledger for the shares of all clients, for as long as the process lives."""
        return self.ledger()

    def warehouse(self, *, read_only: bool = False) -> Warehouse:
        return open_warehouse(self.config.warehouse, base=self.base, read_only=read_only)

    def ledger(self) -> Ledger:
        return open_ledger(self.config.ledger, base=self.base, clock=self.clock)

    @contextmanager
    def ledger_that_tells(self) -> Iterator[Ledger]:
        """The ledger; whoever wants to hear that a sync's health changed is told when the block ends."""
        with self.ledger() as ledger:
            try:
                yield ledger
            finally:
                if self.config.notify:
                    from shoptide.serve.notices import look

                    look(self.config, ledger, self.clock)

    def stop(self) -> bool:
        return self.clock.stop.is_set()

    def push(self, name: str) -> PushConfig:
        return named(self.config.pushes, name, "push")

    def pulls(self, names: tuple[str, ...]) -> list[PullConfig]:
        if not self.config.pulls:
            raise UsageError(f"{self.config.path.name} has no [pull.…]", hint='add [pull.store] with streams = "all"')
        return [named(self.config.pulls, name, "pull") for name in names or tuple(self.config.pulls)]


def named(found: dict[str, T], name: str, kind: str) -> T:
    if name not in found:
        known = ", ".join(found) or "none yet"
        raise UsageError(f"there is no [{kind}.{name}] in the configuration", hint=f"it has {known}")
    return found[name]


def open_session(flags: Flags, settings: Mapping[str, Any] | None = None) -> Session:
    """Read the configuration, with what flags set of it by dotted name, and set up logs. Raises ConfigError."""
    logs.configure(log_format=flags.log_format, verbose=flags.verbose, quiet=flags.quiet)

    def warn(text: str) -> None:
        if not flags.quiet:
            sys.stderr.write(f"Warning: {text}\n")

    config = load_config(flags.config, flags=settings, warn=warn)
    logs.SCRUBBER.know([*secrets_of(config.shops.values()), *(each.reveal() for each in config.serve.secrets)])
    logs.SCRUBBER.know([secret.reveal() for secret in {**config.warehouse.secrets, **config.ledger.secrets}.values()])
    return Session(flags, config)


def secrets_of(shops: Iterable[ShopConfig]) -> list[str]:
    found: list[str] = []
    for shop in shops:
        held = (shop.access_token, shop.client_secret, shop.refresh_token)
        found.extend(secret.reveal() for secret in held if secret is not None)
    return found


@contextmanager
def stopping(session: Session) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) lets the run end in good order, the second ends it at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if session.clock.stop.is_set():
            raise KeyboardInterrupt
        session.clock.stop.set()
        if not session.flags.quiet:
            sys.stderr.write(f"{signal.Signals(number).name}: finishing what is in flight; once more to stop at once\n")

    kept = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
