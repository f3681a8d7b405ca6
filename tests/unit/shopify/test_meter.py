"""What a piece of work has cost, among others that run beside it."""

from __future__ import annotations

import threading

from shoptide.shopify.meter import Meter


def test_each_piece_of_work_has_its_own_count() -> None:
    """Threads add to the whole and to the share they work for; shares nest and end."""
    meter, shares = Meter(), [Meter() for _ in range(4)]

    def work(share: Meter, times: int) -> None:
        with meter.shared_with(share):
            for _ in range(times):
                meter.add(calls=1, cost=2.5)
        meter.add(calls=1)

    threads = [threading.Thread(target=work, args=(share, 10 * (n + 1))) for n, share in enumerate(shares)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [share.snapshot().calls for share in shares] == [10, 20, 30, 40]
    assert meter.snapshot().calls == 104
    assert meter.snapshot().cost == 250


def test_the_inner_share_counts_alone() -> None:
    meter, outer, inner = Meter(), Meter(), Meter()
    with meter.shared_with(outer):
        meter.add(calls=1)
        with meter.shared_with(inner):
            meter.add(calls=5)
        meter.add(calls=1)
    assert (outer.snapshot().calls, inner.snapshot().calls, meter.snapshot().calls) == (2, 5, 7)
