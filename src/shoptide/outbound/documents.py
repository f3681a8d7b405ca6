"""Many mutations in one document, each under an alias, and each one's own answer taken out of the store's.

The store runs them one after the other and charges their sum (FACTS §1.2). A value that it can't read fails the whole
document before anything is done: then each half is sent by itself, until the row that is to blame stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shoptide.errors import ApiError, ApiMessage, PartialData, Rejected, WriteOutcome
from shoptide.outbound.replay import Answer, Mutation
from shoptide.outbound.session import Session
from shoptide.shopify.answers import Answer as Given
from shoptide.shopify.answers import part_error
from shoptide.shopify.cost import SINGLE_QUERY_LIMIT
from shoptide.shopify.meter import Meter

MOST_ALIASES = 25  # so that a lost answer leaves few rows in doubt, and no request takes the store long
VARIABLE = re.compile(r"\$(\w+)")
PARTS = re.compile(r"^mutation\((?P<declared>.*?)\) \{ (?P<field>.*) \}$", re.DOTALL)


@dataclass(frozen=True)
class Priced:
    """A mutation, and the points it is expected to cost by itself."""

    mutation: Mutation
    points: int


@dataclass(frozen=True)
class Sent:
    """A mutation's payload or its own error, and its share of the points that its documents cost."""

    answer: Answer
    cost: float


def packed(session: Session, mutations: Sequence[Mutation]) -> Iterator[list[Priced]]:
    """The mutations in documents that the store takes: at most so many, within its limit and the shop's bucket."""
    most = min(SINGLE_QUERY_LIMIT, session.client.governor.allowance.maximum / 2)
    batch: list[Priced] = []
    points = 0
    for each in mutations:
        cost = session.client.cost(each.document(session), each.given)
        if batch and (len(batch) == MOST_ALIASES or points + cost > most):
            yield batch
            batch, points = [], 0
        batch.append(Priced(each, cost))
        points += cost
    if batch:
        yield batch


def send_together(session: Session, mutations: Sequence[Mutation]) -> list[Sent]:
    """Send mutations in as few documents as the limits allow; what each came to, in their order."""
    return [sent for batch in packed(session, mutations) for sent in _sent(session, batch)]


def _sent(session: Session, batch: list[Priced]) -> list[Sent]:
    spent = Meter()
    with session.client.meter.shared_with(spent):
        answers = _answers(session, [each.mutation for each in batch])
    shares = shared(spent.snapshot().cost, [each.points for each in batch])
    if answers is not None:
        return [Sent(answer, share) for answer, share in zip(answers, shares, strict=True)]
    half = len(batch) // 2
    parts = _sent(session, batch[:half]) + _sent(session, batch[half:])
    return [replace(part, cost=part.cost + share) for part, share in zip(parts, shares, strict=True)]


def shared(cost: float, points: Sequence[int]) -> list[float]:
    """A document's cost among its mutations, as they would cost alone; the shares sum up to it."""
    total = sum(points)
    return [cost * each / total if total else cost / len(points) for each in points]


def _answers(session: Session, batch: list[Mutation]) -> list[Answer] | None:
    """Each one's own answer; None when the store refused the document as a whole, and it is more than one."""
    try:
        if len(batch) == 1:
            only = batch[0]
            return [_payload(session.client.execute(only.document(session), only.given).data[only.name])]
        given = session.client.execute(*combined(session, batch), allow_partial=True)
    except Rejected as refused:
        return [refused] if len(batch) == 1 else _own_errors(session, batch, refused)
    except ApiError as error:
        return [error] * len(batch)
    return [_answer(session, each, f"a{index}", given) for index, each in enumerate(batch)]


def combined(session: Session, batch: Sequence[Mutation]) -> tuple[str, dict[str, Any]]:
    """One document of several mutations, and its variables: `a0` takes `$input_0`, and so on."""
    declared, fields = [], []
    variables: dict[str, Any] = {}
    for index, each in enumerate(batch):
        numbered = VARIABLE.sub(rf"$\1_{index}", each.document(session))
        parts = PARTS.match(numbered)
        if parts is None:
            raise ValueError(numbered)
        declared.append(parts["declared"])
        fields.append(f"a{index}: {parts['field']}")
        variables |= {f"{name}_{index}": value for name, value in each.given.items()}
    return f"mutation({', '.join(declared)}) {{ {' '.join(fields)} }}", variables


def _payload(payload: dict[str, Any] | None) -> dict[str, Any]:
    return {} if payload is None else payload


def _answer(session: Session, mutation: Mutation, alias: str, given: Given) -> Answer:
    payload = given.data.get(alias)
    messages = [each for each in given.errors if each.path[:1] == (alias,)]
    if payload is None:
        return _error(session, mutation, messages)
    if messages:
        told = f"{session.client.domain}: {mutation.name}: {messages[0].message}"
        return PartialData(told, data=payload, messages=tuple(messages))
    found: dict[str, Any] = payload
    return found


def _error(session: Session, mutation: Mutation, messages: list[ApiMessage]) -> ApiError:
    return part_error(session.client.domain, mutation.name, messages)


def _own_errors(session: Session, batch: list[Mutation], refused: Rejected) -> list[Answer] | None:
    """Each mutation's own error when all of them were run and failed; None when nothing was run."""
    by_alias: dict[Any, list[ApiMessage]] = {}
    for message in refused.messages:
        by_alias.setdefault(message.path[0] if message.path else None, []).append(message)
    if refused.outcome is WriteOutcome.NOT_APPLIED and any(f"a{index}" not in by_alias for index in range(len(batch))):
        return None
    return [_error(session, each, by_alias.get(f"a{index}", [])) for index, each in enumerate(batch)]
