"""`shoptide simulate`: simulated stores on a socket, until they are stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.errors import UsageError

if TYPE_CHECKING:
    from shoptide.simulator.world import World

FAULT = "A fault, such as reset_after,operation=orderCreate,nth=3 or download:truncate,times=1 or JSON; repeatable."
BULK_FILE = "ROOT=PATH: answer every bulk query on that root with this JSONL file; repeatable."
INDEX_LAG = "Seconds the search index is behind, or by type: Product=60,Order=5."
WEBHOOK_HOST = "A host besides this machine that webhooks may be sent to; repeatable."
NAME = "The shop's name: NAME.myshopify.com. Repeat it for several shops, each also at /shops/NAME."


@click.command("simulate")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4000, show_default=True, help="Port; 0 picks a free one.")
@click.option("--token", default="shpat_simulated", show_default=True, help="The access token that is accepted.")
@click.option("--customers", default=200, show_default=True, help="Customers to begin with.")
@click.option("--products", default=50, show_default=True, help="Products to begin with.")
@click.option("--orders", default=500, show_default=True, help="Orders to begin with.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same store.")
@click.option("--empty", is_flag=True, help="A freshly opened store.")
@click.option("--state", type=click.Path(path_type=Path), help="Begin with this dump of a shop.")
@click.option("--save", type=click.Path(path_type=Path), help="Dump the shop to this file when it is stopped.")
@click.option(
    "--plan",
    type=click.Choice(["standard", "advanced", "plus", "enterprise"]),
    default="standard",
    help="Sets the bucket of query cost.",
)
@click.option("--currency", default="CAD", show_default=True, help="The shop's currency.")
@click.option("--timezone", default="America/Toronto", show_default=True, help="The shop's time zone.")
@click.option("--scopes", default="*", help="Access scopes, with commas; * is all.")
@click.option("--name", "names", multiple=True, default=("simulated",), show_default=True, help=NAME)
@click.option("--fault", "faults", multiple=True, metavar="RULE", help=FAULT)
@click.option("--bulk-file", "bulk_files", multiple=True, metavar="ROOT=PATH", help=BULK_FILE)
@click.option("--bulk-seconds", type=float, help="How long a bulk operation takes at least.")
@click.option("--bulk-slots", type=int, help="Bulk operations of a type at once; 1 is what apps had before 2026-01.")
@click.option("--index-lag", metavar="SECONDS", help=INDEX_LAG)
@click.option("--late-bump", type=float, help="Seconds after which a new order is stamped again.")
@click.option("--webhook-host", "webhook_hosts", multiple=True, metavar="HOST[:PORT]", help=WEBHOOK_HOST)
@with_flags
@click.pass_context
def command(context: click.Context, /, host: str, port: int, **given: Any) -> None:
    """Run a simulated Shopify store: the Admin API's real schema over an in-memory shop.

    Control is under /_simulator/ (reset, state, records, clock, faults, settings,
    webhooks): see docs/simulator.md.
    """
    try:
        from shoptide.simulator import server
    except ImportError as missing:
        raise UsageError(f"the simulator needs {missing.name}", hint="pip install 'shoptide[simulate]'") from None
    world = world_of(**given)
    try:
        taken = server.bind(host, port)
    except OSError as error:
        raise UsageError(
            f"port {port} on {host} can't be taken: {error.strerror}", hint="choose another --port"
        ) from None
    _tell(world, server.address(host, taken), given["token"], as_json=flags_of(context).json)
    with _saved(world, given["save"]):
        server.serve(world, host, taken)


def world_of(*, names: tuple[str, ...], state: Path | None, save: Path | None, **given: Any) -> World:
    """The shops that the flags ask for; raises UsageError."""
    from shoptide.simulator.faults import rule_of
    from shoptide.simulator.world import Opening, World

    if len(names) > 1 and (state or save):
        raise UsageError(
            "--state and --save are for one shop", hint="use /_simulator/state?shop=NAME for each of several"
        )
    sizes = (0, 0, 0) if given["empty"] else (given["customers"], given["products"], given["orders"])
    try:
        shared: dict[str, Any] = {
            **dict(zip(("customers", "products", "orders"), sizes, strict=True)),
            **{name: given[name] for name in ("seed", "plan", "currency", "timezone", "token")},
            "scopes": frozenset(each.strip() for each in given["scopes"].split(",") if each.strip()),
            "dump": state,
            "settings": settings_of(given),
            "faults": tuple(rule_of(text) for text in given["faults"]),
        }
        return World([Opening(name, **shared) for name in names])
    except (ValueError, KeyError) as mistake:
        raise UsageError(str(mistake), hint="docs/simulator.md lists the flags of simulate") from None


def settings_of(given: dict[str, Any]) -> dict[str, Any]:
    """The flags that change how the shop behaves, as the simulator's settings; raises ValueError."""
    found = {name: given[name] for name in ("bulk_seconds", "bulk_slots", "late_bump") if given[name] is not None}
    if given["bulk_files"]:
        found["bulk_files"] = dict(_pair(text, "--bulk-file") for text in given["bulk_files"])
    if given["webhook_hosts"]:
        found["webhook_hosts"] = list(given["webhook_hosts"])
    if given["index_lag"]:
        found["index_lag"] = _lag(given["index_lag"])
    return found


def _pair(text: str, flag: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ValueError(f"{flag} {text!r} is no NAME=VALUE")
    return name, value


def _lag(text: str) -> Any:
    try:
        if "=" not in text:
            return float(text)
        return {name: float(value) for name, value in (_pair(part, "--index-lag") for part in text.split(","))}
    except ValueError:
        raise ValueError(f"--index-lag {text!r}: give seconds, or seconds by type as in Product=60,Order=5") from None


def _tell(world: World, url: str, token: str, *, as_json: bool) -> None:
    """Where each shop answers; the first one without its name too."""
    shops = [
        {"url": url if index == 0 else f"{url}/shops/{name}", "shop": f"{name}.myshopify.com", "token": token}
        for index, name in enumerate(world.stalls)
    ]
    if as_json:
        output.document({**shops[0], "shops": shops})
    for shop in () if as_json else shops:
        name = shop["shop"].split(".")[0]
        output.line(f"Simulated store {shop['shop']} on {shop['url']} (Ctrl-C stops it)")
        output.line(f'  [shop.main]  name = "{name}"  access_token = "{token}"  base_url = "{shop["url"]}"')
    sys.stdout.flush()


@contextmanager
def _saved(world: World, path: Path | None) -> Iterator[None]:
    """Dump the shop when the server was told to stop, by whichever signal."""
    if path is None:
        yield
        return
    from shoptide.simulator import state

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server raises the signal anew once it has stopped
    try:
        yield
    finally:
        state.save(world.shop, path)
