"""Checks a row's values against the schema's input types and turns them into what a mutation takes. Pure.

A value that can't be converted without loss is a Problem, never a guess: 1.5 is no Int, "yes" no Boolean.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from shoptide.resources.spellings import AmbiguousError, Spelling, iso_moment, plain_number
from shoptide.shopify.schema import Schema, Type, TypeRef

MOST_ITEMS = 250  # what any input array may hold (MAX_INPUT_SIZE_EXCEEDED)
LONGEST = {  # characters, from the store's own refusals
    "CustomerInput.firstName": 255,
    "CustomerInput.lastName": 255,
    "CustomerInput.email": 255,
    "CustomerInput.note": 5000,
    "ProductCreateInput.title": 255,
    "ProductCreateInput.handle": 255,
    "ProductCreateInput.vendor": 255,
    "ProductCreateInput.productType": 255,
    "ProductUpdateInput.title": 255,
    "ProductUpdateInput.handle": 255,
    "ProductUpdateInput.vendor": 255,
    "ProductUpdateInput.productType": 255,
    "MailingAddressInput.address1": 255,
    "MailingAddressInput.address2": 255,
    "MailingAddressInput.city": 255,
    "MailingAddressInput.company": 255,
}

LARGER = {"ProductVariantSetInput": 2048}  # items, where an array may hold more than MOST_ITEMS
# What the schema requires and a row may leave out: the value that stands for it, None where the writer finds it.
FILLED: dict[str, Any] = {
    "ProductVariantSetInput.optionValues": None,
    "ProductSetInventoryInput.name": "available",
    "CreateMediaInput.mediaContentType": "IMAGE",
}
# What an empty value takes nothing away from: it would be refused, or mean "leave alone".
UNCLEARABLE = (
    "metafields variants media publishTo unpublishFrom sku price handle productOptions collectionsToJoin "
    "collectionsToLeave lineItems order trackingNumber trackingNumbers trackingCompany trackingUrl trackingUrls "
    "eventMessage"
)
MOMENTS, NUMBERS = ("DateTime", "Date"), ("Int", "Float", "Money", "Decimal", "UnsignedInt64")
# Inputs that plain text may stand for: the field it is.
SPOKEN = {"CreateMediaInput": "originalSource", "OptionValueCreateInput": "name"}


@dataclass(frozen=True)
class Problem:
    """Why a row can't be sent: the column (with a path inside it), the reason, the value as text."""

    column: str
    reason: str
    value: str | None = None


class Mismatch(Exception):  # noqa: N818  # control flow of this module: it becomes a Problem
    def __init__(self, where: str, reason: str, value: object) -> None:
        super().__init__(reason)
        self.problem = Problem(where, reason, None if value is None else shown(value))


def shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def camel(name: str) -> str:
    """`first_name` → firstName; a name without underscores stays."""
    if "_" not in name:
        return name
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def near(name: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)


class Shaper:
    """Shapes values for one schema."""

    def __init__(
        self, schema: Schema, currency: Callable[[], str] | None = None, spelling: Spelling | None = None
    ) -> None:
        self.schema = schema
        self.currency = currency  # of the shop, asked only when a plain amount needs it
        self.spelling = spelling or Spelling()

    def fits(self, text: str, value: Any, where: str, *, kinds: tuple[str, ...] = ()) -> Any:
        """The value as the type takes it; raises Mismatch. `kinds` are the record types an id may name."""
        return self._shape(TypeRef(text), value, where, kinds)

    def _shape(self, wanted: TypeRef, value: Any, where: str, kinds: tuple[str, ...]) -> Any:
        if value is None:
            if wanted.required:
                raise Mismatch(where, "is required", value)
            return None
        if wanted.is_list:
            return self._list(wanted.item, value, where, kinds)
        kind = self.schema.type(wanted.name)
        if kind.kind == "ENUM":
            return _enum(kind, value, where)
        if kind.kind == "INPUT_OBJECT":
            return self._object(kind, value, where)
        return _scalar(wanted.name, self._respelled(wanted.name, value, where), where, kinds)

    def _respelled(self, name: str, value: Any, where: str) -> Any:
        """A text as its type is usually written. What may mean two things is a Mismatch; the type judges the rest."""
        if not isinstance(value, str):
            return value
        try:
            if name in MOMENTS:
                found = iso_moment(value, self.spelling)
                if name == "Date" and found:  # spreadsheets write midnight behind every date
                    found = found.removesuffix("T00:00:00")
            elif name in NUMBERS:
                found = plain_number(value, self.spelling)
            else:
                return value
        except AmbiguousError as told:
            raise Mismatch(where, str(told), value) from None
        return value if found is None else found

    def cleared(self, text: str, name: str) -> Any:
        """The value that empties a field: "" for text, [] for a list, null else. Raises KeyError where there is none.

        Blank text becomes null in the store where null is what it keeps (FACTS 31); null itself is often ignored.
        """
        wanted = TypeRef(text)
        if name in UNCLEARABLE.split() or wanted.required:
            raise KeyError(name)
        if wanted.is_list:
            return []
        if self.schema.type(wanted.name).kind == "INPUT_OBJECT" or wanted.name in ("Boolean", "JSON"):
            raise KeyError(name)
        return "" if wanted.name in ("String", "URL") else None

    def _list(self, item: TypeRef, value: Any, where: str, kinds: tuple[str, ...]) -> list[Any]:
        given = _parsed(value, where, "[") if isinstance(value, str) and value.lstrip().startswith("[") else value
        if isinstance(given, str):
            if self.schema.type(item.name).kind == "INPUT_OBJECT" and item.name not in SPOKEN:
                raise Mismatch(where, "must be a list (or JSON text of one)", value)
            given = [part.strip() for part in given.split(",") if part.strip()]
        if not isinstance(given, (list, tuple)):
            raise Mismatch(where, "must be a list", value)
        most = LARGER.get(item.name, MOST_ITEMS)
        if len(given) > most:
            raise Mismatch(where, f"holds {len(given)} items; the store takes at most {most}", None)
        return [self._shape(item, each, f"{where}[{index}]", kinds) for index, each in enumerate(given)]

    def _object(self, kind: Type, value: Any, where: str) -> dict[str, Any]:
        if isinstance(value, str) and kind.name in SPOKEN and not value.lstrip().startswith("{"):
            value = {SPOKEN[kind.name]: value}
        given = _parsed(value, where, "{") if isinstance(value, str) else value
        if not isinstance(given, Mapping):
            raise Mismatch(where, f"must be an object with fields of {kind.name}", value)
        shaped: dict[str, Any] = {}
        for key, each in given.items():
            name, inner = self._as_money(kind, camel(str(key)), each)
            field = kind.inputs.get(name)
            if field is None:
                alike = near(name, kind.inputs)
                told = f"; did you mean {', '.join(alike)}?" if alike else ""
                raise Mismatch(f"{where}.{key}", f"is no field of {kind.name}{told}", inner)
            if inner is None and (not field.required or f"{kind.name}.{name}" in FILLED):
                continue  # a STRUCT has every field; null there is absence
            found = self._shape(field.type, inner, f"{where}.{key}", field.id_kinds)
            shaped[name] = checked_length(kind.name, name, found, f"{where}.{key}")
        self._complete(kind, shaped, where)
        if kind.one_of and len(shaped) != 1:
            raise Mismatch(where, f"must have exactly one of {', '.join(kind.inputs)}", given)
        return shaped

    def _as_money(self, kind: Type, name: str, value: Any) -> tuple[str, Any]:
        """A plain `price` or `amount` where the store wants a bag of money: it is in the shop's currency."""
        bag = kind.inputs.get(f"{name}Set")
        if name not in ("price", "amount") or name in kind.inputs or bag is None or bag.type.name != "MoneyBagInput":
            return name, value
        if value is None or self.currency is None:
            return f"{name}Set", value
        return f"{name}Set", {"shopMoney": {"amount": value, "currencyCode": self.currency()}}

    @staticmethod
    def _complete(kind: Type, shaped: dict[str, Any], where: str) -> None:
        """Fill what a row may leave out; raises Mismatch for what it must not."""
        for name, field in kind.inputs.items():
            if not field.required or name in shaped:
                continue
            if f"{kind.name}.{name}" not in FILLED:
                raise Mismatch(f"{where}.{name}", "is required", None)
            if FILLED[f"{kind.name}.{name}"] is not None:
                shaped[name] = FILLED[f"{kind.name}.{name}"]


def checked_length(kind: str, name: str, value: Any, where: str) -> Any:
    limit = LONGEST.get(f"{kind}.{name}")
    if limit is not None and isinstance(value, str) and len(value) > limit:
        raise Mismatch(where, f"is too long: {len(value)} characters of at most {limit}", value)
    return value


def _parsed(text: str, where: str, opening: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        what = "a JSON list" if opening == "[" else "a JSON object"
        raise Mismatch(where, f"must be {what}: {error}", text) from None


def _enum(kind: Type, value: Any, where: str) -> str:
    name = str(value).strip().upper().replace(" ", "_").replace("-", "_")
    if name in kind.values:
        return name
    alike = near(name, kind.values)
    choices = ", ".join(alike) if alike else ", ".join(kind.values[:12])
    raise Mismatch(where, f"is no {kind.name}; {'did you mean' if alike else 'choose one of'} {choices}", value)


def _scalar(name: str, value: Any, where: str, kinds: tuple[str, ...]) -> Any:
    shaper = SCALARS.get(name)
    return shaper(value, where) if shaper else _id(value, where, kinds) if name == "ID" else _text(value, where)


def _text(value: Any, where: str) -> str:
    if isinstance(value, (bool, list, tuple, Mapping, bytes)):
        raise Mismatch(where, "must be text", value)
    return value if isinstance(value, str) else str(value)


def _int(value: Any, where: str) -> int:
    if not isinstance(value, bool):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            raise Mismatch(where, "must be a whole number", value) from None
        if number.is_finite() and number == number.to_integral_value():
            if abs(number) >= 2**31:
                raise Mismatch(where, "is larger than the store's numbers go", value)
            return int(number)
    raise Mismatch(where, "must be a whole number", value)


def _float(value: Any, where: str) -> float:
    if isinstance(value, bool):
        raise Mismatch(where, "must be a number", value)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Mismatch(where, "must be a number", value) from None


def _decimal(value: Any, where: str) -> str:
    """Exact text; a float is written as Python shows it, which is the number its user typed."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Mismatch(where, "must be an amount such as 19.90", value) from None
    if isinstance(value, bool) or not number.is_finite():
        raise Mismatch(where, "must be an amount such as 19.90", value)
    return format(number, "f")


def _boolean(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("true", "t", "1"):
        return True
    if text in ("false", "f", "0"):
        return False
    raise Mismatch(where, "must be true or false", value)


def _instant(value: Any, where: str) -> str:
    """ISO with an offset; a time without one is UTC, as the warehouse's are."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))  # noqa: FURB162  # 3.10 knows no Z
        except ValueError:
            raise Mismatch(where, "must be a time such as 2026-10-01T12:00:00Z", value) from None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=timezone.utc)  # noqa: UP017  # 3.10
    if not isinstance(moment, datetime):
        raise Mismatch(where, "must be a time such as 2026-10-01T12:00:00Z", value)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)  # noqa: UP017  # 3.10
    return aware.isoformat().replace("+00:00", "Z")


def _date(value: Any, where: str) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()[:10]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value).strip()):
        return str(value).strip()
    raise Mismatch(where, "must be a date such as 2026-10-01", value)


def _url(value: Any, where: str) -> str:
    text = _text(value, where).strip()
    if not re.match(r"https?://\S+$", text):
        raise Mismatch(where, "must be a URL that begins with http:// or https://", value)
    return text


def _json(value: Any, where: str) -> str:
    if isinstance(value, str):
        _parsed(value, where, "{")
        return value
    return json.dumps(value, default=str)


def _id(value: Any, where: str, kinds: tuple[str, ...]) -> str:
    """A gid as given, or a number where the field says of what."""
    text = str(value).strip()
    if text.startswith("gid://"):
        named = text.split("/")[3] if text.count("/") >= 4 else ""
        if kinds and named not in kinds:
            raise Mismatch(where, f"must be the id of a {' or '.join(kinds)}", value)
        return text
    if re.fullmatch(r"\d+(\.0)?", text) and len(kinds) == 1:
        return f"gid://shopify/{kinds[0]}/{text.removesuffix('.0')}"
    if re.fullmatch(r"\d+", text):
        raise Mismatch(where, "must be a full id such as gid://shopify/…/123", value)
    raise Mismatch(where, "must be an id: a number or gid://shopify/…", value)


SCALARS: dict[str, Any] = {
    "Int": _int,
    "Float": _float,
    "Money": _decimal,
    "Decimal": _decimal,
    "UnsignedInt64": lambda value, where: str(_int(value, where)),
    "Boolean": _boolean,
    "DateTime": _instant,
    "Date": _date,
    "URL": _url,
    "JSON": _json,
}
