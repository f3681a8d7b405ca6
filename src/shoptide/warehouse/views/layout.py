"""What a layout is made of, read from its folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shoptide.config import LAYOUTS
from shoptide.errors import ConfigError

SOURCE = re.compile(r"\b(?:FROM|JOIN) ([a-z_]+) AS\b")
OWN = re.compile(r"^FROM ([a-z_]+) AS\b", re.MULTILINE)  # what stands deeper is indented


@dataclass(frozen=True)
class Gaps:
    """What tables of ours are missing: of views that have no rows without them, and of views that lack something."""

    empty: dict[str, tuple[str, ...]]
    partial: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Layout:
    """Tables by name: their columns with types (`bigint`, `text`, …), and the query that fills them."""

    name: str
    columns: dict[str, dict[str, str]]
    queries: dict[str, str]

    def sources(self, table: str) -> tuple[str, ...]:
        """The tables of ours that a table is made of."""
        return tuple(dict.fromkeys(SOURCE.findall(self.queries[table])))

    def gaps(self, held: Container[str]) -> Gaps:
        """What is missing where only these tables of ours are there."""
        empty, partial = {}, {}
        for table, query in self.queries.items():
            missing = tuple(each for each in self.sources(table) if each not in held)
            if not any(each in held for each in OWN.findall(query)):
                empty[table] = missing
            elif missing:
                partial[table] = missing
        return Gaps(empty, partial)

    def schema(self, beside: str, shop: str | None = None) -> str:
        """The schema of its views: `shopify_fivetran`; with a shop's domain, that of its rows only."""
        own = f"_{re.sub('[^a-z0-9]+', '_', shop.partition('.')[0].lower())}" if shop else ""
        return f"{beside}_{self.name}{own}"


@cache
def layout(name: str) -> Layout:
    """Read a layout. Raises ConfigError for a name that there is none of."""
    if name not in LAYOUTS:
        raise ConfigError(
            f"[warehouse] views: there is no layout {name!r}",
            hint=f"choose among {', '.join(LAYOUTS)}, or leave it out",
        )
    folder = files(__package__) / name
    declared = tomllib.loads((folder / "layout.toml").read_text(encoding="utf-8"))
    columns: dict[str, dict[str, str]] = dict(declared["tables"])
    queries = {table: (folder / f"{table}.sql").read_text(encoding="utf-8") for table in columns}
    for also, table in declared["also"].items():
        columns[also], queries[also] = columns[table], queries[table]
    return Layout(name, columns, queries)
