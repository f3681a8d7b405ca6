"""Pages, blogs, articles, redirects and markets in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.world import World

PAGE = """mutation($page: PageCreateInput!) { pageCreate(page: $page) {
  page { id handle isPublished bodySummary } userErrors { field message code } } }"""
ARTICLE = """mutation($article: ArticleCreateInput!, $blog: ArticleBlogInput) {
  articleCreate(article: $article, blog: $blog) {
    article { id title tags blog { title handle articlesCount { count } } }
    userErrors { field code } } }"""
REDIRECT = """mutation($redirect: UrlRedirectInput!) { urlRedirectCreate(urlRedirect: $redirect) {
  urlRedirect { path target } userErrors { field message } } }"""
MARKET = """mutation($input: MarketCreateInput!) { marketCreate(input: $input) {
  market { id name handle status enabled } userErrors { code } } }"""


@pytest.fixture
def world() -> World:
    return opened()


def page(world: World, **given: Any) -> Any:
    return ask(world, PAGE, {"page": given})["pageCreate"]


def test_a_page_has_a_handle_of_its_own(world: World) -> None:
    """Made from the title; a second of the title counts on, a given one that is taken is refused."""
    first = page(world, title="About us", body="<p>We make <b>hats</b>.</p>")["page"]
    assert (first["handle"], first["isPublished"], first["bodySummary"]) == ("about-us", True, "We make hats .")
    assert page(world, title="About us", isPublished=False)["page"]["handle"] == "about-us-1"
    (error,) = page(world, title="Us", handle="about-us")["userErrors"]
    assert error == {"field": ["page", "handle"], "message": "Handle has already been taken", "code": "TAKEN"}
    assert [error["code"] for error in page(world, title=" ")["userErrors"]] == ["BLANK"]


def test_an_article_needs_a_blog_and_an_author(world: World) -> None:
    """The blog may be made with it."""
    given = {"title": "Hello", "author": {"name": "Ada"}, "tags": ["b", "a"]}
    refused = ask(world, ARTICLE, {"article": given})["articleCreate"]["userErrors"]
    assert [error["code"] for error in refused] == ["BLOG_REFERENCE_REQUIRED"]
    made = ask(world, ARTICLE, {"article": given, "blog": {"title": "News"}})["articleCreate"]["article"]
    assert (made["tags"], made["blog"]) == (
        ["a", "b"],
        {"title": "News", "handle": "news", "articlesCount": {"count": 1}},
    )
    nobody = ask(world, ARTICLE, {"article": {**given, "author": {}}})["articleCreate"]["userErrors"]
    assert [error["code"] for error in nobody] == ["AUTHOR_FIELD_REQUIRED"]


def test_an_address_is_redirected_once(world: World) -> None:
    """Paths begin with a slash, and each has one target."""
    first = ask(world, REDIRECT, {"redirect": {"path": "old", "target": "/new"}})["urlRedirectCreate"]
    assert first["urlRedirect"] == {"path": "/old", "target": "/new"}
    again = ask(world, REDIRECT, {"redirect": {"path": "/old", "target": "/other"}})["urlRedirectCreate"]
    assert again["userErrors"] == [{"field": ["urlRedirect", "path"], "message": "Path has already been taken"}]


def test_markets_have_names_of_their_own(world: World) -> None:
    """A name twice, or none, is refused; a market can own metafields."""
    made = ask(world, MARKET, {"input": {"name": "Europe"}})["marketCreate"]["market"]
    assert (made["handle"], made["status"], made["enabled"]) == ("europe", "ACTIVE", True)
    for name, code in (("europe", "TAKEN"), (" ", "BLANK"), ("E", "TOO_SHORT")):
        assert ask(world, MARKET, {"input": {"name": name}})["marketCreate"]["userErrors"] == [{"code": code}]
    query = """mutation($owner: ID!) { metafieldsSet(metafields: [{ownerId: $owner, namespace: "custom", key: "label",
      type: "single_line_text_field", value: "x"}]) { metafields { ownerType owner { __typename } } } }"""
    written = ask(world, query, {"owner": made["id"]})["metafieldsSet"]["metafields"]
    assert written == [{"ownerType": "MARKET", "owner": {"__typename": "Market"}}]
