"""Control of the simulator under /_simulator/: what tests and rehearsals need and no store offers.

POST reset · GET/PUT state · GET/POST/DELETE records · GET/POST clock · GET/POST/DELETE faults · GET/POST settings ·
GET/POST/DELETE webhooks · POST uninstall. Every address takes `?shop=NAME`; without it the first shop is meant (reset:
all).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shoptide.simulator import settings, state, truth, webhook_control
from shoptide.simulator.bucket import PLANS
from shoptide.simulator.shop import Record, SimClock
from shoptide.simulator.world import Stall, World

if TYPE_CHECKING:
    from starlette.requests import Request


class Mistaken(ValueError):  # noqa: N818  # the caller's mistake, told in the answer
    """A control request that can't be followed."""


Handler = Callable[[Stall, Any], Record]


def stall_of(request: Request) -> Stall:
    world: World = request.app.state.world
    name = request.query_params.get("shop")
    found = world.stall(name)
    if found is None:
        raise Mistaken(f"no shop {name!r}: choose one of {', '.join(world.stalls)}")
    return found


async def body_of(request: Request) -> Any:
    """What is asked: a JSON body, or the address's parameters where there is none to be."""
    if request.method in ("GET", "DELETE"):
        return {name: value for name, value in request.query_params.items() if name != "shop"}
    raw = await request.body()
    try:
        return json.loads(raw) if raw else {}
    except ValueError as error:
        raise Mistaken(f"the body is no JSON: {error}") from None


def answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler of a shop and the request's body as an endpoint; mistakes become 422 with their words."""

    @functools.wraps(handler)
    async def endpoint(request: Request) -> Response:
        try:
            stall, body = stall_of(request), await body_of(request)
            with stall.shop.lock:
                told = handler(stall, body)
                stall.shop.settle()
                return Response(msgspec.json.encode(told), media_type="application/json")
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint


async def reset(request: Request) -> Response:
    """Open one shop anew, or all."""
    world: World = request.app.state.world
    try:
        chosen = [stall_of(request)] if "shop" in request.query_params else list(world.stalls.values())
        for stall in chosen:
            stall.reset()
    except ValueError as error:  # also a dump to begin with that is gone
        return JSONResponse({"error": str(error)}, 422)
    return JSONResponse({"reset": [stall.opening.name for stall in chosen]})


# clock


def clock_state(clock: SimClock) -> Record:
    return {"now": clock.now().isoformat(), "stopped": clock.stopped}


def read_clock(stall: Stall, _body: Any) -> Record:
    return clock_state(stall.shop.clock)


def write_clock(stall: Stall, body: Any) -> Record:
    """`{"stop": true}`, `{"set": "2026-10-01T12:00:00Z"}`, `{"move": seconds}`, `{"go": true}`, in this order."""
    clock = stall.shop.clock
    known = {"set", "move", "stop", "go"}
    if not isinstance(body, dict) or not body or set(body) - known:
        raise Mistaken("a clock takes set, move, stop or go")
    if body.get("stop"):
        clock.stop()
    if "set" in body:
        moment = datetime.fromisoformat(body["set"])
        clock.set(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))  # noqa: UP017
    if "move" in body:
        clock.move(float(body["move"]))
    if body.get("go"):
        clock.go()
    return clock_state(clock)


# faults


def read_faults(stall: Stall, _body: Any) -> Record:
    return {"faults": stall.shop.faults.report()}


def write_faults(stall: Stall, body: Any) -> Record:
    """Replace the rules: a list of them, or one."""
    rules = body.get("faults", [body]) if isinstance(body, dict) else body
    if not isinstance(rules, list):
        raise Mistaken("faults are a list of rules")
    stall.shop.faults.set(rules)
    return read_faults(stall, None)


def drop_faults(stall: Stall, _body: Any) -> Record:
    stall.shop.faults.set([])
    return read_faults(stall, None)


# settings and state


LIMITS = frozenset({"plan", "maximum", "restore_rate", "available", "scopes", "tokens"})


def read_settings(stall: Stall, _body: Any) -> Record:
    shop = stall.shop
    return {
        "plan": shop.plan,
        "bucket": stall.bucket.status(),
        "scopes": sorted(shop.scopes),
        "settings": settings.shown(shop),
    }


def write_settings(stall: Stall, body: Any) -> Record:
    """Change limits while running: plan, or maximum and restore_rate, available; scopes; tokens; settings.NAMES."""
    if not isinstance(body, dict):
        raise Mistaken("settings are an object")
    if unknown := set(body) - settings.NAMES - LIMITS:
        known = ", ".join(sorted(settings.NAMES | LIMITS))
        raise Mistaken(f"unknown settings {', '.join(sorted(unknown))}: choose among {known}")
    if "plan" in body and body["plan"] not in PLANS:
        raise Mistaken(f"plan {body['plan']!r}: choose one of {', '.join(PLANS)}")
    settings.apply(stall.shop, body)
    _set_bucket(stall, body)
    if "scopes" in body:
        previous, stall.shop.scopes = stall.shop.scopes, set(body["scopes"])
        webhook_control.tell_of_scopes(stall.shop, previous)
    if "tokens" in body:
        stall.shop.tokens = set(body["tokens"])
    return read_settings(stall, None)


def _set_bucket(stall: Stall, body: Record) -> None:
    bucket = stall.bucket
    if "plan" in body:
        stall.shop.plan = body["plan"]
        webhook_control.tell_of_shop(stall.shop, "shop/update")
        bucket.resize(*PLANS[stall.shop.plan])
    if "maximum" in body or "restore_rate" in body:
        bucket.resize(body.get("maximum", bucket.maximum), body.get("restore_rate", bucket.restore_rate))
    if "available" in body:
        bucket.level = min(bucket.available(), float(body["available"]))


def read_state(stall: Stall, _body: Any) -> Record:
    return state.dump(stall.shop)


def write_state(stall: Stall, body: Any) -> Record:
    state.restore(stall.shop, body)
    return {"restored": {kind: len(table) for kind, table in stall.shop.tables.items()}}


# the truth


def read_truth(stall: Stall, asked: Any) -> Record:
    return truth.read(stall.shop, asked)


def write_truth(stall: Stall, body: Any) -> Record:
    return truth.change(stall.shop, body)


def drop_truth(stall: Stall, asked: Any) -> Record:
    return truth.remove(stall.shop, asked)


def routes() -> list[BaseRoute]:
    at = "/_simulator"
    return [
        Route(f"{at}/reset", reset, methods=["POST"]),
        Route(f"{at}/state", answering(read_state), methods=["GET"]),
        Route(f"{at}/state", answering(write_state), methods=["PUT", "POST"]),
        Route(f"{at}/clock", answering(read_clock), methods=["GET"]),
        Route(f"{at}/clock", answering(write_clock), methods=["POST"]),
        Route(f"{at}/faults", answering(read_faults), methods=["GET"]),
        Route(f"{at}/faults", answering(write_faults), methods=["POST", "PUT"]),
        Route(f"{at}/faults", answering(drop_faults), methods=["DELETE"]),
        Route(f"{at}/records", answering(read_truth), methods=["GET"]),
        Route(f"{at}/records", answering(write_truth), methods=["POST"]),
        Route(f"{at}/records", answering(drop_truth), methods=["DELETE"]),
        Route(f"{at}/webhooks", answering(webhook_control.read), methods=["GET"]),
        Route(f"{at}/webhooks", answering(webhook_control.tell), methods=["POST"]),
        Route(f"{at}/webhooks", answering(webhook_control.clear), methods=["DELETE"]),
        Route(f"{at}/uninstall", answering(webhook_control.uninstall), methods=["POST"]),
        Route(f"{at}/settings", answering(read_settings), methods=["GET"]),
        Route(f"{at}/settings", answering(write_settings), methods=["POST"]),
    ]
