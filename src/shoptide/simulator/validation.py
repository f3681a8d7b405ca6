"""Documents against the schema: the static errors, in the words and shapes of Shopify's Ruby (FACTS 15 to 17).

One walk over the document; the checks of graphql-ruby in its order. Variables' values are the matter of `variables`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    GraphQLUnionType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    do_types_overlap,
    get_named_type,
    is_leaf_type,
    print_ast,
    type_from_ast,
    validate,
)

from shoptide.simulator.literals import Unacceptable, check_literal, printed
from shoptide.simulator.variables import position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shoptide.shopify import schema as compact
    from shoptide.simulator.shop import Record

COMPOSITE = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
Path = tuple[str, ...]


def parse_error(query: str, error: GraphQLSyntaxError) -> Record:
    """The entry for a text that is no GraphQL: the place is the last token's when the text simply ends."""
    place = error.locations[0] if error.locations else None
    line, column = (place.line, place.column) if place else (1, 1)
    if "<EOF>" in error.message:
        line, column = _last_token(query)
        message = f"syntax error, unexpected end of file at [{line}, {column}]"
    else:
        found = re.search(r"(?:Unexpected|found) (.+?)\.?$", error.message)
        message = f"syntax error, unexpected {found[1] if found else 'character'} at [{line}, {column}]"
    return {"message": message, "locations": [{"line": line, "column": column}], "extensions": {"code": "PARSE_ERROR"}}


def _last_token(query: str) -> tuple[int, int]:
    tokens = list(re.finditer(r'"[^"\n]*"|[_A-Za-z][_0-9A-Za-z]*|-?[0-9.]+|\.\.\.|[^\s,]', query))
    start = tokens[-1].start() if tokens else 0
    line = query.count("\n", 0, start) + 1
    return line, start - (query.rfind("\n", 0, start) + 1) + 1


def static_errors(
    schema: GraphQLSchema, source: compact.Schema | None, document: DocumentNode, operation_name: str | None
) -> list[Record]:
    """Every static error of a document, in the order Shopify lists them; empty for a sound one."""
    del source, operation_name  # what a document may say depends on neither
    walk = Walk(schema, document)
    walk.definitions()
    return walk.errors or list(_conflicts(schema, document))


def _conflicts(schema: GraphQLSchema, document: DocumentNode) -> Iterable[Record]:
    for error in validate(schema, document, [OverlappingFieldsCanBeMergedRule]):
        node = error.nodes[0] if error.nodes else None
        name = getattr(getattr(node, "name", None), "value", "")
        extensions = {"code": "fieldConflict", "fieldName": name, "conflicts": name}
        locations = [{"line": place.line, "column": place.column} for place in error.locations or ()]
        yield {"message": error.message, "locations": locations, "path": [], "extensions": extensions}


def _title(node: OperationDefinitionNode) -> str:
    kind = node.operation.value
    return f"{kind} {node.name.value}" if node.name else kind


class Walk:
    """The document's walk; `errors` fills in reading order."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.document = document
        self.errors: list[Record] = []
        self.fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self.spread: set[str] = set()

    def note(self, node: Any, path: Path, message: str, code: str, **more: Any) -> None:
        extensions = {"code": code, **more}
        self.errors.append(
            {"message": message, "locations": [position(node)], "path": list(path), "extensions": extensions}
        )

    def definitions(self) -> None:
        for node in self.document.definitions:
            if isinstance(node, OperationDefinitionNode):
                self._operation(node)
            elif isinstance(node, FragmentDefinitionNode):
                self._fragment(node)
        for name, fragment in self.fragments.items():
            if name not in self.spread:
                message = f"Fragment {name} was defined, but not used"
                self.note(fragment, (f"fragment {name}",), message, "useAndDefineFragment", fragmentName=name)

    # definitions

    def _operation(self, node: OperationDefinitionNode) -> None:
        root = self.schema.get_root_type(node.operation)
        path = (_title(node),)
        self._directives(node.directives, path)
        for variable in node.variable_definitions or ():
            self._declared(variable, path)
        if root is not None:
            self.selections(node.selection_set, root, path)
        Usage(self, node).check()

    def _declared(self, variable: Any, path: Path) -> None:
        named = get_named_node(variable.type)
        name = variable.variable.name.value
        if named not in self.schema.type_map:
            message = f"{named} isn't a defined input type (on ${name})"
            self.note(variable, path, message, "variableRequiresValidType", typeName=named, variableName=name)

    def _fragment(self, node: FragmentDefinitionNode) -> None:
        path = (f"fragment {node.name.value}",)
        kind = self._condition(node, node.type_condition.name.value, path)
        if kind is not None:
            self.selections(node.selection_set, kind, path)

    def _condition(self, node: Any, name: str, path: Path) -> Any:
        kind = self.schema.type_map.get(name)
        if kind is None:
            message = f"No such type {name}, so it can't be a fragment condition"
            self.note(node, path, message, "undefinedType", typeName=name)
        elif not isinstance(kind, COMPOSITE):
            message = f"Invalid fragment on type {name} (must be Union, Interface or Object)"
            self.note(node, path, message, "fragmentOnNonCompositeType", typeName=name)
            return None
        return kind

    # selections

    def selections(self, selection_set: SelectionSetNode, parent: Any, path: Path) -> None:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                self._field(node, parent, path)
            elif isinstance(node, InlineFragmentNode):
                self._inline(node, parent, path)
            elif isinstance(node, FragmentSpreadNode):
                self._spread(node, parent, path)

    def _inline(self, node: InlineFragmentNode, parent: Any, path: Path) -> None:
        name = node.type_condition.name.value if node.type_condition else None
        inner = (*path, f"... on {name}" if name else "...")
        self._directives(node.directives, inner)
        kind = self._condition(node, name, inner) if name else parent
        if kind is not None:
            self._possible(node, kind, parent, inner, "Fragment")
            self.selections(node.selection_set, kind, inner)

    def _spread(self, node: FragmentSpreadNode, parent: Any, path: Path) -> None:
        name = node.name.value
        inner = (*path, f"... {name}")
        self._directives(node.directives, inner)
        self.spread.add(name)
        if name not in self.fragments:
            message = f"Fragment {name} was used, but not defined"
            self.note(node, inner, message, "useAndDefineFragment", fragmentName=name)
            return
        if self._endless(name):
            self.note(node, inner, f"Fragment {name} contains an infinite loop", "infiniteLoop", fragmentName=name)
        kind = self.schema.type_map.get(self.fragments[name].type_condition.name.value)
        if kind is not None:
            self._possible(node, kind, parent, inner, f"Fragment {name}")

    def _endless(self, name: str) -> bool:
        seen, waiting = set(), [name]
        while waiting:
            for other in spreads_of(self.fragments[waiting.pop()].selection_set):
                if other == name:
                    return True
                if other in self.fragments and other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return False

    def _possible(self, node: Any, kind: Any, parent: Any, path: Path, what: str) -> None:
        if not isinstance(kind, COMPOSITE) or do_types_overlap(self.schema, kind, parent):
            return
        message = f"{what} on {kind.name} can't be spread inside {parent.name}"
        more = {"typeName": kind.name, "fragmentName": what.removeprefix("Fragment ") or "unknown"}
        self.note(node, path, message, "cannotSpreadFragment", **more, parentName=parent.name)

    def _field(self, node: FieldNode, parent: Any, path: Path) -> None:
        name = node.name.value
        inner = (*path, node.alias.value if node.alias else name)
        self._directives(node.directives, inner)
        if name == "__typename":
            return
        root = self.schema.query_type
        if parent is root and name in ("__schema", "__type"):
            return
        if isinstance(parent, GraphQLUnionType):
            message = f"Selections can't be made directly on unions (see selections on {parent.name})"
            self.note(node, inner, message, "selectionMismatch", nodeName=parent.name)
            return
        definition = parent.fields.get(name)
        if definition is None:
            message = f"Field '{name}' doesn't exist on type '{parent.name}'"
            self.note(node, inner, message, "undefinedField", typeName=parent.name, fieldName=name)
            return
        self._arguments(node, definition, inner)
        self._inside(node, definition, inner)

    def _inside(self, node: FieldNode, definition: Any, path: Path) -> None:
        kind: Any = get_named_type(definition.type)
        name = node.name.value
        if is_leaf_type(kind):
            if node.selection_set:
                listed = ", ".join(print_ast(item) for item in node.selection_set.selections)
                returned = f"field '{name}' returns {kind.name} but has selections [{listed}]"
                message = f"Selections can't be made on scalars ({returned})"
                self.note(node, path, message, "selectionMismatch", nodeName=f"field '{name}'", typeName=kind.name)
        elif not node.selection_set:
            hint = f"Did you mean '{name} {{ ... }}'?"
            message = f"Field must have selections (field '{name}' returns {kind.name} but has no selections. {hint})"
            self.note(node, path, message, "selectionMismatch", nodeName=f"field '{name}'", typeName=kind.name)
        else:
            self.selections(node.selection_set, kind, path)

    # arguments

    def _directives(self, nodes: Iterable[DirectiveNode] | None, path: Path) -> None:
        for node in nodes or ():
            name = node.name.value
            definition = self.schema.get_directive(name)
            if definition is None:
                message = f"Directive @{name} is not defined"
                self.note(node, path, message, "undefinedDirective", directiveName=name)
                continue
            given = [argument.name.value for argument in node.arguments or ()]
            self._given(node, node.arguments, definition.args, path, ("Directive", name))
            self._missing(node, given, definition.args, path, ("Directive", name))

    def _arguments(self, node: FieldNode, definition: Any, path: Path) -> None:
        where = ("Field", node.name.value)
        self._given(node, node.arguments, definition.args, path, where)
        self._missing(node, [argument.name.value for argument in node.arguments or ()], definition.args, path, where)

    def _missing(self, node: Any, given: list[str], wanted: Any, path: Path, where: tuple[str, str]) -> None:
        names = [name for name, item in wanted.items() if is_required(item) and name not in given]
        if names:
            kind, name = where
            listed = ", ".join(names)
            message = f"{kind} '{name}' is missing required arguments: {listed}"
            self.note(node, path, message, "missingRequiredArguments", className=kind, name=name, arguments=listed)

    def _given(self, parent: Any, nodes: Iterable[Any] | None, wanted: Any, path: Path, where: tuple[str, str]) -> None:
        """Check arguments of a field or directive, or the fields of an input object: children before their parents."""
        kind, owner = where
        for node in nodes or ():
            name = node.name.value
            inner = (*path, name)
            definition = wanted.get(name)
            if definition is None:
                message = f"{kind} '{owner}' doesn't accept argument '{name}'"
                self.note(node, inner, message, "argumentNotAccepted", name=owner, typeName=kind, argumentName=name)
                continue
            before = len(self.errors)
            self._objects(node.value, definition.type, inner)
            if len(self.errors) == before:
                self._literal(parent, node, definition.type, inner, where)

    def _objects(self, value: ValueNode, wanted: Any, path: Path) -> None:
        """Look into the input objects of a literal; a list's items share their argument's path."""
        inner = wanted.of_type if isinstance(wanted, GraphQLNonNull) else wanted
        if isinstance(inner, GraphQLList):
            for item in value.values if isinstance(value, ListValueNode) else (value,):
                self._objects(item, inner.of_type, path)
        elif isinstance(inner, GraphQLInputObjectType) and isinstance(value, ObjectValueNode):
            self._given(value, value.fields, inner.fields, path, ("InputObject", inner.name))
            self._attributes(value, inner, path)

    def _attributes(self, value: ObjectValueNode, wanted: GraphQLInputObjectType, path: Path) -> None:
        given = {field.name.value for field in value.fields}
        for name, item in wanted.fields.items():
            if is_required(item) and name not in given:
                message = f"Argument '{name}' on InputObject '{wanted.name}' is required. Expected type {item.type}"
                more = {"argumentName": name, "argumentType": str(item.type), "inputObjectType": wanted.name}
                self.note(value, (*path, name), message, "missingRequiredInputObjectAttribute", **more)
        if wanted.is_one_of and len(value.fields) != 1:
            message = f"'{wanted.name}' requires exactly one argument, but {len(value.fields)} were provided."
            self.note(value, path, message, "invalidOneOfInputObject", inputObjectType=wanted.name)

    def _literal(self, parent: Any, node: Any, wanted: Any, path: Path, where: tuple[str, str]) -> None:
        try:
            check_literal(node.value, wanted)
        except Unacceptable as refusal:
            if refusal.spoken:
                self.note(parent, path, refusal.message, "argumentLiteralsIncompatible", typeName="CoercionError")
                return
            kind, owner = where
            name = node.name.value
            value = printed(node.value)
            message = f"Argument '{name}' on {kind} '{owner}' has an invalid value ({value}). Expected type '{wanted}'."
            self.note(parent, path, message, "argumentLiteralsIncompatible", typeName=kind, argumentName=name)


def is_required(item: Any) -> bool:
    return isinstance(item.type, GraphQLNonNull) and item.default_value is Undefined


def get_named_node(node: Any) -> str:
    while not hasattr(node, "name"):
        node = node.type
    return str(node.name.value)


def spreads_of(selection_set: SelectionSetNode) -> list[str]:
    """The fragments a selection spreads, at any depth of its own text."""
    found = []
    for node in selection_set.selections:
        if isinstance(node, FragmentSpreadNode):
            found.append(node.name.value)
        elif inner := getattr(node, "selection_set", None):
            found.extend(spreads_of(inner))
    return found


class Usage:
    """The variables of one operation: each declared one used, each used one declared and of a fitting type."""

    def __init__(self, walk: Walk, operation: OperationDefinitionNode) -> None:
        self.walk = walk
        self.operation = operation
        self.declared = {node.variable.name.value: node for node in operation.variable_definitions or ()}
        self.used: set[str] = set()
        self.visited: set[str] = set()
        self.label = operation.name.value if operation.name else f"anonymous {operation.operation.value}"

    def check(self) -> None:
        root = self.walk.schema.get_root_type(self.operation.operation)
        path = (_title(self.operation),)
        self._selections(self.operation.selection_set, root, path)
        for name, node in self.declared.items():
            if name not in self.used:
                message = f"Variable ${name} is declared by {self.label} but not used"
                self.walk.note(node, path, message, "variableNotUsed", variableName=name)

    def _selections(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None, path: Path) -> None:
        for node in selection_set.selections:
            self._directives(node.directives, path)
            if isinstance(node, FieldNode):
                self._field(node, parent, path)
            elif isinstance(node, InlineFragmentNode):
                kind = self._type(node.type_condition.name.value) if node.type_condition else parent
                self._selections(node.selection_set, kind, path)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in self.visited:
                self.visited.add(node.name.value)
                fragment = self.walk.fragments.get(node.name.value)
                if fragment:
                    inner = (f"fragment {node.name.value}",)
                    self._selections(fragment.selection_set, self._type(fragment.type_condition.name.value), inner)

    def _type(self, name: str) -> GraphQLNamedType | None:
        return self.walk.schema.type_map.get(name)

    def _directives(self, nodes: Iterable[DirectiveNode] | None, path: Path) -> None:
        for node in nodes or ():
            definition = self.walk.schema.get_directive(node.name.value)
            self._arguments(node.arguments, definition.args if definition else {}, path)

    def _field(self, node: FieldNode, parent: Any, path: Path) -> None:
        inner = (*path, node.alias.value if node.alias else node.name.value)
        definition = getattr(parent, "fields", {}).get(node.name.value)
        self._arguments(node.arguments, definition.args if definition else {}, inner)
        if node.selection_set:
            kind = get_named_type(definition.type) if definition else None
            self._selections(node.selection_set, kind, inner)

    def _arguments(self, nodes: Iterable[ArgumentNode] | None, wanted: Any, path: Path) -> None:
        for node in nodes or ():
            item = wanted.get(node.name.value)
            self._value(node, node.value, item, path)

    def _value(self, owner: Any, value: ValueNode, item: Any, path: Path) -> None:
        if isinstance(value, VariableNode):
            self._use(owner, value, item, path)
        elif isinstance(value, ListValueNode):
            for entry in value.values:
                self._entry(owner, entry, item, path)
        elif isinstance(value, ObjectValueNode):
            kind = get_named_type(item.type) if item else None
            for field in value.fields:
                self._value(field, field.value, getattr(kind, "fields", {}).get(field.name.value), path)

    def _entry(self, owner: Any, entry: ValueNode, item: Any, path: Path) -> None:
        """An item of a list literal: its type is the list's item type, which no argument definition carries."""
        if isinstance(entry, VariableNode):
            self._use(owner, entry, None, path)
        else:
            self._value(owner, entry, item, path)

    def _use(self, owner: Any, value: VariableNode, item: Any, path: Path) -> None:
        name = value.name.value
        self.used.add(name)
        declared = self.declared.get(name)
        if declared is None:
            message = f"Variable ${name} is used by {self.label} but not declared"
            self.walk.note(value, path, message, "variableNotDefined", variableName=name)
            return
        kind: Any = type_from_ast(self.walk.schema, declared.type)
        if item is None or kind is None:
            return
        trouble = mismatch(kind, declared.default_value is not None, item)
        if trouble:
            argument = owner.name.value
            message = f"{trouble} on variable ${name} and argument {argument} ({kind} / {item.type})"
            more = {"variableName": name, "typeName": str(kind), "argumentName": argument, "errorMessage": trouble}
            self.walk.note(owner, path, message, "variableMismatch", **more)


def mismatch(given: Any, has_default: bool, item: Any) -> str | None:
    """What is wrong with a variable of one type where another is wanted; None if nothing."""
    wanted = item.type
    if isinstance(wanted, GraphQLNonNull) and not isinstance(given, GraphQLNonNull):
        if not has_default and item.default_value is Undefined:
            named_alike = get_named_type(given) is get_named_type(wanted)
            return "Nullability mismatch" if named_alike else "Type mismatch"
        wanted = wanted.of_type
    if get_named_type(given) is not get_named_type(wanted):
        return "Type mismatch"
    if depth(given) > depth(wanted):
        return "List dimension mismatch"
    return None


def depth(kind: Any) -> int:
    """How many lists a type is wrapped in."""
    found = 0
    while hasattr(kind, "of_type"):
        found += isinstance(kind, GraphQLList)
        kind = kind.of_type
    return found
