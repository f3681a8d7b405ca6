"""Which rows of a source a plan must look at: DuckDB reads, hashes and joins; only what may differ becomes a draft."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from shoptide.ledger import Ledger, RecordState
from shoptide.outbound.canonical import values_in_sql
from shoptide.outbound.planning import Planned, compare, gone
from shoptide.outbound.rows import Draft, Drafter, read_columns, refuse_doubles
from shoptide.outbound.sameness import to_the_store
from shoptide.outbound.session import Session
from shoptide.warehouse import StagedSource, Warehouse

# What a record's fate may be (`Ledger.marks`): applied, deleted, open, asked for; in capitals without a gid.
SETTLED_ONCE = ("create", "delete")  # strategies whose records are done with, whatever their rows say later
APPLIED, DELETED, OPEN, HELD = "a", "d", "oO", "aox"


@dataclass(frozen=True)
class Comparison:
    """The rows to look at, how many others are as they were, and how the source stands to the records of before."""

    rows: list[Planned]
    unchanged: int
    source_rows: int
    held: int  # records that an earlier push made or changed and that were not deleted
    gone: int  # of these, whose rows left the source since the last push
    rehashed: list[tuple[str, str]]  # keys of rows that are unchanged under another hash: a column left the source
    present: Callable[[Iterable[str]], set[str]]  # which of some keys have a row, as long as the source is held


@contextmanager
def compared_source(
    session: Session, warehouse: Warehouse, ledger: Ledger, base: Path, *, retry_only: bool = False
) -> Iterator[Comparison]:
    """Read the source and compare it with the states of the last push; the source is held until the block ends.

    Raises SourceError.
    """
    push = session.push
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        lines = Path(folder) / "known.tsv"
        exported = pool.submit(_export, ledger, push.name, lines)  # SQLite works while DuckDB reads the source
        with warehouse.stage(push.source, base=base, file=push.file) as staged:
            drafter = _marked(session, staged)
            exported.result()
            known = staged.know_file(lines)
            rows = _changed(session, ledger, staged, drafter, known=known, retry_only=retry_only)
            looked_at = len(rows)
            left: list[RecordState] = []
            if push.strategy == "mirror" and staged.count and not retry_only:
                left = list(ledger.states_of(push.name, staged.missing(HELD)).values())
            rows += [gone(state) for state in left]
            fresh = sum(state.action != "delete" for state in left)  # whose deletion was not tried before
            held = staged.number_known(HELD) - len(left) + fresh
            listed = [row for row in rows if row.action != "unchanged"]
            same = [row for row in rows if row.action == "unchanged"]
            unchanged = 0 if retry_only else staged.count - looked_at + len(same)
            rehashed = [(row.key, row.draft.hash) for row in same] if push.strategy not in SETTLED_ONCE else []
            yield Comparison(listed, unchanged, staged.count, held, fresh, rehashed, staged.present)


def _export(ledger: Ledger, push: str, path: Path) -> None:
    with path.open("w", encoding="ascii") as file:
        file.writelines(ledger.marks(push))


def _marked(session: Session, staged: StagedSource) -> Drafter:
    """The drafter for the source's columns, with each of its rows marked."""
    push, schema = session.push, session.schema
    columns = read_columns(push, session.target, schema, staged.columns)
    # SQL takes 1.234 for what it is; where the comma is the decimal mark it is a thousand.
    by_hash = push.strategy not in SETTLED_ONCE and push.file.decimal != ","
    values = values_in_sql(columns, staged.types, schema, clear=push.nulls == "clear") if by_hash else None
    staged.mark(columns.key, values)
    currency = (lambda: session.currency) if push.object == "orders" else None
    return Drafter(push, session.target, schema, columns, currency)


def _changed(
    session: Session, ledger: Ledger, staged: StagedSource, drafter: Drafter, *, known: int, retry_only: bool
) -> list[Planned]:
    push = session.push
    done = DELETED if push.strategy == "delete" else APPLIED
    by_hash = push.strategy not in SETTLED_ONCE
    staged.select(done=done, by_hash=by_hash, only=OPEN if retry_only else "")
    drafts = refuse_doubles([drafter.draft(row, key) for key, row in staged.chosen()], drafter.columns.key)
    drafts = _placed(staged, drafts)
    states = ledger.states_of(push.name, _keys(drafts)) if known else {}
    now, same = ledger.clock.now(), to_the_store(session)
    return compare(push, drafts, states, retry_only=retry_only, now=now, same=same)


def _placed(staged: StagedSource, drafts: list[Draft]) -> list[Draft]:
    """What is wrong with rows of a file says where in it they stand."""
    places = staged.whereabouts([index for index, draft in enumerate(drafts) if draft.problem])
    return [
        replace(draft, problem=replace(draft.problem, reason=f"{draft.problem.reason} ({places[index]})"))
        if draft.problem and index in places
        else draft
        for index, draft in enumerate(drafts)
    ]


def _keys(drafts: Iterable[Draft]) -> list[str]:
    return [draft.key for draft in drafts if draft.key]
