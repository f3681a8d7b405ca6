"""Brings a file of rows to where a bulk mutation reads it: a staged upload, as one multipart form (FACTS §5, 2.3)."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from shoptide.errors import ApiError, BadRequest, InputTooLarge, ServerFault
from shoptide.shopify.replies import Call, Reply
from shoptide.shopify.transport import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shoptide.shopify.client import AdminClient

log = logging.getLogger(__name__)

LIMIT = 100 * 1024 * 1024  # bytes of one file
CHUNK = 1 << 20

CREATE = """mutation StagedUpload($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url parameters { name value } }
    userErrors { field message }
  }
}"""


def upload(client: AdminClient, path: Path) -> str:
    """Upload a JSONL file of mutation variables; returns the `stagedUploadPath` for `bulk.start_mutation`.

    Raises InputTooLarge above 100 MB, BadRequest for an empty file or a refused upload. Uploading twice is harmless:
    nothing reads the file before a bulk mutation names it.
    """
    size = path.stat().st_size
    if size > LIMIT:
        raise InputTooLarge(f"{path}: {size} bytes, and a bulk mutation reads at most {LIMIT}", hint="split the file")
    if size == 0:
        raise BadRequest(f"{path}: the file is empty", hint="there is nothing to send")
    target = _target(client, path.name)
    fields = [(each["name"], each["value"]) for each in target["parameters"]]
    _post(client, target["url"], fields, path)
    log.info("staging.uploaded", extra={"shop": client.domain, "file": path.name, "bytes": size})
    return _staged_path(client, dict(fields))


def _target(client: AdminClient, name: str) -> dict[str, Any]:
    wanted = {
        "filename": name,
        "mimeType": "text/jsonl",
        "resource": "BULK_MUTATION_VARIABLES",
        "httpMethod": "POST",
    }
    payload = client.execute(CREATE, {"input": [wanted]}).data["stagedUploadsCreate"]
    targets = payload.get("stagedTargets") or []
    if payload.get("userErrors") or not targets or not targets[0].get("url"):
        told = "; ".join(each["message"] for each in payload.get("userErrors") or ()) or "no target was given"
        raise BadRequest(f"{client.domain}: Shopify gives no place for the upload: {told}")
    found: dict[str, Any] = targets[0]
    return found


def _staged_path(client: AdminClient, fields: dict[str, str]) -> str:
    if "key" not in fields:
        raise BadRequest(f"{client.domain}: the staged upload has no key, which a bulk mutation needs to find the file")
    return fields["key"]


def _post(client: AdminClient, url: str, fields: list[tuple[str, str]], path: Path) -> None:
    boundary = uuid.uuid4().hex
    head, tail = _form(boundary, fields, path.name)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + path.stat().st_size + len(tail)),
    }
    request = client.http.build_request("POST", url, content=_stream(head, path, tail), headers=headers)
    reply = exchange(client.http, request, Call(client.domain, "upload", path.name))
    if reply.status not in (200, 201, 204):
        raise _refused(client, reply)


def _form(boundary: str, fields: list[tuple[str, str]], name: str) -> tuple[bytes, bytes]:
    """What goes before and after the file: every parameter in the given order, the file last, as the bucket demands."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields
    ]
    shown = name.replace("\\", "_").replace('"', "_")
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{shown}"\r\n'
    head = "".join(parts) + file + "Content-Type: text/jsonl\r\n\r\n"
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


def _stream(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
    yield tail


def _refused(client: AdminClient, reply: Reply) -> ApiError:
    kind = ServerFault if reply.status >= 500 else BadRequest
    return kind(f"{client.domain}: the upload was refused ({reply.status})", status=reply.status)
