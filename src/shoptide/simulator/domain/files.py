"""Files of the shop: created from an address, what kind of file that makes, changed, put on products, deleted."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from shoptide.simulator.context import Context
from shoptide.simulator.domain import media
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

GENERIC = "GenericFile"
KINDS = (*media.KINDS.values(), GENERIC)
LONGEST_ALT = 512
VIDEO_HOSTS = ("youtube.com", "youtu.be", "vimeo.com")
ENDINGS = {
    "IMAGE": ("png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "tif", "tiff", "bmp"),
    "VIDEO": ("mp4", "mov", "m4v", "webm"),
    "MODEL_3D": ("glb", "usdz"),
}
TYPES = {"pdf": "application/pdf", "csv": "text/csv", "json": "application/json", "zip": "application/zip"}


def name_of(address: str) -> str:
    return PurePosixPath(urlsplit(address).path).name


def ending(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def content_of(given: Args) -> str:
    """The kind of file given, or what its address tells."""
    if given.get("contentType"):
        return str(given["contentType"])
    address = given["originalSource"]
    if any((urlsplit(address).hostname or "").endswith(name) for name in VIDEO_HOSTS):
        return "EXTERNAL_VIDEO"
    found = ending(given.get("filename") or name_of(address))
    if not found:
        return "IMAGE"
    return next((kind for kind, endings in ENDINGS.items() if found in endings), "FILE")


def record_of(shop: Shop, gid: str | None) -> Record | None:
    return shop.get(gid) if gid and kind_of(gid) in KINDS else None


def _filename(record: Record) -> str:
    return str(record.get("_name") or name_of(record["_source"]))


def _named(shop: Shop, name: str) -> Record | None:
    return next((row for kind in KINDS for row in shop.table(kind) if _filename(row) == name), None)


# creating


@mutation("fileCreate")
def create(args: Args, ctx: Context) -> Record:
    """All of them or none."""
    files = [{**entry, "mediaContentType": content_of(entry)} for entry in args["files"]]
    errors = [error for index, entry in enumerate(files) for error in _creation_problems(entry, str(index), ctx.shop)]
    if errors:
        return {"files": None, "userErrors": errors}
    return {"files": [_made(ctx.shop, entry) for entry in files], "userErrors": []}


def _creation_problems(entry: Args, index: str, shop: Shop) -> list[Record]:
    at, content = ["files", index], entry["mediaContentType"]
    found = [] if content == "FILE" else media.source_problems([entry])
    found = [{**error, "field": [*at, "originalSource"]} for error in found]
    if content == "FILE" and not media.ADDRESS.match(entry["originalSource"]):
        found.append(user_error([*at, "originalSource"], "File URL is invalid", "INVALID"))
    if len(entry.get("alt") or "") > LONGEST_ALT:
        found.append(_long_alt(at))
    name, mode = entry.get("filename"), entry.get("duplicateResolutionMode") or "APPEND_UUID"
    if name and ending(name) != ending(name_of(entry["originalSource"])):
        message = "Cannot create file with custom filename which does not match original source extension."
        found.append(user_error([*at, "filename"], message, "MISMATCHED_FILENAME_AND_ORIGINAL_SOURCE"))
    return found or _duplicate_problems(entry, mode, at, shop)


def _duplicate_problems(entry: Args, mode: str, at: list[str], shop: Shop) -> list[Record]:
    name, content = entry.get("filename"), entry["mediaContentType"]
    if mode == "REPLACE" and content not in ("IMAGE", "FILE"):
        message = f"Duplicate resolution mode '{mode}' is not supported for '{content}' media type."
        return [user_error([*at, "duplicateResolutionMode"], message, "INVALID_DUPLICATE_MODE_FOR_TYPE")]
    if mode == "REPLACE" and not name:
        message = "Duplicate resolution mode REPLACE cannot be used without specifying filename."
        return [user_error([*at, "filename"], message, "MISSING_FILENAME_FOR_DUPLICATE_MODE_REPLACE")]
    if mode == "RAISE_ERROR" and _named(shop, name or name_of(entry["originalSource"])):
        return [user_error([*at, "filename"], "The provided filename already exists.", "FILENAME_ALREADY_EXISTS")]
    return []


def _long_alt(at: list[str]) -> Record:
    message = f"The alt value exceeds the maximum limit of {LONGEST_ALT} characters."
    return user_error([*at, "alt"], message, "ALT_VALUE_LIMIT_EXCEEDED")


def _made(shop: Shop, entry: Args) -> Record:
    """A new file; one that replaces another takes its place, one of the same name gets another name."""
    name = entry.get("filename") or name_of(entry["originalSource"])
    held = _named(shop, name) if name else None
    if held is not None and entry.get("duplicateResolutionMode") == "REPLACE":
        held.update(_source=entry["originalSource"], alt=entry.get("alt") or held["alt"], _born=shop.changes)
        shop.touch(held)
        return held
    if held is not None:
        path = PurePosixPath(name)
        name = f"{path.stem}_{uuid.uuid4()}{path.suffix}"
    return _new(shop, {**entry, "filename": name})


def _new(shop: Shop, entry: Args) -> Record:
    if entry["mediaContentType"] in media.KINDS:
        record = media.media_record(shop, entry)
    else:
        now = shop.stamp()
        record = {"id": shop.new_id(GENERIC), "alt": entry.get("alt") or "", "createdAt": now, "updatedAt": now}
        record.update(_source=entry["originalSource"], _born=shop.changes, mediaContentType="FILE")
    record["_name"] = entry["filename"]
    return shop.table(kind_of(record["id"])).put(record)


# changing


@mutation("fileUpdate")
def update(args: Args, ctx: Context) -> Record:
    """Only files that are ready change; all of them or none."""
    gone = [entry["id"] for entry in args["files"] if record_of(ctx.shop, entry["id"]) is None]
    if gone:
        return {"files": None, "userErrors": [_unknown(gone, "files")]}
    errors = [error for index, entry in enumerate(args["files"]) for error in _update_problems(entry, str(index), ctx)]
    if errors:
        return {"files": None, "userErrors": errors}
    return {"files": [_changed(entry, ctx) for entry in args["files"]], "userErrors": []}


def _unknown(gids: list[str], name: str) -> Record:
    what = f"File id {gids[0]} does not exist." if len(gids) == 1 else f"File ids {','.join(gids)} do not exist."
    return user_error([name], what, "FILE_DOES_NOT_EXIST")


def _update_problems(entry: Args, index: str, ctx: Context) -> list[Record]:
    at, record = ["files", index], ctx.shop.get(entry["id"]) or {}
    found = []
    if media.status(record, ctx) != "READY":
        found.append(user_error(["files"], "Non-ready files cannot be updated.", "NON_READY_STATE"))
    if len(entry.get("alt") or "") > LONGEST_ALT:
        found.append(_long_alt(at))
    if entry.get("originalSource") and entry.get("previewImageSource"):
        message = "Specify either originalSource or previewImageSource, not both."
        found.append(user_error(at, message, "INVALID"))
    if entry.get("originalSource") and not media.ADDRESS.match(entry["originalSource"]):
        found.append(user_error([*at, "originalSource"], "Image URL is invalid", "INVALID"))
    found += _rename_problems(entry, record, at)
    for name in ("referencesToAdd", "referencesToRemove"):
        for gid in entry.get(name) or []:
            if kind_of(gid) != "Product":
                message = "The file type is not supported for referencing."
                found.append(user_error([*at, name], message, "UNSUPPORTED_FILE_REFERENCE"))
            elif ctx.shop.get(gid) is None:
                message = "The reference target does not exist."
                found.append(user_error([*at, name], message, "REFERENCE_TARGET_DOES_NOT_EXIST"))
    return found


def _rename_problems(entry: Args, record: Record, at: list[str]) -> list[Record]:
    name = entry.get("filename")
    if not name:
        return []
    if record["mediaContentType"] not in ("IMAGE", "FILE"):
        message = "Filename update is only supported on Image and GenericFile."
        return [user_error([*at, "filename"], message, "UNSUPPORTED_MEDIA_TYPE_FOR_FILENAME_UPDATE")]
    if ending(name) != ending(_filename(record)):
        message = "The filename extension provided must match the original filename."
        return [user_error([*at, "filename"], message, "INVALID_FILENAME_EXTENSION")]
    return []


def _changed(entry: Args, ctx: Context) -> Record:
    shop, record = ctx.shop, ctx.shop.get(entry["id"]) or {}
    if entry.get("alt") is not None:
        record["alt"] = entry["alt"]
    record["_source"] = entry.get("originalSource") or record["_source"]
    record["_name"] = entry.get("filename") or record.get("_name")
    record["_settled"] = True
    shop.touch(record)
    for gid in entry.get("referencesToAdd") or []:
        product: Any = shop.get(gid)
        if record["id"] not in product["_media"]:
            product["_media"] = [*product["_media"], record["id"]]
            media.note_change(shop, product)
    for gid in entry.get("referencesToRemove") or []:
        product = shop.get(gid)
        if record["id"] in product["_media"]:
            product["_media"] = [each for each in product["_media"] if each != record["id"]]
            media.release(shop, product, {record["id"]})
            media.note_change(shop, product)
    return record


@mutation("fileAcknowledgeUpdateFailed")
def acknowledge(args: Args, ctx: Context) -> Record:
    """Nothing fails here: there is nothing to acknowledge."""
    gone = [gid for gid in args["fileIds"] if record_of(ctx.shop, gid) is None]
    if gone:
        return {"files": None, "userErrors": [_unknown(gone, "fileIds")]}
    message = "File is not in a failed state."
    return {"files": None, "userErrors": [user_error(["fileIds"], message, "INVALID_FAILED_MEDIA_STATE")]}


@mutation("fileDelete")
def delete(args: Args, ctx: Context) -> Record:
    gone = [gid for gid in args["fileIds"] if record_of(ctx.shop, gid) is None]
    if gone:
        return {"deletedFileIds": None, "userErrors": [_unknown(gone, "fileIds")]}
    for gid in args["fileIds"]:
        media.drop(ctx.shop, gid)
    return {"deletedFileIds": args["fileIds"], "userErrors": []}


# reading


@root("files")
def files(_args: Args, ctx: Context) -> Listing:
    return Listing("File", [row for kind in KINDS for row in ctx.shop.table(kind)], root="files")


@field(GENERIC, "fileStatus")
def file_status(record: Record, _args: Args, ctx: Context) -> str:
    return media.status(record, ctx)


@field(GENERIC, "url")
def url(record: Record, _args: Args, ctx: Context) -> str | None:
    if not media.ready(record, ctx):
        return None
    name = f"{_filename(record)}?v={tail_of(record['id'])}"
    return f"https://cdn.shopify.com/s/files/1/{ctx.shop.number}/files/{name}"


@field(GENERIC, "mimeType")
def mime_type(record: Record, _args: Args, ctx: Context) -> str | None:
    return TYPES.get(ending(_filename(record)), "text/plain") if media.ready(record, ctx) else None


@field(GENERIC, "originalFileSize")
def size(record: Record, _args: Args, ctx: Context) -> int | None:
    return 125_000 if media.ready(record, ctx) else None


@field(GENERIC, "preview")
def preview(record: Record, _args: Args, ctx: Context) -> Record:
    return {"image": None, "status": media.status(record, ctx)}


@field("Video", "filename")
@field("Model3d", "filename")
def filename(record: Record, _args: Args, _ctx: Context) -> str:
    return _filename(record)


MEDIA_TYPES = ("image", "video", "model3d", "externalvideo", "genericfile")
search(
    "File",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "filename": words(lambda row, _shop: _filename(row)),
        "media_type": token(lambda row, _shop: kind_of(row["id"]).lower().replace("mediaimage", "image"), MEDIA_TYPES),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
        "used_in": token(
            lambda row, shop: (
                "product" if any(row["id"] in each["_media"] for each in shop.table("Product")) else "none"
            )
        ),
    },
    text=[lambda row, _shop: _filename(row), lambda row, _shop: row["alt"]],
)
sort(
    "files",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "FILENAME": lambda row, _shop: _filename(row),
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
        "ORIGINAL_UPLOAD_SIZE": lambda row, _shop: int(tail_of(row["id"])),
    },
    default="ID",
)
