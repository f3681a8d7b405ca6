"""`shoptide simulate`: a simulated store on a socket, until it is stopped."""

from __future__ import annotations

import sys

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.errors import UsageError


@click.command("simulate")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4000, show_default=True, help="Port; 0 picks a free one.")
@click.option("--token", default="shpat_simulated", show_default=True, help="The access token that is accepted.")
@click.option("--customers", default=200, show_default=True)
@click.option("--products", default=50, show_default=True)
@click.option("--orders", default=500, show_default=True)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same store.")
@click.option("--empty", is_flag=True, help="A freshly opened store.")
@click.option("--plan", type=click.Choice(["standard", "advanced", "plus", "enterprise"]), default="standard")
@click.option("--currency", default="CAD", show_default=True)
@click.option("--timezone", default="America/Toronto", show_default=True)
@click.option("--scopes", default="*", help="Access scopes, with commas; * is all.")
@click.option("--name", default="simulated", show_default=True, help="The shop's name: NAME.myshopify.com.")
@with_flags
@click.pass_context
def command(
    context: click.Context,
    host: str,
    port: int,
    token: str,
    customers: int,
    products: int,
    orders: int,
    seed: int,
    empty: bool,
    plan: str,
    currency: str,
    timezone: str,
    scopes: str,
    name: str,
) -> None:
    """Run a simulated Shopify store: the Admin API's real schema over an in-memory shop.

    Control is under /_simulator/ (reset, state, clock, faults, settings).
    """
    try:
        from shoptide.simulator import server
        from shoptide.simulator.world import World
    except ImportError as missing:
        raise UsageError(f"the simulator needs {missing.name}", hint="pip install 'shoptide[simulate]'") from None
    sizes = (0, 0, 0) if empty else (customers, products, orders)
    world = World.seeded(
        customers=sizes[0],
        products=sizes[1],
        orders=sizes[2],
        seed=seed,
        plan=plan,
        currency=currency,
        timezone=timezone,
        scopes=[each.strip() for each in scopes.split(",") if each.strip()],
        token=token,
        name=name,
    )
    try:
        taken = server.bind(host, port)
    except OSError as error:
        raise UsageError(
            f"port {port} on {host} can't be taken: {error.strerror}", hint="choose another --port"
        ) from None
    url = server.address(host, taken)
    if flags_of(context).json:
        output.document({"url": url, "shop": f"{name}.myshopify.com", "token": token})
    else:
        output.line(f"Simulated store {name}.myshopify.com on {url} (Ctrl-C stops it)")
        output.line(f'  [shop.main]  name = "{name}"  access_token = "{token}"  base_url = "{url}"')
    sys.stdout.flush()
    server.serve(world, host, taken)
