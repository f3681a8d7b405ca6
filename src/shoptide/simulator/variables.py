"""Variables against their types: the values resolvers get, or INVALID_VARIABLE in Shopify's words (FACTS 16 and 17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    print_ast,
    type_from_ast,
    value_from_ast,
)

from shoptide.simulator.declared_orders import in_order
from shoptide.simulator.literals import Unacceptable, accept, written

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record

Path = tuple[str | int, ...]
NOT_NULL = "Expected value to not be null"


class Coercion:
    """One variable's value on its way to what a resolver gets; collects every problem it meets."""

    def __init__(self) -> None:
        self.problems: list[Record] = []

    def note(self, path: Path, explanation: str, *, spoken: bool = False) -> None:
        problem: Record = {"path": list(path), "explanation": explanation}
        if spoken:
            problem["message"] = explanation
        self.problems.append(problem)

    def value(self, given: Any, wanted: Any, path: Path = ()) -> Any:
        if isinstance(wanted, GraphQLNonNull):
            if given is None:
                return self.note(path, NOT_NULL)
            return self.value(given, wanted.of_type, path)
        if given is None:
            return None
        if isinstance(wanted, GraphQLList):
            items = given if isinstance(given, list) else [given]
            return [self.value(item, wanted.of_type, (*path, index)) for index, item in enumerate(items)]
        if isinstance(wanted, GraphQLEnumType):
            return self._choice(given, wanted, path)
        if isinstance(wanted, GraphQLInputObjectType):
            return self._object(given, wanted, path)
        return self._scalar(given, wanted.name, path)

    def _choice(self, given: Any, wanted: GraphQLEnumType, path: Path) -> Any:
        if isinstance(given, str) and given in wanted.values:
            return given
        return self.note(
            path, f"Expected {written(given)} to be one of: {', '.join(in_order(wanted.name, wanted.values))}"
        )

    def _scalar(self, given: Any, scalar: str, path: Path) -> Any:
        try:
            return accept(scalar, given)
        except Unacceptable as refusal:
            return self.note(path, refusal.message, spoken=refusal.spoken)

    def _object(self, given: Any, wanted: GraphQLInputObjectType, path: Path) -> Any:
        if not isinstance(given, dict):
            return self.note(path, f"Expected {written(given)} to be a key-value object.")
        for name in given:
            if name not in wanted.fields:
                self.note((*path, name), f"Field is not defined on {wanted.name}")
        found = {}
        for name, field in wanted.fields.items():
            if name in given:
                found[name] = self.value(given[name], field.type, (*path, name))
            elif field.default_value is not Undefined:
                found[name] = field.default_value
            elif isinstance(field.type, GraphQLNonNull):
                self.note((*path, name), NOT_NULL)
        if wanted.is_one_of and (len(found) != 1 or None in found.values()):
            self.note(path, f"'{wanted.name}' requires exactly one argument, but {len(given)} were provided.")
        return found


def _complaint(node: VariableDefinitionNode, given: Any, problems: list[Record]) -> Record:
    name, kind = node.variable.name.value, print_ast(node.type)
    places = [f"{'.'.join(map(str, p['path']))} ({p['explanation']})" for p in problems if p["path"]]
    message = f"Variable ${name} of type {kind} was provided invalid value"
    return {
        "message": f"{message} for {', '.join(places)}" if places else message,
        "locations": [position(node)],
        "extensions": {"code": "INVALID_VARIABLE", "value": given, "problems": problems},
    }


def position(node: Any) -> Record:
    """Where a node begins, as errors name it."""
    token = node.loc.start_token
    return {"line": token.line, "column": token.column}


def coerce(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: dict[str, Any]
) -> tuple[dict[str, Any], list[Record]]:
    """The values of the operation's variables, absent ones absent, and an error for each that is refused."""
    values: dict[str, Any] = {}
    errors: list[Record] = []
    for node in operation.variable_definitions or ():
        name = node.variable.name.value
        wanted: Any = type_from_ast(schema, node.type)
        if name not in given and (node.default_value is not None or not isinstance(wanted, GraphQLNonNull)):
            if node.default_value is not None:
                values[name] = value_from_ast(node.default_value, wanted)
            continue
        coercion = Coercion()
        values[name] = coercion.value(given.get(name), wanted)
        if coercion.problems:
            errors.append(_complaint(node, given.get(name), coercion.problems))
    return values, errors
