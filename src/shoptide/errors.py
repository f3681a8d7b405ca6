"""Everything that can go wrong, as one tree; each class knows its exit code, whether retrying helps and what became
of a write.

    ShoptideError                      exit 1
    ├── UsageError                     exit 2   the command line or a file named on it
    │   └── ConfigError                exit 2   shoptide.toml or the environment
    ├── LockHeld                       exit 5   another run works on the same thing
    ├── Interrupted                    exit 130 stopped by the user; the next run goes on from here
    ├── ApiError                       exit 1   Shopify answered, and not with what was asked
    │   ├── AccessError                exit 3
    │   │   ├── TokenRejected                   401: revoked, expired, of another shop
    │   │   └── ScopeMissing                    ACCESS_DENIED; `required` names the scopes
    │   ├── ShopUnavailable            exit 3   the shop itself can't be worked with
    │   │   ├── ShopNotFound                    404
    │   │   ├── ShopFrozen                      402
    │   │   ├── ShopForbidden                   403
    │   │   └── ShopLocked                      423
    │   ├── Rejected                            the request is wrong; sending it again can't help
    │   │   ├── InvalidDocument                 static validation of the GraphQL document
    │   │   ├── InvalidVariable                 INVALID_VARIABLE
    │   │   ├── MaxCostExceeded                 MAX_COST_EXCEEDED
    │   │   ├── InputTooLarge                   MAX_INPUT_SIZE_EXCEEDED
    │   │   ├── NotFound                        RESOURCE_NOT_FOUND, NOT_FOUND
    │   │   └── BadRequest                      BAD_REQUEST and codes without a class of their own, other 4xx
    │   ├── Throttling                 exit 75  not executed; safe to send again
    │   │   ├── Throttled                       THROTTLED: the cost bucket is empty
    │   │   └── RateLimited                     429: resource and connection limits
    │   ├── SecurityRejected           exit 75  430: Shopify took the request for malicious
    │   ├── ServerFault                exit 75  5xx, no JSON, INTERNAL_SERVER_ERROR; a write may have happened
    │   ├── Unreachable                exit 75  no connection: the request never left
    │   ├── ConnectionLost             exit 75  reset or timed out after sending; a write may have happened
    │   ├── PartialData                         data and errors together
    │   ├── SearchIgnored                       a search filter was not understood and matched everything
    │   ├── BulkBusy                   exit 75  no free slot for another bulk operation
    │   └── BulkFailed                          a bulk operation ended without its whole result
    ├── ProofFailed                             what arrived is not what the store said it would send; cursor unmoved
    ├── SourceError                    exit 2   a push's source can't be read
    ├── LedgerError                             the ledger can't be read or written
    └── WarehouseError                          the warehouse refused
        ├── WarehouseDenied            exit 3   wrong password, or rights are missing
        ├── WarehouseLocked            exit 75  another process holds it
        └── WarehouseUnreachable       exit 75  no connection, or it was lost
"""

# ruff: noqa: N818  # the names say what happened: "Throttled" is caught better than "ThrottledError"
from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class WriteOutcome(Enum):
    """What became of a mutation when its call raised."""

    NOT_APPLIED = "not_applied"
    APPLIED = "applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Retry:
    """Whether sending the same again can help: never, later, or after a number of seconds."""

    helps: bool
    after: float | None = None  # seconds; None with helps=True means "later", the caller backs off


NEVER = Retry(helps=False)
LATER = Retry(helps=True)


def after(seconds: float) -> Retry:
    return Retry(helps=True, after=seconds)


class ShoptideError(Exception):
    """Base of all expected failures: `message` says what happened to which thing, `hint` what to do next."""

    exit_code = 1
    retry: Retry = NEVER
    outcome: WriteOutcome = WriteOutcome.NOT_APPLIED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def kind(self) -> str:
        """A stable name for logs and JSON: `scope_missing`."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")

    @property
    def document(self) -> dict[str, str | None]:
        """The error as plain data, for the ledger, --json and the API."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}


class UsageError(ShoptideError):
    exit_code = 2


class ConfigError(UsageError):
    pass


class LockHeld(ShoptideError):
    exit_code = 5
    retry = LATER


class Interrupted(ShoptideError):
    exit_code = 130
    retry = LATER


@dataclass(frozen=True)
class ApiMessage:
    """One entry of a GraphQL answer's `errors`, as the store worded it."""

    message: str
    code: str | None = None
    path: tuple[str | int, ...] = ()
    extensions: dict[str, object] = field(default_factory=dict)


class ApiError(ShoptideError):
    """Shopify's answer was not what was asked for. `messages` are the store's own; `request_id` is for its support."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        messages: tuple[ApiMessage, ...] = (),
        status: int | None = None,
        request_id: str | None = None,
        retry: Retry | None = None,
        outcome: WriteOutcome | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.messages = messages
        self.status = status
        self.request_id = request_id
        if retry is not None:
            self.retry = retry
        if outcome is not None:
            self.outcome = outcome


class AccessError(ApiError):
    exit_code = 3


class TokenRejected(AccessError):
    pass


class ScopeMissing(AccessError):
    """`required` holds the scopes that Shopify's message names."""

    def __init__(self, message: str, *, required: tuple[str, ...] = (), **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # the same keywords as ApiError
        self.required = required


class ShopUnavailable(ApiError):
    exit_code = 3


class ShopNotFound(ShopUnavailable):
    pass


class ShopFrozen(ShopUnavailable):
    retry = LATER


class ShopForbidden(ShopUnavailable):
    pass


class ShopLocked(ShopUnavailable):
    retry = LATER


class Rejected(ApiError):
    pass


class InvalidDocument(Rejected):
    pass


class InvalidVariable(Rejected):
    pass


class MaxCostExceeded(Rejected):
    pass


class InputTooLarge(Rejected):
    pass


class NotFound(Rejected):
    pass


class BadRequest(Rejected):
    pass


class Throttling(ApiError):
    exit_code = 75
    retry = LATER


class Throttled(Throttling):
    pass


class RateLimited(Throttling):
    pass


class SecurityRejected(ApiError):
    exit_code = 75
    retry = LATER


class ServerFault(ApiError):
    exit_code = 75
    retry = LATER
    outcome = WriteOutcome.UNKNOWN


class Unreachable(ApiError):
    exit_code = 75
    retry = LATER


class ConnectionLost(ApiError):
    exit_code = 75
    retry = LATER
    outcome = WriteOutcome.UNKNOWN


class PartialData(ApiError):
    """Data and errors in one answer; `data` is what came. A write among it may have been applied."""

    outcome = WriteOutcome.UNKNOWN

    def __init__(self, message: str, *, data: dict[str, object], **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # the same keywords as ApiError
        self.data = data


class SearchIgnored(ApiError):
    pass


class BulkBusy(ApiError):
    exit_code = 75
    retry = LATER


class BulkFailed(ApiError):
    """`operation` is its id, `operation_status` how it ended; `partial_data_url` is a key to data: never show it."""

    retry = LATER

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        operation_status: str | None = None,
        error_code: str | None = None,
        partial_data_url: str | None = None,
        **details: object,
    ) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # the same keywords as ApiError
        self.operation = operation
        self.operation_status = operation_status
        self.error_code = error_code
        self.partial_data_url = partial_data_url


class ProofFailed(ShoptideError):
    retry = LATER


class SourceError(ShoptideError):
    exit_code = 2


class LedgerError(ShoptideError):
    pass


class WarehouseError(ShoptideError):
    pass


class WarehouseDenied(WarehouseError):
    exit_code = 3


class WarehouseUnreachable(WarehouseError):
    exit_code = 75
    retry = LATER


class WarehouseLocked(WarehouseError):
    exit_code = 75
    retry = LATER


class WarehouseMemory(WarehouseError):
    """The warehouse's engine ran out of the memory it may use; nothing was changed."""
