"""`shoptide init`: writes a shoptide.toml."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import Flags, flags_of, with_flags
from shoptide.errors import UsageError
from shoptide.shopify.endpoint import shop_domain


@click.command("init")
@click.option("--shop", help="The shop's name or domain: acme, or acme.myshopify.com.")
@click.option("--token", help="Where the access token is: env:NAME, file:PATH, keyring:SERVICE/USER (or the token).")
@click.option("--client-id", help="Client id of a Dev Dashboard app, instead of a token.")
@click.option("--client-secret", help="Where its client secret is: env:NAME, file:PATH, keyring:SERVICE/USER.")
@click.option("--plan", type=click.Choice(["standard", "advanced", "plus", "enterprise"]), help="The shop's user tier.")
@click.option("--api-version", help="Admin API version (default: the latest supported).")
@click.option("--base-url", help="Another endpoint, such as a simulator's.")
@click.option("--warehouse", help="Warehouse URL (default: duckdb:///SHOP.duckdb).")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@with_flags
@click.pass_context
def command(
    context: click.Context,
    shop: str | None,
    token: str | None,
    client_id: str | None,
    client_secret: str | None,
    plan: str | None,
    api_version: str | None,
    base_url: str | None,
    warehouse: str | None,
    force: bool,
) -> None:
    """Write a shoptide.toml: asks for what is not given, or takes flags only with --no-input."""
    from shoptide.shopify.schema import LATEST_VERSION

    flags = flags_of(context)
    path = flags.config or Path("shoptide.toml")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", hint="--force replaces it, --config names another")
    name = shop_domain(shop or _asked(flags, "shop", "Shop name (as in NAME.myshopify.com)"))
    credentials = _credentials(flags, token, client_id, client_secret)
    tier = plan or ("standard" if flags.no_input else click.prompt("Plan", default="standard", type=click.Choice(
        ["standard", "advanced", "plus", "enterprise"])))  # fmt: skip
    short = name.removesuffix(".myshopify.com")
    lines = ["[shop.main]", f"name = {json.dumps(short)}", *credentials]
    lines += [f"api_version = {json.dumps(api_version or LATEST_VERSION)}", f"plan = {json.dumps(tier)}"]
    lines += [f"base_url = {json.dumps(base_url)}"] if base_url else []
    lines += ["", "[warehouse]", f"url = {json.dumps(warehouse or f'duckdb:///{short}.duckdb')}"]
    lines += ["", "[pull.store]", 'streams = ["customers", "products", "orders", "fulfillments"]', ""]
    try:
        path.write_text("\n".join(lines), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from None
    if flags.json:
        output.document({"path": str(path), "shop": name})
    else:
        output.line(f"{path} is written. Next: shoptide check, then shoptide pull")


def _asked(flags: Flags, name: str, question: str) -> str:
    if flags.no_input:
        raise UsageError(f"--{name} is missing", hint="--no-input takes everything from flags")
    return str(click.prompt(question))


def _credentials(flags: Flags, token: str | None, client_id: str | None, client_secret: str | None) -> list[str]:
    if client_id:
        secret = client_secret or _asked(flags, "client-secret", "Where is the client secret (env:NAME, file:PATH)")
        return [f"client_id = {json.dumps(client_id)}", f"client_secret = {json.dumps(secret)}"]
    default = "env:SHOPIFY_TOKEN"
    chosen = token or (
        default if flags.no_input else click.prompt("Access token (env:NAME, file:PATH)", default=default)
    )
    return [f"access_token = {json.dumps(chosen)}"]
