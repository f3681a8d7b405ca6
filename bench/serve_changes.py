"""Changes a simulated store at a steady rate, and prints what it changed when: a process for serve_freshness.

Takes the store's address, seconds and changes a second; on stdin, by stream, the changed column with its mutation, and
the ids to choose among. Prints `stream gid number moment`, the moment by the machine's monotonic clock.
"""

from __future__ import annotations

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx2

WRITERS = 4


def ask(web: httpx2.Client, store: str, query: str, variables: dict[str, Any]) -> None:
    body = {"query": query, "variables": variables}
    headers = {"X-Shopify-Access-Token": "shpat_simulated"}
    answer = web.post(f"{store}/admin/api/2026-10/graphql.json", json=body, headers=headers).json()
    if "errors" in answer:
        raise RuntimeError(answer["errors"])


def main(store: str, seconds: float, rate: float) -> None:
    known: dict[str, Any] = json.loads(sys.stdin.readline())
    dice, began = random.Random(7), time.monotonic()  # noqa: S311  # which record is no secret
    with httpx2.Client(timeout=60) as web, ExitStack() as stack:
        # Changes of one record go through one thread, so that they are made in their order.
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(WRITERS)]

        def one(stream: str, gid: str, number: int) -> None:
            column, query = known[stream][0]
            ask(web, store, query, {"input": {"id": gid, column: f"change {number}"}})
            sys.stdout.write(f"{stream} {gid} {number} {time.monotonic()}\n")  # in one piece: threads share it
            sys.stdout.flush()

        asked = []
        for number in range(int(seconds * rate)):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            stream = dice.choice(list(known))
            gid = dice.choice(known[stream][1])
            asked.append(pools[hash(gid) % WRITERS].submit(one, stream, gid, number))
        for each in asked:
            each.result()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
