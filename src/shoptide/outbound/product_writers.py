"""Writes products. A new one is made whole; later only what a row names is changed: other variants are never touched.

productSet replaces every list it is given (FACTS §1.7), so it only ever makes products; changes go through the
mutations that change what they are told and keep the rest.
"""

from __future__ import annotations

from typing import Any

from shoptide.outbound import variant_writers
from shoptide.outbound.product_media import new_media
from shoptide.outbound.rows import fills
from shoptide.outbound.session import Session
from shoptide.outbound.writers import (
    Values,
    following,
    gone_is_fine,
    in_batches,
    needs_marker,
    with_marker,
    without_empty,
)

# Columns that are no fields of the product's own input.
BESIDE = ("media", "publishTo", "unpublishFrom", "variants", "sku", "price")
MOST_PUBLICATIONS = 250  # items in an input array


def create_product(session: Session, key: str, values: Values) -> str:
    variant_writers.refuse_beside(session, values)
    targets = publications(session, values)  # an unknown name is refused before anything is made
    allowed = session.schema.type("ProductCreateInput").inputs
    given = {name: value for name, value in without_empty(values).items() if name in allowed}
    if needs_marker(session, given):
        given = with_marker(session, given, key)
    if values.get("variants") or values.get("sku") is not None or values.get("price") is not None:
        gid = _set_whole(session, given, values)
    else:
        variables: Values = {"product": given}
        if values.get("media"):
            variables["media"] = values["media"]
        gid = session.make("productCreate", variables, "product { id updatedAt }")
    with following(gid):
        publish(session, gid, targets)
    return gid


def _set_whole(session: Session, given: Values, values: Values) -> str:
    """A new product with its variants: productSet takes both at once."""
    variants = variant_writers.of_new_product(values)
    body = {**given, "productOptions": given.get("productOptions") or variant_writers.options_of(variants)}
    body["variants"] = variants
    if "collectionsToJoin" in body:
        body["collections"] = body.pop("collectionsToJoin")
    if values.get("media"):
        body["files"] = [as_file(each) for each in values["media"]]
    return session.make("productSet", {"input": body, "synchronous": True}, "product { id updatedAt }")


def as_file(media: Values) -> Values:
    """A medium as productSet's files have it, where a video of another site is told by its URL alone."""
    found: Values = {"originalSource": media["originalSource"]}
    if media.get("mediaContentType") in ("IMAGE", "VIDEO"):
        found["contentType"] = media["mediaContentType"]
    if media.get("alt"):
        found["alt"] = media["alt"]
    return found


def update_product(session: Session, gid: str, values: Values) -> str:
    variant_writers.refuse_beside(session, values)
    targets = publications(session, values)
    allowed = session.target.update_fields(session.schema)
    plain = {name: value for name, value in values.items() if name in allowed and name not in BESIDE}
    media = new_media(session, gid, values.get("media") or [], fill=fills(session.push, "media"))
    if plain or media:
        variables: Values = {"product": {"id": gid, **plain}}
        if media:
            variables["media"] = media
        session.mutate("productUpdate", variables, "product { id updatedAt }")
    variant_writers.write(session, gid, values)
    publish(session, gid, targets)
    return gid


# publishing


def publications(session: Session, values: Values) -> dict[str, list[str]]:
    """Where to publish and unpublish, as gids by mutation; raises Refused for a name that the store doesn't have."""
    wanted = {"publishablePublish": "publishTo", "publishableUnpublish": "unpublishFrom"}
    return {
        mutation: [session.publication(name, column) for name in values[column]]
        for mutation, column in wanted.items()
        if values.get(column)
    }


def publish(session: Session, gid: str, targets: dict[str, list[str]]) -> None:
    for mutation, gids in targets.items():
        for batch in in_batches(gids, MOST_PUBLICATIONS):
            variables: dict[str, Any] = {"id": gid, "input": [{"publicationId": each} for each in batch]}
            session.mutate(mutation, variables, "publishable { ... on Product { id updatedAt } }")


# deletes


def delete_product(session: Session, gid: str) -> None:
    if session.push.deletes == "archive":
        product = {"id": gid, "status": "ARCHIVED"}
        gone_is_fine(
            lambda: session.mutate("productUpdate", {"product": product}, "product { id updatedAt }"), "does not exist"
        )
        return
    gone_is_fine(lambda: session.mutate("productDelete", {"input": {"id": gid}}, "deletedProductId"), "does not exist")
