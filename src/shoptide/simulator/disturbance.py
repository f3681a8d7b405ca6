"""Makes a fault happen on the wire: cut sockets, silence, error pages, work done but answered with an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from shoptide.simulator.execution import internal_error
from shoptide.simulator.world import Reply

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest
    from starlette.types import ASGIApp, Receive, Scope, Send

    from shoptide.simulator.faults import Fault
    from shoptide.simulator.shop import Record

ABORT = "shoptide.abort"
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
            scope[ABORT] = cycle.transport.abort
        await self.app(scope, receive, send)


class Cut(Response):
    """No answer: the connection is reset, after `sent` bytes of a body if there are any."""

    def __init__(self, sent: bytes = b"", announced: int = 0) -> None:
        super().__init__()
        self.sent = sent
        self.announced = announced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        if self.announced:
            headers = [(b"content-length", str(self.announced).encode()), (b"content-type", b"application/jsonl")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self.sent, "more_body": True})
            await asyncio.sleep(0.05)  # let the bytes leave before the reset overtakes them
        abort = scope.get(ABORT)
        if abort is not None:
            abort()


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
    action = fault.action
    if action in ("refuse", "reset"):
        return Cut()
    if action == "status":
        return status_reply(fault.rule)
    if action == "throttle":
        return throttled()
    if action in ("timeout", "slow"):
        await asyncio.sleep(fault.seconds)
        return Cut() if action == "timeout" else work()
    reply = work()
    if action == "timeout_after":
        await asyncio.sleep(fault.seconds)
    if action in ("reset_after", "timeout_after"):
        return Cut()
    return Reply(200, internal_error()) if action == "internal_error" else partial(reply, fault)


def partial(reply: Reply, fault: Fault) -> Reply:
    """The work's answer with one root field lost to an error; the others stay."""
    if not isinstance(reply.body, dict) or not isinstance(reply.body.get("data"), dict):
        return reply
    data = dict(reply.body["data"])
    name = fault.rule.get("field") or next(iter(data), None)
    if name is None:
        return reply
    data[name] = None
    error = {**internal_error()["errors"][0], "path": [name]}
    return Reply(reply.status, {**reply.body, "data": data, "errors": [*reply.body.get("errors", []), error]})


async def transfer(
    fault: Fault | None, request: HttpRequest, serve: Callable[[], Response], content: Callable[[], bytes]
) -> Response:
    """A download, an upload or a token request under a fault."""
    del request
    if fault is None:
        return serve()
    if fault.action == "slow":
        await asyncio.sleep(fault.seconds)
        return serve()
    if fault.action == "reset":
        return Cut()
    if fault.action == "status":
        reply = status_reply(fault.rule)
        body = reply.body if isinstance(reply.body, str) else str(reply.body)
        return Response(body, reply.status, reply.headers, "text/html")
    whole = content()
    kept = min(len(whole), int(fault.rule.get("bytes", len(whole) // 2)))
    if fault.action == "truncate":
        return Cut(whole[:kept], len(whole))
    return Response(whole[:kept] + b"\x00" + whole[kept + 1 :], media_type="application/jsonl")
