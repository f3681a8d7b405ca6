"""Walks a type of the schema and chooses what to select of it: text for documents, columns for tables.

The rules, the same for every stream:

- scalars and enums are columns; lists of them, JSON columns;
- MoneyBag gives four DECIMAL and text columns, MoneyV2 two (`<field>_amount`, `<field>_currency`, `…_presentment_…`);
- an object with an id is a reference: `<field>_gid`; addresses and images, which only make sense with their owner, and
  objects without an id are JSON columns of their own plain fields, two levels deep;
- a `Count` is a number; unions and interfaces are JSON with `__typename`;
- an object or union that the declaration spreads gives a column for each of its fields instead;
- lists of objects without an id are JSON columns; other lists and connections are left out unless declared as tables;
- what is deprecated, needs an argument, or is closed to the token's scopes is left out, the last with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shoptide.resources.stream import Child
from shoptide.resources.tables import SCALAR_COLUMNS, Column, ColumnType, snake
from shoptide.shopify.schema import Field, Schema, ScopeGroups, Type

MONEY = "{amount currencyCode}"
MONEY_BAG = "{shopMoney{amount currencyCode} presentmentMoney{amount currencyCode}}"

# Objects with an id of their own that nobody looks up by it: their content is worth more than a reference.
VALUES = frozenset(
    {
        "BuyerExperienceConfiguration",
        "CashRoundingAdjustment",
        "CompanyAddress",
        "CustomerVisit",
        "DeliveryMethod",
        "FulfillmentOrderDestination",
        "Image",
        "InventoryItemMeasurement",
        "MailingAddress",
        "MediaImage",
        "PaymentTerms",
        "ShopAddress",
        "ShopifyPaymentsDisputeEvidence",
    }
)
JSON_DEPTH = 2
SCOPE_MISSING = "needs the access scope "
BY_CONFIGURATION = "left out by the configuration"


@dataclass(frozen=True)
class Pruned:
    """A field that was left out, by its dotted path below the root's node, and why; `*` is the whole stream."""

    field: str
    reason: str


@dataclass(frozen=True)
class Rules:
    """What may be selected: the token's scopes (None: all), fields kept though deprecated, fields left out."""

    scopes: frozenset[str] | None = None
    keep: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    include: frozenset[str] = frozenset()
    spread: frozenset[str] = frozenset()
    denied: Mapping[str, str] = field(default_factory=dict)  # what the store refused whatever the scopes say: its words

    def refusal(self, path: str, groups: ScopeGroups) -> str | None:
        """Why a field may not be read, None when it may."""
        if path in self.denied:
            return f"the store refuses it: {self.denied[path]}"
        if self.scopes is None or open_to(groups, self.scopes):
            return None
        return scope_reason(groups, self.scopes)


@dataclass
class Shape:
    """What is selected of a node type: `texts` for the document, `columns` for the table, `pruned` for the report."""

    kind: Type = field(default_factory=lambda: Type("", {}))
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
    return SCOPE_MISSING + " and ".join(" or ".join(group) for group in missing)


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
    if kind.possible_types:
        members = Members(schema, rules, where, frozenset({*kind.fields, "id", "legacyResourceId", *own}))
        result.texts += members.fragments(kind)
        held = {column.name for column in result.columns} | skip_columns
        result.columns += [column for name, column in members.columns.items() if name not in held]
        result.columns.insert(0, Column("typename", "text", ("__typename",)))
    return result


def _add_field(
    schema: Schema, item: Field, rules: Rules, result: Shape, where: str, skip_columns: frozenset[str]
) -> None:
    path = f"{where}{item.name}"
    if not _chosen(item, rules, path):
        return
    text, columns = _spread(schema, item, rules) if item.name in rules.spread else _selected(schema, item, rules)
    columns = [column for column in columns if column.name not in skip_columns]
    if not columns:
        return
    if reason := rules.refusal(path, wanted_scopes(schema, item)):
        result.pruned.append(Pruned(path, reason))
        return
    result.texts.append(text)
    result.columns += columns


def _chosen(item: Field, rules: Rules, path: str) -> bool:
    if path in rules.exclude or any(argument.required for argument in item.arguments.values()):
        return False
    if rules.include and "." not in path:
        return path in rules.include
    return not item.deprecated or path in rules.keep


def _selected(schema: Schema, item: Field, rules: Rules) -> tuple[str, list[Column]]:
    """The selection text of a field and its columns; no columns means it is left out."""
    target, name = schema.type(item.type.name), snake(item.name)
    if target.is_leaf:
        kind: ColumnType = "json" if item.type.is_list else SCALAR_COLUMNS.get(target.name, "text")
        return item.name, [Column(name, kind, (item.name,))]
    if target.is_connection or (item.type.is_list and "id" in target.fields and target.name not in VALUES):
        return "", []
    if not item.type.is_list and (found := _plain_object(item, target, name)):
        return found
    inner = value_text(schema, target, JSON_DEPTH, rules.scopes)
    return (f"{item.name}{{{inner}}}", [Column(name, "json", (item.name,))]) if inner else ("", [])


def _plain_object(item: Field, target: Type, name: str) -> tuple[str, list[Column]] | None:
    """Money, counts and references; None for what becomes JSON."""
    if target.name == "MoneyV2":
        return item.name + MONEY, money_columns(name, (item.name,))
    if target.name == "MoneyBag":
        shop, presented = (item.name, "shopMoney"), (item.name, "presentmentMoney")
        return item.name + MONEY_BAG, money_columns(name, shop) + money_columns(f"{name}_presentment", presented)
    if target.name == "Count":
        return f"{item.name}{{count}}", [Column(name, "bigint", (item.name, "count"))]
    if "id" in target.fields and target.name not in VALUES:
        return f"{item.name}{{id}}", [Column(f"{name}_gid", "text", (item.name, "id"))]
    return None


def _spread(schema: Schema, item: Field, rules: Rules) -> tuple[str, list[Column]]:
    """A column for each field of an object, or of any member of a union; `<field>_type` says which member it is.

    The names are the fields' own, as the object stands for the record.
    """
    target = schema.type(item.type.name)
    if not target.possible_types:
        text, columns = Members(schema, rules).fragment(target)
        return f"{item.name}{{{text}}}", [replace(each, path=(item.name, *each.path)) for each in columns]
    members = Members(schema, rules)
    texts = ["__typename", *members.fragments(target)]
    columns = [Column(f"{snake(item.name)}_type", "text", ("__typename",)), *members.columns.values()]
    return f"{item.name}{{{' '.join(texts)}}}", [_below(item.name, column) for column in columns]


def _below(key: str, column: Column) -> Column:
    return replace(column, path=(key, *column.path), others=tuple((key, *path) for path in column.others))


@dataclass
class Members:
    """What the members of a union or interface have of their own, as columns that they share.

    They may type a field differently: each type gets a key of its own in the answer, and the column takes whichever
    is there.
    """

    schema: Schema
    rules: Rules
    where: str = ""
    skip: frozenset[str] = frozenset()
    columns: dict[str, Column] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def fragments(self, kind: Type) -> list[str]:
        texts = []
        for name in kind.possible_types:
            member = self.schema.type(name)
            if self.rules.scopes is None or open_to(member.scopes, self.rules.scopes):
                inner, _ = self.fragment(member)
                texts += [f"... on {name}{{{inner}}}"] if inner else []
        return texts

    def fragment(self, member: Type) -> tuple[str, list[Column]]:
        """The member's own fields, and their columns."""
        texts, columns = [], []
        for item in member.fields.values():
            text, found = _selected(self.schema, item, self.rules) if self._wanted(item) else ("", [])
            if found:
                key = self._key(item, found)
                texts.append(text if key == item.name else f"{key}: {text}")
                columns += [replace(column, path=(key, *column.path[1:])) for column in found]
        for column in columns:
            self.columns[column.name] = _or_there(self.columns.get(column.name), column)
        return " ".join(texts), columns

    def _wanted(self, item: Field) -> bool:
        if item.name in self.skip or not _chosen(
            item, replace(self.rules, include=frozenset()), self.where + item.name
        ):
            return False
        return self.rules.refusal(self.where + item.name, wanted_scopes(self.schema, item)) is None

    def _key(self, item: Field, found: list[Column]) -> str:
        # A file mixes the lines of all tables: JSON of objects stands at keys of its own, as in `aliased`.
        plain = item.name if found[0].type != "json" or len(found[0].path) > 1 else f"json_{item.name}"
        held = [key for name, key in self.keys.items() if name[0] == item.name]
        return self.keys.setdefault((item.name, item.type.text), f"{plain}_{len(held)}" if held else plain)


def _or_there(known: Column | None, column: Column) -> Column:
    """The column, also filled from another place; what comes in two types becomes text."""
    if known is None:
        return column
    kind = known.type if known.type == column.type else "text"
    others = known.others if column.path in (known.path, *known.others) else (*known.others, column.path)
    return replace(known, type=kind, others=others)


def money_columns(name: str, path: tuple[str, ...]) -> list[Column]:
    return [
        Column(f"{name}_amount", "decimal", (*path, "amount")),
        Column(f"{name}_currency", "text", (*path, "currencyCode")),
    ]


def value_text(schema: Schema, kind: Type, depth: int, scopes: frozenset[str] | None = None) -> str:
    """The plain fields of a value object, as far down as `depth`; empty when it has none."""
    if kind.kind == "UNION":
        return union_text(schema, kind, depth, scopes)
    texts = ["__typename"] if kind.kind == "INTERFACE" else []
    for item in kind.fields.values():
        asks = any(argument.required for argument in item.arguments.values())
        if item.deprecated or asks or not _may(schema, item, scopes):
            continue
        target = schema.type(item.type.name)
        if target.is_leaf:
            texts.append(item.name)
        elif text := _value_field(schema, item, target, depth, scopes):
            texts.append(text)
    return " ".join(texts)


def _may(schema: Schema, item: Field, scopes: frozenset[str] | None) -> bool:
    return scopes is None or open_to(wanted_scopes(schema, item), scopes)


def _value_field(schema: Schema, item: Field, target: Type, depth: int, scopes: frozenset[str] | None) -> str:
    if target.name == "MoneyV2":
        return item.name + MONEY
    if target.name == "MoneyBag":
        return item.name + MONEY_BAG
    if target.is_connection or depth <= 1:
        return ""
    if "id" in target.fields and target.name not in VALUES:
        return "" if item.type.is_list else f"{item.name}{{id}}"
    inner = value_text(schema, target, depth - 1, scopes)
    return f"{item.name}{{{inner}}}" if inner else ""


def union_text(schema: Schema, kind: Type, depth: int, scopes: frozenset[str] | None = None) -> str:
    """A fragment a member; a field that members type differently is left out, as one answer can't hold both."""
    members = [schema.type(name) for name in kind.possible_types]
    members = [member for member in members if scopes is None or open_to(member.scopes, scopes)]
    seen: dict[str, set[str]] = {}
    for member in members:
        for item in member.fields.values():
            seen.setdefault(item.name, set()).add(item.type.text)
    fragments = []
    for member in members:
        if "id" in member.fields and member.name not in VALUES:
            # A record of its own: what is in it changes without whoever refers to it.
            fragments.append(f"... on {member.name}{{id}}")
            continue
        chosen = [
            text
            for item in member.fields.values()
            if not item.deprecated
            and _may(schema, item, scopes)
            and not any(argument.required for argument in item.arguments.values())
            and len(seen[item.name]) == 1
            and (text := _member_field(schema, item))
        ]
        if chosen:
            fragments.append(f"... on {member.name}{{{' '.join(chosen)}}}")
    return " ".join(["__typename", *fragments]) if depth > 0 and fragments else ""


def _member_field(schema: Schema, item: Field) -> str:
    """Leaves and money, and the id of what a member refers to."""
    target = schema.type(item.type.name)
    if target.is_leaf:
        return item.name
    if target.name == "MoneyV2":
        return item.name + MONEY
    return f"{item.name}{{id}}" if "id" in target.fields and not item.type.is_list else ""


def child_shape(schema: Schema, kind: Type, child: Child, rules: Rules, *, where: str, parent_column: str) -> Shape:
    """The shape of a child's nodes; a reference back to its parent is no column of its own."""
    names = {f"{where}{name}" for name in child.exclude}
    narrowed = replace(rules, include=frozenset(), exclude=rules.exclude | names, spread=child.spread)
    result = shape(
        schema,
        kind,
        narrowed,
        where=where,
        tables=[inner.field for inner in child.children],
        skip_columns=frozenset({parent_column}),
    )
    add_extra(result, child.extra)
    return aliased(result)


def add_extra(result: Shape, extra: Iterable[tuple[str, str]]) -> None:
    for key, text in extra:
        result.texts.append(text)
        result.columns.append(Column(snake(key), "json", (key,)))


def aliased(found: Shape, only: frozenset[str] | None = None) -> Shape:
    """Give JSON columns of objects keys of their own; `only` names the fields to do it for.

    A file mixes the lines of all tables: a key that is an object's JSON in one and a table's list in another
    (`taxLines` of shipping lines and of line items) could not be read with one type.
    """
    texts, columns = list(found.texts), list(found.columns)
    for index, column in enumerate(columns):
        key = column.path[0]
        at = next((i for i, text in enumerate(texts) if text.startswith(f"{key}{{")), None)
        if column.type == "json" and len(column.path) == 1 and at is not None and (only is None or key in only):
            texts[at] = f"json_{key}: {texts[at]}"
            columns[index] = replace(column, path=(f"json_{key}",))
    return Shape(found.kind, texts, columns, found.pruned)
