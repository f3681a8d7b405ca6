"""Reads the GraphQL documents that the product sends: operations, selections, arguments, variables.

Enough of the grammar to name, cost and check our own queries and mutations; type system definitions are not read,
and whether a document fits a schema is not asked here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shoptide.errors import InvalidDocument

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Variable:
    name: str


class EnumValue(str):
    """A bare word as a value: `UPDATED_AT`."""

    __slots__ = ()


@dataclass(frozen=True)
class Directive:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    name: str
    alias: str | None
    arguments: Mapping[str, Any]  # values: None, bool, int, float, str, EnumValue, Variable, list, dict
    directives: tuple[Directive, ...]
    selections: tuple[Selection, ...]

    @property
    def key(self) -> str:
        """The name under which the answer has it."""
        return self.alias or self.name


@dataclass(frozen=True)
class InlineFragment:
    on: str | None
    directives: tuple[Directive, ...]
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Spread:
    name: str
    directives: tuple[Directive, ...]


Selection = Field | InlineFragment | Spread


@dataclass(frozen=True)
class VariableDefinition:
    name: str
    type: str
    default: Any
    has_default: bool


@dataclass(frozen=True)
class Operation:
    kind: str  # query | mutation | subscription
    name: str | None
    variables: tuple[VariableDefinition, ...]
    directives: tuple[Directive, ...]
    selections: tuple[Selection, ...]

    @property
    def is_mutation(self) -> bool:
        return self.kind == "mutation"


@dataclass(frozen=True)
class Fragment:
    name: str
    on: str
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Document:
    operations: tuple[Operation, ...]
    fragments: Mapping[str, Fragment]

    def operation(self, name: str | None = None) -> Operation:
        """The operation of that name, or the only one; raises InvalidDocument when that is not one."""
        found = [each for each in self.operations if name is None or each.name == name]
        if len(found) != 1:
            wanted = f"named {name!r}" if name else "to run"
            raise InvalidDocument(f"The GraphQL document has {len(found)} operations {wanted}, and needs exactly one")
        return found[0]


@lru_cache(maxsize=512)
def parse(text: str) -> Document:
    """Read a document; raises InvalidDocument that says at which line and column it stopped making sense."""
    return _Parser(text).document()


_TOKEN = re.compile(
    r"""
      (?P<skip>[\s,\ufeff]+|\#[^\n\r]*)
    | (?P<block>\"\"\"(?:[^"\\]|\\.|\\\"\"\"|"(?!""))*\"\"\")
    | (?P<string>"(?:[^"\\\n\r]|\\.)*")
    | (?P<float>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+))
    | (?P<int>-?(?:0|[1-9][0-9]*))
    | (?P<name>[_A-Za-z][_0-9A-Za-z]*)
    | (?P<punct>\.\.\.|[!$&()\[\]{}:=@|])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})|(.))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(found[3], found[3])


def _block(text: str) -> str:
    """A block string's value: common indentation and blank edge lines removed."""
    lines = text.replace('\\"""', '"""').splitlines()
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    cut = min(indents, default=0)
    lines = lines[:1] + [line[cut:] for line in lines[1:]]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.at = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        found, position = [], 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self._wrong(position, f"unexpected character {self.text[position]!r}")
            kind = str(match.lastgroup)
            if kind != "skip":
                found.append((kind, match[0], position))
            position = match.end()
        found.append(("end", "", len(self.text)))
        return found

    def _wrong(self, position: int, what: str) -> InvalidDocument:
        line = self.text.count("\n", 0, position) + 1
        column = position - self.text.rfind("\n", 0, position)
        return InvalidDocument(f"Not a GraphQL document: {what} at line {line}, column {column}")

    def _expected(self, what: str) -> InvalidDocument:
        kind, text, position = self.tokens[self.at]
        return self._wrong(position, f"expected {what}, found {'the end' if kind == 'end' else repr(text)}")

    def _sees(self, text: str) -> bool:
        kind, seen, _ = self.tokens[self.at]
        return seen == text and kind in ("punct", "name")

    def _takes(self, text: str) -> bool:
        if not self._sees(text):
            return False
        self.at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise self._expected(repr(text))

    def _name(self) -> str:
        kind, text, _ = self.tokens[self.at]
        if kind != "name":
            raise self._expected("a name")
        self.at += 1
        return text

    def document(self) -> Document:
        operations: list[Operation] = []
        fragments: dict[str, Fragment] = {}
        while self.tokens[self.at][0] != "end":
            if self._takes("fragment"):
                fragment = self._fragment()
                fragments[fragment.name] = fragment
            else:
                operations.append(self._operation())
        if not operations:
            raise self._expected("an operation")
        return Document(tuple(operations), fragments)

    def _operation(self) -> Operation:
        if self._sees("{"):
            return Operation("query", None, (), (), self._selections())
        kind = self._name()
        if kind not in ("query", "mutation", "subscription"):
            self.at -= 1
            raise self._expected("query, mutation or fragment")
        name = self._name() if self.tokens[self.at][0] == "name" else None
        variables = self._variables() if self._sees("(") else ()
        return Operation(kind, name, variables, self._directives(), self._selections())

    def _variables(self) -> tuple[VariableDefinition, ...]:
        found = []
        self._expect("(")
        while not self._takes(")"):
            self._expect("$")
            name = self._name()
            self._expect(":")
            kind = self._type()
            has_default = self._takes("=")
            found.append(VariableDefinition(name, kind, self._value() if has_default else None, has_default))
            self._directives()
        return tuple(found)

    def _type(self) -> str:
        if self._takes("["):
            text = f"[{self._type()}]"
            self._expect("]")
        else:
            text = self._name()
        return f"{text}!" if self._takes("!") else text

    def _fragment(self) -> Fragment:
        name = self._name()
        self._expect("on")
        on = self._name()
        self._directives()
        return Fragment(name, on, self._selections())

    def _selections(self) -> tuple[Selection, ...]:
        found: list[Selection] = []
        self._expect("{")
        while not self._takes("}"):
            found.append(self._fragment_use() if self._takes("...") else self._field())
        return tuple(found)

    def _fragment_use(self) -> InlineFragment | Spread:
        if self.tokens[self.at][0] == "name" and not self._sees("on"):
            return Spread(self._name(), self._directives())
        on = self._name() if self._takes("on") else None
        return InlineFragment(on, self._directives(), self._selections())

    def _field(self) -> Field:
        name, alias = self._name(), None
        if self._takes(":"):
            name, alias = self._name(), name
        arguments = self._arguments()
        directives = self._directives()
        return Field(name, alias, arguments, directives, self._selections() if self._sees("{") else ())

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._takes("("):
            while not self._takes(")"):
                name = self._name()
                self._expect(":")
                found[name] = self._value()
        return found

    def _directives(self) -> tuple[Directive, ...]:
        found = []
        while self._takes("@"):
            name = self._name()
            found.append(Directive(name, self._arguments()))
        return tuple(found)

    def _value(self) -> Any:
        kind, text, _ = self.tokens[self.at]
        if kind == "punct":
            return self._compound()
        self.at += 1
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
        if kind == "string":
            return _ESCAPE.sub(_unescape, text[1:-1])
        if kind == "block":
            return _block(text[3:-3])
        if kind == "name":
            return _WORDS[text] if text in _WORDS else EnumValue(text)
        self.at -= 1
        raise self._expected("a value")

    def _compound(self) -> Any:
        if self._takes("$"):
            return Variable(self._name())
        if self._takes("["):
            items = []
            while not self._takes("]"):
                items.append(self._value())
            return items
        if self._takes("{"):
            entries: dict[str, Any] = {}
            while not self._takes("}"):
                name = self._name()
                self._expect(":")
                entries[name] = self._value()
            return entries
        raise self._expected("a value")
