"""SQL in DuckDB's dialect → the same for another engine. Each statement is translated once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from shoptide.errors import ConfigError

Rename = Callable[[str], str]


@lru_cache(maxsize=4096)
def translated(sql: str, dialect: str, *, numbered: bool = False, rename: Rename | None = None) -> str:
    """A statement for another engine; `numbered` makes its `?` into $1, $2 …, `rename` changes identifiers.

    `rename` is for engines whose names are shorter than ours. Raises ConfigError where sqlglot is not installed.
    """
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError:
        hint = "pip install 'shoptide[postgres]', or the extra that is named after the warehouse"
        raise ConfigError("this warehouse needs sqlglot, which is not installed", hint=hint) from None
    tree = sqlglot.parse_one(_numbered(sql) if numbered else sql, read="duckdb")
    for mark in list(tree.find_all(exp.Parameter, exp.Placeholder)) if numbered else ():
        mark.replace(exp.Var(this=f"${mark.name}"))
    for equal in list(tree.find_all(exp.NullSafeEQ)):
        if equal.left.name.endswith("gid"):  # which no record is without: most engines can't hash the other
            equal.replace(exp.EQ(this=equal.left, expression=equal.right))
    for each in tree.find_all(exp.Identifier):
        each.set("quoted", True)
        if rename is not None:
            each.set("this", rename(each.this))
    found: str = tree.sql(dialect=dialect)
    return found


def _numbered(sql: str) -> str:
    """The statement with its marks numbered as they stand: a tree does not keep their order."""
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.tokenizer_core import TokenType

    marks: list[Any] = [each for each in DuckDB().tokenize(sql) if each.token_type is TokenType.PLACEHOLDER]
    pieces, end = [], 0
    for number, each in enumerate(marks, 1):
        pieces += [sql[end : each.start], f"${number}"]
        end = each.end + 1
    return "".join([*pieces, sql[end:]])
