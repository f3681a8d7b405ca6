"""Asks the store what a plan needs to know: which records rows mean, what they hold, what became of lost writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from shoptide.journal import Journal, RecordState, Sending
from shoptide.outbound import fulfillment_writers, lookup
from shoptide.outbound.current import MOST_METAFIELDS, current
from shoptide.outbound.likeness import Shape, holds, is_empty, is_keyed, lacking, merged
from shoptide.outbound.lookup import Match
from shoptide.outbound.planning import Change, Planned
from shoptide.outbound.rows import snaked
from shoptide.outbound.session import Refused, Session
from shoptide.resources.inputs import Problem, camel, shown
from shoptide.resources.objects import IDENTITY, PushObject

Owners = Callable[[str, Collection[str]], dict[str, set[str]]]  # keys that have records already: push, gids → by gid
LookAround = Callable[[list[Planned]], lookup.Possible]
Present = Callable[[Iterable[str]], set[str]]  # which of some keys have a row in the source


def resolved(
    session: Session, rows: list[Planned], *, workers: int, look_around: LookAround | None = None
) -> list[Planned]:
    """Turn `find` into create or update, and give deletions their records.

    `look_around` may tell of the rows that are to be looked up which of their values the store can't have.
    """
    held = {row.key: row.gid for row in rows}
    if session.push.object == "fulfillments":
        return _unshared(_fulfillments(session, rows, workers), held)
    wanted = [row for row in rows if row.action in ("find", "create", "delete") and row.gid is None]
    possible = look_around(wanted) if look_around else None
    found = lookup.find(session, [row.draft for row in wanted], possible)
    missing = {row.key: row.draft.values for row in wanted if not found[row.key].gid and not found[row.key].several}
    marked = lookup.find_marked(session, missing)
    decided = [_decided(session, row, found.get(row.key), marked.get(row.key)) for row in rows]
    return _unshared(_once_new(session, decided), held)


def _decided(session: Session, row: Planned, match: Match | None, marked: str | None) -> Planned:
    if match is None:
        return row
    if match.several:
        reason = f"{len(match.several)} records fit by {match.by}: {', '.join(match.several[:3])}"
        return replace(row, action="ambiguous", reason=reason)
    gid = match.gid or marked
    if row.action == "delete":
        return replace(row, gid=gid) if gid else replace(row, action="unchanged", reason="not in the store")
    if row.action == "create":
        return replace(row, action="blocked", gid=gid, reason=f"the store has it already: {gid}") if gid else row
    if gid:
        return replace(row, action="update", gid=gid)
    if session.push.strategy == "update":
        by = ", ".join(session.push.match) or "gid, id or record_id"
        return replace(row, action="blocked", reason=f"the store has no such record (looked up by {by})")
    return replace(row, action="create")


def _once_new(session: Session, rows: list[Planned]) -> list[Planned]:
    """Rows that would make records which are one to the push's match keys: the store would take the first of them."""
    named: dict[tuple[str, str], list[str]] = {}
    for name in session.push.match:
        if name in IDENTITY:
            continue
        for row in rows:
            if row.action == "create" and (value := lookup.value_of(session, row.draft, name)):
                named.setdefault((name, lookup.folded(name, value)), []).append(row.key)
    several = {
        key: f"{len(keys)} rows would make the record with the {name} {value}"
        for (name, value), keys in named.items()
        if len(keys) > 1
        for key in keys
    }
    return [
        replace(row, action="ambiguous", reason=several[row.key])
        if row.action == "create" and row.key in several
        else row
        for row in rows
    ]


def _unshared(rows: list[Planned], held: dict[str, str | None]) -> list[Planned]:
    """Two rows that mean one record would overwrite each other in no order: neither is written.

    Neither keeps it as its own: when the source is corrected, each is looked up again.
    """
    counts = Counter(row.gid for row in rows if row.gid and row.action in ("update", "delete"))
    return [
        replace(row, action="ambiguous", gid=held[row.key], reason=f"{counts[row.gid]} rows mean the record {row.gid}")
        if row.gid and row.action in ("update", "delete") and counts[row.gid] > 1
        else row
        for row in rows
    ]


def unowned(session: Session, rows: list[Planned], owners_of: Owners, present: Present) -> list[Planned]:
    """Rows that would write a record which another row of the source has made or changed already: they are left.

    A record whose row left the source may be taken over by another.
    """
    new = [
        row for row in rows if row.action in ("update", "delete") and row.gid and (row.sent is None or row.draft.gid)
    ]
    if not new or session.push.object == "fulfillments":  # rows of one parcel share it
        return rows
    owners = owners_of(session.push.name, {row.gid for row in new if row.gid})
    others = {row.key: owners.get(row.gid or "", set()) - {row.key} for row in new}
    there = present({key for keys in others.values() for key in keys})
    taken = {key: min(keys & there) for key, keys in others.items() if keys & there}
    return [
        replace(row, action="ambiguous", gid=row.draft.gid, reason=f"row {taken[row.key]} has the record {row.gid}")
        if row.key in taken and row.action in ("update", "delete")
        else row
        for row in rows
    ]


def _fulfillments(session: Session, rows: list[Planned], workers: int) -> list[Planned]:
    waiting = [row for row in rows if row.gid is None and row.action in ("find", "create", "delete")]
    names = {str(row.draft.values["order"]).strip() for row in waiting if row.draft.values.get("order")}
    with suppress(Refused):  # each row is told by itself
        fulfillment_writers.order_gids(session, sorted(names))
    with ThreadPoolExecutor(workers) as pool:
        decided = dict(zip((row.key for row in waiting), pool.map(partial(_parcel, session), waiting), strict=True))
    return [decided.get(row.key, row) for row in rows]


def _parcel(session: Session, row: Planned) -> Planned:
    """What becomes of a row that names an order: a new fulfillment, or the one it means."""
    if row.action == "create":
        return row
    try:
        found = fulfillment_writers.find_fulfillments(session, row.draft.values)
    except Refused as answer:
        problem = Problem("order", answer.errors[0].message, None)
        return replace(row, action="blocked", reason=problem.reason, problem=problem)
    if len(found) > 1 and row.action == "delete":
        return replace(row, action="ambiguous", reason=f"the order has {len(found)} fulfillments: add tracking_number")
    if len(found) > 1:
        reason = f"{len(found)} fulfillments of the order fit: {', '.join(found[:3])}"
        return replace(row, action="ambiguous", reason=reason)
    if found:
        return replace(row, gid=found[0]) if row.action == "delete" else replace(row, action="update", gid=found[0])
    if row.action == "delete":
        return replace(row, action="unchanged", reason="not in the store")
    if session.push.strategy == "update":
        return replace(row, action="blocked", reason="the order has no such fulfillment")
    return replace(row, action="create")


def complete(target: PushObject, row: Planned) -> Planned:
    """A row that lacks what a new record must have is invalid, whoever finds that out first."""
    if row.action != "create":
        return row
    given = {name for name, value in row.draft.values.items() if value not in (None, "", [])}
    missing = [names[0] for names in target.required if not given & set(names)]
    if not missing:
        return row
    reason = f"{snaked(missing[0])} is required to create {target.name}"
    return replace(row, action="invalid", reason=reason)


# what the store holds


def settled_values(session: Session, rows: list[Planned], *, live: bool) -> list[Planned]:
    """Apply the column policies, and in a live plan compare with what the store holds now.

    What the store changed since the last push is noted as conflicts, in a live plan and where on_conflict asks for it.
    """
    policies = session.push.columns
    careful = {camel(column): policy for column, policy in policies.items() if policy != "overwrite"}
    updates = [row for row in rows if row.action == "update" and row.gid]
    all_fields = live or session.push.on_conflict != "overwrite"
    names = set(careful) | ({name for row in updates for name in row.draft.values} if all_fields else set())
    held = current(session, [row.gid for row in updates if row.gid], sorted(names)) if names else {}
    return [_settled(session, row, held, careful, live=live) if row.action == "update" else row for row in rows]


def _settled(
    session: Session, row: Planned, held: dict[str, dict[str, Any]], careful: dict[str, str], *, live: bool
) -> Planned:
    now = held.get(row.gid or "", {})
    if (names := _unchangeable(session, row)) and row.sent is not None:
        problem = Problem(names[0], "the store does not change it once the record exists", None)
        return replace(row, action="blocked", problem=problem, reason=f"{names[0]}: {problem.reason}")
    changes = dict(row.changes)
    conflicts = _conflicts(session, row, now) if live or session.push.on_conflict != "overwrite" else {}
    if conflicts and session.push.on_conflict == "skip":
        names = [f"{snaked(name)} is {shown(change.after)}" for name, change in conflicts.items()]
        reason = f"changed in the store since the last push: {', '.join(names)}"
        return replace(row, action="skipped", conflicts=conflicts, reason=reason)
    if live:
        changes = {
            name: Change(now[name], value)
            for name, value in row.draft.values.items()
            if name in now and not holds(now[name], value, _shape(session, name))
        } | {name: change for name, change in changes.items() if name not in now}
    for name, policy in careful.items():
        if name in changes and name in now:
            changes = _with_policy(changes, name, policy, now[name], _shape(session, name))
    if live and not changes:
        return replace(row, action="unchanged", changes={})
    return replace(row, changes=changes, conflicts=conflicts)


def _shape(session: Session, name: str) -> Shape | None:
    return Shape.of(session.schema, session.target.fields(session.schema), name)


def _conflicts(session: Session, row: Planned, now: dict[str, Any]) -> dict[str, Change]:
    """Fields whose value in the store is neither what was sent last nor what would be sent."""
    sent = row.sent or {}
    return {
        name: Change(sent[name], now[name])
        for name, value in row.draft.values.items()
        if name in sent and name in now
        for shape in [_shape(session, name)]
        if not holds(now[name], sent[name], shape) and not holds(now[name], value, shape)
    }


def _unchangeable(session: Session, row: Planned) -> list[str]:
    allowed = session.target.update_fields(session.schema)
    return [name for name in row.changes if name not in allowed and row.sent is not None and name in row.sent]


def _with_policy(
    changes: dict[str, Change], name: str, policy: str, now: Any, shape: Shape | None
) -> dict[str, Change]:
    change, others = changes[name], {each: value for each, value in changes.items() if each != name}
    if policy == "set_if_empty" and is_keyed(change.after) and isinstance(now, list) and len(now) < MOST_METAFIELDS:
        rest = lacking(now, change.after)  # each metafield is a value of its own
        return {**changes, name: Change(now, rest)} if rest else others
    if policy == "set_if_empty":
        return changes if is_empty(now) else others
    if policy == "append" and isinstance(now, list):
        together = merged(now, change.after, shape)
        return others if together == now else {**changes, name: Change(now, together)}
    return changes


# writes whose outcome was lost


def marks_of(session: Session, row: Planned) -> dict[str, Any]:
    """What a record that is about to be made can be found by, should the answer be lost."""
    if row.action != "create":
        return {}
    if session.push.object == "fulfillments":
        order = fulfillment_writers.read_ahead(session, fulfillment_writers.order_of(session, row.draft.values))
        return {
            "order": order["id"],
            "before": [each["id"] for each in order["fulfillments"]],
        }
    return {name: row.draft.values[name] for name in session.target.natural if row.draft.values.get(name)}


def resolve_lost(session: Session, ledger: Journal, run_id: str, entries: Iterable[Sending]) -> dict[str, str]:
    """Find out what became of writes without an answer; returns key → applied or not_applied.

    A create that reached the store is taken over with its gid; where it was found by a match key that others
    could have written too, its values are sent again as an update. So are they where a later step may be missing:
    such a row is not applied yet. What did not reach the store is free to be sent again.
    """
    lost = list(entries)
    creates = [entry for entry in lost if entry.action == "create"]
    found = _find_lost(session, creates)
    outcomes: dict[str, str] = {}
    states: list[RecordState] = []
    for entry in lost:
        outcomes[entry.key] = "not_applied"  # an update or a deletion may be sent twice; a create was looked for
        if entry.action == "create" and entry.key in found:
            states.append(taken_over(entry, run_id, found[entry.key]))
            outcomes[entry.key] = "applied" if found[entry.key].whole else "not_applied"
        elif entry.action == "delete" and entry.gid and not _exists(session, entry.gid):
            states.append(taken_over(entry, run_id, Found(entry.gid)))
            outcomes[entry.key] = "applied"
    settled = {state.key for state in states}
    ledger.settle(states)
    ledger.withdraw(session.push.name, [entry.key for entry in lost if entry.key not in settled])
    return outcomes


@dataclass(frozen=True)
class Found:
    """A record that a lost write made: `certain` when it is the row's own, `whole` when no step is missing."""

    gid: str
    certain: bool = True
    whole: bool = True


def taken_over(entry: Sending, run_id: str, found: Found) -> RecordState:
    """The state of a row whose record was found; a row with a step still to come is not applied yet."""
    as_sent = found.certain and found.whole
    return RecordState(
        push=entry.push,
        key=entry.key,
        outcome="applied" if found.whole else "delayed",
        action=entry.action,
        run_id=run_id,
        gid=found.gid,
        hash=entry.hash if as_sent else None,
        sent=entry.sent if as_sent else None,
        message="found in the store after its answer was lost",
    )


def _exists(session: Session, gid: str) -> bool:
    node = session.query("query($id: ID!) { node(id: $id) { id } }", {"id": gid})["node"]
    return node is not None and session.push.object != "fulfillments"


def _find_lost(session: Session, entries: list[Sending]) -> dict[str, Found]:
    """Created records by key."""
    if session.push.object == "fulfillments":
        return _find_parcels(session, entries)
    sent = {entry.key: entry.sent or {} for entry in entries}
    whole = {key: not any(values.get(name) for name in session.target.later) for key, values in sent.items()}
    found = {key: Found(gid, whole=whole[key]) for key, gid in lookup.find_marked(session, sent).items()}
    for name in ("email", "phone", "handle"):
        values = {
            entry.key: folded
            for entry in entries
            if entry.key not in found and name in entry.marks and (folded := _folded(session, name, entry.marks[name]))
        }
        if values:
            way = lookup.WAYS[session.push.object, name]
            for key, hits in lookup.by_way(session, way, values).items():
                if len(hits) == 1:
                    found[key] = Found(hits[0], certain=False, whole=whole[key])
    return _own(session, sent, found)


def _own(session: Session, sent: dict[str, dict[str, Any]], found: dict[str, Found]) -> dict[str, Found]:
    """Those that hold what their rows sent are the rows' own; a strict create leaves all others to themselves."""
    unsure = {key: each for key, each in found.items() if not each.certain}
    names = sorted({name for key in unsure for name in sent[key]})
    held = current(session, [each.gid for each in unsure.values()], names)
    own = dict(found)
    for key, each in unsure.items():
        now = held.get(each.gid, {})
        given = sent[key].items()
        if now and all(holds(now[name], value, _shape(session, name)) for name, value in given if name in now):
            own[key] = replace(each, certain=True)
        elif session.push.strategy == "create":
            del own[key]  # somebody else's, as it seems: sending again is refused if it is
    return own


def _folded(session: Session, name: str, value: Any) -> str | None:
    text = str(value)
    return session.phone(text) if name == "phone" else lookup.fold_handle(text) if name == "handle" else text


def _find_parcels(session: Session, entries: list[Sending]) -> dict[str, Found]:
    """Fulfillments that lost requests made, finished where only a part of them had reached the store."""
    found: dict[str, Found] = {}
    claimed: set[str] = set()
    for entry in entries:
        values = entry.sent or {}
        before = {*entry.marks["before"], *claimed}
        gid, rest_sent = fulfillment_writers.complete(session, values, entry.marks["order"], before)
        if gid:
            claimed.add(gid)
            found[entry.key] = Found(gid, certain=rest_sent, whole=not values.get("status"))
    return found
