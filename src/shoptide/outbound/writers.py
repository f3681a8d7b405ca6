"""Writes customers, and holds what the writers of all objects share. Each returns the gid of the record it wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shoptide.errors import ApiError
from shoptide.outbound.session import Refused, Session, UserError, store_words

Values = dict[str, Any]
Item = TypeVar("Item")
CUSTOMER = "customer { id updatedAt }"
# Columns that an existing customer takes by mutations of their own (FACTS 32), and what these tell of the customer.
CONSENTS = {
    "emailMarketingConsent": ("customerEmailMarketingConsentUpdate", CUSTOMER),
    "smsMarketingConsent": ("customerSmsMarketingConsentUpdate", CUSTOMER),
    "whatsAppMarketingConsent": ("customerWhatsAppMarketingConsentUpdate", "__typename"),
}


def in_batches(items: list[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def without_empty(values: Values) -> Values:
    """What a new record is given: emptying a field means nothing to it."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def with_marker(session: Session, values: Values, key: str) -> Values:
    """The values with the row's key as an id metafield, by which the record is found again."""
    marker = session.marker_metafield(session.marker_value(key, values))
    others = [
        each
        for each in values.get("metafields") or []
        if (each.get("namespace"), each.get("key")) != (marker["namespace"], marker["key"])
    ]
    return {**values, "metafields": [*others, marker]}


def needs_marker(session: Session, values: Values) -> bool:
    """Whether a new record carries its row's key: it has nothing of its own to be found by, or `match` asks for it."""
    always = session.marks_all or session.custom_id is not None
    return always or not any(values.get(name) for name in session.target.natural)


@contextmanager
def following(gid: str) -> Iterator[None]:
    """Steps after a record was made: whatever stops them, the row has its record and the next run only updates it."""
    try:
        yield
    except Refused as answer:
        raise Refused(answer.errors, blocked=answer.blocked, gid=gid) from None
    except ApiError as error:
        raise Refused((UserError(store_words(error), (), error.kind),), gid=gid) from error


# customers


def create_customer(session: Session, key: str, values: Values) -> str:
    values = without_empty(values)
    given = with_marker(session, values, key) if needs_marker(session, values) else values
    return session.make("customerCreate", {"input": given}, "customer { id updatedAt }")


def update_customer(session: Session, gid: str, values: Values) -> str:
    plain = {name: value for name, value in values.items() if name not in CONSENTS}
    if plain:
        session.mutate("customerUpdate", {"input": {"id": gid, **plain}}, "customer { id updatedAt }")
    for name, (mutation, told) in CONSENTS.items():
        if values.get(name):
            session.mutate(mutation, {"input": {"customerId": gid, name: values[name]}}, told)
    return gid


def delete_customer(session: Session, gid: str) -> None:
    try:
        session.mutate("customerDelete", {"input": {"id": gid}}, "deletedCustomerId")
    except Refused as answer:
        if any("can't be found" in error.message for error in answer.errors):
            return
        raise Refused(
            answer.errors,
            blocked=any("can't be deleted" in error.message.replace("’", "'") for error in answer.errors),
        ) from None


def gone_is_fine(write: Callable[[], object], words: str) -> None:
    """A record that is not there any more is deleted already."""
    try:
        write()
    except Refused as answer:
        if not any(words in error.message for error in answer.errors):
            raise
