"""A subscription's say in what it is told: which payloads (`filter`) and what of them (`includeFields`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from shoptide.simulator.search import Group, Reader, Term, tokens
from shoptide.simulator.shop import Record

Match = Callable[[Record], bool]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda held, wanted: held > wanted,
    ">=": lambda held, wanted: held >= wanted,
    "<": lambda held, wanted: held < wanted,
    "<=": lambda held, wanted: held <= wanted,
}


@lru_cache(maxsize=256)
def matcher(text: str) -> Match:
    """The filter as a predicate on payloads: search syntax, with a payload's fields (`variants.price:>=10`).

    Of a list one entry that matches is enough; `field:*` asks for any value.
    """
    tree = Reader(tokens(text)).whole()
    return _compile(tree) if tree is not None else (lambda _payload: True)


def _compile(node: Term | Group) -> Match:
    if isinstance(node, Term):
        return _term(node)
    parts = [_compile(part) for part in node.parts if part is not None]
    if node.negative:
        return lambda payload: not all(part(payload) for part in parts)
    joined = any if node.joint == "or" else all
    return lambda payload: joined(part(payload) for part in parts)


def _term(term: Term) -> Match:
    path = (term.name or "").split(".")
    if term.name is None:
        return lambda payload: _holds_words(payload, term.value.lower()) is not term.negative

    def match(payload: Record) -> bool:
        return any(_agrees(value, term) for value in values(payload, path)) is not term.negative

    return match


def values(held: Any, path: list[str]) -> Iterator[Any]:
    """The values at a path, through lists."""
    if isinstance(held, list):
        for entry in held:
            yield from values(entry, path)
    elif not path:
        yield held
    elif isinstance(held, dict) and path[0] in held:
        yield from values(held[path[0]], path[1:])


def _holds_words(held: Any, wanted: str) -> bool:
    if isinstance(held, dict):
        return any(_holds_words(value, wanted) for value in held.values())
    if isinstance(held, list):
        return any(_holds_words(value, wanted) for value in held)
    return isinstance(held, str) and wanted in held.lower()


def _agrees(held: Any, term: Term) -> bool:
    if held is None or held == "":
        return False
    if term.value == "*" and not term.quoted and term.operator is None:
        return True
    if term.operator is not None:
        pair = _comparable(held, term.value)
        return pair is not None and COMPARISONS[term.operator](*pair)
    return _equal(held, term.value, prefix=term.value.endswith("*") and not term.quoted)


def _equal(held: Any, wanted: str, *, prefix: bool) -> bool:
    if isinstance(held, bool):
        return wanted.lower() == str(held).lower()
    if isinstance(held, int | float) or _number(held) is not None:
        return str(held) == wanted or (_number(held) == _number(wanted) is not None)
    shown, sought = str(held).lower(), wanted.lower()
    return shown.startswith(sought[:-1]) if prefix else sought in (shown, *(part.strip() for part in shown.split(",")))


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _instant(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone() if moment.tzinfo is None else moment


def _comparable(held: Any, wanted: str) -> tuple[Any, Any] | None:
    for read in (_number, _instant):
        pair = (read(held), read(wanted))
        if pair[0] is not None and pair[1] is not None:
            return pair
    return None


def picked(payload: Record, wanted: list[str] | None) -> Record:
    """The fields asked for (`variants.price` goes through lists); all without a wish."""
    if not wanted:
        return payload
    tree: Record = {}
    for path in wanted:
        branch = tree
        for name in path.split("."):
            branch = branch.setdefault(name, {})
    found: Record = _pick(payload, tree)
    return found


def _pick(held: Any, tree: Record) -> Any:
    if not tree:
        return held
    if isinstance(held, list):
        return [_pick(entry, tree) for entry in held]
    if isinstance(held, dict):
        return {name: _pick(value, tree[name]) for name, value in held.items() if name in tree}
    return held
