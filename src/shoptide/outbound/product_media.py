"""Which media a product has already: sending a URL again would add the picture again."""

from __future__ import annotations

from typing import Any

from shoptide.outbound.session import Session

Values = dict[str, Any]
MEDIA = """query($id: ID!) { product(id: $id) { media(first: 250) { nodes { id
  ... on MediaImage { originalSource { url } } ... on Video { filename }
  ... on ExternalVideo { originUrl } ... on Model3d { filename } } } } }"""


def held_media(session: Session, gid: str) -> dict[str, str]:
    """A product's media by their URLs and by their file names, which the store keeps when it copies a file."""
    return {name: node["id"] for node in _media(session, gid) for name in _names_of(node)}


def _media(session: Session, gid: str) -> list[Values]:
    product = session.query(MEDIA, {"id": gid})["product"]
    found: list[Values] = product["media"]["nodes"] if product else []
    return found


def new_media(session: Session, gid: str, wanted: list[Values], *, fill: bool = False) -> list[Values]:
    """The media that a product does not have yet; with `fill` none where it has any."""
    if not wanted:
        return []
    nodes = _media(session, gid)
    if fill and nodes:
        return []
    held = {name: node["id"] for node in nodes for name in _names_of(node)}
    return [each for each in wanted if found_in(held, each["originalSource"]) is None]


def without_sent(values: Values, sent: Values) -> Values:
    """A product's changes without the pictures that were sent before: the store doesn't show new ones for a while."""
    before = {each.get("originalSource") for each in sent.get("media") or ()}
    pictures = {_picture(each) for each in sent.get("variants") or ()} - {None}
    found = dict(values)
    if before and values.get("media"):
        found["media"] = [each for each in values["media"] if each.get("originalSource") not in before]
    if pictures and values.get("variants"):
        found["variants"] = [
            {name: value for name, value in each.items() if name != "file"} if _picture(each) in pictures else each
            for each in values["variants"]
        ]
    return found


def _picture(variant: Values) -> tuple[str, str] | None:
    """Which variant has which picture, as a row says it."""
    url = (variant.get("file") or {}).get("originalSource")
    named = variant.get("id") or variant.get("optionValues") or variant.get("sku")
    return (str(named), str(url)) if url else None


def found_in(held: dict[str, str], url: str) -> str | None:
    return held.get(url) or held.get(file_name(url))


def _names_of(node: Values) -> set[str]:
    source = (node.get("originalSource") or {}).get("url") or node.get("originUrl") or node.get("filename") or ""
    return {source, file_name(source)} - {""}


def file_name(url: str) -> str:
    """`https://cdn…/files/front.jpg?v=1` → front.jpg."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2]
