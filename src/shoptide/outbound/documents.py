"""Many mutations in one document, each under an alias, and each one's own answer taken out of the store's.

The store runs them one after the other and charges their sum (FACTS §1.2). A value that it can't read fails the whole
document before anything is done: then each half is sent by itself, until the row that is to blame stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from shoptide.errors import ApiError, ApiMessage, PartialData, Rejected, WriteOutcome
from shoptide.outbound.replay import Answer, Mutation
from shoptide.outbound.session import Session
from shoptide.shopify.answers import Answer as Given
from shoptide.shopify.answers import part_error
from shoptide.shopify.cost import SINGLE_QUERY_LIMIT

MOST_ALIASES = 25  # so that a lost answer leaves few rows in doubt, and no request takes the store long
VARIABLE = re.compile(r"\$(\w+)")
PARTS = re.compile(r"^mutation\((?P<declared>.*?)\) \{ (?P<field>.*) \}$", re.DOTALL)


def packed(session: Session, mutations: Sequence[Mutation]) -> Iterator[list[Mutation]]:
    """The mutations in documents that the store takes: at most so many, within its limit and the shop's bucket."""
    most = min(SINGLE_QUERY_LIMIT, session.client.governor.allowance.maximum / 2)
    batch: list[Mutation] = []
    points = 0
    for each in mutations:
        cost = session.client.cost(each.document(session), each.given)
        if batch and (len(batch) == MOST_ALIASES or points + cost > most):
            yield batch
            batch, points = [], 0
        batch.append(each)
        points += cost
    if batch:
        yield batch


def send_together(session: Session, mutations: Sequence[Mutation]) -> list[Answer]:
    """Send mutations in as few documents as the limits allow; each one's payload or its own error, in their order."""
    return [answer for batch in packed(session, mutations) for answer in _sent(session, batch)]


def _sent(session: Session, batch: list[Mutation]) -> list[Answer]:
    try:
        if len(batch) == 1:
            only = batch[0]
            return [_payload(session.client.execute(only.document(session), only.given).data[only.name])]
        given = session.client.execute(*combined(session, batch), allow_partial=True)
    except Rejected as refused:
        if len(batch) == 1:
            return [refused]
        if (own := _own_errors(session, batch, refused)) is not None:
            return own
        half = len(batch) // 2
        return _sent(session, batch[:half]) + _sent(session, batch[half:])
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
