"""Validations of metafield definitions: which a type may have, what is wrong with them, what they say of a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from shoptide.simulator.metafield_values import MEASURED, Problem
from shoptide.simulator.shop import Record, Shop

TEXTS = ("single_line_text_field", "multi_line_text_field", "id")
NUMBERS = ("number_integer", "number_decimal", *MEASURED)


def allowed(kind: str) -> tuple[str, ...]:
    base = kind.removeprefix("list.")
    extra = ("list.min", "list.max") if kind.startswith("list.") else ()
    if base in TEXTS:
        return (
            *(("min", "max", "regex", "choices") if base == "single_line_text_field" else ("min", "max", "regex")),
            *extra,
        )
    if base in NUMBERS:
        return ("min", "max", "max_precision", *extra) if base == "number_decimal" else ("min", "max", *extra)
    if base in ("date", "date_time"):
        return ("min", "max", *extra)
    by_type = {
        "rating": ("scale_min", "scale_max"),
        "url": ("allowed_domains",),
        "link": ("allowed_domains",),
        "file_reference": ("file_type_options",),
        "metaobject_reference": ("metaobject_definition_id",),
        "mixed_reference": ("metaobject_definition_ids",),
        "json": ("schema",),
    }
    return (*by_type.get(base, ()), *extra)


def option_problems(kind: str, given: list[Record]) -> list[str]:
    """What is wrong with a definition's validations, in the store's words."""
    names = [entry["name"] for entry in given]
    if len(set(names)) != len(names):
        return ['Validations cannot contain duplicate "name" options.']
    values = {entry["name"]: entry["value"] for entry in given}
    known, base = allowed(kind), kind.removeprefix("list.")
    problems = [
        f"Validations value for option {name} contains an invalid value: '{name}' isn't supported for {kind}."
        for name in names
        if name not in known
    ]
    problems += [
        found for name in ("min", "max") if name in values and (found := _bound_problem(base, name, values[name]))
    ]
    if not problems:
        problems += _required_problems(base, values)
    low, high = _decimal(values.get("min")), _decimal(values.get("max"))
    if not problems and low is not None and high is not None and low > high:
        problems.append("Validations contains an invalid value: 'min' must be less than 'max'.")
    return problems


def _bound_problem(base: str, name: str, value: str) -> str | None:
    if base in TEXTS or base == "number_integer":
        whole = re.fullmatch(r"-?\d+", value)
        return None if whole else f"Validations value for option {name} must be an integer."
    if base == "number_decimal":
        return None if _decimal(value) is not None else f"Validations value for option {name} must be a decimal."
    return None


def _required_problems(base: str, values: dict[str, str]) -> list[str]:
    if base == "rating":
        missing = [name for name in ("scale_min", "scale_max") if name not in values]
        return [f"Validations requires '{name}' to be provided." for name in missing]
    if base == "metaobject_reference" and "metaobject_definition_id" not in values:
        return ["Validations require that you select a metaobject."]
    return []


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None


def problem(definition: Record, value: str) -> Problem | None:
    """What a definition's validations have against a normalised value."""
    rules = {entry["name"]: entry["value"] for entry in definition["validations"]}
    kind: str = definition["type"]
    if kind.startswith("list."):
        return _list_problem(rules, kind, json.loads(value))
    message = _value_problem(rules, kind, value)
    return Problem(message) if message else None


def belonging(definition: Record, value: str, shop: Shop) -> Problem | None:
    """What is wrong with the metaobjects that a value refers to: they must be of the definition's kinds."""
    rules = {entry["name"]: entry["value"] for entry in definition["validations"]}
    single = rules.get("metaobject_definition_id")
    wanted = [single] if single else json.loads(rules.get("metaobject_definition_ids", "[]"))
    if not wanted:
        return None
    kinds = {(shop.get(gid) or {}).get("type") for gid in wanted}
    listed = definition["type"].startswith("list.")
    for index, gid in enumerate(json.loads(value) if listed else [value]):
        if (shop.get(gid) or {}).get("type") not in kinds:
            message = f"Value must belong to the specified metaobject definition {', '.join(wanted)}"
            return Problem(message, index if listed else None)
    return None


def _list_problem(rules: dict[str, str], kind: str, items: list[Any]) -> Problem | None:
    if "list.max" in rules and len(items) > int(rules["list.max"]):
        return Problem(f"Value has a maximum of {rules['list.max']} elements.")
    if "list.min" in rules and len(items) < int(rules["list.min"]):
        return Problem(f"Value has a minimum of {rules['list.min']} elements.")
    for index, item in enumerate(items):
        text = item if isinstance(item, str) else json.dumps(item)
        if message := _value_problem(rules, kind.removeprefix("list."), text):
            return Problem(message, index)
    return None


def _value_problem(rules: dict[str, str], kind: str, value: str) -> str | None:
    if "choices" in rules and value not in json.loads(rules["choices"]):
        return f"Value does not exist in provided choices: {json.dumps(json.loads(rules['choices']))}."
    if "regex" in rules and not re.search(rules["regex"], value):
        return "Value is not the correct format."
    if kind in TEXTS:
        return _length_problem(rules, len(value))
    if kind == "rating":
        given = json.loads(value)
        same = all(_decimal(given[name]) == _decimal(rules.get(name)) for name in ("scale_min", "scale_max"))
        return (
            None
            if same
            else "Value min and max on the rating value must be the same as the min and max on the definition."
        )
    return _range_problem(rules, kind, value)


def _length_problem(rules: dict[str, str], length: int) -> str | None:
    if "max" in rules and length > int(rules["max"]):
        return f"Value has a maximum length of {rules['max']}."
    if "min" in rules and length < int(rules["min"]):
        return f"Value has a minimum length of {rules['min']}."
    return None


def _range_problem(rules: dict[str, str], kind: str, value: str) -> str | None:
    read: Callable[[str], Any] = str if kind in ("date", "date_time") else lambda text: _decimal(text) or Decimal(0)
    given = read(str(json.loads(value)["value"] if kind in MEASURED else value))
    if "max" in rules and given > read(rules["max"]):
        return f"Value has a maximum of {_shown_limit(kind, rules['max'])}."
    if "min" in rules and given < read(rules["min"]):
        return f"Value has a minimum of {_shown_limit(kind, rules['min'])}."
    return None


def _shown_limit(kind: str, limit: str) -> str:
    if kind == "date_time":
        return limit.replace("T", " ").removesuffix("Z") + " +0000"
    return limit if kind != "number_decimal" or "." in limit else limit + ".0"


def records(given: list[Record], kind: str) -> list[Record]:
    base = kind.removeprefix("list.")
    number = "number_integer" if base in (*TEXTS, "number_integer") else base
    typed = {"choices": "list.single_line_text_field", "regex": "single_line_text_field"}
    return [{"name": row["name"], "type": typed.get(row["name"], number), "value": row["value"]} for row in given]


def supported(kind: str) -> list[Record]:
    """The validations a type may have, as the list of types shows them."""
    return records([{"name": name, "value": None} for name in allowed(kind)], kind)
