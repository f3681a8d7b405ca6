"""One HTTP answer of the Admin API taken apart: body, cost, messages, headers. What it means is judged elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from shoptide.errors import ApiMessage, WriteOutcome
from shoptide.shopify.governor import ThrottleStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shoptide.shopify.document import Operation


@dataclass(frozen=True)
class Cost:
    """What the request was charged and how the bucket stood after it; `actual` is None when it did not run."""

    requested: float
    actual: float | None
    available: float | None = None
    maximum: float | None = None
    restore_rate: float | None = None

    @property
    def status(self) -> ThrottleStatus | None:
        if self.available is None or self.maximum is None or self.restore_rate is None:
            return None
        return ThrottleStatus(self.maximum, self.available, self.restore_rate)


@dataclass(frozen=True)
class Call:
    """What was asked: enough to word an error and to tell a write from a read."""

    domain: str
    kind: str = "query"
    name: str = "query"

    @classmethod
    def of(cls, domain: str, operation: Operation) -> Call:
        first = operation.selections[0] if operation.selections else None
        return cls(domain, operation.kind, operation.name or getattr(first, "name", None) or operation.kind)

    @property
    def is_mutation(self) -> bool:
        return self.kind == "mutation"

    @property
    def lost(self) -> WriteOutcome:
        """What may have become of the call when no answer tells."""
        return WriteOutcome.UNKNOWN if self.is_mutation else WriteOutcome.NOT_APPLIED

    @property
    def doubt(self) -> str:
        """What an error says beside its reason when the outcome is open."""
        return "; whether it was done is not known" if self.is_mutation else ""

    def __str__(self) -> str:
        return f"{self.domain}: {self.kind} {self.name}" if self.name != self.kind else f"{self.domain}: {self.kind}"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, taken apart and not yet judged."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: dict[str, Any] | None = None  # None when it is no JSON object
    cost: Cost | None = None

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], content: bytes) -> Reply:
        text = content.decode("utf-8", "replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        body = body if isinstance(body, dict) else None
        return cls(status, headers, text, body, _cost(body))

    @property
    def messages(self) -> tuple[ApiMessage, ...]:
        """The entries of `errors`, whatever their shape."""
        return _messages((self.body or {}).get("errors"))

    @property
    def data(self) -> dict[str, Any] | None:
        """The answer's `data`; None when there is none or it is null."""
        found = (self.body or {}).get("data")
        return found if isinstance(found, dict) else None

    @property
    def has_data(self) -> bool:
        """Whether any root field has a value."""
        return any(value is not None for value in (self.data or {}).values())

    @property
    def is_throttled(self) -> bool:
        return any(each.code == "THROTTLED" for each in self.messages)

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def version(self) -> str | None:
        return self.headers.get("x-shopify-api-version")

    @property
    def server_time(self) -> datetime | None:
        try:
            return parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError, TypeError):
            return None


def _messages(raw: object) -> tuple[ApiMessage, ...]:
    """`errors` of an answer: a list at GraphQL level, a string or a mapping at HTTP level."""
    if isinstance(raw, str):
        return (ApiMessage(raw),)
    if isinstance(raw, dict):
        return tuple(ApiMessage(f"{name}: {told}") for name, told in raw.items())
    if not isinstance(raw, list):
        return ()
    return tuple(_message(each) for each in raw)


def _message(raw: object) -> ApiMessage:
    if not isinstance(raw, dict):
        return ApiMessage(str(raw))
    found = raw.get("extensions")
    extensions = found if isinstance(found, dict) else {}
    code = extensions.get("code")
    return ApiMessage(
        str(raw.get("message") or "no message"), str(code) if code else None, tuple(raw.get("path") or ()), extensions
    )


def _cost(body: dict[str, Any] | None) -> Cost | None:
    extensions = (body or {}).get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    if not isinstance(cost, dict) or not isinstance(cost.get("requestedQueryCost"), (int, float)):
        return None
    status = cost.get("throttleStatus") or {}
    return Cost(
        cost["requestedQueryCost"],
        cost.get("actualQueryCost"),
        status.get("currentlyAvailable"),
        status.get("maximumAvailable"),
        status.get("restoreRate"),
    )
