"""What only shows with Snowflake's own driver at hand: keys, and a landing's rows and cursor in one transaction."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptide.config import Secret, WarehouseConfig
from shoptide.errors import ConfigError
from shoptide.inbound import cursors
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.snowflake_login import parameters

URL = "snowflake://me@acme/shop?private_key_file=key.p8"


def write_key(path: Path, passphrase: str) -> bytes:
    """Write a new private key, and return it as the driver takes it."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization", reason="make test-snowflake")
    from cryptography.hazmat.primitives.asymmetric import rsa  # type: ignore[import-not-found, unused-ignore]

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, pkcs8, locked))
    found: bytes = key.private_bytes(serialization.Encoding.DER, pkcs8, serialization.NoEncryption())
    return found


@pytest.mark.parametrize("passphrase", ["", "hush"])
def test_snowflake_keys_are_read_from_a_file_or_the_environment(passphrase: str, tmp_path: Path) -> None:
    key = write_key(tmp_path / "key.p8", passphrase)
    secrets = {"private_key_passphrase": Secret(passphrase)} if passphrase else {}
    assert parameters(WarehouseConfig(URL, secrets=secrets), tmp_path)["private_key"] == key
    held = secrets | {"private_key": Secret((tmp_path / "key.p8").read_text())}
    assert parameters(WarehouseConfig("snowflake://me@acme/shop", secrets=held), tmp_path)["private_key"] == key


def test_snowflake_keys_that_can_not_be_used_are_told(tmp_path: Path) -> None:
    write_key(tmp_path / "key.p8", "hush")
    for secrets, said in (({}, "has a passphrase"), ({"private_key_passphrase": Secret("no")}, "passphrase is wrong")):
        with pytest.raises(ConfigError, match=said) as told:
            parameters(WarehouseConfig(URL, secrets=secrets), tmp_path)
        assert "hush" not in told.value.message
    (tmp_path / "key.p8").write_text("no key")
    with pytest.raises(ConfigError, match="is no private key"):
        parameters(WarehouseConfig(URL), tmp_path)


def test_snowflake_keeps_rows_and_cursor_together(snowflake_url: str, tmp_path: Path) -> None:
    """What breaks before the end leaves neither; another connection sees nothing of it meanwhile."""
    config = WarehouseConfig(snowflake_url)
    with open_warehouse(config, base=tmp_path) as warehouse, open_warehouse(config, base=tmp_path) as other:
        with warehouse.transaction():
            cursors.prepare(warehouse)
            warehouse.create("orders", {"gid": "VARCHAR"})
        warehouse.workbench.execute("create temp table staged as select 'g' || range as gid from range(3)")

        def land(broken: bool) -> None:
            with warehouse.transaction():
                warehouse.insert("orders", {"gid": "s.gid"}, '"staged"')
                warehouse.run(f"INSERT INTO {warehouse.table(cursors.TABLE)} (stream) VALUES (?)", ["orders"])
                assert other.size("orders") == 0
                if broken:
                    raise KeyError

        with pytest.raises(KeyError):
            land(broken=True)
        assert (warehouse.size("orders"), warehouse.size(cursors.TABLE)) == (0, 0)
        land(broken=False)
        assert (other.size("orders"), other.size(cursors.TABLE)) == (3, 1)
