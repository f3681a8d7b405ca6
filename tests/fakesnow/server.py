"""fakesnow as a server on the loopback, for the driver's present version; run by a Python of its own.

What is supplemented here, fakesnow 0.12 lacks: the driver's version 5 wants more of a login's answer and of where files
go, and times that are null marked so. Nothing of it is Shoptide's.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import fakesnow

start = fakesnow.server  # a function, until the module of the same name is imported
server, arrow = importlib.import_module("fakesnow.server"), importlib.import_module("fakesnow.arrow")
LOGIN = "/session/v1/login-request"
login, stage_info, as_struct = server.login_request, server.gcs_stage_info, arrow.timestamp_to_sf_struct


async def whole_login(request: Request) -> JSONResponse:
    body = json.loads(bytes((await login(request)).body))
    body["data"] |= {
        "masterToken": "master",
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "sessionId": 1,
    }
    return JSONResponse(body)


def whole_stage_info(request: Request, expression: Any, upload: Any) -> dict[str, Any]:
    upload["overwrite"] = True
    found: dict[str, Any] = stage_info(request, expression, upload)
    return found | {"region": "us-central1", "isClientSideEncrypted": False, "creds": {"GCS_ACCESS_TOKEN": ""}}


def struct_with_nulls(moments: Any) -> Any:
    whole = moments.combine_chunks() if isinstance(moments, pa.ChunkedArray) else moments
    if not whole.null_count:
        return as_struct(whole)
    found = as_struct(pc.fill_null(whole, pa.scalar(0, whole.type)))
    fields = [found.type.field(at) for at in range(found.type.num_fields)]
    return pa.StructArray.from_arrays(found.flatten(), fields=fields, mask=whole.is_null())


server.gcs_stage_info = whole_stage_info
arrow.timestamp_to_sf_struct = struct_with_nulls
routes = server.app.router.routes
routes[:] = [Route(LOGIN, whole_login, methods=["POST"]), *(route for route in routes if route.path != LOGIN)]

with start() as connection:
    sys.stdout.write(f"{connection['port']}\n")
    sys.stdout.flush()
    os.dup2(2, 1)  # it tells of each request there, and nobody reads on
    sys.stdin.read()  # until whoever started it goes
