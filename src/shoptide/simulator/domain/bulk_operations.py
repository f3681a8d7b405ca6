"""Bulk operations: started by a mutation, worked off by `bulk_worker`, read and cancelled here (FACTS 50 to 53)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shoptide.simulator import bulk_rules
from shoptide.simulator.bulk_worker import KEPT, KIND, start
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    field,
    instant,
    mutation,
    numeric_id,
    opening,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.schema import executable
from shoptide.simulator.search import Term, instant_bounds, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record, Shop

OPEN = ("CREATED", "RUNNING", "CANCELING")
DONE = ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")
LARGEST_FILE = 100 * 1024 * 1024

NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL "
    "correctly for the stagedUploadPath mutation argument."
)


@opening
def found(shop: Shop) -> None:
    shop.table(KIND).add_index("open", lambda record: record["type"] if record["status"] in OPEN else None)


@mutation("bulkOperationRunQuery")
def run_query(args: Args, ctx: Context) -> Record:
    errors = bulk_rules.query_errors(executable(ctx.version), args["query"]) or _busy(ctx, "QUERY")
    if errors:
        return {"bulkOperation": None, "userErrors": errors}
    operation = _create(ctx.shop, "QUERY", args["query"], grouped=bool(args.get("groupObjects")))
    start(operation, ctx, None)
    return {"bulkOperation": dict(operation), "userErrors": []}


@mutation("bulkOperationRunMutation")
def run_mutation(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    errors = bulk_rules.mutation_errors(executable(ctx.version), args["mutation"]) or _identifier_errors(args)
    path = shop.vault.path(args["stagedUploadPath"])
    errors = errors or _file_errors(path) or _busy(ctx, "MUTATION")
    if errors or path is None:
        return {"bulkOperation": None, "userErrors": errors}
    operation = _create(shop, "MUTATION", args["mutation"], grouped=False)
    start(operation, ctx, path)
    return {"bulkOperation": dict(operation), "userErrors": []}


def _identifier_errors(args: Args) -> list[Record]:
    given = args.get("clientIdentifier")
    if given is None or 10 <= len(given) <= 255:
        return []
    words = "is too short (minimum is 10 characters)" if len(given) < 10 else "is too long (maximum is 255 characters)"
    return [user_error(["clientIdentifier"], words, "INVALID_MUTATION")]


def _file_errors(path: Path | None) -> list[Record]:
    if path is None:
        return [user_error(None, NO_FILE, "NO_SUCH_FILE")]
    size = path.stat().st_size
    if size == 0:
        return [user_error(None, "The input file is empty.", "INVALID_STAGED_UPLOAD_FILE")]
    if size > LARGEST_FILE:
        message = "The input file size exceeds the maximum allowed size of 100 MB."
        return [user_error(None, message, "INVALID_STAGED_UPLOAD_FILE")]
    return []


def slots(version: str) -> int:
    """How many operations of a type may run at once (FACTS 50)."""
    return 5 if version >= "2026-01" else 1


def _busy(ctx: Context, kind: str) -> list[Record]:
    """The refusal when every slot of that type is taken."""
    taken = [record["id"] for record in ctx.shop.table(KIND).by("open", kind)]
    if len(taken) < ctx.shop.settings.get("bulk_slots", slots(ctx.version)):
        return []
    words = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {', '.join(taken)}."
    return [user_error(None, words, "OPERATION_IN_PROGRESS")]


def _create(shop: Shop, kind: str, text: str, *, grouped: bool) -> Record:
    return shop.table(KIND).put(
        {
            "id": shop.new_id(KIND),
            "status": "CREATED",
            "type": kind,
            "errorCode": None,
            "createdAt": shop.stamp(),
            "completedAt": None,
            "objectCount": "0",
            "rootObjectCount": "0",
            "fileSize": None,
            "url": None,
            "partialDataUrl": None,
            "query": text,
            "_grouped": grouped,
        }
    )


@mutation("bulkOperationCancel")
def cancel(args: Args, ctx: Context) -> Record:
    operation = ctx.shop.table(KIND).get(args["id"])
    if operation is None:
        return {"bulkOperation": None, "userErrors": [user_error(["id"], "Bulk operation does not exist")]}
    if operation["status"] in DONE:
        message = f"A bulk operation cannot be canceled when it is {operation['status'].lower()}"
        return {"bulkOperation": operation, "userErrors": [user_error(None, message)]}
    operation["status"] = "CANCELING"
    return {"bulkOperation": ctx.shop.table(KIND).put(operation), "userErrors": []}


@root("currentBulkOperation")
def current(args: Args, ctx: Context) -> Record | None:
    """The newest operation of the type, finished or not."""
    return next((row for row in reversed(ctx.shop.table(KIND).all()) if row["type"] == args["type"]), None)


@root("bulkOperations")
def operations(args: Args, ctx: Context) -> Listing:
    for term in tokens(args.get("query") or ""):
        if isinstance(term, Term) and term.name == "created_at" and instant_bounds(term, ctx.shop) is None:
            raise TopLevelError("BAD_REQUEST", "Invalid timestamp for query filter `created_at`.")
    return Listing(kind=KIND, records=ctx.shop.table(KIND), root="bulkOperations")


search(
    KIND,
    {
        "status": token(lambda record, _shop: record["status"], [name.lower() for name in (*OPEN, *DONE)]),
        "operation_type": token(lambda record, _shop: record["type"], ["query", "mutation"]),
        "created_at": instant(lambda record, _shop: record["createdAt"]),
        "id": numeric_id(lambda record, _shop: record["id"]),
    },
)


sort(
    "bulkOperations",
    {
        "CREATED_AT": lambda record, _shop: record["createdAt"],
        "COMPLETED_AT": lambda record, _shop: record["completedAt"],
    },
    default="CREATED_AT",
    newest_first=True,
)


def _expired(record: Record, ctx: Context) -> bool:
    # A cancelled operation has no end, but what it wrote goes as well.
    since = record["completedAt"] or (record["createdAt"] if record["status"] == "CANCELED" else None)
    return since is not None and ctx.now - datetime.fromisoformat(since) > KEPT


@field(KIND, "status")
def status(record: Record, _args: Args, ctx: Context) -> str:
    return "EXPIRED" if record["status"] == "COMPLETED" and _expired(record, ctx) else str(record["status"])


@field(KIND, "url")
def url(record: Record, _args: Args, ctx: Context) -> str | None:
    return None if _expired(record, ctx) else record["url"]


@field(KIND, "partialDataUrl")
def partial_data_url(record: Record, _args: Args, ctx: Context) -> str | None:
    return None if _expired(record, ctx) else record["partialDataUrl"]
