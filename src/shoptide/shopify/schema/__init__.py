"""The Admin API's types, one compact file per API version; answers what a type has, not how to query it.

The files are built by `scripts/build_schema.py` from Shopify's introspection and hold names and types only. A whole
version loads in about 20 ms (gzip + json), which is why nothing is pruned or precomputed beyond that.

Format of a file: `types` maps a name to its entry; an entry has `kind` and, as its kind asks,
`fields` (name → type as SDL), `args` (field → argument → type, or [type, default as GraphQL literal]),
`inputs` (the same for input objects), `values` (enums), `types` (members of unions and interfaces), `interfaces`,
`deprecated` (names), `one_of`, `id_args`/`ids` (the record types an id may name), `type_access` and `access`
(access scopes: every group is needed, any scope of a group will do). `search` maps a root connection to the
documented search fields of its `query` argument and their types.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

SUPPORTED_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
LATEST_VERSION = SUPPORTED_VERSIONS[-1]

ScopeGroups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TypeRef:
    """A type as a field or input names it: `[LineItem!]!` has name LineItem, is a list and is required."""

    text: str

    @cached_property
    def name(self) -> str:
        return re.sub(r"[\[\]!]", "", self.text)

    @property
    def required(self) -> bool:
        return self.text.endswith("!")

    @property
    def is_list(self) -> bool:
        return self.text.startswith("[")

    @property
    def item(self) -> TypeRef:
        """The type of a list's items; raises ValueError for what is no list."""
        if not self.is_list:
            raise ValueError(f"{self.text} is no list")
        return TypeRef(self.text[1 : self.text.rindex("]")])


@dataclass(frozen=True)
class Argument:
    """An argument or input field; `default` is a GraphQL literal (`10000`, `HAPPENED_AT`), None if there is none."""

    name: str
    type: TypeRef
    default: str | None = None
    id_kinds: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        return self.type.required and self.default is None


@dataclass(frozen=True)
class Field:
    """A field of an object or interface."""

    name: str
    type: TypeRef
    arguments: dict[str, Argument]
    deprecated: bool
    scopes: ScopeGroups


def _arguments(raw: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Argument]:
    found = {}
    for name, value in raw.items():
        text, default = value if isinstance(value, list) else (value, None)
        found[name] = Argument(name, TypeRef(text), default, tuple(kinds.get(name, ())))
    return found


def _groups(raw: list[list[str]]) -> ScopeGroups:
    return tuple(tuple(group) for group in raw)


class Type:
    """One named type. What its kind does not have is empty."""

    def __init__(self, name: str, raw: dict[str, Any]) -> None:
        self.name = name
        self._raw = raw

    def __repr__(self) -> str:
        return f"<Type {self.kind} {self.name}>"

    @property
    def kind(self) -> str:
        """OBJECT, INTERFACE, UNION, ENUM, INPUT_OBJECT or SCALAR."""
        return str(self._raw["kind"])

    @cached_property
    def fields(self) -> dict[str, Field]:
        arguments, deprecated = self._raw.get("args", {}), set(self._raw.get("deprecated", ()))
        access, kinds = self._raw.get("access", {}), self._raw.get("id_args", {})
        return {
            name: Field(
                name,
                TypeRef(text),
                _arguments(arguments.get(name, {}), kinds.get(name, {})),
                name in deprecated,
                _groups(access.get(name, [])),
            )
            for name, text in self._raw.get("fields", {}).items()
        }

    @cached_property
    def inputs(self) -> dict[str, Argument]:
        return _arguments(self._raw.get("inputs", {}), self._raw.get("ids", {}))

    @property
    def deprecated_inputs(self) -> frozenset[str]:
        return frozenset(self._raw.get("deprecated", ())) if self.kind == "INPUT_OBJECT" else frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(self._raw.get("values", ()))

    @property
    def possible_types(self) -> tuple[str, ...]:
        return tuple(self._raw.get("types", ()))

    @property
    def interfaces(self) -> tuple[str, ...]:
        return tuple(self._raw.get("interfaces", ()))

    @property
    def one_of(self) -> bool:
        return bool(self._raw.get("one_of"))

    @property
    def scopes(self) -> ScopeGroups:
        return _groups(self._raw.get("type_access", []))

    @property
    def is_leaf(self) -> bool:
        return self.kind in ("SCALAR", "ENUM")

    @property
    def is_connection(self) -> bool:
        return self.kind == "OBJECT" and self.name.endswith("Connection") and "edges" in self._raw["fields"]


class Schema:
    """The Admin API of one version."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.version: str = raw["version"]
        self.raw = raw
        self._types: dict[str, Type] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.raw["types"]

    def type(self, name: str) -> Type:
        """The type of that name; raises KeyError where this version has none."""
        if name not in self._types:
            self._types[name] = Type(name, self.raw["types"][name])
        return self._types[name]

    def names(self) -> tuple[str, ...]:
        return tuple(self.raw["types"])

    @property
    def query_root(self) -> Type:
        return self.type(self.raw["query"])

    @property
    def mutation_root(self) -> Type:
        return self.type(self.raw["mutation"])

    def search_fields(self, root: str) -> dict[str, str]:
        """The documented search fields of a root connection: name → id, string, time, boolean, integer, float."""
        return dict(self.raw["search"].get(root, {}))

    def connection_node(self, name: str) -> str:
        """The node type of a connection type: OrderConnection → Order."""
        edges = self.type(name).fields["edges"].type.name
        return self.type(edges).fields["node"].type.name


@cache
def load(version: str) -> Schema:
    """Load the schema of a supported API version; raises KeyError that lists them for any other."""
    if version not in SUPPORTED_VERSIONS:
        raise KeyError(f"API version {version!r} is not supported: choose one of {', '.join(SUPPORTED_VERSIONS)}")
    packed = resources.files(__name__).joinpath(f"{version}.json.gz").read_bytes()
    return Schema(json.loads(gzip.decompress(packed)))
