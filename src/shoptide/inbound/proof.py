"""What arrived against what the store says there is. Nothing is landed, and no cursor moves, before this holds.

Bytes and lines are proved where a file comes to disk (`shopify/bulk.py`); types and parents where its lines are sorted
into tables (`landing.py`); here the records of the whole read are counted against the operations and the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shoptide.errors import ProofFailed
from shoptide.inbound.extraction import Extract
from shoptide.inbound.window import next_floor, search_until
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.backoff import Backoff, pause
from shoptide.shopify.client import AdminClient

# A shortfall is believed only when it stays: the store's index shows deletes late.
SECOND_LOOKS = 3
LOOKS = Backoff(first=1.0, factor=4.0, cap=30.0, jitter=0.2)
AGAIN = "nothing was taken over and the cursor stayed; run the pull again"


@dataclass(frozen=True)
class Proof:
    """The counts that stand behind a stream's rows, for the run's record.

    `counted` is what the store counted for the search, `announced` what the bulk operations say they hold; None where
    nobody counts. `records` are the roots that arrived, each once, among `lines` lines in `bytes` bytes.
    """

    counted: int | None
    announced: int | None
    records: int
    lines: int
    bytes: int
    operations: tuple[str, ...] = ()
    windows: int = 1


def proof_of(extract: Extract) -> Proof:
    return Proof(
        extract.counted,
        extract.roots,
        extract.records,
        extract.lines,
        extract.bytes,
        extract.operations,
        extract.windows,
    )


def refuse_lost_lines(stream: str, extract: Extract, *, lines: int, roots: int) -> None:
    """Every line that was spooled was read, and every record that was counted is among them."""
    if lines != extract.lines:
        raise ProofFailed(f"stream {stream}: {extract.lines} lines came and {lines} could be read", hint=AGAIN)
    if roots != extract.records:
        raise ProofFailed(f"stream {stream}: {extract.records} records were counted and {roots} came", hint=AGAIN)


def refuse_shortfall(
    client: AdminClient, plan: StreamPlan, extract: Extract, *, search: str | None, overlap: timedelta
) -> None:
    """Raise ProofFailed when the store has records that should have come and did not.

    Asked are those that nobody touched since an overlap before the read: each of them was there to be read, and
    whatever happens to a record afterwards only takes it out of that count. So a count above what came is a loss.
    """
    document, field = plan.count_document(), plan.stream.search
    if document is None or field is None:
        return
    settled = search_until(field, next_floor(extract.read_at, overlap))
    variables = {"query": f"{search} {settled}" if search else settled}
    delays = LOOKS.delays(client.chance)
    for look in range(SECOND_LOOKS + 1):
        there = client.execute(document, variables).data[plan.stream.count_root or ""]["count"]
        if there <= extract.records:
            return
        if look < SECOND_LOOKS:
            pause(client.clock, next(delays))
    raise ProofFailed(
        f"stream {plan.stream.name}: the store counts {there} records that it had before the read, and"
        f" {extract.records} came",
        hint=AGAIN,
    )
