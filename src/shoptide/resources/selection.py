"""Walks a type of the schema and chooses what to select of it: text for documents, columns for tables.

The rules, the same for every stream:

- scalars and enums are columns; lists of them, JSON columns;
- MoneyBag gives four DECIMAL and text columns, MoneyV2 two (`<field>_amount`, `<field>_currency`, `…_presentment_…`);
- an object with an id is a reference: `<field>_gid`; addresses and images, which only make sense with their owner, and
  objects without an id are JSON columns of their own plain fields, two levels deep;
- a `Count` is a number; unions and interfaces are JSON with `__typename`;
- lists of objects without an id are JSON columns; other lists and connections are left out unless declared as tables;
- what is deprecated, needs an argument, or is closed to the token's scopes is left out, the last with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shoptide.resources.stream import Child
from shoptide.resources.tables import SCALAR_COLUMNS, Column, ColumnType, snake
from shoptide.shopify.schema import Field, Schema, ScopeGroups, Type

MONEY = "{amount currencyCode}"
MONEY_BAG = "{shopMoney{amount currencyCode} presentmentMoney{amount currencyCode}}"

# Objects with an id of their own that nobody looks up by it: their content is worth more than a reference.
VALUES = frozenset({"MailingAddress", "Image", "MediaImage", "CashRoundingAdjustment"})
JSON_DEPTH = 2


@dataclass(frozen=True)
class Pruned:
    """A field that was left out, by its dotted path below the root's node, and why."""

    field: str
    reason: str


@dataclass(frozen=True)
class Rules:
    """What may be selected: the token's scopes (None: all), fields kept though deprecated, fields left out."""

    scopes: frozenset[str] | None = None
    keep: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    include: frozenset[str] = frozenset()


@dataclass
class Shape:
    """What is selected of a node type: `texts` for the document, `columns` for the table, `pruned` for the report."""

    kind: Type
    texts: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    pruned: list[Pruned] = field(default_factory=list)

    def text(self) -> str:
        return " ".join(self.texts)


def open_to(groups: ScopeGroups, scopes: frozenset[str] | None) -> bool:
    """Whether a token with these scopes may read it; writing a thing includes reading it."""
    if scopes is None:
        return True
    held = scopes | {"read_" + scope[6:] for scope in scopes if scope.startswith("write_")}
    return all(any(scope in held for scope in group) for group in groups)


def wanted_scopes(schema: Schema, item: Field) -> ScopeGroups:
    """The scopes of a field and of what it returns."""
    target = schema.type(item.type.name)
    groups = item.scopes + target.scopes
    if target.is_connection:
        groups += schema.type(schema.connection_node(target.name)).scopes
    return groups


def scope_reason(groups: ScopeGroups, scopes: frozenset[str]) -> str:
    missing = [group for group in groups if not open_to((group,), scopes)]
    return "needs the access scope " + " and ".join(" or ".join(group) for group in missing)


def identity_columns(kind: Type) -> list[Column]:
    """`gid` as the store gives it, `id` its number where it has one."""
    columns = [Column("gid", "text", ("id",))]
    if "legacyResourceId" in kind.fields:
        columns.append(Column("id", "bigint", ("legacyResourceId",)))
    else:
        columns.append(Column("id", "bigint", ("id",), tail=True))
    return columns


def shape(
    schema: Schema,
    kind: Type,
    rules: Rules,
    *,
    where: str = "",
    tables: Iterable[str] = (),
    skip_columns: frozenset[str] = frozenset(),
) -> Shape:
    """Choose what to select of a node type; `tables` are the fields that have tables of their own."""
    result = Shape(kind)
    result.texts.append("__typename")
    if "id" in kind.fields:
        result.texts.append("id")
        result.columns += identity_columns(kind)
        if "legacyResourceId" in kind.fields:
            result.texts.append("legacyResourceId")
    own = set(tables)
    for item in kind.fields.values():
        if item.name in own or item.name in ("id", "legacyResourceId"):
            continue
        _add_field(schema, item, rules, result, where, skip_columns)
    if kind.kind in ("INTERFACE", "UNION"):
        result.columns.insert(0, Column("typename", "text", ("__typename",)))
    return result


def _add_field(
    schema: Schema, item: Field, rules: Rules, result: Shape, where: str, skip_columns: frozenset[str]
) -> None:
    path = f"{where}{item.name}"
    if not _chosen(item, rules, path):
        return
    text, columns = _selected(schema, item)
    columns = [column for column in columns if column.name not in skip_columns]
    if not columns:
        return
    groups = wanted_scopes(schema, item)
    if rules.scopes is not None and not open_to(groups, rules.scopes):
        result.pruned.append(Pruned(path, scope_reason(groups, rules.scopes)))
        return
    result.texts.append(text)
    result.columns += columns


def _chosen(item: Field, rules: Rules, path: str) -> bool:
    if path in rules.exclude or any(argument.required for argument in item.arguments.values()):
        return False
    if rules.include and "." not in path:
        return path in rules.include
    return not item.deprecated or path in rules.keep


def _selected(schema: Schema, item: Field) -> tuple[str, list[Column]]:
    """The selection text of a field and its columns; no columns means it is left out."""
    target, name = schema.type(item.type.name), snake(item.name)
    if target.is_leaf:
        kind: ColumnType = "json" if item.type.is_list else SCALAR_COLUMNS.get(target.name, "text")
        return item.name, [Column(name, kind, (item.name,))]
    if target.is_connection:
        return "", []
    if item.type.is_list:
        return _selected_list(schema, item, target)
    if target.name == "MoneyV2":
        return item.name + MONEY, money_columns(name, (item.name,))
    if target.name == "MoneyBag":
        shop, presented = (item.name, "shopMoney"), (item.name, "presentmentMoney")
        return item.name + MONEY_BAG, money_columns(name, shop) + money_columns(f"{name}_presentment", presented)
    if target.name == "Count":
        return f"{item.name}{{count}}", [Column(name, "bigint", (item.name, "count"))]
    if "id" in target.fields and target.name not in VALUES:
        return f"{item.name}{{id}}", [Column(f"{name}_gid", "text", (item.name, "id"))]
    inner = value_text(schema, target, JSON_DEPTH)
    return (f"{item.name}{{{inner}}}", [Column(name, "json", (item.name,))]) if inner else ("", [])


def _selected_list(schema: Schema, item: Field, target: Type) -> tuple[str, list[Column]]:
    if "id" in target.fields and target.name not in VALUES:
        return "", []
    inner = value_text(schema, target, JSON_DEPTH)
    return (f"{item.name}{{{inner}}}", [Column(snake(item.name), "json", (item.name,))]) if inner else ("", [])


def money_columns(name: str, path: tuple[str, ...]) -> list[Column]:
    return [
        Column(f"{name}_amount", "decimal", (*path, "amount")),
        Column(f"{name}_currency", "text", (*path, "currencyCode")),
    ]


def value_text(schema: Schema, kind: Type, depth: int) -> str:
    """The plain fields of a value object, as far down as `depth`; empty when it has none."""
    if kind.kind == "UNION":
        return union_text(schema, kind, depth)
    texts = ["__typename"] if kind.kind == "INTERFACE" else []
    for item in kind.fields.values():
        if item.deprecated or item.scopes or any(argument.required for argument in item.arguments.values()):
            continue
        target = schema.type(item.type.name)
        if target.is_leaf:
            texts.append(item.name)
        elif text := _value_field(schema, item, target, depth):
            texts.append(text)
    return " ".join(texts)


def _value_field(schema: Schema, item: Field, target: Type, depth: int) -> str:
    if target.name == "MoneyV2":
        return item.name + MONEY
    if target.name == "MoneyBag":
        return item.name + MONEY_BAG
    if target.is_connection or target.scopes or depth <= 1:
        return ""
    if "id" in target.fields:
        return "" if item.type.is_list else f"{item.name}{{id}}"
    inner = value_text(schema, target, depth - 1)
    return f"{item.name}{{{inner}}}" if inner else ""


def union_text(schema: Schema, kind: Type, depth: int) -> str:
    """A fragment a member; a field that members type differently is left out, as one answer can't hold both."""
    members = [schema.type(name) for name in kind.possible_types if not schema.type(name).scopes]
    seen: dict[str, set[str]] = {}
    for member in members:
        for item in member.fields.values():
            seen.setdefault(item.name, set()).add(item.type.text)
    fragments = []
    for member in members:
        leaves = [
            item.name
            for item in member.fields.values()
            if schema.type(item.type.name).is_leaf
            and not item.deprecated
            and not item.scopes
            and not any(argument.required for argument in item.arguments.values())
            and len(seen[item.name]) == 1
        ]
        if leaves:
            fragments.append(f"... on {member.name}{{{' '.join(leaves)}}}")
    return " ".join(["__typename", *fragments]) if depth > 0 and fragments else ""


def child_shape(schema: Schema, kind: Type, child: Child, rules: Rules, *, where: str, parent_column: str) -> Shape:
    """The shape of a child's nodes; a reference back to its parent is no column of its own."""
    narrowed = Rules(rules.scopes, rules.keep, rules.exclude | {f"{where}{name}" for name in child.exclude})
    result = shape(
        schema,
        kind,
        narrowed,
        where=where,
        tables=[inner.field for inner in child.children],
        skip_columns=frozenset({parent_column}),
    )
    for key, text in child.extra:
        result.texts.append(text)
        result.columns.append(Column(snake(key), "json", (key,)))
    return aliased(result)


def aliased(found: Shape) -> Shape:
    """Give JSON columns of objects keys of their own.

    A file mixes the lines of all tables: a key that is an object's JSON in one and a table's list in another
    (`taxLines` of shipping lines and of line items) could not be read with one type.
    """
    texts, columns = list(found.texts), list(found.columns)
    for index, column in enumerate(columns):
        key = column.path[0]
        at = next((i for i, text in enumerate(texts) if text.startswith(f"{key}{{")), None)
        if column.type == "json" and at is not None:
            texts[at] = f"json_{key}: {texts[at]}"
            columns[index] = Column(column.name, column.type, (f"json_{key}",))
    return Shape(found.kind, texts, columns, found.pruned)
