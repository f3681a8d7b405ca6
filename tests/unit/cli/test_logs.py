"""Log lines on stderr: readable or JSON, and never a secret in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from shoptide.cli import logs

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
PASSWORD = "a very secret client secret"


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("shoptide")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    monkeypatch.setattr(logs.SCRUBBER, "secrets", set())
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_secret_stands_in_any_value(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens by their look, other secrets by having been told: in messages, arguments, extras and tracebacks."""
    logs.configure(log_format=log_format, verbose=2, quiet=False)
    logs.SCRUBBER.know([PASSWORD])
    log = logging.getLogger("shoptide.shopify.client")
    log.warning("sent with %s", TOKEN, extra={"headers": {"X-Shopify-Access-Token": TOKEN}, "list": [PASSWORD]})
    try:
        raise ValueError(f"refused {PASSWORD} and {TOKEN}")  # noqa: TRY301  # what is logged is its traceback
    except ValueError:
        log.exception("it failed")
    written = capsys.readouterr().err
    assert "it failed" in written
    assert "refused" in written
    assert TOKEN not in written
    assert PASSWORD not in written


def test_json_lines_are_one_object_each(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format="json", verbose=1, quiet=False)
    logging.getLogger("shoptide.inbound").info("two\nlines", extra={"stream": "orders"})
    found = json.loads(capsys.readouterr().err)
    assert (found["event"], found["level"], found["stream"]) == ("two\nlines", "info", "orders")


@pytest.mark.parametrize(
    ("verbose", "quiet", "shown"),
    [
        (0, False, ["warning", "error"]),
        (1, False, ["info", "warning", "error"]),
        (2, False, ["debug", "info", "warning", "error"]),
        (0, True, ["error"]),
    ],
)
def test_how_much_is_said(verbose: int, quiet: bool, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format="json", verbose=verbose, quiet=quiet)
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("shoptide.x"), level)("said")
    assert [json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()] == shown


def test_short_words_are_no_secrets() -> None:
    """A secret of one letter would blank every log line."""
    scrubber = logs.Scrubber()
    scrubber.know(["a", ""])
    assert scrubber.clean("a cat") == "a cat"
