"""Connections: a listing searched, sorted and cut into the page that the arguments ask for, with cursors."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shoptide.simulator.registry import SEARCHES, SORTS, Args, Listing, SortSpec, TopLevelError
from shoptide.simulator.search import matcher
from shoptide.simulator.shop import Record, Shop, Table, tail_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoptide.simulator.context import Context
    from shoptide.simulator.index import Index

LARGEST_PAGE = 250
MOST_KEPT = 32
PAGING = frozenset({"first", "last", "after", "before"})
OWN = frozenset({"ID", "CREATED_AT", "UPDATED_AT", "PROCESSED_AT"})  # sort keys that read the record alone


def page(value: Any, args: Args, ctx: Context, wanted: set[str]) -> Record:
    """The connection's record: edges, nodes, pageInfo, as far as they are wanted."""
    listing = value if isinstance(value, Listing) else Listing(kind="", records=value)
    return _cut(listing, _matching(listing, args, ctx), args, ctx, wanted)


@dataclass
class Rows:
    """Records that match, in order; where each stands is worked out once, when a cursor asks."""

    rows: list[Record]
    counted: int  # what a count says: a search index that lags may still count what is gone

    @cached_property
    def places(self) -> dict[str, int]:
        # Not by the whole gid: what stands behind the number of an inventory level is another in each row.
        return {tail_of(row.get("id") or ""): index for index, row in enumerate(self.rows)}

    def place(self, identity: str) -> int | None:
        """Where the record with the number stands."""
        return self.places.get(identity)


def found(listing: Listing, args: Args, ctx: Context) -> list[Record]:
    """All records that match, in order."""
    return _matching(listing, args, ctx).rows


def counted_rows(listing: Listing, args: Args, ctx: Context) -> int:
    """How many records match, as far as the index knows."""
    return _matching(listing, args, ctx).counted


def _matching(listing: Listing, args: Args, ctx: Context) -> Rows:
    """As `found`; the pages of one root listing share the work while nothing changes and the second lasts."""
    if listing.root is None or len(ctx.path) > 1:
        rows = _sorted(listing, _searched(listing, list(listing.records), args, ctx), args, ctx.shop)
        return Rows(rows, len(rows))
    index = _index(listing, args)
    kept = ctx.shop.listings
    key = f"{ctx.version} {listing.root} {sorted(ctx.app.scopes)} {_narrowing(args)}"
    state = _state(listing, args, ctx, index)
    if key not in kept or kept[key][0] != state:
        noted = len(ctx.searches)
        matching = _indexed(listing, args, ctx, index)
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = (state, matching, ctx.searches[noted:])
        return matching
    ctx.searches.extend({**note, "path": list(ctx.path)} for note in kept[key][2])
    known: Rows = kept[key][1]
    return known


def _index(listing: Listing, args: Args) -> Index | None:
    """The index that answers, where one lags: searches and sorted lists go by it, plain lists by the records."""
    if not isinstance(listing.records, Table) or listing.records.index is None:
        return None
    return listing.records.index if args.get("query") or args.get("sortKey") not in (None, "ID") else None


def _state(listing: Listing, args: Args, ctx: Context, index: Index | None) -> tuple[int, ...]:
    """What a kept listing was worked out from."""
    if index is not None:
        index.settle()
    known = index.version if index else 0
    spec = SORTS.get(listing.root or "")
    plain = spec is None or (args.get("sortKey") or spec.default) in OWN
    if plain and not args.get("query") and not listing.keep and isinstance(listing.records, Table):
        return (listing.records.changes, known)  # nothing else can change the order of the rows
    # Searches and other sort keys read the time and other tables as well.
    return (ctx.shop.revision, known, int(ctx.now.timestamp()))


def _indexed(listing: Listing, args: Args, ctx: Context, index: Index | None) -> Rows:
    rows = index.rows() if index else list(listing.records)
    if listing.keep:
        rows = [row for row in rows if listing.keep(row)]
    rows = _sorted(listing, _searched(listing, rows, args, ctx), args, ctx.shop)
    if index is None:
        return Rows(rows, len(rows))
    # The index finds ids; what is shown are the records of that id, if they are still there.
    return Rows([live for row in rows if (live := index.table.get(row["id"])) is not None], len(rows))


def _narrowing(args: Args) -> str:
    return json.dumps({name: value for name, value in args.items() if name not in PAGING}, sort_keys=True, default=str)


def _searched(listing: Listing, rows: list[Record], args: Args, ctx: Context) -> list[Record]:
    query = args.get("query")
    if query and listing.kind in SEARCHES:
        matches, notes = matcher(query, SEARCHES[listing.kind], ctx.shop)
        if notes.warnings:
            ctx.searches.append(
                {"path": list(ctx.path), "query": query, "parsed": notes.parsed, "warnings": notes.warnings}
            )
        rows = [row for row in rows if matches(row)]
    return rows


def _sorted(listing: Listing, rows: list[Record], args: Args, shop: Shop) -> list[Record]:
    spec = SORTS.get(listing.root or "")
    if spec is not None:
        if not (isinstance(listing.records, Table) and listing.records.ascending):
            rows.sort(key=_number)
        extract = _extract(spec, args)
        keys = _keys([extract(row, shop) for row in rows])
        rows = [rows[place] for place in sorted(range(len(rows)), key=keys.__getitem__)]
    if descending(listing, args):
        rows.reverse()
    return rows


def _keys(values: list[Any]) -> list[Any]:
    """Sort keys of a column; one of text alone is compared as text, which is several times as quick."""
    if all(value.__class__ is str for value in values):
        return [value.lower() for value in values]
    return [_comparable(value) for value in values]


def descending(listing: Listing, args: Args) -> bool:
    spec = SORTS.get(listing.root or "")
    return bool(args.get("reverse")) != (spec is not None and spec.newest_first)


def _extract(spec: SortSpec, args: Args) -> Callable[[Record, Shop], Any]:
    wanted = args.get("sortKey") or spec.default
    return spec.keys.get(wanted) or spec.keys.get(spec.default) or (lambda row, _shop: _number(row))


def _comparable(value: Any) -> tuple[int, Any]:
    """Nulls first, then values; text folded in case, so that mixed rows have one order."""
    if value is None:
        return (0, 0)
    return (1, value.lower() if isinstance(value, str) else value)


def _number(row: Record) -> int:
    tail = tail_of(row.get("id") or "")
    return int(tail) if tail.isdigit() else 0


def _cut(listing: Listing, matching: Rows, args: Args, ctx: Context, wanted: set[str]) -> Record:
    first, last = _sizes(args)
    rows = matching.rows
    start, end = _between(listing, matching, args, ctx)
    lower, upper = start, end
    if first is not None:
        upper = min(end, start + first)
    elif last is not None:
        lower = max(start, end - last)
    shown = rows[lower:upper]
    result: Record = {"nodes": shown, **listing.extra}
    if "edges" in wanted:
        result["edges"] = [
            {
                "node": row,
                "cursor": cursor_of(listing, row, args, ctx.shop),
                **(listing.edges(row) if listing.edges else {}),
            }
            for row in shown
        ]
    if "pageInfo" in wanted:
        result["pageInfo"] = {
            "hasNextPage": upper < len(rows),
            "hasPreviousPage": lower > 0,
            "startCursor": cursor_of(listing, shown[0], args, ctx.shop) if shown else None,
            "endCursor": cursor_of(listing, shown[-1], args, ctx.shop) if shown else None,
        }
    return result


def _sizes(args: Args) -> tuple[int | None, int | None]:
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise TopLevelError("BAD_REQUEST", "you must provide one of first or last")
    if first is not None and last is not None:
        raise TopLevelError("BAD_REQUEST", "providing both first and last is not supported")
    for size in (first, last):
        if size is not None and size < 0:
            raise TopLevelError("BAD_REQUEST", "first and last must be positive integers")
        if size is not None and size > LARGEST_PAGE:
            message = f"Argument 'first' exceeds the maximum page size of {LARGEST_PAGE}."
            raise TopLevelError("BAD_REQUEST", message)
    return first, last


def _between(listing: Listing, matching: Rows, args: Args, ctx: Context) -> tuple[int, int]:
    """The span of rows after `after` and before `before`."""
    start, end = 0, len(matching.rows)
    if args.get("after"):
        start = _position(listing, matching, args["after"], args, ctx, behind=True)
    if args.get("before"):
        end = _position(listing, matching, args["before"], args, ctx, behind=False)
    return start, max(start, end)


def _position(listing: Listing, matching: Rows, cursor: str, args: Args, ctx: Context, *, behind: bool) -> int:
    """Where a cursor points: at its record, or where that would stand had it not been deleted."""
    value = _decoded(cursor)
    identity = str(value["last_id"])
    rows = matching.rows
    if (place := matching.place(identity)) is not None:
        return place + (1 if behind else 0)
    spec = SORTS.get(listing.root or "")
    if spec is None:
        return len(rows)
    extract = _extract(spec, args)
    mark = (_comparable(value["last_value"]), int(identity) if identity.isdigit() else 0)
    reverse = descending(listing, args)
    for index, row in enumerate(rows):
        key = (_comparable(_cursor_value(extract(row, ctx.shop))), _number(row))
        if _after(key, mark, reverse=reverse):
            return index
    return len(rows)


def _after(key: Any, mark: Any, *, reverse: bool) -> bool:
    try:
        return bool(key < mark if reverse else key > mark)
    except TypeError:
        return False


def cursor_of(listing: Listing, row: Record, args: Args, shop: Shop) -> str:
    spec = SORTS.get(listing.root or "")
    value = _cursor_value(_extract(spec, args)(row, shop)) if spec else _number(row)
    identity = tail_of(row.get("id") or "")
    body = {"last_id": int(identity) if identity.isdigit() else identity, "last_value": value}
    return base64.b64encode(json.dumps(body, separators=(",", ":"), default=str).encode()).decode()


def _cursor_value(value: Any) -> Any:
    return str(value) if isinstance(value, datetime) else value


def _decoded(cursor: str) -> Record:
    try:
        value = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError:
        raise TopLevelError("BAD_REQUEST", "Malformed cursor") from None
    if not isinstance(value, dict) or not {"last_id", "last_value"} <= set(value):
        raise TopLevelError("BAD_REQUEST", "Invalid cursor for current pagination sort.")
    return value
