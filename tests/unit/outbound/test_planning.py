"""Drafts against the states of the last push."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.config import PushConfig
from shoptide.errors import ConfigError, SourceError
from shoptide.ledger import RecordState
from shoptide.outbound.planning import Change, compare, differences, gone
from shoptide.outbound.rows import Draft, Drafter, checked_config, read_columns, refuse_doubles
from shoptide.resources.inputs import Problem
from shoptide.resources.objects import CUSTOMERS
from shoptide.shopify.schema import load

SCHEMA = load("2026-10")


def push(**changes: Any) -> PushConfig:
    settings: dict[str, Any] = {
        "name": "vip",
        "shop": "main",
        "object": "customers",
        "strategy": "upsert",
        "source": "vip",
        "key": "crm_id",
        "match": ("email",),
    }
    return PushConfig(**(settings | changes))


def state(key: str, values: dict[str, Any], **changes: Any) -> RecordState:
    settings: dict[str, Any] = {
        "push": "vip",
        "key": key,
        "outcome": "applied",
        "action": "create",
        "run_id": "r",
        "gid": f"gid://shopify/Customer/{key}",
        "hash": Draft(key, values).hash,
        "sent": values,
    }
    return RecordState(**(settings | changes))


def actions(planned: list[Any]) -> dict[str, str]:
    return {row.key: row.action for row in planned}


def test_an_unchanged_row_is_left_alone() -> None:
    """The same values as last time cost nothing."""
    values = {"email": "a@x.com"}
    assert actions(compare(push(), [Draft("1", values)], {"1": state("1", values)})) == {"1": "unchanged"}


def test_a_changed_row_shows_what_changes() -> None:
    """Only the fields that differ, with both values."""
    before, after = {"email": "a@x.com", "note": "old"}, {"email": "a@x.com", "note": "new"}
    (row,) = compare(push(), [Draft("1", after)], {"1": state("1", before)})
    assert (row.action, row.changes) == ("update", {"note": Change("old", "new")})


def test_a_new_row_has_to_be_found_first() -> None:
    """Create or update is the store's to say."""
    assert actions(compare(push(), [Draft("1", {})], {})) == {"1": "find"}


def test_create_never_changes_what_it_made() -> None:
    """The create strategy leaves its records alone afterwards."""
    held = state("1", {"note": "old"})
    planned = compare(push(strategy="create"), [Draft("1", {"note": "new"}), Draft("2", {})], {"1": held})
    assert actions(planned) == {"1": "unchanged", "2": "create"}


def test_a_rejected_row_is_tried_again() -> None:
    """Even when it did not change."""
    held = state("1", {"note": "x"}, outcome="rejected", hash=None, gid=None)
    assert actions(compare(push(), [Draft("1", {"note": "x"})], {"1": held})) == {"1": "find"}


def test_a_record_that_left_the_source_is_deleted_unless_it_is_to_be_skipped() -> None:
    """By its gid, with the reason."""
    assert (gone(state("1", {})).action, gone(state("1", {})).gid) == ("delete", "gid://shopify/Customer/1")
    assert gone(state("1", {}, order="skip_always")).action == "skipped"


def test_a_deleted_record_stays_deleted() -> None:
    """Delete is done once."""
    held = state("1", {}, action="delete")
    assert actions(compare(push(strategy="delete"), [Draft("1", {})], {"1": held})) == {"1": "unchanged"}


def test_a_skipped_record_is_skipped() -> None:
    """What a user asked for holds."""
    held = state("1", {"note": "x"}, order="skip_always")
    assert actions(compare(push(), [Draft("1", {"note": "y"})], {"1": held})) == {"1": "skipped"}


def test_resync_sends_an_unchanged_record_again() -> None:
    """What a user asked for holds."""
    held = state("1", {"note": "x"}, order="resync")
    assert actions(compare(push(), [Draft("1", {"note": "x"})], {"1": held})) == {"1": "update"}


def test_retry_takes_only_what_failed() -> None:
    """--retry rejected leaves all other rows alone."""
    states = {"1": state("1", {}), "2": state("2", {}, outcome="rejected", hash=None)}
    planned = compare(push(), [Draft("1", {"a": 1}), Draft("2", {}), Draft("3", {})], states, retry_only=True)
    assert actions(planned) == {"2": "update"}


def test_doubled_keys_are_all_refused() -> None:
    """No row is picked for the user."""
    drafts = refuse_doubles([Draft("1", {"a": 1}), Draft("1", {"a": 2}), Draft("2", {})], "crm_id")
    assert [draft.problem is not None for draft in drafts] == [True, True, False]
    assert drafts[0].problem == Problem("crm_id", "2 rows have this key", "1")


VALUES = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 3))


@given(VALUES, VALUES)
def test_applying_the_differences_gives_the_row(before: dict[str, Any], after: dict[str, Any]) -> None:
    """What was sent, with the changes put over it, holds every value of the row."""
    changed = {name: change.after for name, change in differences(before, after).items()}
    assert {name: (before | changed)[name] for name in after} == after


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), VALUES), st.dictionaries(st.text(min_size=1, max_size=3), VALUES)
)
def test_every_row_has_one_fate(rows: dict[str, dict[str, Any]], held: dict[str, dict[str, Any]]) -> None:
    """A plan names each key once; a row whose every value was sent before is unchanged."""
    drafts = [Draft(key, values) for key, values in rows.items()]
    states = {key: state(key, values) for key, values in held.items()}
    planned = compare(push(strategy="mirror"), drafts, states)
    assert len({row.key for row in planned}) == len(planned)
    found = actions(planned)
    for key in rows.keys() & held.keys():
        same = all(name in held[key] and held[key][name] == value for name, value in rows[key].items())
        assert (found[key] == "unchanged") == same
    assert found.keys() == rows.keys()


# columns


def test_both_spellings_and_identity_columns_are_understood() -> None:
    """snake_case, camelCase, and the three names of an id."""
    columns = read_columns(push(), CUSTOMERS, SCHEMA, ["crm_id", "first_name", "taxExempt", "record_id"])
    assert {name for name, _kind in columns.fields.values()} == {"firstName", "taxExempt"}
    assert columns.identity == {"record_id": "record_id"}


def test_an_unknown_column_is_one_error_with_near_names() -> None:
    """The whole source is refused before anything is sent."""
    with pytest.raises(SourceError, match=r"frist_name \(did you mean first_name"):
        read_columns(push(), CUSTOMERS, SCHEMA, ["crm_id", "frist_name"])


def test_a_missing_key_column_is_named() -> None:
    """With the columns that there are."""
    with pytest.raises(SourceError, match="no column 'crm_id'"):
        read_columns(push(), CUSTOMERS, SCHEMA, ["id", "email"])


def test_a_bad_value_makes_its_own_row_invalid() -> None:
    """The column and the reason are kept; other rows go on."""
    columns = read_columns(push(), CUSTOMERS, SCHEMA, ["crm_id", "tax_exempt", "email"])
    drafter = Drafter(push(), CUSTOMERS, SCHEMA, columns)
    bad = drafter.draft({"crm_id": 1, "tax_exempt": "perhaps", "email": None}, "1")
    good = drafter.draft({"crm_id": 2, "tax_exempt": False, "email": "a@x.com"}, "2")
    assert bad.problem is not None
    assert bad.problem.column == "tax_exempt"
    assert good.values == {"taxExempt": False, "email": "a@x.com"}


def test_nulls_are_ignored_or_cleared_as_configured() -> None:
    """A null is nothing to say, unless it is said to clear."""
    columns = read_columns(push(), CUSTOMERS, SCHEMA, ["crm_id", "note"])
    row = {"crm_id": 1, "note": None}
    assert Drafter(push(), CUSTOMERS, SCHEMA, columns).draft(row, "1").values == {}
    assert Drafter(push(nulls="clear"), CUSTOMERS, SCHEMA, columns).draft(row, "1").values == {"note": ""}


@pytest.mark.parametrize(
    "wrong",
    [
        {"object": "carts"},
        {"strategy": "replace"},
        {"match": ("sku",)},
        {"columns": {"tags": "merge"}},
        {"nulls": "keep"},
    ],
)
def test_settings_that_can_not_work_are_named(wrong: dict[str, Any]) -> None:
    """Each wrong setting is a ConfigError that names its push."""
    with pytest.raises(ConfigError, match=r"\[push.vip\]"):
        checked_config(push(**wrong))
