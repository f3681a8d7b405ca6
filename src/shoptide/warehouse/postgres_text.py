"""Values on their way between DuckDB and Postgres: names of types, and rows as the text that COPY takes and gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from shoptide.warehouse.names import literal, quoted

# A character that Postgres can hold in no text; what stands for it is Unicode's picture of it.
NUL, SHOWN_NUL = "\x00", "\u2400"

TYPES = {  # DuckDB's name → Postgres's
    "VARCHAR": "text",
    "JSON": "json",
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
}
KINDS = {  # Postgres's name (format_type) → DuckDB's
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "character": "VARCHAR",
    "name": "VARCHAR",
    "json": "JSON",
    "jsonb": "JSON",
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "date": "DATE",
    "time without time zone": "TIME",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "uuid": "UUID",
}
LARGEST_DECIMAL = 38  # digits of DuckDB's


def type_of(kind: str) -> str:
    """DuckDB's type as Postgres has it; whole numbers wider than 64 bits are numeric, what is unknown is text."""
    if found := re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", kind, re.IGNORECASE):
        return f"numeric({found[1]},{found[2]})"
    return "numeric" if kind.upper() in ("UBIGINT", "HUGEINT", "UHUGEINT") else TYPES.get(kind.upper(), "text")


def kind_of(type_name: str) -> str:
    """A type as `format_type` writes it, as DuckDB has it; what DuckDB has not is text."""
    if found := re.fullmatch(r"numeric\((\d+),(\d+)\)", type_name):
        fits = int(found[1]) <= LARGEST_DECIMAL and int(found[2]) <= int(found[1])
        return f"DECIMAL({found[1]},{found[2]})" if fits else "VARCHAR"
    if type_name.endswith("[]"):
        return f"{kind_of(type_name.removesuffix('[]'))}[]"
    return KINDS.get(re.sub(r"\(\d+\)", "", type_name), "VARCHAR")


# rows that go

OPTIONS = "FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', NULLSTR '\\N'"  # makes COPY's text format
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", NUL: SHOWN_NUL}
AS_THEY_ARE = (
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    *("UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "UUID", "TIMESTAMP WITH TIME ZONE"),
)


def outgoing(query: str, kinds: Mapping[str, str]) -> str:
    """A query of the workbench whose texts stand as COPY reads them; `kinds` are its columns' types.

    The format is Postgres's text: of its CSV, servers before version 18 take a line `\\.` inside a value for the end.
    """
    return f"SELECT {', '.join(_outgoing(quoted(name), kind) for name, kind in kinds.items())} FROM ({query})"


def _outgoing(column: str, kind: str) -> str:
    if kind in AS_THEY_ARE or kind.startswith("DECIMAL"):
        return column
    text = f"CAST({column} AS VARCHAR)" if kind in ("VARCHAR", "JSON") else f"CAST(to_json({column}) AS VARCHAR)"
    escaped = text
    for character, written in ESCAPES.items():
        escaped = f"replace({escaped}, chr({ord(character)}), '{written}')"
    odd = " OR ".join(f"contains({text}, chr({ord(character)}))" for character in ESCAPES)
    return f"CASE WHEN {odd} THEN {escaped} ELSE {text} END AS {column}"


# rows that come

COPIED = "FORMAT csv, FORCE_QUOTE *"  # every value is quoted and null is not, so an empty text is told from null
LONGEST = 256 * 1024 * 1024  # bytes of a row


def incoming(name: str, type_name: str, kind: str) -> tuple[str, str]:
    """A result's column as an expression of Postgres, and the type that DuckDB reads it with.

    `kind` is pg_type's typtype. Lists and rows go through JSON, what DuckDB has no like of through text. A numeric of
    no declared size is text: nothing is rounded, and the same value is always written the same.
    """
    column = quoted(name)
    if type_name == "timestamp with time zone":
        return f"{column} AT TIME ZONE 'UTC'", "TIMESTAMP"
    if type_name in ("numeric", "money"):
        return f"trim_scale(CAST({column} AS numeric))", "VARCHAR"
    if type_name.endswith("[]"):
        return f"to_json({column})", kind_of(type_name).replace(" WITH TIME ZONE", "")
    if kind == "c" or type_name == "record":
        return f"to_json({column})", "JSON"
    found = kind_of(type_name)
    return (f"CAST({column} AS text)", found) if found == "VARCHAR" else (column, found)


def reading(path: Path, columns: Mapping[str, str]) -> str:
    """A query of DuckDB over a file that COPY wrote."""
    read = {name: "JSON" if kind.endswith("[]") else kind for name, kind in columns.items()}
    declared = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in read.items())
    chosen = ", ".join(
        f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" if kind.endswith("[]") else quoted(name)
        for name, kind in columns.items()
    )
    form = "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false"
    return (
        f"SELECT {chosen} FROM read_csv({literal(str(path))}, columns = {{{declared}}}, {form},"
        f" auto_detect = false, header = false, parallel = false, max_line_size = {LONGEST})"
    )
