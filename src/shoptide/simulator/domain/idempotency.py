"""`@idempotent`: which mutations must carry a key (2026-04 on), and what a repeated key answers (FACTS §5)."""

from __future__ import annotations

import json
from collections.abc import Callable

from shoptide.simulator.context import Context
from shoptide.simulator.registry import Args, TopLevelError, user_error
from shoptide.simulator.shop import Record

REQUIRED_SINCE = "2026-04"
MISSING = "The @idempotent directive is required for this mutation but was not provided."
MISMATCH = "The same idempotency key cannot be used with different operation parameters."
MOST_KEPT = 10_000


def once(name: str, args: Args, ctx: Context, run: Callable[[Args, Context], Record], refused: Record) -> Record:
    """Run a mutation once for its key: a repetition answers as the first did, another use of the key is refused.

    `refused` is the payload without its userErrors. A run with userErrors may be repeated with its key.
    """
    key = ctx.idempotency_key
    if key is None:
        if ctx.version >= REQUIRED_SINCE:
            raise TopLevelError("BAD_REQUEST", MISSING)
        return run(args, ctx)
    kept: dict[str, tuple[str, Record]] = ctx.shop.idempotent
    wanted = json.dumps(args, sort_keys=True, default=str)
    place = f"{name} {key}"
    if place in kept:
        return _repeated(kept[place], wanted, refused)
    payload = run(args, ctx)
    if not payload["userErrors"]:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[place] = (wanted, payload)
    return payload


def _repeated(known: tuple[str, Record], wanted: str, refused: Record) -> Record:
    if known[0] == wanted:
        return known[1]
    return {**refused, "userErrors": [user_error(None, MISMATCH, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")]}
