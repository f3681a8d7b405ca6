"""Which rows of a source a plan must look at: DuckDB reads, hashes and joins; only what may differ becomes a draft."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from shoptide.config import PushConfig
from shoptide.ledger import Ledger
from shoptide.outbound.canonical import values_in_sql
from shoptide.outbound.planning import Planned, compare, gone
from shoptide.outbound.rows import Draft, Drafter, read_columns, refuse_doubles
from shoptide.outbound.session import Session
from shoptide.warehouse import DuckDBWarehouse, StagedSource

# What a record's fate may be (`Ledger.marks`): applied, deleted, open, asked for; in capitals without a gid.
APPLIED, DELETED, OPEN, HELD = "a", "d", "oO", "aox"


@dataclass(frozen=True)
class Comparison:
    """The rows to look at, how many others are as they were, and how the source stands to the records of before."""

    rows: list[Planned]
    unchanged: int
    source_rows: int
    held: int  # records that an earlier push made or changed and that were not deleted


def compare_source(
    session: Session, warehouse: DuckDBWarehouse, ledger: Ledger, base: Path, *, retry_only: bool = False
) -> Comparison:
    """Read the source and compare it with the states of the last push. Raises SourceError."""
    push = session.push
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        lines = Path(folder) / "known.tsv"
        exported = pool.submit(_export, ledger, push.name, lines)  # SQLite works while DuckDB reads the source
        with warehouse.stage(push.source, base=base) as staged:
            drafter = _marked(session, staged)
            exported.result()
            known = staged.know_file(lines)
            rows = _changed(push, ledger, staged, drafter, known=known, retry_only=retry_only)
            looked_at = len(rows)
            if push.strategy == "mirror" and staged.count and not retry_only:
                rows += _gone(push, ledger, staged.missing(HELD))
            listed = [row for row in rows if row.action != "unchanged"]
            unchanged = 0 if retry_only else staged.count - looked_at + len(rows) - len(listed)
            return Comparison(listed, unchanged, staged.count, staged.number_known(HELD))


def _export(ledger: Ledger, push: str, path: Path) -> None:
    with path.open("w", encoding="ascii") as file:
        file.writelines(ledger.marks(push))


def _marked(session: Session, staged: StagedSource) -> Drafter:
    """The drafter for the source's columns, with each of its rows marked."""
    push, schema = session.push, session.schema
    columns = read_columns(push, session.target, schema, staged.columns)
    # Records that are only made or deleted are settled once that is done, whatever their rows say later.
    by_hash = push.strategy not in ("create", "delete")
    values = values_in_sql(columns, staged.types, schema, clear=push.nulls == "clear") if by_hash else None
    staged.mark(columns.key, values)
    currency = (lambda: session.currency) if push.object == "orders" else None
    return Drafter(push, session.target, schema, columns, currency)


def _changed(
    push: PushConfig, ledger: Ledger, staged: StagedSource, drafter: Drafter, *, known: int, retry_only: bool
) -> list[Planned]:
    done = DELETED if push.strategy == "delete" else APPLIED
    by_hash = push.strategy not in ("create", "delete")
    staged.select(done=done, by_hash=by_hash, only=OPEN if retry_only else "")
    drafts = refuse_doubles([drafter.draft(row, key) for key, row in staged.chosen()], drafter.columns.key)
    states = ledger.states_of(push.name, _keys(drafts)) if known else {}
    return compare(push, drafts, states, retry_only=retry_only)


def _keys(drafts: Iterable[Draft]) -> list[str]:
    return [draft.key for draft in drafts if draft.key]


def _gone(push: PushConfig, ledger: Ledger, keys: list[str]) -> list[Planned]:
    return [gone(state) for state in ledger.states_of(push.name, keys).values()]
