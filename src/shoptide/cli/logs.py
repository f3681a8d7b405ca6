"""Logs: structured events on stderr, in which no secret ever stands."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

TOKEN = re.compile(r"\bshp[a-z]{2}_[A-Za-z0-9]{6,}\b")
HIDDEN = "…"
LEVELS = {0: logging.WARNING, 1: logging.INFO}


class Scrubber:
    """Takes secrets out of every value of an event: those it was told, and what looks like a Shopify token."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def know(self, secrets: Iterable[str]) -> None:
        self.secrets |= {secret for secret in secrets if len(secret) >= 4}

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self.secrets:
                value = value.replace(secret, HIDDEN)
            return TOKEN.sub(HIDDEN, value)
        if isinstance(value, dict):
            return {self.clean(key): self.clean(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean(inner) for inner in value]
        return value

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: self.clean(value) if key[:1] != "_" else value for key, value in event.items()}


SCRUBBER = Scrubber()


def configure(*, log_format: str, verbose: int, quiet: bool) -> None:
    """Route the core's standard logging through structlog to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        SCRUBBER,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.ERROR if quiet else logging.WARNING)
    logging.getLogger("shoptide").setLevel(logging.ERROR if quiet else LEVELS.get(verbose, logging.DEBUG))
