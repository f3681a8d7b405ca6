"""Plans a stream for one API version and one token: what is selected, what is left out and why, which tables result."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from shoptide.errors import ConfigError
from shoptide.resources.branches import HERE, Branch
from shoptide.resources.extraction import StreamPlan, quoted
from shoptide.resources.place import (
    NotThere,
    Place,
    closed_reason,
    field_there,
    known_arguments,
    located,
    node_of,
    wrapped,
)
from shoptide.resources.selection import (
    BY_CONFIGURATION,
    Pruned,
    Rules,
    Shape,
    add_extra,
    aliased,
    child_shape,
    shape,
    wanted_scopes,
)
from shoptide.resources.stream import Child, Stream
from shoptide.resources.tables import Column, Table, singular, snake
from shoptide.shopify.schema import SUPPORTED_VERSIONS, Schema, Type, load


def plan_stream(
    stream: Stream,
    schema: Schema,
    *,
    scopes: frozenset[str] | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    metafields: Iterable[str] = (),
    denied: Mapping[str, str] | None = None,
) -> StreamPlan:
    """Plan a stream for an API version and a token's scopes (None: do not prune).

    `include` and `exclude` are GraphQL field names of the stream's records, children's with a dot
    (`lineItems.image`); `metafields` are `namespace.key`; `denied` are fields that the store itself refused, with its
    words. Raises
    ConfigError for names that no supported version has. What this version or token can't read at all is `closed`.
    """
    try:
        whole, place = located(stream, schema)
    except NotThere as missing:
        return StreamPlan(stream, schema, closed=str(missing))
    if reason := closed_reason(place, scopes):
        return StreamPlan(whole, schema, closed=reason, found=place)
    chosen, dropped = frozenset(include), frozenset(exclude)
    absent = _check_names(schema, whole, place, chosen | dropped)
    rules = Rules(
        scopes,
        whole.keep,
        whole.exclude | dropped,
        chosen | ({whole.cursor} if chosen and whole.cursor else set()),
        whole.spread,
        dict(denied or {}),
    )
    planner = _Planner(schema, rules)
    carrier = f"{snake(place.carrier.name)}_gid" if place.via else None
    root = _root_shape(schema, whole, place, rules, carrier)
    _add_metafields(root, place, metafields)
    own = _own_table(whole, place, root, carrier)
    planner.tables.append(own)
    branches = planner.branches(whole.children, own, where="")
    pruned = (*absent, *root.pruned, *planner.pruned)
    if place.via:
        branches = (_carried_branch(schema, whole, place, root, branches),)
    return StreamPlan(whole, schema, tuple(planner.tables), pruned, branches, root, place)


def _root_shape(schema: Schema, stream: Stream, place: Place, rules: Rules, carrier: str | None) -> Shape:
    found = shape(
        schema,
        place.node,
        rules,
        tables=[child.field for child in stream.children],
        skip_columns=frozenset({carrier} if carrier else ()),
    )
    if "id" not in place.node.fields:
        raise ConfigError(
            f"stream {stream.name}: {place.node.name} has no id, so its rows could not be told apart",
            hint="choose a root whose records have an id",
        )
    add_extra(found, stream.extra)
    # An object with a list inside that is a table can't be JSON at the same key.
    heads = frozenset(child.field.partition(".")[0] for child in stream.children if "." in child.field)
    return aliased(found, None if place.via_connection else heads)


def _own_table(stream: Stream, place: Place, root: Shape, carrier: str | None) -> Table:
    return Table(
        stream.name,
        stream.node_type,
        ("lines" if place.via_connection else "list") if place.via else "root",
        tuple(root.columns),
        ("gid",),
        parent_column=carrier,
        path=place.via,
        typenames=place.node.possible_types or (place.node.name,),
    )


def _carried_branch(schema: Schema, stream: Stream, place: Place, root: Shape, branches: tuple[Branch, ...]) -> Branch:
    """The stream's own table as what hangs on its carriers."""
    item = field_there(schema, place.carrier, stream.via or "")
    given = known_arguments(item, stream.via_arguments) if item else ()
    if stream.search_via:
        given += ("query: $query",)
    child = Child(stream.via or "", stream.name, stream.children, first=stream.via_first, arguments=given)
    around = wrapped(schema, place.carrier, child.field, HERE)
    return Branch(child, stream.name, stream.node_type, place.via_connection, root, branches, around)


class _Planner:
    """Collects tables and pruned fields while it walks down the children."""

    def __init__(self, schema: Schema, rules: Rules) -> None:
        self.schema = schema
        self.rules = rules
        self.tables: list[Table] = []
        self.pruned: list[Pruned] = []

    def branches(self, children: Iterable[Child], parent: Table, *, where: str) -> tuple[Branch, ...]:
        found = (self._branch(child, parent, where) for child in children)
        return tuple(branch for branch in found if branch is not None)

    def _branch(self, child: Child, parent: Table, where: str) -> Branch | None:
        path, above = f"{where}{child.field}", self.schema.type(parent.node_type)
        item = field_there(self.schema, above, child.field)
        if item is None:
            reason: str | None = f"not in API version {self.schema.version}"
        elif self._unwanted(path):
            reason = BY_CONFIGURATION
        else:
            reason = self.rules.refusal(path, wanted_scopes(self.schema, item))
        if item is None or reason is not None:
            self.pruned.append(Pruned(path, reason or ""))
            return None
        child = replace(child, arguments=known_arguments(item, child.arguments))
        target = self.schema.type(item.type.name)
        kind = node_of(self.schema, target)
        parent_column = f"{singular(parent.name)}_gid"
        if child.link:
            found = _link_shape(kind)
        else:
            found = child_shape(self.schema, kind, child, self.rules, where=f"{path}.", parent_column=parent_column)
        self.pruned += found.pruned
        table = _child_table(child, parent, kind.name, parent_column, found, connection=target.is_connection)
        self.tables.append(table)
        inner = self.branches(child.children, table, where=f"{path}.")
        around = wrapped(self.schema, above, child.field, HERE)
        return Branch(child, child.table, kind.name, target.is_connection, found, inner, around)

    def _unwanted(self, path: str) -> bool:
        """Left out by name, or not among the fields that were chosen; a child's own children go with it."""
        top = path.partition(".")[0]
        return path in self.rules.exclude or top in self.rules.exclude or self._not_chosen(path, top)

    def _not_chosen(self, path: str, top: str) -> bool:
        return bool(self.rules.include) and path not in self.rules.include and top not in self.rules.include


def _link_shape(kind: Type) -> Shape:
    """Of records that another stream reads: their ids."""
    return Shape(kind, ["__typename", "id"], [Column(f"{snake(kind.name)}_gid", "text", ("id",))])


def _child_table(
    child: Child, parent: Table, kind: str, parent_column: str, found: Shape, *, connection: bool
) -> Table:
    has_id = "id" in found.kind.fields and found.kind.fields["id"].type.required
    # An id that may be null (a refund line, a shipping line) is no key: such rows are numbered.
    key = ("gid",) if has_id else (parent_column, "position")
    if child.link:
        key = (parent_column, found.columns[0].name)
    if child.shared:
        key = (parent_column, "gid")
    return Table(
        child.table,
        kind,
        "lines" if connection else "list",
        tuple(found.columns),
        key,
        parent=parent.name,
        parent_column=parent_column,
        path=tuple(child.field.split(".")),
        typenames=found.kind.possible_types or (kind,),
        position_path=(child.position,) if child.position else None,
    )


def _add_metafields(root: Shape, place: Place, metafields: Iterable[str]) -> None:
    for name in metafields:
        namespace, _, key = name.rpartition(".")
        if not namespace or not key:
            raise ConfigError(f"metafield {name!r} must be written as namespace.key, for example custom.erp_id")
        if "metafield" not in place.node.fields:
            raise ConfigError(f"metafield {name!r}: {place.node.name} has no metafields")
        alias = "metafield_" + snake("".join(c if c.isalnum() else "_" for c in name))
        given = f"namespace: {quoted(namespace)}, key: {quoted(key)}"
        root.texts.append(f"{alias}: metafield({given}) {{ value }}")
        root.columns.append(Column(alias, "text", (alias, "value")))


def _check_names(schema: Schema, stream: Stream, place: Place, names: Iterable[str]) -> list[Pruned]:
    """The names that only another version has; raises ConfigError for one that none has, with those like it."""
    absent = []
    for name in sorted(names):
        try:
            _follow(schema, stream, place.node, name)
        except ConfigError:
            if not _known_elsewhere(schema, stream, name):
                raise
            absent.append(Pruned(name, f"not in API version {schema.version}"))
    return absent


def _follow(schema: Schema, stream: Stream, kind: Type, name: str) -> None:
    for step in name.split("."):
        item = kind.fields.get(step)
        if item is None:
            near = difflib.get_close_matches(step, kind.fields, n=3)
            hint = (
                f"did you mean {', '.join(near)}?" if near else f"see the fields of {kind.name} in `shoptide discover`"
            )
            raise ConfigError(f"stream {stream.name}: {kind.name} has no field {step!r} (in {name!r})", hint=hint)
        kind = node_of(schema, schema.type(item.type.name))


def _known_elsewhere(schema: Schema, stream: Stream, name: str) -> bool:
    """Whether another supported version has the field: one configuration serves all of them."""
    for version in SUPPORTED_VERSIONS:
        if version == schema.version:
            continue
        other = load(version)
        try:
            _follow(other, stream, located(stream, other)[1].node, name)
        except (ConfigError, NotThere):
            continue
        return True
    return False
