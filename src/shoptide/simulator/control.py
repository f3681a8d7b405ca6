"""Control of the simulator under /_simulator/."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route


async def reset(request: Request) -> Response:
    request.app.state.world.reset()
    return JSONResponse({"reset": True})


def routes() -> list[BaseRoute]:
    return [Route("/_simulator/reset", reset, methods=["POST"])]
