"""Where files are sent before a mutation reads them: targets as Google's bucket gives them, served by this process."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from shoptide.simulator.registry import Args, mutation, user_error

if TYPE_CHECKING:
    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record

FOLDERS = {
    "BULK_MUTATION_VARIABLES": "bulk",
    "URL_REDIRECT_IMPORT": "redirect_imports",
    "RETURN_LABEL": "return_labels",
    "DISPUTE_FILE_UPLOAD": "payments_file_uploads",
    "IMAGE": "products",
    "PRODUCT_IMAGE": "products",
    "COLLECTION_IMAGE": "collections",
    "SHOP_IMAGE": "shop_images",
    "FILE": "files",
}
ROOT_ONLY = ("BULK_MUTATION_VARIABLES", "URL_REDIRECT_IMPORT")  # the key is all that is needed afterwards
RENAMED = ("RETURN_LABEL",)
SIZED = {"VIDEO": "video", "MODEL_3D": "3D model"}
IMAGES = ("IMAGE", "PRODUCT_IMAGE", "COLLECTION_IMAGE", "SHOP_IMAGE")
FORMATS = frozenset(
    f"image/{name}" for name in ("png", "jpeg", "jpg", "gif", "webp", "svg+xml", "heic", "heif", "tiff", "bmp")
)
LARGEST = 104_857_600
REFUSED: Record = {"url": None, "resourceUrl": None, "parameters": []}


@mutation("stagedUploadsCreate")
def create(args: Args, ctx: Context) -> Record:
    targets, errors = [], []
    for index, wanted in enumerate(args["input"]):
        error = _error(wanted, index)
        errors += [error] if error else []
        targets.append(dict(REFUSED) if error else _target(wanted, ctx))
    return {"stagedTargets": targets, "userErrors": errors}


def _error(wanted: Record, index: int) -> Record | None:
    resource = wanted["resource"]
    if resource in SIZED and not wanted.get("fileSize"):
        return user_error(["input", str(index), "fileSize"], f"file size is required for {SIZED[resource]} resources")
    if resource in IMAGES and wanted["mimeType"] not in FORMATS:
        message = f"{wanted['filename']}: ({wanted['mimeType']}) is not a recognized format"
        return user_error(["input", str(index), "mimeType"], message)
    return None


def _target(wanted: Record, ctx: Context) -> Record:
    if wanted["resource"] in SIZED:
        return _media_target(wanted, ctx)
    bucket = f"{ctx.url}/_staged/{ctx.shop.domain.split('.')[0]}/"
    key = _key(wanted, ctx)
    resource_url = bucket if wanted["resource"] in ROOT_ONLY else bucket + key
    if wanted.get("httpMethod", "PUT") == "PUT":
        url = f"{bucket}{key}?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature={uuid.uuid4().hex}"
        signed = [{"name": "content_type", "value": wanted["mimeType"]}, {"name": "acl", "value": "private"}]
        whole = url if wanted["resource"] in ROOT_ONLY else resource_url
        return {"url": url, "resourceUrl": whole, "parameters": signed}
    return {"url": bucket, "resourceUrl": resource_url, "parameters": _form(wanted, key, ctx)}


def _key(wanted: Record, ctx: Context) -> str:
    name = wanted["filename"]
    if wanted["resource"] in RENAMED:
        name = uuid.uuid4().hex + (f".{name.rsplit('.', 1)[1]}" if "." in name else "")
    return f"tmp/{ctx.shop.number}/{FOLDERS[wanted['resource']]}/{uuid.uuid4()}/{name}"


def _form(wanted: Record, key: str, ctx: Context) -> list[Record]:
    """The form's fields in their order; the file comes last."""
    moment = ctx.now.strftime("%Y%m%dT%H%M%SZ")
    fields = {
        "Content-Type": wanted["mimeType"],
        "success_action_status": "201",
        "acl": "private",
        "key": key,
        "x-goog-date": moment,
        "x-goog-credential": f"simulated@shoptide.iam.gserviceaccount.com/{moment[:8]}/auto/storage/goog4_request",
        "x-goog-algorithm": "GOOG4-RSA-SHA256",
        "x-goog-signature": uuid.uuid4().hex * 4,
        "policy": _policy(wanted, key, ctx),
    }
    return [{"name": name, "value": value} for name, value in fields.items()]


def _policy(wanted: Record, key: str, ctx: Context) -> str:
    conditions = [
        {"Content-Type": wanted["mimeType"]},
        {"success_action_status": "201"},
        {"acl": "private"},
        ["content-length-range", 1, LARGEST],
        {"key": key},
    ]
    expiration = (ctx.now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return base64.b64encode(json.dumps({"conditions": conditions, "expiration": expiration}).encode()).decode()


def _media_target(wanted: Record, ctx: Context) -> Record:
    bucket = f"{ctx.url}/_staged/{ctx.shop.domain.split('.')[0]}"
    token, number = uuid.uuid4().hex[:16], ctx.shop.new_number("StagedMedia")
    if wanted["resource"] == "VIDEO":
        key, url = f"c/o/v/{uuid.uuid4().hex}.mp4", f"{bucket}/"
        resource_url = f"{url}?external_video_id={number}"
    else:
        key = f"models/{token}/{wanted['filename']}"
        url = resource_url = (
            f"{bucket}/{key}?external_model3d_id={base64.b64encode(f'model3d-{number}'.encode()).decode()}"
        )
    values = {"GoogleAccessId": "simulated@shoptide.example", "key": key, "policy": token, "signature": token}
    parameters = [{"name": name, "value": value} for name, value in values.items()]
    return {"url": url, "resourceUrl": resource_url, "parameters": parameters}
