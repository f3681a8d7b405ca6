"""What a warehouse must be able to do, and nothing of how: pulls and pushes know this page only.

Two places take part. The *engine* holds the tables. The *workbench* is a DuckDB in which files are typed, hashed and
proved before anything reaches the engine. DuckDB as the warehouse is both at once; every other engine has a workbench
of its own beside it, in a temporary folder. `bring` and `insert` carry rows from one to the other.

SQL for `run` and `rows` is written once, in DuckDB's dialect with `?` for values, and translated for other engines
(`translation.py`). It keeps to what all of them have: SELECT, INSERT … SELECT, UPDATE and DELETE … USING with [NOT]
EXISTS, aliases, CASE, coalesce, aggregates with FILTER. Keys are compared with IS NOT DISTINCT FROM, which becomes =
where a gid is compared: no record is without one, and most engines can't hash the other. Types are named as DuckDB
names them: VARCHAR, BIGINT, DOUBLE, DECIMAL(p, s), BOOLEAN, TIMESTAMP (UTC, without a zone), DATE, JSON.

`tests/warehouses` is the conformance kit: an engine is done when it passes, and docs/reference/warehouses.md says what
it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import duckdb

    from shoptide.config import FileConfig
    from shoptide.warehouse.staged import StagedSource

Columns = Mapping[str, str]  # name → type, in order
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Capabilities:
    """What an engine guarantees.

    transactions: everything in `transaction()`, changes of tables included, is there whole or not at all. Where it is
    False, statements take effect one by one in the order they are given, so a cursor that is written last never speaks
    of rows that are not there; an interrupted landing is repaired by the next one.
    queries: the engine answers SQL, so it can be the source of a push and `shoptide query` works.
    local_files: the engine reads local files itself and is its own workbench, so rows may go straight into tables.
    """

    transactions: bool = True
    queries: bool = True
    local_files: bool = False


@dataclass(frozen=True)
class Lacking:
    """Which rows of the workbench an engine lacks.

    `brought` is the engine's name of their `keys` (see `bring`), which tell them apart; `condition` is on one of
    those, `s`, in the engine's eyes.
    """

    brought: str
    keys: tuple[str, ...]
    condition: str


class Warehouse(Protocol):
    """One schema of one database, used by one thread at a time. Errors are WarehouseError and its kinds."""

    schema: str
    views: tuple[str, ...]  # other people's layouts that are kept beside the tables
    what: str  # for messages: "warehouse acme.duckdb"; never holds a secret
    read_only: bool

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def dialect(self) -> str:
        """The engine's own SQL, by sqlglot's name."""

    @property
    def workbench(self) -> duckdb.DuckDBPyConnection:
        """Where files are read and hashed; temporary tables made here are what `bring` and `insert` take."""

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the workbench, on which lines are typed; whoever asked closes it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def beside(self) -> Self:
        """Open another connection to the same warehouse, for another thread of this process."""

    def errors(self) -> AbstractContextManager[None]:
        """Map foreign errors, those of the workbench too, to ours."""

    def bounded(self) -> AbstractContextManager[None]:
        """Work within memory that does not grow with the data. Raises WarehouseMemory where that can't be done."""

    def few_threads(self) -> AbstractContextManager[None]:
        """Leave one of the workbench's processors to a second connection, where there are only two."""

    def transaction(self) -> AbstractContextManager[object]:
        """All of what happens inside, or nothing; one at a time for a schema, also across machines. Not nested."""

    # tables

    def table(self, name: str) -> str:
        """A table's quoted name with its schema, for SQL."""

    def has_table(self, name: str) -> bool: ...

    def tables(self) -> list[str]:
        """The names of the schema's tables and views."""

    def columns(self, name: str) -> dict[str, str]:
        """Column → DuckDB's name of its type, in order; empty when there is no such table."""

    def create(self, name: str, columns: Columns, keys: Sequence[Sequence[str]] = ()) -> None:
        """Make a table. `keys` are groups of columns that rows are found by: the table's key, its parent."""

    def add_column(self, name: str, column: str, kind: str) -> None: ...

    def retype(self, name: str, column: str, kind: str) -> None:
        """Give a column another type that holds all its values; nothing is lost."""

    # rows

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Execute a statement; returns how many rows it affected."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[Row]]:
        """Run a statement in the engine's own SQL; returns rows affected, where it tells them, and rows found."""

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a query: for few and narrow ones. JSON comes as text, times as UTC without a zone."""

    # from the workbench to the engine

    def bring(self, staged: str, columns: Sequence[str]) -> str:
        """Make these columns of a table of the workbench known to the engine; returns its name in the engine's SQL.

        Both names are quoted already. It stands until the next one of the same name is brought, or the connection ends.
        """

    def insert(
        self,
        name: str,
        chosen: Mapping[str, str],
        rows: str,
        values: Sequence[object] = (),
        lacking: Lacking | None = None,
    ) -> None:
        """Append rows of the workbench to a table.

        `rows` is a FROM item, `chosen` column → expression over it, with `values` for its marks; `lacking` says which
        of the rows.
        """

    def rehash(self, name: str, keys: Sequence[str], hashed: str, where: str) -> int:
        """Set `_row_hash` of rows `t` that fulfil `where` to `hashed`, an expression over their columns that only the
        workbench can evaluate (its hash function is DuckDB's own); returns their number."""

    # small tables of our own

    def publish(self, name: str, columns: Columns, rows: Sequence[Row]) -> None:
        """Make a table of just these few rows, in one transaction."""

    def newest(self, name: str, columns: Columns, column: str) -> Any:
        """The largest value of a column; None where there is no such table, an empty one, or one of other columns."""

    def size(self, name: str) -> int: ...

    def merge_lines(self, name: str, columns: Columns, keys: tuple[str, ...], lines: Iterable[str]) -> None:
        """Put rows, as blocks of lines of JSON objects, in place of those with the same keys, in one transaction."""

    def replace_lines(self, name: str, columns: Columns, lines: Iterable[str]) -> None:
        """Make a table of just these rows, given as blocks of lines of JSON objects, in one transaction."""

    # what users ask

    def stage(self, source: str, *, base: Path, file: FileConfig | None = None) -> StagedSource:
        """Read a push's source into a DuckDB of this machine: a table or query of the engine, or a file below `base`.

        Names without a schema are looked for in ours first; `file` says how a file is written. The rows are streamed,
        never whole in Python's memory.
        Raises SourceError, which names the source.
        """

    def run_query(self, sql: str) -> tuple[list[str], list[Row]]:
        """A query in the engine's own SQL: columns and rows, names without a schema looked for in ours first."""
