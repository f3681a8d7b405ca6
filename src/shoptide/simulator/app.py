"""The simulator over HTTP: the Admin API's addresses, tokens, versions and headers."""

from __future__ import annotations

import json
import logging
import uuid
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLSyntaxError, OperationDefinitionNode
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from shoptide.shopify.schema import LATEST_VERSION, SUPPORTED_VERSIONS
from shoptide.simulator import control, disturbance, files, oauth
from shoptide.simulator.execution import Request, internal_error, throttled
from shoptide.simulator.execution import parsed as parsed_document
from shoptide.simulator.world import Reply, Stall, World

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

log = logging.getLogger(__name__)

FAULTY_COST = 100  # what a call throttled on request is told it asked for
INVALID_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105  # a message


def create_app(world: World) -> disturbance.Abortable:
    """The ASGI application of a world; `app.state.world` is that world."""
    admin: list[BaseRoute] = [
        Route("/admin/api/{version}/graphql.json", graphql, methods=["POST"]),
        Route("/admin/oauth/access_token", access_token, methods=["POST"]),
    ]
    # What is asked most stands first: addresses are tried in this order.
    app = Starlette(routes=[*admin, Mount("/shops/{shop}", routes=admin), *files.routes(), *control.routes()])
    app.state.world = world
    return disturbance.Abortable(app)


def stall_of(request: HttpRequest) -> Stall | None:
    world: World = request.app.state.world
    return world.stall(request.path_params.get("shop"))


def origin(request: HttpRequest) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def served_version(asked: str) -> str | None:
    """Shopify answers an old version with the oldest it supports, and knows no version of the future."""
    if asked in SUPPORTED_VERSIONS:
        return asked
    if asked == "unstable":
        return LATEST_VERSION
    return SUPPORTED_VERSIONS[0] if asked < SUPPORTED_VERSIONS[0] and asked[:2] == "20" else None


def json_response(reply: Reply, version: str, stall: Stall) -> Response:
    headers = {
        "X-Shopify-API-Version": version,
        "X-Request-Id": f"{uuid.uuid4()}-{int(stall.shop.clock.now().timestamp())}",
        "Date": format_datetime(stall.shop.clock.now(), usegmt=True),
        **reply.headers,
    }
    if isinstance(reply.body, str):
        return Response(reply.body, reply.status, {"Content-Type": "text/html; charset=utf-8", **headers})
    body = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, reply.status, {"Content-Type": "application/json; charset=utf-8", **headers})


async def graphql(request: HttpRequest) -> Response:
    stall = stall_of(request)
    version = served_version(request.path_params["version"])
    if stall is None or version is None:
        return JSONResponse({"errors": "Not Found"}, 404)
    oauth.expire(stall)
    if request.headers.get("X-Shopify-Access-Token") not in stall.shop.tokens:
        return json_response(Reply(401, {"errors": INVALID_TOKEN}), version, stall)
    try:
        parsed = body_of(await request.body())
    except ClientDisconnect:  # nobody is there to read the answer
        return Response(status_code=499)
    if isinstance(parsed, Reply):
        return json_response(parsed, version, stall)
    debug = request.headers.get("Shopify-GraphQL-Cost-Debug") == "1"
    url = origin(request)

    def run() -> Reply:
        try:
            return Reply(200, stall.execute(parsed, version, url, debug=debug))
        except Exception:  # the store's own mistake, whatever it is: Shopify answers it so
            log.exception("simulator.failed")
            return Reply(200, internal_error())

    fault = stall.shop.faults.strike("graphql", names_of(parsed)) if stall.shop.faults.standing else None
    reply = await disturbance.carry_out(fault, run, lambda: Reply(200, throttled(FAULTY_COST, stall.bucket)))
    return reply if isinstance(reply, Response) else json_response(reply, version, stall)


def names_of(request: Request) -> list[str]:
    """What a rule for faults may call this request: its operation's name and its root fields."""
    try:
        document = parsed_document(request.query)
    except GraphQLSyntaxError:
        return []
    names = [request.operation_name] if request.operation_name else []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            names += [node.name.value] if node.name else []
            names += [field.name.value for field in node.selection_set.selections if isinstance(field, FieldNode)]
    return names


def body_of(raw: bytes) -> Request | Reply:
    """The GraphQL request in a body, or the 400 that a body without one gets."""
    try:
        value: Any = json.loads(raw)
    except ValueError:
        return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}})
    if not isinstance(value, dict) or not isinstance(value.get("query"), str):
        return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}})
    variables = value.get("variables")
    return Request(value["query"], variables if isinstance(variables, dict) else {}, value.get("operationName"))


async def access_token(request: HttpRequest) -> Response:
    stall = stall_of(request)
    if stall is None:
        return JSONResponse({"errors": "Not Found"}, 404)
    form = await oauth.form_of(request)
    fault = stall.shop.faults.strike("token", [form.get("grant_type", "")])
    return await disturbance.transfer(fault, lambda: oauth.answer(stall, form))
