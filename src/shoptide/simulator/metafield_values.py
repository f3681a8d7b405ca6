"""Values of metafields: which types there are, what each accepts, and how the store writes down what it accepted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from shoptide.simulator.shop import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoptide.simulator.context import Context

MEASURED = (
    "antenna_gain", "area", "battery_charge_capacity", "battery_energy_capacity", "capacitance", "concentration",
    "data_storage_capacity", "data_transfer_rate", "dimension", "display_density", "distance", "duration",
    "electric_current", "electrical_resistance", "energy", "frequency", "illuminance", "inductance", "luminous_flux",
    "mass_flow_rate", "power", "pressure", "resolution", "rotational_speed", "sound_level", "speed", "temperature",
    "thermal_power", "voltage", "volume", "volumetric_flow_rate", "weight",
)  # fmt: skip
PLAIN = ("boolean", "color", "date_time", "date", "id", "json", "jurisdiction", "language", "link", "money",
         "multi_line_text_field", "number_decimal", "number_integer", "rating", "rich_text_field",
         "single_line_text_field", "url")  # fmt: skip
LISTED = ("color", "date_time", "date", "jurisdiction", "link", "number_decimal", "number_integer", "rating",
          "single_line_text_field", "url")  # fmt: skip
OLD = ("float", "integer", "json_string", "string")
OLD_LISTS = ("list.boolean", "list.multi_line_text_field")
REFERENCED = {
    "company": "Company", "customer": "Customer", "product": "Product", "collection": "Collection",
    "variant": "ProductVariant", "file": None, "product_taxonomy_value": "TaxonomyValue", "metaobject": "Metaobject",
    "mixed": "Metaobject", "disclosure": None, "page": "Page", "article": "Article", "order": "Order",
}  # fmt: skip
REFERENCE_ORDER = (
    "company_reference", "list.company_reference", "customer_reference", "list.customer_reference",
    "product_reference", "list.product_reference", "collection_reference", "list.collection_reference",
    "variant_reference", "list.variant_reference", "file_reference", "list.file_reference",
    "product_taxonomy_value_reference", "list.product_taxonomy_value_reference",
    "product_taxonomy_disclosure_reference", "metaobject_reference", "list.metaobject_reference", "mixed_reference",
    "list.mixed_reference", "disclosure_reference", "list.disclosure_reference", "page_reference",
    "list.page_reference", "article_reference", "list.article_reference", "order_reference", "list.order_reference",
)  # fmt: skip
UNITS = {
    "dimension": ("in", "ft", "yd", "mm", "cm", "m", "inches", "feet", "yards", "millimeters", "centimeters", "meters"),
    "weight": ("oz", "lb", "g", "kg", "ounces", "pounds", "grams", "kilograms"),
    "volume": (
        "ml", "cl", "l", "m3", "us_fl_oz", "us_pt", "us_qt", "us_gal", "imp_fl_oz", "imp_pt", "imp_qt", "imp_gal",
        "milliliters", "centiliters", "liters", "cubic_meters", "us_fluid_ounces", "us_pints", "us_quarts",
        "us_gallons", "imperial_fluid_ounces", "imperial_pints", "imperial_quarts", "imperial_gallons",
    ),
}  # fmt: skip
SHOWN_UNITS = {
    "in": "INCHES", "ft": "FEET", "yd": "YARDS", "mm": "MILLIMETERS", "cm": "CENTIMETERS", "m": "METERS",
    "oz": "OUNCES", "lb": "POUNDS", "g": "GRAMS", "kg": "KILOGRAMS", "ml": "MILLILITERS", "cl": "CENTILITERS",
    "l": "LITERS", "m3": "CUBIC_METERS",
}  # fmt: skip
SCHEMES = ("http", "https", "mailto", "sms", "tel")
LARGEST_INTEGER = 9_007_199_254_740_991
LARGEST_DECIMAL = Decimal(9999999999999)
LARGEST_MONEY = Decimal(10) ** 18
MOST_ELEMENTS = 128
MONEY_SHAPE = (
    "Value must be a stringified JSON object with amount (numeric) and currency_code "
    "(string matching the shop's currency) fields."
)
DATE_TIME = "Value must be in “YYYY-MM-DDTHH:MM:SS” format. For example: 2022-06-01T15:30:00"
EMPTY_SCHEME = (
    "Value cannot have an empty scheme (protocol), must include one of the following URL schemes: "
    f"{json.dumps(list(SCHEMES))}.'"
)


def definable_types() -> list[str]:
    """Types a definition may have, in Shopify's order."""
    singles = sorted((*MEASURED, *PLAIN), key=_listed_order)
    lists = sorted((*MEASURED, *LISTED), key=_listed_order)
    cut = next(index for index, name in enumerate(singles) if name == "luminous_flux")
    return [*singles[:cut], *(f"list.{name}" for name in lists), *singles[cut:], *REFERENCE_ORDER]


def settable_types() -> list[str]:
    """Types a single metafield may have: also those from before definitions."""
    names = definable_types()
    cut = names.index(REFERENCE_ORDER[0])
    plain = [name for name in (*names[:cut], *OLD) if not name.startswith("list.")]
    lists = sorted(
        [*(name for name in names[:cut] if name.startswith("list.")), *OLD_LISTS],
        key=lambda name: _listed_order(name.removeprefix("list.")),
    )
    plain.sort(key=_listed_order)
    at = plain.index("luminous_flux")
    return [*plain[:at], *lists, *plain[at:], *REFERENCE_ORDER]


def _listed_order(name: str) -> tuple[str, int]:
    # The longer of two names of one stem comes first there: date_time, date; json_string, json.
    return (
        {"date_time": "date", "json_string": "json"}.get(name, name),
        0 if name in ("date_time", "json_string") else 1,
    )


@dataclass(frozen=True)
class Problem:
    message: str
    element: int | None = None


class Unfit(ValueError):  # noqa: N818  # said of the value, not of us
    """A value its type does not accept; the message is Shopify's."""


def normalised(kind: str, value: str, ctx: Context) -> str | Problem:
    """The value as the store keeps it, or what is wrong with it."""
    try:
        if kind.startswith("list."):
            return _list(kind.removeprefix("list."), value, ctx)
        return _single(kind, value, ctx)
    except Unfit as unfit:
        return Problem(str(unfit))


def _list(kind: str, value: str, ctx: Context) -> str | Problem:
    if not value.strip():
        raise Unfit("Value can't be blank.")
    try:
        items = json.loads(value)
    except ValueError:
        raise Unfit(_json_problem(value)) from None
    if not isinstance(items, list):
        raise Unfit("Value must be an array.")
    if len(items) > MOST_ELEMENTS:
        raise Unfit(f"Value has more than {MOST_ELEMENTS} elements.")
    kept = []
    for index, item in enumerate(items):
        text = item if isinstance(item, str) else json.dumps(item)
        try:
            kept.append(_element(kind, item, _single(kind, text, ctx)))
        except Unfit as unfit:
            return Problem(str(unfit), None if kind.endswith("_reference") else index)
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def _element(kind: str, given: Any, text: str) -> Any:
    """List elements keep their JSON kind: numbers stay numbers, objects objects."""
    if kind in ("number_integer", "boolean") or kind in MEASURED or kind in ("rating", "link", "money", "json"):
        return json.loads(text)
    return text if isinstance(given, str) or kind == "number_decimal" else given


def _single(kind: str, value: str, ctx: Context) -> str:
    if not value.strip():
        raise Unfit("Value can't be blank.")
    if kind in MEASURED:
        return _measurement(kind, value)
    if kind.endswith("_reference"):
        return _reference(kind, value, ctx)
    check = CHECKS.get(kind)
    return check(value, ctx) if check else value


def _boolean(value: str, _ctx: Context) -> str:
    word = value.strip().lower()
    if word in ("t", "true", "1"):
        return "true"
    if word in ("f", "false", "0"):
        return "false"
    raise Unfit("Value must be true or false.")


def _integer(value: str, _ctx: Context) -> str:
    found = re.fullmatch(r"(-?\d+)(?:\.0+)?", value.strip())
    if not found:
        raise Unfit("Value must be an integer.")
    number = int(found[1])
    if abs(number) > LARGEST_INTEGER:
        raise Unfit(f"Value can't exceed {LARGEST_INTEGER}.")
    return str(number)


def _decimal(value: str, _ctx: Context) -> str:
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", value.strip()):
        raise Unfit("Value must be a decimal.")
    number = Decimal(value.strip()).quantize(Decimal("1e-9"), rounding=ROUND_DOWN)
    if abs(number) > LARGEST_DECIMAL:
        raise Unfit(f"Value can't exceed {LARGEST_DECIMAL}.")
    text = format(number, "f").rstrip("0")
    return text + "0" if text.endswith(".") else text


def _single_line(value: str, _ctx: Context) -> str:
    if "\n" in value or "\r" in value:
        raise Unfit("Value must be a single line text string.")
    return value


def _id(value: str, ctx: Context) -> str:
    return _single_line(value, ctx).strip()


def _date(value: str, _ctx: Context) -> str:
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        raise Unfit("Value must be in YYYY-MM-DD format.") from None


def _date_time(value: str, _ctx: Context) -> str:
    text = value.strip()
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", text):
        raise Unfit(DATE_TIME)
    try:
        moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    except ValueError:
        raise Unfit(DATE_TIME) from None
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + _offset(moment)


def _offset(moment: datetime) -> str:
    offset = moment.strftime("%z") or "+0000"
    return f"{offset[:3]}:{offset[3:5]}"


def _json(value: str, _ctx: Context) -> str:
    try:
        json.loads(value)
    except ValueError:
        raise Unfit(_json_problem(value)) from None
    return value


def _json_problem(value: str) -> str:
    """As Shopify's parser words it, for the commonest mistake; else its general phrase."""
    if found := re.match(r"\s*\{\s*([^\s\"}][^\s}]*)", value):
        line = value[: found.start(1)].count("\n") + 1
        column = found.start(1) - value.rfind("\n", 0, found.start(1))
        return f"Value is invalid JSON: expected object key, got '{found[1]}' at line {line} column {column}."
    return f"Value is invalid JSON: unexpected token at '{value}'."


def _color(value: str, _ctx: Context) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value.strip()):
        raise Unfit("Value must be a hex color code.")
    return value.strip().lower()


def _url(value: str, _ctx: Context) -> str:
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", value.strip())
    if not found:
        raise Unfit(EMPTY_SCHEME)
    if found[1].lower() not in SCHEMES:
        raise Unfit(f"Value must be one of the following URL schemes: {', '.join(SCHEMES)}.")
    return value.strip()


def _object(value: str, otherwise: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError:
        raise Unfit(otherwise) from None
    if not isinstance(found, dict):
        raise Unfit(otherwise)
    return found


def _link(value: str, ctx: Context) -> str:
    found = _object(value, "Value must be a valid link.")
    try:
        _url(str(found.get("url", "")), ctx)
    except Unfit:
        raise Unfit("Value must be a valid link.") from None
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _money(value: str, ctx: Context) -> str:
    found = _object(value, MONEY_SHAPE)
    if "amount" not in found or "currency_code" not in found:
        raise Unfit(MONEY_SHAPE)
    currency = str(found["currency_code"] or "")
    if not currency.strip():
        raise Unfit("Value must have a currency code.")
    amount = _number(found["amount"])
    if amount is None:
        raise Unfit("Value must have a numeric amount.")
    if currency not in ctx.schema.type("CurrencyCode").values:
        raise Unfit(f"Value contains an invalid currency, {currency}.")
    if abs(amount) > LARGEST_MONEY:
        raise Unfit(f"Value must be within +/-{LARGEST_MONEY:f}.")
    text = f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else format(amount, "f")
    return json.dumps({"amount": text, "currency_code": currency}, separators=(",", ":"))


def _rating(value: str, _ctx: Context) -> str:
    found = _object(value, "Value must be a stringified JSON object with value, scale_min and scale_max fields.")
    given, low, high = (_number(found.get(name)) for name in ("value", "scale_min", "scale_max"))
    if given is None or low is None or high is None:
        raise Unfit("Value must be a stringified JSON object with value, scale_min and scale_max fields.")
    if given > high:
        raise Unfit(f"Value has a maximum of {_with_point(high)}.")
    if given < low:
        raise Unfit(f"Value has a minimum of {_with_point(low)}.")
    pairs = {"scale_min": _with_point(low), "scale_max": _with_point(high), "value": _with_point(given)}
    return json.dumps(pairs, separators=(",", ":"))


def _with_point(number: Decimal) -> str:
    text = format(number, "f")
    return text if "." in text else text + ".0"


def _measurement(kind: str, value: str) -> str:
    found = _object(value, "Value must be a stringified JSON object with value and unit fields.")
    number = _number(found.get("value"))
    if number is None or number < 0:
        raise Unfit("Value must be a non-negative number.")
    unit = str(found.get("unit", "")).strip()
    if not unit or (kind in UNITS and unit.lower() not in UNITS[kind]):
        raise Unfit("Value must be a supported unit.")
    shown = SHOWN_UNITS.get(unit.lower(), unit.upper())
    return json.dumps({"value": float(number), "unit": shown}, separators=(",", ":"))


def _reference(kind: str, value: str, ctx: Context) -> str:
    wanted = REFERENCED.get(kind.removesuffix("_reference"))
    known = ctx.shop.get(value)
    if known is None or (wanted is not None and kind_of(value) != wanted):
        raise Unfit(f"Value references non-existent resource {value}.")
    return value


CHECKS: dict[str, Callable[[str, Context], str]] = {
    "boolean": _boolean,
    "number_integer": _integer,
    "integer": _integer,
    "number_decimal": _decimal,
    "single_line_text_field": _single_line,
    "id": _id,
    "date": _date,
    "date_time": _date_time,
    "json": _json,
    "json_string": _json,
    "rich_text_field": _json,
    "color": _color,
    "url": _url,
    "link": _link,
    "money": _money,
    "rating": _rating,
}


def json_value(kind: str, value: str) -> Any:
    """`jsonValue`: parsed where the type is no text; a false boolean comes back as the text it was."""
    if kind == "boolean":
        return True if value == "true" else "false"
    if kind in ("number_integer", "integer"):
        return int(value)
    whole = (
        kind.startswith("list.") or kind in MEASURED or kind in ("json", "rating", "link", "money", "rich_text_field")
    )
    if whole or kind == "json_string":
        return json.loads(value)
    return value
