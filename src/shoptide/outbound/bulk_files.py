"""The files of a bulk mutation: rows as lines of variables on the way out, answers by line number on the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from shoptide.errors import ApiMessage
from shoptide.outbound.replay import Answer, Attempt, Mutation
from shoptide.outbound.session import Session
from shoptide.shopify.answers import part_error
from shoptide.shopify.staging import LIMIT

DECODER = msgspec.json.Decoder()
MARGIN = 1 << 20  # bytes below the store's limit: it counts in a way of its own


@dataclass
class Group:
    """Rows whose mutation is the same but for its variables, with the size of their lines."""

    name: str
    document: str
    attempts: list[Attempt] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)

    def add(self, attempt: Attempt, mutation: Mutation) -> None:
        self.attempts.append(attempt)
        self.lines.append(msgspec.json.encode(mutation.given) + b"\n")


@dataclass
class File:
    """One file to be uploaded. Its token names the operation, so that a lost start can be found again, and ends with
    the number of its lines."""

    token: str
    name: str
    document: str
    attempts: list[Attempt]
    lines: list[bytes]

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.token}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(self.lines)
        self.lines = []
        return path


def named(document: str, token: str) -> str:
    """The mutation with its token as the operation's name: `mutation Shoptide_x($input: …) { … }`."""
    return document.replace("mutation(", f"mutation {token}(", 1)


def lines_of(token: str) -> int:
    """How many lines the file of a token has."""
    return int(token.rpartition("_")[2])


def mutation_of(document: str, token: str) -> str | None:
    """The mutation that a named document runs."""
    found = re.search(rf"mutation {re.escape(token)}\(.*?\) {{ (\w+)", document, re.DOTALL)
    return found[1] if found else None


def files(
    groups: Sequence[Group], prefix: str, at_once: int, least: int, most_bytes: int = LIMIT - MARGIN
) -> list[File]:
    """Cut groups into files: small enough for the store, and enough of them for the operations that run at once."""
    found: list[File] = []
    whole = sum(len(group.lines) for group in groups)
    size = max(least, -(-whole // at_once))
    for group in groups:
        for begin, end in _cuts(group.lines, size, most_bytes):
            token = f"{prefix}_{len(found)}_{end - begin}"
            part = group.attempts[begin:end]
            found.append(File(token, group.name, named(group.document, token), part, group.lines[begin:end]))
    return found


def _cuts(lines: Sequence[bytes], size: int, most_bytes: int) -> Iterator[tuple[int, int]]:
    begin = held = 0
    for index, line in enumerate(lines):
        if index > begin and (index - begin >= size or held + len(line) > most_bytes):
            yield begin, index
            begin, held = index, 0
        held += len(line)
    if begin < len(lines):
        yield begin, len(lines)


# answers


def answers(session: Session, name: str, path: Path, count: int) -> dict[int, Answer]:
    """Each line's answer by its place in the file, from 0. A result that can't be told whose it is gives none.

    Lines are run in no order. Their numbers begin at 0, at times at 1: the number 0 or `count` tells (FACTS §5, 2.3).
    """
    rows = list(_rows(path))
    numbers = {row["__lineNumber"] for row in rows}
    if not numbers or len(numbers) < len(rows):
        return {}
    base = 0 if 0 in numbers else 1
    if (base == 1 and count not in numbers) or max(numbers) - base >= count:
        return {}
    return {row["__lineNumber"] - base: _answer(session, name, row) for row in rows}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            try:
                row = DECODER.decode(line)
            except msgspec.DecodeError:
                continue  # a torn line: its row is looked up
            if isinstance(row, dict) and isinstance(row.get("__lineNumber"), int):
                yield row


def _answer(session: Session, name: str, row: dict[str, Any]) -> Answer:
    payload = (row.get("data") or {}).get(name)
    errors = row.get("errors") or []
    if payload is not None and not errors:
        found: dict[str, Any] = payload
        return found
    messages = [
        ApiMessage(
            str(each.get("message") or "no message"),
            (each.get("extensions") or {}).get("code"),
            tuple(each.get("path") or ()),
            each.get("extensions") or {},
        )
        for each in errors
    ]
    return part_error(session.client.domain, name, messages)
