"""The online store's content: pages, blogs with articles and comments, redirects, menus, themes, files."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

PAGES = Stream(name="pages", root="pages", exclude=frozenset({"defaultCursor"}))
BLOGS = Stream(name="blogs", root="blogs")
ARTICLES = Stream(name="articles", root="articles", exclude=frozenset({"defaultCursor"}))
COMMENTS = Stream(name="comments", root="comments")
URL_REDIRECTS = Stream(name="url_redirects", root="urlRedirects")
MENUS = Stream(name="menus", root="menus", children=(Child("items", "menu_items"),))
THEMES = Stream(name="themes", root="themes")
FILES = Stream(name="files", root="files")
