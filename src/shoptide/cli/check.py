"""`shoptide check`: everything a run needs, looked at before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import Session, open_session
from shoptide.config import PullConfig, PushConfig
from shoptide.errors import ShoptideError
from shoptide.resources.selection import SCOPE_MISSING
from shoptide.shopify.access import Access
from shoptide.shopify.schema import load
from shoptide.shopify.versions import nearing_end, supported_until

NEEDED = {
    "customers": ("read_customers", "write_customers"),
    "products": ("read_products", "write_products"),
    "orders": ("read_orders", "write_orders"),
    "fulfillments": ("read_orders", "write_merchant_managed_fulfillment_orders"),
}
PROBE = "_shoptide_check"  # a table that is made and dropped, to see that it can be
GRANT = "grant it in the app's configuration and install it again"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ok, warning or failed, and the exit code a failure gives."""

    what: str
    state: str
    told: str
    exit_code: int = 0


@click.command("check")
@with_flags
@click.pass_context
def command(context: click.Context) -> int:
    """Check shops, tokens, scopes, API versions, warehouse and ledger; nothing is changed."""
    flags = flags_of(context)
    session = open_session(flags)
    found = list(findings(session))
    worst = max((each.exit_code for each in found), default=0)
    if flags.json:
        checks = [{"what": each.what, "state": each.state, "told": each.told} for each in found]
        output.document({"ok": worst == 0, "checks": checks})
    else:
        marks = {"ok": "✓", "warning": "!", "failed": "✗"}
        for each in found:
            output.line(f"{marks[each.state]} {each.what}: {each.told}")
    return worst


def findings(session: Session) -> Iterator[Finding]:
    for alias in session.config.shops:
        yield from _shop(session, alias)
    yield _tried("warehouse", lambda: _warehouse(session))
    yield _tried("ledger", lambda: _ledger(session))
    yield from _layouts(session)


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except ShoptideError as error:
        return Finding(what, "failed", f"{error.message}{f' → {error.hint}' if error.hint else ''}", error.exit_code)


def _warehouse(session: Session) -> str:
    with session.warehouse() as warehouse:
        warehouse.publish(PROBE, {"x": "INTEGER"}, [(1,)])
        with warehouse.transaction():
            warehouse.run(f"DROP TABLE {warehouse.table(PROBE)}")
    return f"{session.config.warehouse.url} can be written"


def _layouts(session: Session) -> Iterator[Finding]:
    """Which views of other layouts the configured pulls leave empty."""
    from shoptide.inbound.layouts import gaps_of
    from shoptide.inbound.plans import chosen_streams
    from shoptide.warehouse.views import layout

    pulled = {name for pull in session.config.pulls.values() for name in chosen_streams(pull)}
    for name in session.config.warehouse.views:
        empty, _ = gaps_of(layout(name), pulled)
        needed = ", ".join(dict.fromkeys(stream for streams in empty.values() for stream in streams))
        told = f"{len(empty)} views stay empty without the streams {needed}: `shoptide views` says which"
        yield Finding(f"views {name}", "warning" if empty else "ok", told if empty else "every view has its tables")


def _ledger(session: Session) -> str:
    with session.ledger() as ledger:
        ledger.runs(limit=1)
    return f"{session.config.ledger.url} is free"


def _shop(session: Session, alias: str) -> Iterator[Finding]:
    shop = session.config.shops[alias]
    what = f"shop {alias}"
    try:
        with session.client(alias) as client:
            access = client.access()
    except ShoptideError as error:
        yield Finding(what, "failed", f"{error.message}{f' → {error.hint}' if error.hint else ''}", error.exit_code)
        return
    yield Finding(
        what, "ok", f"{access.shop_name} ({access.domain}), {access.plan.name}, {access.currency}, {access.timezone}"
    )
    yield _version(what, shop.api_version, session.clock.now().date())
    yield from _scopes(session, alias, access)
    if access.plan.development:
        yield Finding(what, "warning", "a trial or development store takes 5 new orders a minute")


def _version(what: str, version: str, today: date) -> Finding:
    told = nearing_end(version, today)
    if told:
        return Finding(what, "warning", told)
    return Finding(what, "ok", f"API version {version}, supported until {supported_until(version)}")


def _scopes(session: Session, alias: str, access: Access) -> Iterator[Finding]:
    for pull in session.config.pulls.values():
        if pull.shop == alias:
            yield from _streams(pull, session.config.shops[alias].api_version, access)
    for push in session.config.pushes.values():
        if push.shop == alias:
            yield _push(push, access)
    reads_orders = any(pull.shop == alias for pull in session.config.pulls.values())
    if reads_orders and access.has("read_orders") and not access.has("read_all_orders"):
        told = "without read_all_orders the store shows the last 60 days of orders only, and says nothing of the rest"
        yield Finding(f"shop {alias}", "warning", told)


def _streams(pull: PullConfig, version: str, access: Access) -> Iterator[Finding]:
    """A stream that was asked for by name and can't be read is a failure; of all streams it is left out."""
    from shoptide.inbound.plans import ALL, chosen_streams, plan_one

    schema = load(version)
    for name in chosen_streams(pull):
        what, plan = f"pull {pull.name}: {name}", plan_one(pull, schema, access.scopes, name)
        if plan.closed and pull.streams == ALL:
            yield Finding(what, "warning", f"left out: {plan.closed}")
        elif plan.closed:
            yield Finding(what, "failed", f"{plan.closed} → {GRANT}", 3)
        elif refused := [left.field for left in plan.pruned if left.reason.startswith(SCOPE_MISSING)]:
            yield Finding(what, "warning", f"without {', '.join(refused)}: `shoptide discover` says why")
        else:
            yield Finding(what, "ok", "everything can be read")


def _push(push: PushConfig, access: Access) -> Finding:
    what, needed = f"push {push.name}: {push.object}", NEEDED[push.object]
    missing = access.lacking(needed)
    if missing:
        return Finding(what, "failed", f"the token lacks {', '.join(missing)} → {GRANT}", 3)
    return Finding(what, "ok", f"scopes {', '.join(needed)}")
