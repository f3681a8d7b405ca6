"""Keeps the views of other people's layouts up to date with what was pulled, and says which streams would fill them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from shoptide.errors import ShoptideError
from shoptide.inbound import cursors
from shoptide.resources.streams import STREAMS
from shoptide.resources.streams.by_configuration import table_names
from shoptide.warehouse import Warehouse
from shoptide.warehouse.views import Gaps, Layout, layout, make_views

log = logging.getLogger(__name__)

Streams = dict[str, tuple[str, ...]]  # view → names of streams


@dataclass(frozen=True)
class KeptLayout:
    """What became of a layout's views: the schemas they are in, how many were made anew, or why they were not.

    `empty` is view → the streams without which it has no rows, `partial` those without which something is missing.
    """

    name: str
    schemas: tuple[str, ...] = ()
    anew: int = 0
    empty: dict[str, tuple[str, ...]] = field(default_factory=dict)
    partial: dict[str, tuple[str, ...]] = field(default_factory=dict)
    error: ShoptideError | None = None

    @property
    def notes(self) -> list[str]:
        if self.error is not None:
            hint = f" → {self.error.hint}" if self.error.hint else ""
            return [f"views {self.name} stayed as they were, all rows are landed: {self.error.message}{hint}"]
        if not self.empty:
            return []
        return [f"views {self.name}: {len(self.empty)} are empty until more is pulled; `shoptide views` says what"]


def keep_layouts(warehouse: Warehouse) -> list[KeptLayout]:
    """Make the configured layouts' views anew where that is needed; an error is told, never raised."""
    return [_keep(warehouse, layout(name)) for name in warehouse.views]


def _keep(warehouse: Warehouse, chosen: Layout) -> KeptLayout:
    try:
        made = make_views(warehouse, chosen, cursors.shops(warehouse))
    except ShoptideError as error:
        log.warning("pull.views_failed", extra={"layout": chosen.name, "reason": error.message})
        return KeptLayout(chosen.name, error=error)
    empty, partial = in_streams(made.gaps)
    return KeptLayout(chosen.name, made.schemas, len(made.anew), empty, partial)


def in_streams(gaps: Gaps) -> tuple[Streams, Streams]:
    """Gaps as the streams that would fill them."""
    empty = {view: streams_of(tables) for view, tables in gaps.empty.items()}
    return empty, {view: streams_of(tables) for view, tables in gaps.partial.items()}


def gaps_of(chosen: Layout, streams: Iterable[str]) -> tuple[Streams, Streams]:
    """What a layout would lack where only these streams are pulled, as the streams that would fill it."""
    return in_streams(
        chosen.gaps({table for name in streams if name in STREAMS for table in table_names(STREAMS[name])})
    )


def streams_of(tables: Iterable[str]) -> tuple[str, ...]:
    """The streams that fill these tables."""
    return tuple(dict.fromkeys(_stream_by_table()[table] for table in tables))


@cache
def _stream_by_table() -> dict[str, str]:
    return {table: name for name, stream in STREAMS.items() for table in table_names(stream)}
