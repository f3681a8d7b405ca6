"""Tokens that end: client credentials (24 h) and rotating refresh tokens (60 min), as FACTS §7 has them."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from shoptide.simulator.credentials import Credentials
    from shoptide.simulator.world import Stall

CLIENT_CREDENTIALS_SECONDS = 86_399
OFFLINE_SECONDS = 3_600
REFRESH_DAYS = 90


def credentials(stall: Stall) -> Credentials:
    return stall.credentials


def expire(stall: Stall) -> None:
    """Withdraw the tokens whose time has come."""
    held = credentials(stall)
    now = stall.shop.clock.now()
    for token in [token for token, moment in held.expires.items() if moment <= now]:
        stall.shop.tokens.discard(token)
        del held.expires[token]


async def form_of(request: HttpRequest) -> dict[str, str]:
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            value: Any = json.loads(raw)
        except ValueError:
            return {}
        return {str(name): str(item) for name, item in value.items()} if isinstance(value, dict) else {}
    return dict(parse_qsl(raw.decode("utf-8", "replace")))


def refuse(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)


def answer(stall: Stall, form: dict[str, str]) -> Response:
    held = credentials(stall)
    if form.get("client_id") != held.client_id or form.get("client_secret") != held.client_secret:
        return refuse("invalid_client", "Client authentication failed")
    if form.get("grant_type") == "client_credentials":
        token = issue(stall, CLIENT_CREDENTIALS_SECONDS)
        return JSONResponse(
            {"access_token": token, "scope": scope_text(stall), "expires_in": CLIENT_CREDENTIALS_SECONDS}
        )
    if form.get("grant_type") == "refresh_token":
        return refreshed(stall, held, form.get("refresh_token", ""))
    return refuse("unsupported_grant_type", "The grant type is not supported")


def refreshed(stall: Stall, held: Credentials, given: str) -> Response:
    if given not in held.refresh_tokens:
        return refuse("invalid_request", "This request requires an active refresh_token")
    fresh = f"shprt_{secrets.token_hex(16)}"
    # The one just used stays good until its replacement is used, so that a lost answer can be asked for again.
    held.refresh_tokens = {given, fresh}
    return JSONResponse(
        {
            "access_token": issue(stall, OFFLINE_SECONDS),
            "scope": scope_text(stall),
            "expires_in": OFFLINE_SECONDS,
            "refresh_token": fresh,
            "refresh_token_expires_in": REFRESH_DAYS * 86_400,
        }
    )


def issue(stall: Stall, seconds: int) -> str:
    token = f"shpat_{secrets.token_hex(16)}"
    stall.shop.tokens.add(token)
    credentials(stall).expires[token] = stall.shop.clock.now() + timedelta(seconds=seconds)
    return token


def scope_text(stall: Stall) -> str:
    return (
        ",".join(sorted(stall.shop.scopes - {"*"})) or "write_customers,write_orders,write_products,write_fulfillments"
    )
