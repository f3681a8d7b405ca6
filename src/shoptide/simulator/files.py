"""The addresses of files: staged uploads by form or signed PUT, results of bulk operations with Range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shoptide.simulator import disturbance

if TYPE_CHECKING:
    from starlette.requests import Request

    from shoptide.simulator.world import Stall, World

CREATED = (
    "<?xml version='1.0' encoding='UTF-8'?><PostResponse><Location>{location}</Location>"
    "<Bucket>shoptide-staged-uploads</Bucket><Key>{key}</Key><ETag>&quot;simulated&quot;</ETag></PostResponse>"
)
DENIED = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"


def stall_of(request: Request) -> Stall | None:
    world: World = request.app.state.world
    return world.stall(request.path_params["shop"])


def _xml(template: str, status: int, **values: str) -> Response:
    return Response(template.format(**values), status, media_type="application/xml")


async def upload_form(request: Request) -> Response:
    """A form with the target's fields, the file last; what follows the file is not read, as at Google's."""
    stall = stall_of(request)
    if stall is None:
        return _xml(DENIED, 404, code="NoSuchBucket", message="The specified bucket does not exist.")
    async with request.form(max_part_size=200 * 1024 * 1024) as form:
        names = list(form.keys())
        file, key = form.get("file"), form.get("key")
        if file is None or not isinstance(key, str) or names.index("key") > names.index("file"):
            return _xml(DENIED, 400, code="InvalidArgument", message="Cannot create buckets using a POST.")
        content = file.encode() if isinstance(file, str) else await file.read()

    def serve() -> Response:
        stall.shop.vault.put(key, content)
        return _xml(CREATED, 201, location=f"{request.url}{key}", key=key)

    return await disturbance.transfer(stall.shop.faults.strike("upload", [key]), serve)


async def upload_put(request: Request) -> Response:
    stall = stall_of(request)
    if stall is None:
        return _xml(DENIED, 404, code="NoSuchBucket", message="The specified bucket does not exist.")
    key, content = request.path_params["key"], await request.body()

    def serve() -> Response:
        stall.shop.vault.put(key, content)
        return Response(status_code=200)

    return await disturbance.transfer(stall.shop.faults.strike("upload", [key]), serve)


async def download(request: Request) -> Response:
    stall = stall_of(request)
    path = stall.shop.vault.path(request.path_params["key"]) if stall else None
    if stall is None or path is None:
        return _xml(DENIED, 404, code="NoSuchKey", message="The specified key does not exist.")
    expires = request.query_params.get("Expires", "")
    if expires.isdigit() and stall.shop.clock.now().timestamp() > int(expires):
        return _xml(DENIED, 400, code="ExpiredToken", message="The provided token has expired.")
    fault = stall.shop.faults.strike("download", [request.path_params["key"]])
    if fault is not None and fault.action in ("truncate", "corrupt"):
        return disturbance.Served(path, fault)
    return await disturbance.transfer(fault, lambda: disturbance.Served(path))


def routes() -> list[BaseRoute]:
    return [
        Route("/_staged/{shop}/", upload_form, methods=["POST"]),
        Route("/_staged/{shop}/{key:path}", upload_form, methods=["POST"]),
        Route("/_staged/{shop}/{key:path}", upload_put, methods=["PUT"]),
        Route("/_files/{shop}/{key:path}", download, methods=["GET", "HEAD"]),
    ]
