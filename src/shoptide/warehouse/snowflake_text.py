"""What Shoptide says to Snowflake: names of types, and the statements that carry rows. Pure; a test holds every word.

Names are upper case there, so that `select * from orders` finds them unquoted; here they are lower case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from shoptide.warehouse.names import literal, quoted

TYPES = {  # DuckDB's name → Snowflake's
    "VARCHAR": "VARCHAR",
    "JSON": "VARIANT",
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "NUMBER(3, 0)",
    "SMALLINT": "NUMBER(5, 0)",
    "INTEGER": "NUMBER(10, 0)",
    "BIGINT": "NUMBER(19, 0)",
    "UBIGINT": "NUMBER(20, 0)",
    "HUGEINT": "NUMBER(38, 0)",
    "FLOAT": "FLOAT",
    "DOUBLE": "FLOAT",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ",
}
KINDS = {  # Snowflake's name, as its catalogue and its driver have it → DuckDB's
    "TEXT": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "FLOAT": "DOUBLE",
    "REAL": "DOUBLE",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_LTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP_TZ": "TIMESTAMP WITH TIME ZONE",
    "VARIANT": "JSON",
    "OBJECT": "JSON",
    "ARRAY": "JSON",
}
OURS = "_SHOPTIDE_"
STAGE = f"{OURS}STAGE"
LOCK = f"{OURS}LOCK"
BROUGHT = f"{OURS}BROUGHT"  # the session's own table of rows that were brought, those of several tables side by side
WIDEST = 32  # columns of it
# Copied as text and cast there: Snowflake reads Parquet's own times and decimals by rules of their own.
AS_THEY_ARE = ("VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE")


PLAIN, FOLDED = re.compile(r"[a-z_][a-z0-9_$]*"), re.compile(r"[A-Z_][A-Z0-9_$]*")


def upper(name: str) -> str:
    """A name as Snowflake has it: in capitals if it can be written without quotes, else as it is."""
    return name.upper() if PLAIN.fullmatch(name) else name


def lower(name: str) -> str:
    """A name as we have it."""
    return name.lower() if FOLDED.fullmatch(name) else name


def type_of(kind: str) -> str:
    """DuckDB's type as Snowflake has it; what it has not is text."""
    if found := re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", kind, re.IGNORECASE):
        return f"NUMBER({found[1]}, {found[2]})"
    if kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return "VARIANT"
    return TYPES.get(kind.upper(), "VARCHAR")


def kind_of(name: str, precision: int | None, scale: int | None) -> str:
    """A column of the catalogue as DuckDB has it; whole numbers of up to 19 digits are BIGINT, as made by `type_of`."""
    if name in ("NUMBER", "FIXED"):
        if scale == 0 and (precision or 38) <= 19:
            return "BIGINT"
        return f"DECIMAL({precision or 38},{scale or 0})"
    return KINDS.get(name, "VARCHAR")


# rows that go


def carrier() -> str:
    """The table that takes what is brought. It is made once, before any transaction: making one inside would commit."""
    columns = ", ".join(f"C{at} VARCHAR" for at in range(WIDEST))
    return f"CREATE TEMPORARY TABLE IF NOT EXISTS {BROUGHT} (SET_ID NUMBER(10, 0), {columns})"


def brought(number: int, kinds: Mapping[str, str]) -> str:
    """What was brought under a number, as a table in DuckDB's SQL (it is translated with the statement around it)."""
    columns = ", ".join(
        f"CAST({quoted(f'C{at}')} AS {kind}) AS {quoted(name)}" for at, (name, kind) in enumerate(kinds.items())
    )
    return f"(SELECT {columns} FROM {quoted(BROUGHT)} WHERE {quoted('SET_ID')} = {number})"


def parquet(query: str, kinds: Mapping[str, str]) -> str:
    """A query of the workbench as it is written to Parquet: columns c0, c1 … of plain types."""
    plain = [_plain(name, kind, f"c{at}") for at, (name, kind) in enumerate(kinds.items())]
    return f"SELECT {', '.join(plain)} FROM ({query})"


def _plain(name: str, kind: str, as_name: str) -> str:
    column = quoted(name)
    if kind.upper() in AS_THEY_ARE:
        return f"{column} AS {as_name}"
    if type_of(kind) == "VARIANT" and kind != "JSON":
        return f"CAST(to_json({column}) AS VARCHAR) AS {as_name}"
    return f"CAST({column} AS VARCHAR) AS {as_name}"


def put(file: Path, stage: str, folder: str) -> str:
    """Upload a file; it is Parquet and compressed already."""
    source = literal(f"file://{file}").replace("\\", "\\\\")
    return f"PUT {source} @{stage}/{folder}/ SOURCE_COMPRESSION=NONE AUTO_COMPRESS=FALSE OVERWRITE=TRUE PARALLEL=8"


def copy(target: str, kinds: Mapping[str, str], stage: str, folder: str) -> str:
    """Append the files of a stage's folder to a table: all rows or an error. They are removed when they are in."""
    read = ", ".join(_read(f"c{at}", kind) for at, kind in enumerate(kinds.values()))
    names = ", ".join(quoted(upper(name)) for name in kinds)
    return (
        f"COPY INTO {target} ({names}) FROM (SELECT {read} FROM @{stage}/{folder}/)"
        " FILE_FORMAT = (TYPE = PARQUET) ON_ERROR = ABORT_STATEMENT FORCE = TRUE PURGE = TRUE"
    )


def _read(column: str, kind: str) -> str:
    if type_of(kind) == "VARIANT":
        return f"PARSE_JSON($1:{column}::VARCHAR)"
    return f"$1:{column}::{type_of(kind)}"


def copy_brought(number: int, width: int, stage: str, folder: str) -> str:
    """As `copy`, into the table of what is brought, under a number."""
    names, read = [f"C{at}" for at in range(width)], [f"$1:c{at}::VARCHAR" for at in range(width)]
    return (
        f"COPY INTO {quoted(BROUGHT)} ({', '.join(['SET_ID', *names])})"
        f" FROM (SELECT {', '.join([str(number), *read])} FROM @{stage}/{folder}/)"
        " FILE_FORMAT = (TYPE = PARQUET) ON_ERROR = ABORT_STATEMENT FORCE = TRUE PURGE = TRUE"
    )


def merge(target: str, source: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    """Put rows in place of those with the same keys."""
    same = " AND ".join(f"t.{quoted(upper(key))} = s.{quoted(upper(key))}" for key in keys)
    names = [quoted(upper(name)) for name in columns]
    changed = ", ".join(f"{name} = s.{name}" for name in names if name not in {quoted(upper(key)) for key in keys})
    update = f" WHEN MATCHED THEN UPDATE SET {changed}" if changed else ""
    return (
        f"MERGE INTO {target} t USING {source} s ON {same}{update}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f's.{name}' for name in names)})"
    )


def retyped(table: str, columns: Mapping[str, str], column: str, kind: str) -> str:
    """Make a table anew with another type for a column, in one statement: Snowflake changes no type in its place."""
    chosen = []
    for name, held in columns.items():
        here = quoted(upper(name))
        if name != column:
            chosen.append(here)
        elif type_of(held) == "VARIANT":
            chosen.append(f"TO_JSON({here}) AS {here}")
        else:
            chosen.append(f"CAST({here} AS {type_of(kind)}) AS {here}")
    return f"CREATE OR REPLACE TABLE {table} COPY GRANTS AS SELECT {', '.join(chosen)} FROM {table}"
