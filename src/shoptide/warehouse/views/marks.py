"""The marks in the queries of layouts, and what they stand for in an engine's SQL.

- `NUMBER_OF(gid)`: the number a gid ends in; `JSON_TEXT(t.receipt_json)`: a JSON value as text;
- `MONEY(t.total_price_set)`: four columns; `ADDRESS(t.billing_address)`: fifteen, of an address kept as JSON;
- `TEXT_ITEMS(t.tags) AS tag`, `JSON_ITEMS(t.tax_lines) AS tax` after CROSS JOIN: a row for each item of a JSON list,
  with `value` and `index`, which counts from 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

MONEY = {
    "pres_amount": "presentment_amount",
    "pres_currency_code": "presentment_currency",
    "shop_amount": "amount",
    "shop_currency_code": "currency",
}
ADDRESS = {
    "address_1": "address1",
    "address_2": "address2",
    "city": "city",
    "company": "company",
    "country": "country",
    "country_code": "countryCodeV2",
    "first_name": "firstName",
    "last_name": "lastName",
    "latitude": "latitude",
    "longitude": "longitude",
    "name": "name",
    "phone": "phone",
    "province": "province",
    "province_code": "provinceCode",
    "zip": "zip",
}
OF_JSON = frozenset({"ADDRESS", "JSON_TEXT", "TEXT_ITEMS", "JSON_ITEMS"})
HERE = "here_"
# A gid may have more behind its number: gid://shopify/InventoryLevel/1?inventory_item_id=2
VALUES = {
    ("duckdb", "NUMBER_OF"): rf"TRY_CAST(REGEXP_EXTRACT({HERE}, '/(\d+)(?:\?.*)?$', 1) AS BIGINT)",
    ("duckdb", "JSON_TEXT"): f"JSON_EXTRACT_STRING({HERE}, '$')",
    ("postgres", "NUMBER_OF"): f"CAST(SUBSTRING({HERE} FROM '/([0-9]{{1,18}})([?].*)?$') AS BIGINT)",
    ("postgres", "JSON_TEXT"): f"{HERE} #>> '{{}}'",
}
_UNNESTED = "SELECT UNNEST({0}({1}, '$[*]')) AS value, UNNEST(RANGE(LEN({0}({1}, '$[*]')))) AS index"
_ELEMENTS = (
    "SELECT e.value, e.number - 1 AS index FROM {0}(CASE WHEN JSON_TYPEOF({1}) = 'array' THEN {1} END)"
    " WITH ORDINALITY AS e(value, number)"
)
ITEMS = {
    ("duckdb", "TEXT_ITEMS"): _UNNESTED.format("JSON_EXTRACT_STRING", HERE),
    ("duckdb", "JSON_ITEMS"): _UNNESTED.format("JSON_EXTRACT", HERE),
    ("postgres", "TEXT_ITEMS"): _ELEMENTS.format("JSON_ARRAY_ELEMENTS_TEXT", HERE),
    ("postgres", "JSON_ITEMS"): _ELEMENTS.format("JSON_ARRAY_ELEMENTS", HERE),
}


def projections(select: exp.Select) -> Iterator[tuple[str, exp.Expr]]:
    """A query's columns by name, those that MONEY and ADDRESS stand for among them."""
    for each in select.expressions:
        mark, column = (each.name, each.expressions[0]) if isinstance(each, exp.Anonymous) else ("", each)
        if mark == "MONEY":
            for name, ours in MONEY.items():
                yield f"{column.name}_{name}", exp.column(f"{column.name}_{ours}", table=column.table)
        elif mark == "ADDRESS":
            for name, key in ADDRESS.items():
                yield f"{column.name}_{name}", at(column, key)
        else:
            yield each.alias_or_name, each.unalias()


def at(column: exp.Expr, key: str) -> exp.Expr:
    """The text at a key of a JSON column."""
    found: exp.Expr = sqlglot.parse_one(f"{HERE} ->> '$.{key}'", read="duckdb")
    return _filled(found, column)


def json_columns(select: exp.Select) -> set[tuple[str, str]]:
    """The columns, by their table's alias, that are read as JSON."""
    found = [each.this for each in select.find_all(exp.JSONExtractScalar)]
    found += [each.expressions[0] for each in select.find_all(exp.Anonymous) if each.name in OF_JSON]
    return {(each.table, each.name) for each in found if isinstance(each, exp.Column)}


def spell(select: exp.Select, dialect: str) -> None:
    """Write what the marks stand for in an engine's SQL."""
    for found in list(select.find_all(exp.JSONExtractScalar)) if dialect == "postgres" else ():
        keys = ",".join(part.name for part in found.expression.expressions if isinstance(part, exp.JSONPathKey))
        found.replace(exp.JSONBExtractScalar(this=found.this, expression=exp.Literal.string(f"{{{keys}}}")))
    for each in list(select.find_all(exp.Anonymous)):
        if text := VALUES.get((dialect, each.name)):
            each.replace(_filled(sqlglot.parse_one(text, read=dialect), each.expressions[0]))
    for join in select.args.get("joins") or ():
        mark = join.this.this
        if isinstance(mark, exp.Anonymous) and (text := ITEMS.get((dialect, mark.name))):
            items = _filled(sqlglot.parse_one(text, read=dialect), mark.expressions[0])
            join.set("this", exp.Lateral(this=exp.Subquery(this=items), alias=join.this.args["alias"]))


def _filled(text: exp.Expr, value: exp.Expr) -> exp.Expr:
    """The SQL with the value in place of `here_`."""
    around = exp.Paren(this=text)
    for place in [each for each in text.find_all(exp.Column) if each.name == HERE]:
        place.replace(value.copy())
    found: exp.Expr = around.this
    return found
