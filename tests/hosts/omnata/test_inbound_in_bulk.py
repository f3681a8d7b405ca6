"""Large first reads: bulk operations, taken up again by the next run, and pages where they fail."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from omnata_entry import Maker, Plugin
from omnata_store import TOKEN, Store, opened

NAMES = ("products", "product_options", "product_variants", "product_variant_media", "product_media")


@pytest.fixture(scope="module")
def large() -> Iterator[Store]:
    """So many products that pages would wait for points longer than a bulk operation takes."""
    with opened(plan="standard", products=160, settings={"bulk_seconds": 4}) as found:
        yield found


def operations(store: Store) -> list[dict[str, Any]]:
    """The store's bulk operations."""
    found = store.ask("{ bulkOperations(first: 20) { nodes { id status } } }")["bulkOperations"]["nodes"]
    return list(found)


def whole(plugin: Plugin, store: Store) -> None:
    assert {row["gid"] for row in plugin.engine.rows("products")} >= store.gids("products")
    assert len(plugin.engine.rows("products")) == store.count("products")
    assert len(plugin.engine.rows("product_variants")) == store.count("productVariants")
    known = {row["gid"] for row in plugin.engine.rows("products")}
    assert {row["product_gid"] for row in plugin.engine.rows("product_options")} == known


def test_a_large_first_read_is_one_bulk_operation(
    plugin_for: Maker, large: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Its file comes through Omnata's library, is proved and cut into the same records; the next read is small."""
    before = len(operations(large))
    plugin = plugin_for(large)
    caplog.set_level(logging.DEBUG, "urllib3")
    done = plugin.pull(*NAMES)
    told = [each.getMessage() for each in caplog.records if each.name.startswith("urllib3")]
    assert any("GET" in each for each in told)
    assert not any(re.search(r"\?[^…]", each) or TOKEN in each for each in told)  # signed addresses are keys
    assert done["final_progress_update"]["stream_errors"] == {}
    assert len(operations(large)) == before + 1
    whole(plugin, large)
    states = {stream: states[-1] for stream, states in plugin.engine.states.items()}
    assert all("read_to" in state and "bulk" not in state for state in states.values())
    later = plugin_for(large)
    assert later.pull(*NAMES, states=states)["final_progress_update"]["stream_errors"] == {}
    assert len(operations(large)) == before + 1


def test_an_operation_of_a_run_that_ended_is_taken_up(plugin_for: Maker, large: Store) -> None:
    """The run ends while Shopify works; the next one starts no second operation."""
    before = len(operations(large))
    plugin = plugin_for(large)
    stopper = threading.Thread(target=stop_when_started, args=(plugin, large, before))
    stopper.start()
    done = plugin.pull(*NAMES)
    stopper.join()
    assert done["final_progress_update"]["completed_streams"] == []
    states = {stream: states[-1] for stream, states in plugin.engine.states.items()}
    assert set(states) == set(NAMES)
    later = plugin_for(large)
    assert later.pull(*NAMES, states=states)["final_progress_update"]["stream_errors"] == {}
    assert len(operations(large)) == before + 1
    whole(later, large)


def stop_when_started(plugin: Plugin, store: Store, before: int) -> None:
    for _ in range(300):
        if len(operations(store)) > before and plugin.engine.states:
            plugin.entry._plugin_instance._sync_request.apply_cancellation()
            return
        time.sleep(0.1)


def test_where_operations_fail_pages_are_read(plugin_for: Maker, large: Store) -> None:
    """Slower, and whole all the same."""
    before = len(operations(large))
    large.fault(on="bulk", action="fail")
    try:
        plugin = plugin_for(large)
        done = plugin.pull(*NAMES)
    finally:
        large.heal()
    assert done["final_progress_update"]["stream_errors"] == {}
    whole(plugin, large)
    assert "FAILED" in {each["status"] for each in operations(large)}
    assert len(operations(large)) == before + 1
