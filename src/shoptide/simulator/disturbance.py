"""Makes a fault happen on the wire: cut sockets, silence, error pages, work done but answered with an error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, Response

from shoptide.simulator.execution import internal_error
from shoptide.simulator.world import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from shoptide.simulator.faults import Fault
    from shoptide.simulator.shop import Record

TRANSPORT = "shoptide.transport"
PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
STATUSES: dict[int, tuple[Record | str, dict[str, str]]] = {
    401: ({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, {}),
    402: ({"errors": "Unavailable Shop"}, {}),
    403: ({"errors": "Forbidden"}, {}),
    404: ({"errors": "Not Found"}, {}),
    423: ({"errors": "Unavailable Shop"}, {}),
    429: (
        {"errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."},
        {"Retry-After": "2.0"},
    ),
    430: ({"errors": "Shopify Security Rejection"}, {}),
}
Work = Callable[[], Reply]


class Abortable:
    """The application, told how to cut the connection it answers on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = getattr(send, "__self__", None)  # uvicorn's request cycle: it holds the transport
        if cycle is not None and hasattr(cycle, "transport"):
            scope[TRANSPORT] = cycle.transport
        await self.app(scope, receive, send)


async def cut(scope: Scope, *, politely: bool = False) -> None:
    """Reset the connection, or close it."""
    if (transport := scope.get(TRANSPORT)) is not None:
        if politely:
            transport.close()
        else:
            transport.abort()
    for _ in range(3):  # the server hears of the cut before it misses an answer, and does not complain
        await asyncio.sleep(0)


class Cut(Response):
    """No answer: the connection is reset, or closed without a word when refused."""

    def __init__(self, *, refused: bool = False) -> None:
        super().__init__()
        self.refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await cut(scope, politely=self.refused)


class CutShort(Exception):  # noqa: N818  # not a fault of ours: the one that was asked for
    """Enough was sent."""


class Served(FileResponse):
    """A file of lines, whole or by Range, never in memory. A fault cuts it short or spoils a byte of it."""

    chunk_size = 1024 * 1024

    def __init__(self, path: Path, fault: Fault | None = None) -> None:
        super().__init__(path, media_type="application/jsonl", headers={"Accept-Ranges": "bytes"})
        self.fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.fault is None:
            await super().__call__(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, self._spoiling(self.fault, send))
        except CutShort:
            await asyncio.sleep(0.05)  # let the bytes leave before the reset overtakes them
            await cut(scope)

    def _spoiling(self, fault: Fault, send: Send) -> Send:
        announced = sent = 0

        async def spoiling(message: Any) -> None:
            nonlocal announced, sent
            if message["type"] == "http.response.start":
                announced = int(dict(message["headers"])[b"content-length"])
                await send(message)
                return
            place = min(announced - 1, int(fault.rule.get("bytes", announced // 2)))
            body, sent = message["body"], sent + len(message["body"])
            if sent > place:
                inside = place - (sent - len(body))
                if fault.action == "truncate":
                    await send({**message, "body": body[:inside], "more_body": True})
                    raise CutShort
                if inside >= 0:
                    body = body[:inside] + b"\x00" + body[inside + 1 :]
            await send({**message, "body": body})

        return spoiling


def status_reply(rule: Record) -> Reply:
    """The answer of a store in that state; 5xx are pages of the machines in front of it."""
    status = int(rule["status"])
    if status in STATUSES:
        body, headers = STATUSES[status]
        if "retry_after" in rule:
            headers = {"Retry-After": str(rule["retry_after"])}
        return Reply(status, body, dict(headers))
    titles = {
        500: "500 Internal Server Error",
        502: "502 Bad Gateway",
        503: "503 Service Unavailable",
        504: "504 Gateway Time-out",
    }
    return Reply(status, PAGE.format(title=titles.get(status, f"{status}")))


async def carry_out(fault: Fault | None, work: Work, throttled: Callable[[], Reply]) -> Reply | Response:
    """Do the work as the fault allows; without a fault simply do it."""
    if fault is None:
        return work()
    instead: dict[str, Callable[[], Reply | Response]] = {
        "refuse": lambda: Cut(refused=True),
        "reset": Cut,
        "status": lambda: status_reply(fault.rule),
        "throttle": throttled,
        "internal_error_before": lambda: Reply(200, internal_error()),
    }
    if fault.action in instead:
        return instead[fault.action]()
    if fault.action in ("timeout", "slow"):
        await asyncio.sleep(fault.seconds)
        return Cut() if fault.action == "timeout" else work()
    return await _afterwards(fault, work())


async def _afterwards(fault: Fault, reply: Reply) -> Reply | Response:
    """What becomes of the answer when the work is done."""
    if fault.action == "timeout_after":
        await asyncio.sleep(fault.seconds)
    if fault.action in ("reset_after", "timeout_after"):
        return Cut()
    if fault.action == "status_after":
        return status_reply(fault.rule)
    return Reply(200, internal_error()) if fault.action == "internal_error" else partial(reply, fault)


def partial(reply: Reply, fault: Fault) -> Reply:
    """The work's answer with one value lost to an error, a root field if the rule names none; the others stay."""
    if not isinstance(reply.body, dict) or not isinstance(reply.body.get("data"), dict):
        return reply
    body: Any = json.loads(json.dumps(reply.body))  # the answer may share its values with the store
    asked = str(fault.rule.get("field") or next(iter(body["data"]), ""))
    path: list[str | int] = [int(part) if part.isdigit() else part for part in asked.split(".")]
    holder = body["data"]
    for part in path[:-1]:
        holder = _inside(holder, part)
    if _inside(holder, path[-1]) is None:
        return reply  # nothing there to lose
    holder[path[-1]] = None
    error = {**internal_error()["errors"][0], "path": path}
    return Reply(reply.status, {**body, "errors": [*body.get("errors", []), error]})


def _inside(holder: Any, part: str | int) -> Any:
    if isinstance(holder, dict):
        return holder.get(part)
    return holder[part] if isinstance(holder, list) and isinstance(part, int) and part < len(holder) else None


async def transfer(fault: Fault | None, serve: Callable[[], Response]) -> Response:
    """A download, an upload or a token request under a fault."""
    if fault is None:
        return serve()
    if fault.action in ("slow", "timeout"):
        await asyncio.sleep(fault.seconds)
        return serve() if fault.action == "slow" else Cut()
    if fault.action in ("refuse", "reset"):
        return Cut(refused=fault.action == "refuse")
    if fault.action == "reset_after":
        serve()
        return Cut()
    reply = status_reply(fault.rule)
    body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
    kind = "text/html" if isinstance(reply.body, str) else "application/json"
    return Response(body, reply.status, reply.headers, kind)
