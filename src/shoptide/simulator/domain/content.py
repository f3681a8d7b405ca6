"""The online store's content: pages, blogs with their articles, redirects of addresses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import handles, text
from shoptide.simulator.domain.metafields import drop_of, write_metafields
from shoptide.simulator.paging import found
from shoptide.simulator.registry import (
    Args,
    Listing,
    boolean,
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
from shoptide.simulator.shop import Record, Shop, tail_of

PAGE, BLOG, ARTICLE, REDIRECT = "Page", "Blog", "Article", "UrlRedirect"
LONGEST = 255


def _key(kind: str) -> str:
    return kind[0].lower() + kind[1:]


# checks and values all kinds share


def _problems(kind: str, given: Args, held: Record | None, shop: Shop) -> list[Record]:
    at = _key(kind)
    wrong = []
    if (held is None or "title" in given) and not (given.get("title") or "").strip():
        wrong.append(user_error([at, "title"], "Title can't be blank", "BLANK"))
    if len(given.get("title") or "") > LONGEST:
        wrong.append(user_error([at, "title"], f"Title is too long (maximum is {LONGEST} characters)", "TOO_LONG"))
    if len(given.get("handle") or "") > LONGEST:
        wrong.append(user_error([at, "handle"], f"Handle is too long (maximum is {LONGEST} characters)", "TOO_LONG"))
    other = handles.holder(shop, kind, handles.slug(given["handle"])) if given.get("handle") else None
    if other is not None and other is not held:
        wrong.append(user_error([at, "handle"], "Handle has already been taken", "TAKEN"))
    return wrong


def _apply(record: Record, given: Args, kind: str, shop: Shop) -> None:
    for name in ("title", "body", "summary", "templateSuffix", "commentPolicy", "image"):
        if name in given:
            record[name] = given[name]
    if "tags" in given:
        record["tags"] = text.tags(given["tags"] or [])
    if given.get("author"):
        record["author"] = {"name": given["author"].get("name") or "Shop owner"}
    if given.get("handle") or "handle" not in record:
        record["handle"] = handles.wanted(shop, kind, given.get("handle"), record["title"], record)
    if kind != BLOG:
        _publish(record, given, shop)


def _publish(record: Record, given: Args, shop: Shop) -> None:
    """Shown unless the input says otherwise; a date in the future waits."""
    if given.get("publishDate"):
        record["publishedAt"] = given["publishDate"]
    elif given.get("isPublished") is False:
        record["publishedAt"] = None
    elif given.get("isPublished") or "publishedAt" not in record:
        record["publishedAt"] = record.get("publishedAt") or shop.stamp()


def _write(kind: str, given: Args, held: Record | None, ctx: Context, **more: Any) -> Record:
    """Create or change one; the payload of its mutation."""
    shop, key = ctx.shop, _key(kind)
    if errors := _problems(kind, given, held, shop):
        return {key: None, "userErrors": errors}
    record: Record = held or {"id": shop.new_id(kind), "createdAt": shop.stamp(), "body": "", "tags": [], **more}
    _apply(record, given, kind, shop)
    record.update(more)
    shop.touch(record)
    shop.table(kind).put(record)
    if errors := write_metafields(ctx, record, given.get("metafields") or [], at=(key, "metafields")):
        if held is None:
            shop.table(kind).remove(record["id"])
        return {key: None, "userErrors": errors}
    return {key: record, "userErrors": []}


def _missing(kind: str) -> Record:
    return user_error(["id"], f"{kind} does not exist", "NOT_FOUND")


def _register(kind: str) -> None:
    key = _key(kind)

    def update(args: Args, ctx: Context) -> Record:
        held = ctx.shop.table(kind).get(args["id"])
        return _write(kind, args[key], held, ctx) if held else {key: None, "userErrors": [_missing(kind)]}

    def delete(args: Args, ctx: Context) -> Record:
        name = f"deleted{kind}Id"
        if ctx.shop.table(kind).remove(args["id"]) is None:
            return {name: None, "userErrors": [_missing(kind)]}
        drop_of(ctx.shop, args["id"])
        for article in [row for row in ctx.shop.table(ARTICLE) if row["blog"] == args["id"]]:
            ctx.shop.table(ARTICLE).remove(article["id"])
        return {name: args["id"], "userErrors": []}

    if kind != ARTICLE:
        mutation(f"{key}Create")(lambda args, ctx: _write(kind, args[key], None, ctx))
        mutation(f"{key}Update")(update)
    mutation(f"{key}Delete")(delete)


for _kind in (PAGE, BLOG, ARTICLE):
    _register(_kind)


# articles are of a blog


def _blog_of(args: Args, ctx: Context) -> tuple[str | None, Record | None]:
    """The blog an article goes to: named, made by its title, or an error."""
    given, wanted = args["article"], args.get("blog")
    if given.get("blogId") and wanted:
        message = "Can't create a blog from input if a blog ID is supplied."
        return None, user_error(["article"], message, "AMBIGUOUS_BLOG")
    if given.get("blogId"):
        if ctx.shop.table(BLOG).get(given["blogId"]) is None:
            return None, user_error(["article", "blogId"], "Must reference an existing blog.", "NOT_FOUND")
        return given["blogId"], None
    if wanted:
        payload = _write(BLOG, wanted, None, ctx)
        return (None, payload["userErrors"][0]) if payload["userErrors"] else (payload["blog"]["id"], None)
    return None, None


def _author_problem(given: Args) -> Record | None:
    author = given.get("author") or {}
    if author.get("name") and author.get("userId"):
        message = "Can't create an article author if both author name and user ID are supplied."
        return user_error(["article"], message, "AMBIGUOUS_AUTHOR")
    if not author.get("name") and not author.get("userId"):
        message = "Can't create an article if both author name and user ID are blank."
        return user_error(["article"], message, "AUTHOR_FIELD_REQUIRED")
    return None


@mutation("articleCreate")
def create_article(args: Args, ctx: Context) -> Record:
    if problem := _author_problem(args["article"]):
        return {"article": None, "userErrors": [problem]}
    blog, problem = _blog_of(args, ctx)
    if problem is None and blog is None:
        message = "Must reference or create a blog when creating an article."
        problem = user_error(["article"], message, "BLOG_REFERENCE_REQUIRED")
    if problem is not None:
        return {"article": None, "userErrors": [problem]}
    return _write(ARTICLE, args["article"], None, ctx, blog=blog)


@mutation("articleUpdate")
def update_article(args: Args, ctx: Context) -> Record:
    held = ctx.shop.table(ARTICLE).get(args["id"])
    if held is None:
        return {"article": None, "userErrors": [_missing(ARTICLE)]}
    blog, problem = _blog_of(args, ctx)
    if problem is not None:
        return {"article": None, "userErrors": [problem]}
    return _write(ARTICLE, args["article"], held, ctx, blog=blog or held["blog"])


# reading


@field(PAGE, "isPublished")
@field(ARTICLE, "isPublished")
def is_published(record: Record, _args: Args, ctx: Context) -> bool:
    return record.get("publishedAt") is not None and record["publishedAt"] <= ctx.shop.stamp()


@field(PAGE, "bodySummary")
def body_summary(record: Record, _args: Args, _ctx: Context) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", record.get("body") or "").split())[:150]


@field(PAGE, "defaultCursor")
@field(ARTICLE, "defaultCursor")
def cursor(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(BLOG, "articles")
def articles(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(ARTICLE, _articles(ctx.shop, record))


def _articles(shop: Shop, record: Record) -> list[Record]:
    return [row for row in shop.table(ARTICLE) if row["blog"] == record["id"]]


@field(BLOG, "articlesCount")
def articles_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_articles(ctx.shop, record)), "precision": "EXACT"}


@field(BLOG, "tags")
def blog_tags(record: Record, _args: Args, ctx: Context) -> list[str]:
    return text.tags([tag for row in _articles(ctx.shop, record) for tag in row["tags"]])


@field(BLOG, "commentPolicy")
def comment_policy(record: Record, _args: Args, _ctx: Context) -> str:
    return record.get("commentPolicy") or "CLOSED"


@root("articleTags")
def article_tags(args: Args, ctx: Context) -> list[str]:
    return text.tags([tag for row in ctx.shop.table(ARTICLE) for tag in row["tags"]])[: args["limit"]]


@root("articleAuthors")
def article_authors(_args: Args, ctx: Context) -> Listing:
    names = dict.fromkeys(row["author"]["name"] for row in ctx.shop.table(ARTICLE) if row.get("author"))
    return Listing("", [{"name": name} for name in names])


COMMON = {
    "id": numeric_id(lambda row, _shop: row["id"]),
    "title": words(lambda row, _shop: row["title"]),
    "handle": token(lambda row, _shop: row["handle"]),
    "created_at": instant(lambda row, _shop: row["createdAt"]),
    "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    "published_at": instant(lambda row, _shop: row.get("publishedAt")),
    "published_status": token(lambda row, _shop: "published" if row.get("publishedAt") else "unpublished"),
}
search(PAGE, COMMON, text=[lambda row, _shop: row["title"], lambda row, _shop: row.get("body")])
search(BLOG, COMMON, text=[lambda row, _shop: row["title"]])
search(
    ARTICLE,
    {
        **COMMON,
        "author": words(lambda row, _shop: (row.get("author") or {}).get("name")),
        "blog_id": numeric_id(lambda row, _shop: row["blog"]),
        "blog_title": words(lambda row, shop: (shop.get(row["blog"]) or {}).get("title")),
        "tag": token(lambda row, _shop: row["tags"]),
        "tag_not": token(lambda row, _shop: row["tags"], excludes=True),
    },
    text=[lambda row, _shop: row["title"], lambda row, _shop: row.get("body")],
)
KEYS: dict[str, Callable[[Record, Shop], Any]] = {
    "ID": lambda row, _shop: int(tail_of(row["id"])),
    "TITLE": lambda row, _shop: row["title"],
    "HANDLE": lambda row, _shop: row["handle"],
    "PUBLISHED_AT": lambda row, _shop: row.get("publishedAt"),
    "UPDATED_AT": lambda row, _shop: row["updatedAt"],
    "AUTHOR": lambda row, _shop: (row.get("author") or {}).get("name"),
    "BLOG_TITLE": lambda row, shop: (shop.get(row.get("blog")) or {}).get("title"),
}
for _name in ("pages", "blogs", "articles"):
    sort(_name, KEYS, default="ID")


# redirects


def _address(value: str | None) -> str:
    """A path as it is kept; other shops' addresses stay whole."""
    given = (value or "").strip()
    return given if not given or given.startswith(("/", "http://", "https://")) else f"/{given}"


def _redirect_problems(given: Args, held: Record | None, shop: Shop) -> list[Record]:
    wrong = [
        user_error(["urlRedirect", name], f"{name.capitalize()} can't be blank")
        for name in ("path", "target")
        if (held is None or name in given) and not (given.get(name) or "").strip()
    ]
    path = _address(given.get("path"))
    if path and any(row["path"] == path and row is not held for row in shop.table(REDIRECT)):
        wrong.append(user_error(["urlRedirect", "path"], "Path has already been taken"))
    return wrong


@mutation("urlRedirectCreate")
def create_redirect(args: Args, ctx: Context) -> Record:
    given, shop = args["urlRedirect"], ctx.shop
    if errors := _redirect_problems(given, None, shop):
        return {"urlRedirect": None, "userErrors": errors}
    record = {"id": shop.new_id(REDIRECT), "path": _address(given["path"]), "target": _address(given["target"])}
    return {"urlRedirect": shop.table(REDIRECT).put(record), "userErrors": []}


@mutation("urlRedirectUpdate")
def update_redirect(args: Args, ctx: Context) -> Record:
    given, shop = args["urlRedirect"], ctx.shop
    record = shop.table(REDIRECT).get(args["id"])
    if record is None:
        error = user_error(["id"], "Redirect does not exist", "DOES_NOT_EXIST")
        return {"urlRedirect": None, "userErrors": [error]}
    if errors := _redirect_problems(given, record, shop):
        return {"urlRedirect": None, "userErrors": errors}
    record.update({name: _address(given[name]) for name in ("path", "target") if name in given})
    return {"urlRedirect": shop.table(REDIRECT).put(record), "userErrors": []}


@mutation("urlRedirectDelete")
def delete_redirect(args: Args, ctx: Context) -> Record:
    if ctx.shop.table(REDIRECT).remove(args["id"]) is None:
        error = user_error(["id"], "Redirect does not exist", "DOES_NOT_EXIST")
        return {"deletedUrlRedirectId": None, "userErrors": [error]}
    return {"deletedUrlRedirectId": args["id"], "userErrors": []}


def _gone(rows: list[Record], ctx: Context) -> Record:
    for row in rows:
        ctx.shop.table(REDIRECT).remove(row["id"])
    return {"job": {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False, "query": None}, "userErrors": []}


@mutation("urlRedirectBulkDeleteAll")
def delete_all(_args: Args, ctx: Context) -> Record:
    return _gone(ctx.shop.table(REDIRECT).all(), ctx)


@mutation("urlRedirectBulkDeleteByIds")
def delete_by_ids(args: Args, ctx: Context) -> Record:
    return _gone([row for gid in args["ids"] if (row := ctx.shop.table(REDIRECT).get(gid))], ctx)


@mutation("urlRedirectBulkDeleteBySearch")
def delete_by_search(args: Args, ctx: Context) -> Record:
    return _gone(found(Listing(REDIRECT, ctx.shop.table(REDIRECT)), {"query": args["search"]}, ctx), ctx)


search(
    REDIRECT,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "path": token(lambda row, _shop: row["path"]),
        "target": token(lambda row, _shop: row["target"]),
        "external": boolean(lambda row, _shop: row["target"].startswith("http")),
    },
    text=[lambda row, _shop: row["path"], lambda row, _shop: row["target"]],
)
sort(
    "urlRedirects",
    {"ID": lambda row, _shop: int(tail_of(row["id"])), "PATH": lambda row, _shop: row["path"]},
    default="ID",
)
