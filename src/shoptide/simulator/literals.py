"""Values as clients write them, in the store's eyes: what a scalar accepts, and the words for what it does not.

Knows the scalars and how a literal is printed in a message; `validation` and `variables` decide where the words go.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

if TYPE_CHECKING:
    from collections.abc import Callable

GID = re.compile(r"gid://[a-z0-9-]+/[A-Za-z0-9_:]+/[^\s/][^\s]*\Z", re.IGNORECASE)
MAX_INT = 2**31 - 1
MAX_UNSIGNED = 2**64 - 1


class Unacceptable(Exception):  # noqa: N818  # the reader's word for it; never leaves this package
    """A value its scalar refuses. `spoken` tells a sentence of the scalar's own from the general one."""

    def __init__(self, message: str, *, spoken: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.spoken = spoken


def _not(value: Any, kind: str) -> Unacceptable:
    return Unacceptable(f"Could not coerce value {written(value)} to {kind}", spoken=False)


def written(value: Any) -> str:
    """A JSON value as Shopify shows it in a message."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_INT:
        raise _not(value, "Int")
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _not(value, "Float")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _not(value, "Boolean")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _not(value, "String")
    return value


def _gid(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not GID.match(text):
        raise Unacceptable(f"Invalid global id '{value}'")
    return text


def _decimal(value: Any) -> str:
    text = str(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Unacceptable(f"invalid decimal '{text}'") from None
    if isinstance(value, bool) or not number.is_finite():
        raise Unacceptable(f"invalid decimal '{text}'")
    return text


def _unsigned(value: Any) -> str:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", text):
        raise Unacceptable(f"UnsignedInt64 invalid value '{text}'")
    if not 0 <= int(text) <= MAX_UNSIGNED:
        raise Unacceptable(f"UnsignedInt64 '{text}' is out of range")
    return text


def _date_time(value: Any) -> str:
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return value
    raise Unacceptable(f"invalid DateTime '{value}'")


def _date(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            datetime.strptime(value, "%Y-%m-%d")  # noqa: DTZ007  # only its form is looked at
        except ValueError:
            pass
        else:
            return value
    raise Unacceptable(f"invalid Date '{value}'")


def _url(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise Unacceptable(f"Invalid url '{text}'") from None
    if not parts.scheme:
        raise Unacceptable(f"Invalid url '{text}', missing scheme")
    if not parts.netloc:
        raise Unacceptable(f"Invalid url '{text}', missing host")
    return text


def _arn(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("arn:aws:events:"):
        raise Unacceptable(f"Invalid ARN '{value}'")
    return value


def _any(value: Any) -> Any:
    return value


SCALARS: dict[str, Callable[[Any], Any]] = {
    "Int": _integer,
    "Float": _float,
    "Boolean": _boolean,
    "String": _string,
    "ID": _gid,
    "Decimal": _decimal,
    "Money": _decimal,
    "UnsignedInt64": _unsigned,
    "DateTime": _date_time,
    "Date": _date,
    "URL": _url,
    "ARN": _arn,
    "FormattedString": _string,
    "HTML": _string,
    "StorefrontID": _string,
}


def accept(scalar: str, value: Any) -> Any:
    """The value a resolver gets for a given one; raises Unacceptable."""
    return SCALARS.get(scalar, _any)(value)


def plain(node: ValueNode) -> Any:
    """The JSON value of a literal without variables."""
    if isinstance(node, IntValueNode):
        return int(node.value)
    if isinstance(node, FloatValueNode):
        return float(node.value)
    if isinstance(node, NullValueNode):
        return None
    if isinstance(node, ListValueNode):
        return [plain(item) for item in node.values]
    if isinstance(node, ObjectValueNode):
        return {field.name.value: plain(field.value) for field in node.fields}
    return getattr(node, "value", None)


def printed(node: ValueNode) -> str:
    """A literal as Shopify repeats it in a message."""
    if isinstance(node, VariableNode):
        return f"${node.name.value}"
    if isinstance(node, StringValueNode):
        return written(node.value)
    if isinstance(node, BooleanValueNode):
        return "true" if node.value else "false"
    if isinstance(node, NullValueNode):
        return "null"
    if isinstance(node, ListValueNode):
        return "[" + ", ".join(printed(item) for item in node.values) + "]"
    if isinstance(node, ObjectValueNode):
        return "{" + ", ".join(f"{field.name.value}: {printed(field.value)}" for field in node.fields) + "}"
    return str(getattr(node, "value", ""))


def _holds_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(_holds_variable(item) for item in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_holds_variable(field.value) for field in node.fields)
    return isinstance(node, VariableNode)


def check_literal(node: ValueNode, wanted: Any) -> None:
    """Raise Unacceptable where a literal does not fit the type; variables inside are looked at elsewhere."""
    if isinstance(node, VariableNode):
        return
    if isinstance(node, NullValueNode):
        if isinstance(wanted, GraphQLNonNull):
            raise Unacceptable("null", spoken=False)
        return
    inner = wanted.of_type if isinstance(wanted, GraphQLNonNull) else wanted
    if isinstance(inner, GraphQLList):
        for item in node.values if isinstance(node, ListValueNode) else (node,):
            check_literal(item, inner.of_type)
    elif isinstance(inner, GraphQLEnumType):
        if not isinstance(node, EnumValueNode) or node.value not in inner.values:
            raise Unacceptable("enum", spoken=False)
    elif isinstance(inner, GraphQLInputObjectType):
        _check_object(node, inner)
    elif not _holds_variable(node):
        _check_scalar(node, inner.name)


def _check_scalar(node: ValueNode, scalar: str) -> None:
    if isinstance(node, EnumValueNode) or (scalar == "String" and not isinstance(node, StringValueNode)):
        raise Unacceptable("kind", spoken=False)
    accept(scalar, plain(node))


def _check_object(node: ValueNode, wanted: GraphQLInputObjectType) -> None:
    if not isinstance(node, ObjectValueNode):
        raise Unacceptable("object", spoken=False)
    for field in node.fields:
        if field.name.value in wanted.fields:
            check_literal(field.value, wanted.fields[field.name.value].type)
