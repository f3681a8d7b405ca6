"""Where the domain modules say what a field, a root, a mutation, a search field or a sort key means.

A resolver takes `(record, args, ctx)`, a root or mutation `(args, ctx)`; `args` holds coerced values under their
GraphQL names, absent ones absent. A field without a resolver reads the record's own key of that name, and failing
that the type's zero value (`shoptide.simulator.completion`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any

from shoptide.simulator.shop import Record, Shop

if TYPE_CHECKING:
    from shoptide.simulator.context import Context

Args = dict[str, Any]
FieldResolver = Callable[[Record, Args, "Context"], Any]
RootResolver = Callable[[Args, "Context"], Any]
Extract = Callable[[Record, Shop], Any]

FIELDS: dict[tuple[str, str], FieldResolver] = {}
ROOTS: dict[str, RootResolver] = {}
MUTATIONS: dict[str, RootResolver] = {}
SEARCHES: dict[str, SearchSpec] = {}
SORTS: dict[str, SortSpec] = {}
VISIBLE: dict[str, Callable[[Record, Context], bool]] = {}
OPENINGS: list[Callable[[Shop], None]] = []


def field(kind: str, *names: str) -> Callable[[FieldResolver], FieldResolver]:
    """Register a resolver for one or more fields of a type."""

    def register(function: FieldResolver) -> FieldResolver:
        for name in names:
            FIELDS[kind, name] = function
        return function

    return register


def root(*names: str) -> Callable[[RootResolver], RootResolver]:
    def register(function: RootResolver) -> RootResolver:
        for name in names:
            ROOTS[name] = function
        return function

    return register


def mutation(*names: str) -> Callable[[RootResolver], RootResolver]:
    def register(function: RootResolver) -> RootResolver:
        for name in names:
            MUTATIONS[name] = function
        return function

    return register


def opening(function: Callable[[Shop], None]) -> Callable[[Shop], None]:
    """Register what a freshly opened (or reset) shop gets before anything else: indexes, its location."""
    OPENINGS.append(function)
    return function


def visible(kind: str) -> Callable[[Callable[[Record, Context], bool]], Callable[[Record, Context], bool]]:
    """Register what hides a kind's records from an app that reads them by id."""

    def register(function: Callable[[Record, Context], bool]) -> Callable[[Record, Context], bool]:
        VISIBLE[kind] = function
        return function

    return register


class TopLevelError(Exception):
    """A resolver's error in the answer's `errors`: the field becomes null. `extensions` join the code."""

    def __init__(self, code: str, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = {"code": code, **extensions}


def user_error(path: Sequence[str] | None, message: str, code: str | None = None, **more: Any) -> Record:
    """An entry of a payload's `userErrors`; the code shows only where the payload's error type has one."""
    return {"field": list(path) if path is not None else None, "message": message, "code": code, **more}


@dataclass(frozen=True)
class Listing:
    """Records to be searched, sorted and paged by the engine. `root` names the sort keys, `kind` the search fields."""

    kind: str
    records: Iterable[Record]
    root: str | None = None
    edges: Callable[[Record], Record] | None = None  # extra values of an edge
    extra: Record = dataclass_field(default_factory=dict)  # extra values of the connection
    keep: Callable[[Record], bool] | None = None  # what the app may see of a table


@dataclass(frozen=True)
class SearchField:
    """How a search field reads a record: kind is text, token, instant, number, boolean, id or anything."""

    kind: str
    extract: Extract
    values: frozenset[str] | None = None  # the accepted values of an enumeration, lower case
    excludes: bool = False  # `tag_not`: finds the records that have it not


@dataclass(frozen=True)
class SearchSpec:
    fields: dict[str, SearchField]
    text: tuple[Extract, ...] = ()


@dataclass(frozen=True)
class SortSpec:
    keys: dict[str, Extract]
    default: str
    newest_first: bool = False


def text(extract: Extract) -> SearchField:
    """Words: matches a value whose words begin with the searched ones; a list matches by any of its items."""
    return SearchField("text", extract)


def token(extract: Extract, values: Iterable[str] | None = None, *, excludes: bool = False) -> SearchField:
    """A whole value, folded in case: tags, statuses, e-mail addresses; `excludes` finds the records without it."""
    return SearchField("token", extract, frozenset(values) if values is not None else None, excludes)


def instant(extract: Extract) -> SearchField:
    """A stamp as the API writes it."""
    return SearchField("instant", extract)


def number(extract: Extract) -> SearchField:
    return SearchField("number", extract)


def boolean(extract: Extract) -> SearchField:
    return SearchField("boolean", extract)


def numeric_id(extract: Extract) -> SearchField:
    """The number at the end of a gid."""
    return SearchField("id", extract)


def search(kind: str, fields: dict[str, SearchField], *, text: Iterable[Extract] = ()) -> None:
    """Say how records of a kind are searched; `text` is what words without a field look at."""
    SEARCHES[kind] = SearchSpec(fields, tuple(text))


def sort(name: str, keys: dict[str, Extract], *, default: str, newest_first: bool = False) -> None:
    """Say what the sort keys of a root (`orders`) or a nested connection (`Customer.orders`) read."""
    SORTS[name] = SortSpec(keys, default, newest_first)
