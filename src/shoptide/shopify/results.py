"""Brings the result file of a bulk operation to disk, whole: what is cut off is fetched on from where it stopped.

The URL is signed: it needs no token, and it is a key to the data, so it is never logged or shown.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptide.errors import ApiError, ConnectionLost, Interrupted, ProofFailed, ServerFault
from shoptide.shopify.backoff import Backoff, pause
from shoptide.shopify.transport import broken, not_sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shoptide.shopify.client import AdminClient

log = logging.getLogger(__name__)

CHUNK = 1 << 20
# Tries in a row that brought nothing new; every byte that arrives starts the count again.
FRUITLESS_TRIES = 6
BACKOFF = Backoff(first=0.5, factor=2.0, cap=15.0, jitter=0.3)
# The file is asked for as it is: a compressed transfer could neither be continued by bytes nor compared with fileSize.
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Download:
    """A result on disk: `lines` JSON documents in `bytes` bytes."""

    path: Path
    bytes: int
    lines: int


def measure(path: Path) -> tuple[int, int]:
    """Bytes and lines of a file, whatever its size; a last line without its newline counts."""
    size = lines = 0
    last = b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return size, lines + (last != b"\n")


def fetch(
    client: AdminClient,
    url: str,
    part: Path,
    *,
    size: int | None,
    renew: Callable[[], str | None],
    stop: Callable[[], bool] | None = None,
) -> None:
    """Fetch `url` into `part`, going on from what `part` already holds, until the server has no more to give.

    `size` is what the whole has, if known; `renew` gets the URL anew when the server refuses it. Raises ConnectionLost
    or ServerFault after too many tries that brought nothing, Interrupted when `stop` says so: what came stays.
    """
    fruitless, renewed = 0, False
    cut_off: tuple[type[Exception], ...] = (*not_sent(), *broken(), _Interim)
    delays = BACKOFF.delays(client.chance)
    while True:
        before = _length(part)
        try:
            _transfer(client, url, part, stop)
        except _Refused as refused:
            if renewed or (fresh := renew()) is None:
                raise _fault(client, refused.status) from None
            url, renewed = fresh, True
            continue
        except cut_off as cut:
            reason = type(cut).__name__
        else:
            if size is None or _length(part) >= size:
                return
            reason = "short"
        fruitless = 0 if _length(part) > before else fruitless + 1
        if fruitless >= FRUITLESS_TRIES:
            raise _given_up(client, part, size, reason)
        log.info("bulk.download_continues", extra={"shop": client.domain, "have": _length(part), "reason": reason})
        pause(client.clock, next(delays) if fruitless else 0.1)


class _Refused(Exception):  # noqa: N818  # control flow of this module only
    """The server will not give this URL: expired or wrong."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Interim(Exception):  # noqa: N818
    """The server can't just now."""


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _transfer(client: AdminClient, url: str, part: Path, stop: Callable[[], bool] | None) -> None:
    have = _length(part)
    headers = {**HEADERS, "Range": f"bytes={have}-"} if have else HEADERS
    with client.http.stream("GET", url, headers=headers) as response:
        mode = _mode(response, have)
        if mode is None:
            return
        with part.open(mode, buffering=CHUNK) as file:
            for chunk in response.iter_raw():  # as it comes: a chunk size would hold bytes back and lose them at a cut
                file.write(chunk)
                if stop is not None and stop():
                    raise Interrupted("stopped while a result was fetched", hint="run the same command again to go on")


def _mode(response: Any, have: int) -> str | None:
    """How to write what comes: go on, or begin anew when the server ignores the range; None when there is no more."""
    status = response.status_code
    if status == 206 and response.headers.get("content-range", "").startswith(f"bytes {have}-"):
        return "ab"
    if status == 200:
        return "wb"
    if status == 416:
        return None
    if status >= 500 or status in (206, 408, 429):
        raise _Interim(status)
    raise _Refused(status)


def _fault(client: AdminClient, status: int) -> ApiError:
    return ServerFault(
        f"{client.domain}: the result file of the bulk operation is refused ({status})",
        hint="results are kept for seven days; start the operation again",
        status=status,
    )


def _given_up(client: AdminClient, part: Path, size: int | None, reason: str) -> ApiError | ProofFailed:
    have = _length(part)
    if reason == "short":
        return ProofFailed(
            f"{client.domain}: the result file ends after {have} bytes, and Shopify counted {size}",
            hint="nothing was taken over; run it again",
        )
    return ConnectionLost(
        f"{client.domain}: the download of the result file keeps breaking after {have} bytes ({reason})",
        hint="run it again: it goes on from there",
    )
