"""The management side over HTTP: health for machines, syncs and runs as JSON, and one page for people.

It stands on an address of its own, apart from the public webhook path, and needs a token or a password for everything
but /healthz and /readyz. What it changes goes through `Controls`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.errors import ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.health import SyncHealth
from shoptide.serve import page
from shoptide.serve.access import SESSION_SECONDS, Keys, Limit
from shoptide.serve.health import healths
from shoptide.serve.metrics import CONTENT_TYPE_LATEST, Metrics

COOKIE = "shoptide"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ACTIONS = ("run", "pause", "resume", "cancel")
SMALL = 16 * 1024  # bytes of a form
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Controls(Protocol):
    """What can be asked of a sync, `pull.store` for example. Each raises ShoptideError when it can't be."""

    def run(self, sync: str) -> str:
        """Run it as soon as its turn comes; returns what is said of it."""

    def pause(self, sync: str) -> str:
        """Let its schedule and triggers rest."""

    def resume(self, sync: str) -> str:
        """Let them work again."""

    def cancel(self, sync: str) -> str:
        """Stop its run that works now, in good order."""

    def paused(self) -> set[str]:
        """The syncs that rest."""


@dataclass
class Management:
    """What the management side looks at. `ready` says why the process can't do its work; None when it can."""

    config: Config
    ledger: Ledger
    clock: Clock
    keys: Keys
    controls: Controls
    metrics: Metrics
    ready: Callable[[], str | None]
    hosts: tuple[str, ...] = ()  # names beside loopback's by which it may be asked

    def __post_init__(self) -> None:
        self.failures = Limit(10, 300, self.clock)  # wrong tokens and passwords of one address
        self.requests = Limit(300, 60, self.clock)


Handler = Callable[[Management, Request], Response]


def management_app(side: Management) -> Starlette:
    """The ASGI application of the management side."""

    def route(path: str, handler: Handler, method: str = "GET", *, open_to_all: bool = False) -> Route:
        async def endpoint(request: Request) -> Response:
            refused = await run_in_threadpool(_refusal, side, request, open_to_all=open_to_all)
            if refused is None and method == "POST":
                refused = await _read_form(side, request, open_to_all=open_to_all)
            answer = await run_in_threadpool(_answered, handler, side, request) if refused is None else refused
            answer.headers.update(HEADERS)
            return answer

        return Route(path, endpoint, methods=[method])

    return Starlette(
        routes=[
            route("/healthz", _healthz, open_to_all=True),
            route("/readyz", _readyz, open_to_all=True),
            route("/login", _login_page, open_to_all=True),
            route("/login", _log_in, "POST", open_to_all=True),
            route("/logout", _log_out, "POST"),
            route("/metrics", _metrics),
            route("/", _page),
            route("/api/syncs", _syncs),
            route("/api/runs", _runs),
            route("/api/runs/{run_id}", _run),
            route("/api/records/{push}", _records),
            route("/api/syncs/{sync}/{action}", _act, "POST"),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *side.hosts], www_redirect=False)],
    )


def _answered(handler: Handler, side: Management, request: Request) -> Response:
    try:
        return handler(side, request)
    except ShoptideError as error:
        return _problem(409, error.message, error.hint)


def _problem(status: int, message: str, hint: str | None = None, **headers: str) -> Response:
    return JSONResponse({"error": message, "hint": hint}, status, headers=headers)


# who asks


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _refusal(side: Management, request: Request, *, open_to_all: bool) -> Response | None:
    """Why the request is not answered; None when it is."""
    address = _address(request)
    wait = side.requests.wait(address)
    side.requests.count(address)
    if wait:
        return _problem(429, "too many requests", **{"Retry-After": f"{wait:.0f}"})
    if open_to_all:
        return None
    if not side.keys.exist:
        return _problem(403, "the management side is closed", "set token or password_hash under [serve]")
    token = _bearer(request)
    if token is None:
        known = side.keys.login(request.cookies.get(COOKIE, "")) is not None
        return None if known else _not_known(request)
    return _checked(side, address, side.keys.is_token(token))


def _checked(side: Management, address: str, right: bool) -> Response | None:
    """Refuse what is wrong, and an address that was wrong too often whatever it says now."""
    wait = side.failures.wait(address)
    if wait:
        return _problem(429, "too many failures", **{"Retry-After": f"{wait:.0f}"})
    if not right:
        side.failures.count(address)
        return _problem(401, "not authorised", **{"WWW-Authenticate": "Bearer"})
    return None


def _not_known(request: Request) -> Response:
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/login", 303)
    return _problem(401, "not authorised", **{"WWW-Authenticate": "Bearer"})


async def _read_form(side: Management, request: Request, *, open_to_all: bool) -> Response | None:
    """Take the form in, and refuse one that another site made a browser send."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > SMALL:
            return _problem(413, "too large")
    request.state.form = dict(_pairs(body)) if body else {}
    if _bearer(request) is not None:
        return None  # no browser adds this by itself
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return _problem(403, "sent from another site")
    login = side.keys.login(request.cookies.get(COOKIE, ""))
    given = str(request.state.form.get("csrf") or request.headers.get("x-csrf-token") or "")
    if open_to_all or (login is not None and hmac.compare_digest(given.encode(), login.csrf.encode())):
        return None
    return _problem(403, "the form has expired", "load the page again")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)


def _login_page(side: Management, _request: Request) -> Response:
    return HTMLResponse(page.login(closed=not side.keys.exist))


def _log_in(side: Management, request: Request) -> Response:
    address = _address(request)
    # The hash is slow: an address that failed too often does not even get it computed.
    wait = side.failures.wait(address)
    right = not wait and side.keys.is_password(str(request.state.form.get("password", "")))
    refused = _checked(side, address, right)
    if refused is not None:
        kept = {name: value for name, value in refused.headers.items() if name == "retry-after"}
        return HTMLResponse(page.login(wrong=True), refused.status_code, headers=kept)
    answer = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, side.keys.log_in(), SESSION_SECONDS, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return answer


def _log_out(side: Management, request: Request) -> Response:
    side.keys.log_out(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


# what is answered


def _healthz(_side: Management, _request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _readyz(side: Management, _request: Request) -> Response:
    why = side.ready()
    return PlainTextResponse("ready\n" if why is None else f"{why}\n", 200 if why is None else 503)


def _metrics(side: Management, _request: Request) -> Response:
    return Response(side.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _page(side: Management, request: Request) -> Response:
    login = side.keys.login(request.cookies.get(COOKIE, ""))
    found = page.overview(
        healths(side.config, side.ledger),
        side.controls.paused(),
        side.ledger.runs(limit=20),
        login.csrf if login else "",
    )
    return HTMLResponse(found)


def _syncs(side: Management, _request: Request) -> Response:
    paused = side.controls.paused()
    return JSONResponse({"syncs": [_sync(each, paused) for each in healths(side.config, side.ledger)]})


def _sync(found: SyncHealth, paused: set[str]) -> dict[str, Any]:
    return {"sync": found.sync, **found.document, "paused": found.sync in paused}


def _runs(side: Management, request: Request) -> Response:
    text = request.query_params.get("limit", "20")
    limit = min(200, int(text)) if text.isdigit() and int(text) > 0 else 20
    return JSONResponse({"runs": [run.document for run in side.ledger.runs(limit=limit)]})


def _run(side: Management, request: Request) -> Response:
    found = side.ledger.run(request.path_params["run_id"])
    return _problem(404, "there is no such run") if found is None else JSONResponse(found.document)


def _records(side: Management, request: Request) -> Response:
    """Records of a push that were not applied: what people look for."""
    push = request.path_params["push"]
    if push not in side.config.pushes:
        return _problem(404, f"there is no push {push}")
    outcome = request.query_params.get("outcome", "rejected")
    found = side.ledger.records(push, outcome=outcome, limit=200)
    names = ("key", "outcome", "action", "gid", "message", "code", "field", "column", "run_id")
    return JSONResponse({"records": [{name: getattr(each, name) for name in names} for each in found]})


def _act(side: Management, request: Request) -> Response:
    sync, action = request.path_params["sync"], request.path_params["action"]
    if action not in ACTIONS:
        return _problem(404, f"{action} is none of {', '.join(ACTIONS)}")
    if sync not in {each.sync for each in healths(side.config, side.ledger)}:
        return _problem(404, f"there is no sync {sync}", "GET /api/syncs lists them")
    told: str = getattr(side.controls, action)(sync)
    if _bearer(request) is None:
        return RedirectResponse("/", 303)
    return JSONResponse({"sync": sync, "action": action, "told": told}, 202)
