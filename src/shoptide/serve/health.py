"""Reads the health of a configuration's syncs from the ledger."""

from __future__ import annotations

from shoptide.config import Config
from shoptide.ledger import Ledger
from shoptide.ledger.health import SyncHealth, sync_health

LOOKED_BACK = 50  # runs of a name, which a pull and a push may share


def health_of(config: Config, ledger: Ledger, kind: str, name: str) -> SyncHealth:
    """Tell where the pull or push `name` stands."""
    last = next((run for run in ledger.runs(name=name, limit=LOOKED_BACK) if run.kind == kind), None)
    shop = config.pulls[name].shop if kind == "pull" else config.pushes[name].shop
    return sync_health(kind, name, shop, last, ledger.counts(name) if kind == "push" else {})


def healths(config: Config, ledger: Ledger) -> list[SyncHealth]:
    """Tell where every sync of the configuration stands, pulls first."""
    named = [("pull", name) for name in config.pulls] + [("push", name) for name in config.pushes]
    return [health_of(config, ledger, kind, name) for kind, name in named]
