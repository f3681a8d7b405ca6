"""Shopify's search syntax as it behaves: never fails, warns at most, and what it does not know matches everything.

FACTS 1, 2, 8–10: unquoted instants lose their minutes to a stray term, unknown fields fail open with a warning, an
unknown value of an enumeration matches nothing, `A OR B C` is `A OR (B AND C)`, and broken syntax is read as well
as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from shoptide.simulator.registry import SearchField, SearchSpec
from shoptide.simulator.shop import Record, Shop, tail_of

Match = Callable[[Record], bool]
UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package

TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\))
      | :?(?P<field>-?[A-Za-z0-9_.$]+):(?P<value>(?:[<>]=?)?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s():"']*))
      | (?P<quoted>-?"(?:[^"\\]|\\.)*"|-?'(?:[^'\\]|\\.)*')
      | (?P<word>[^\s()"']+)
      | (?P<stray>["'])
    )""",
    re.VERBOSE,
)
COMPARISON = re.compile(r"^(>=|<=|>|<)")
WORDS = re.compile(r"\w+", re.UNICODE)

RANGES = {">=": "range_gte", ">": "range_gt", "<=": "range_lte", "<": "range_lt"}


@dataclass
class Notes:
    """What `extensions.search` tells of a query: how it was read, and what was not understood."""

    parsed: Record = field(default_factory=dict)
    warnings: list[Record] = field(default_factory=list)


@dataclass(frozen=True)
class Term:
    name: str | None  # None: words without a field
    value: str
    operator: str | None = None
    negative: bool = False
    quoted: bool = False


@dataclass(frozen=True)
class Group:
    """Terms and groups joined by `and` or `or`."""

    joint: str
    parts: tuple[Any, ...]
    negative: bool = False


# reading


def tokens(query: str) -> list[Any]:
    """Terms, and the words AND, OR, NOT, (, )."""
    found: list[Any] = []
    for match in TOKEN.finditer(query):
        if match["open"] or match["close"]:
            found.append(match["open"] or match["close"])
        elif match["field"] is not None:
            found.append(_field_term(match["field"], match["value"]))
        elif match["quoted"] is not None:
            raw = match["quoted"]
            found.append(Term(None, _unquoted(raw.lstrip("-")), negative=raw.startswith("-"), quoted=True))
        elif match["word"] is not None:
            found.append(_word(match["word"]))
    return found


def _field_term(name: str, value: str) -> Term:
    negative = name.startswith("-")
    operator = None
    if comparison := COMPARISON.match(value):
        operator, value = comparison[1], value[comparison.end() :]
    quoted = value[:1] in ('"', "'")
    if quoted:
        value = _unquoted(value)
        # `created_at:">=2026-07-05T07:00:00Z"`: the operator may stand inside the quotes.
        if operator is None and (inner := COMPARISON.match(value)):
            operator, value = inner[1], value[inner.end() :]
    return Term(name.lstrip("-"), value, operator, negative, quoted)


def _word(word: str) -> Any:
    if word in ("AND", "OR", "NOT"):
        return word
    return Term(None, word.lstrip("-").rstrip(":"), negative=word.startswith("-") and len(word) > 1)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class Reader:
    """Reads tokens into groups; what is out of place is passed over."""

    def __init__(self, found: list[Any]) -> None:
        self.tokens = found
        self.at = 0

    def _peek(self) -> Any:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def either(self) -> Any:
        parts = [self.both()]
        while self._peek() == "OR":
            self.at += 1
            if self._peek() not in (None, ")"):
                parts.append(self.both())
        parts = [part for part in parts if part is not None]
        return Group("or", tuple(parts)) if len(parts) > 1 else (parts[0] if parts else None)

    def both(self) -> Any:
        parts = []
        while (token := self._peek()) is not None and token not in ("OR", ")"):  # a search operator
            if token == "AND":  # noqa: S105  # a search operator
                self.at += 1
                continue
            part = self.single()
            if part is not None:
                parts.append(part)
        return Group("and", tuple(parts)) if len(parts) > 1 else (parts[0] if parts else None)

    def single(self) -> Any:
        token = self._peek()
        self.at += 1
        if token == "NOT":  # noqa: S105  # a search operator
            if self._peek() in (None, ")", "OR", "AND"):
                return None
            return Group("and", (self.single(),), negative=True)
        if token == "(":  # noqa: S105  # a search operator
            inner = self.either()
            if self._peek() == ")":
                self.at += 1
            return inner
        return token

    def whole(self) -> Any:
        parts = []
        while self._peek() is not None:
            part = self.either()
            if part is not None:
                parts.append(part)
            if self._peek() == ")":
                self.at += 1
        return Group("and", tuple(parts)) if len(parts) > 1 else (parts[0] if parts else None)


# matching


def matcher(query: str, spec: SearchSpec, shop: Shop) -> tuple[Match, Notes]:
    """A predicate over records, and the notes for `extensions.search`."""
    notes = Notes()
    tree = Reader(tokens(query)).whole()
    if tree is None:
        return (lambda _record: True), notes
    match = _compile(tree, spec, shop, notes)
    notes.parsed = _parsed(tree, spec, shop)
    return match, notes


def _compile(node: Any, spec: SearchSpec, shop: Shop, notes: Notes) -> Match:
    if isinstance(node, Term):
        return _term(node, spec, shop, notes)
    parts = [_compile(part, spec, shop, notes) for part in node.parts if part is not None]
    if node.negative:
        return lambda record: not all(part(record) for part in parts)
    if node.joint == "or":
        return lambda record: any(part(record) for part in parts)
    return lambda record: all(part(record) for part in parts)


def _term(term: Term, spec: SearchSpec, shop: Shop, notes: Notes) -> Match:
    if term.name is None:
        match = _words(term, spec, shop)
    else:
        known = spec.fields.get(term.name)
        if known is None:
            notes.warnings.append(
                {"field": term.name, "message": "Invalid search field for this query.", "code": "invalid_field"}
            )
            return lambda _record: True
        if known.values is not None and not _accepted(term, known):
            message = f"Input `{term.value}` is not an accepted value."
            notes.warnings.append({"field": term.name, "message": message, "code": "invalid_value"})
            return lambda _record: False
        match = _field(term, known, shop)
        if known.excludes:
            return match if term.negative else lambda record: not match(record)
    return (lambda record: not match(record)) if term.negative else match


def _accepted(term: Term, known: SearchField) -> bool:
    accepted = known.values or frozenset()
    return all(part.strip().lower() in accepted or part.strip() == "*" for part in term.value.split(","))


def _words(term: Term, spec: SearchSpec, shop: Shop) -> Match:
    wanted = _folded_words(term.value)
    holds = _holding(wanted, prefix=not term.quoted)

    def match(record: Record) -> bool:
        return any(holds(item.lower()) for extract in spec.text for item in _texts(extract(record, shop)))

    return match if wanted else lambda _record: True


def _field(term: Term, known: SearchField, shop: Shop) -> Match:
    if term.value == "*" and term.operator is None:
        return lambda record: known.extract(record, shop) not in (None, "", [])
    return MATCHES[known.kind](term, known, shop)


def _text_match(term: Term, known: SearchField, shop: Shop) -> Match:
    wanted = _folded_words(term.value.rstrip("*"))
    extract, holds = known.extract, _holding(wanted, prefix=term.value.endswith("*"))

    def match(record: Record) -> bool:
        return any(holds(item.lower()) for item in _texts(extract(record, shop)))

    return match if wanted else lambda _record: False


def _token_match(term: Term, known: SearchField, shop: Shop) -> Match:
    # An unquoted value may list several, `status:paid,pending`.
    choices = [term.value] if term.quoted else term.value.split(",")
    wanted = {choice.strip().lower() for choice in choices if choice.strip()}
    prefixes = tuple(choice[:-1] for choice in wanted if choice.endswith("*"))

    extract = known.extract

    def match(record: Record) -> bool:
        value = extract(record, shop)
        if value is None:
            return False
        if value.__class__ is str:  # most fields, over many records: worth its own way
            folded = value.lower()
            return folded in wanted or (bool(prefixes) and folded.startswith(prefixes))
        items = {item.lower() for item in _texts(value)}
        return not items.isdisjoint(wanted) or any(item.startswith(prefixes) for item in items if prefixes)

    return match if wanted else lambda _record: False


def _instant_match(term: Term, known: SearchField, shop: Shop) -> Match:
    bounds = instant_bounds(term, shop)
    if bounds is None:
        return lambda _record: False
    low, high = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in bounds)
    return _compare(term.operator, low, high, lambda record: known.extract(record, shop))


def _compare(operator: str | None, low: Any, high: Any, value_of: Callable[[Record], Any]) -> Match:
    """Compare with the span [low, high): a date is a whole day, an instant with seconds a second."""
    tests: dict[str | None, Callable[[Any], bool]] = {
        ">=": lambda value: value >= low,
        ">": lambda value: value >= high,
        "<=": lambda value: value < high,
        "<": lambda value: value < low,
        None: lambda value: low <= value < high,
    }
    test = tests[operator]
    return lambda record: (value := value_of(record)) is not None and test(value)


def instant_bounds(term: Term, shop: Shop) -> tuple[datetime, datetime] | None:
    """The span a written instant names, in UTC. Without an offset it is the shop's time; so is an unquoted one."""
    value = term.value.strip()
    if relative := _relative(value, shop):
        return relative, relative + timedelta(seconds=1)
    found = re.fullmatch(
        r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?)(?::?(\d\d)(?::?(\d\d)(?:\.\d+)?)?)?\s*(Z|[+-]\d\d:?\d\d)?)?", value
    )
    if not found:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001  # the zone follows
    except ValueError:
        return None
    aware = moment.replace(tzinfo=shop.zone()) if zone is None else _with_offset(moment, zone)
    span = timedelta(days=1) if hour is None else timedelta(seconds=1)
    start = aware.astimezone(UTC)
    return start, start + span


def _with_offset(moment: datetime, zone: str) -> datetime:
    if zone == "Z":
        return moment.replace(tzinfo=UTC)
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return moment.replace(tzinfo=timezone(sign * offset))


def _relative(value: str, shop: Shop) -> datetime | None:
    """`now`, or the documented `past_day`-like words are left to the caller; only `now` is an instant."""
    return shop.clock.now().astimezone(UTC) if value.lower() == "now" else None


def _number_match(term: Term, known: SearchField, shop: Shop) -> Match:
    try:
        wanted = float(term.value)
    except ValueError:
        return lambda _record: False

    def value_of(record: Record) -> float | None:
        value = known.extract(record, shop)
        return None if value is None else float(value)

    tests: dict[str | None, Callable[[float], bool]] = {
        ">=": lambda value: value >= wanted,
        ">": lambda value: value > wanted,
        "<=": lambda value: value <= wanted,
        "<": lambda value: value < wanted,
        None: lambda value: value == wanted,
    }
    test = tests[term.operator]
    return lambda record: (value := value_of(record)) is not None and test(value)


def _id_match(term: Term, known: SearchField, shop: Shop) -> Match:
    numeric = SearchField("number", lambda record, where: _tail_number(known.extract(record, where)))
    if term.operator is not None:
        return _number_match(term, numeric, shop)
    wanted = {tail_of(part.strip()) for part in term.value.split(",")}
    return lambda record: (gid := known.extract(record, shop)) is not None and tail_of(str(gid)) in wanted


def _tail_number(gid: Any) -> int | None:
    tail = tail_of(str(gid)) if gid is not None else ""
    return int(tail) if tail.isdigit() else None


def _boolean_match(term: Term, known: SearchField, shop: Shop) -> Match:
    wanted = term.value.lower() in ("true", "1", "yes")
    return lambda record: bool(known.extract(record, shop)) == wanted


MATCHES: dict[str, Callable[[Term, SearchField, Shop], Match]] = {
    "text": _text_match,
    "token": _token_match,
    "instant": _instant_match,
    "number": _number_match,
    "id": _id_match,
    "boolean": _boolean_match,
    "anything": lambda _term, _known, _shop: lambda _record: True,  # documented, and not modelled
}


def _texts(value: Any) -> list[str]:
    if value.__class__ is str:
        return [value]
    if value is None:
        return []
    return [str(item) for item in value if item is not None] if isinstance(value, list | tuple | set) else [str(value)]


def _folded_words(text: str) -> list[str]:
    return [word.lower() for word in WORDS.findall(text)]


def _holding(wanted: list[str], *, prefix: bool) -> Callable[[str], Any]:
    """Finds the wanted words in a row in a folded text; the last may be the beginning of a word when `prefix`.

    One pattern over each text: a shop has a hundred thousand of them, and taking them apart is slower by far.
    """
    pattern = r"\W+".join(map(re.escape, wanted))
    return re.compile(rf"(?<!\w){pattern}" + ("" if prefix else r"(?!\w)")).search


# telling


def _parsed(node: Any, spec: SearchSpec, shop: Shop) -> Record:
    if isinstance(node, Group):
        inner = [_parsed(part, spec, shop) for part in node.parts if part is not None]
        whole: Record = {node.joint: inner} if len(inner) > 1 else inner[0]
        return {"not": whole} if node.negative else whole
    known = spec.fields.get(node.name) if node.name else None
    value = node.value
    if known is not None and known.kind == "instant" and (bounds := instant_bounds(node, shop)):
        value = bounds[0].astimezone(shop.zone()).isoformat()
    key = RANGES.get(node.operator or "", "match_all")
    body: Record = {"field": node.name or "default", key: value}
    return {"not": body} if node.negative else body
