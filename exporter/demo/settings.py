"""The configuration with which the demo's exporter watches the demo's world."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporter.demo.database import QUERY
from exporter.demo.script import Connection
from exporter.demo.world import World

CONSUL_NAME = "demo"
_TIMES = {"interval": "30s", "timeout": "5s"}


def settings(
    world: World, consul: str, evotor: str, tokens: Path, shop: Path | None = None
) -> Mapping[str, Any]:
    """Return what a configuration file would hold; `consul` and `evotor` are addresses of the simulators.

    With `shop`, customers' Evotor accounts are taken from that database, as from an application; else from token files.
    """
    cluster = {
        "name": CONSUL_NAME,
        "address": consul,
        "interval": "15s",
        "datacenters": list(world.datacenters),
    }
    found: dict[str, Any] = {"consul": [{**cluster, "meta": ["team", "version"]}]}
    if shop:
        found["connections_from"] = [_provider(evotor, shop)]
    written = [each for each in world.all_connections if not (shop and each.kind == "evotor")]
    return {**found, "connections": [_connection(each, evotor, tokens) for each in written]}


def _provider(address: str, shop: Path) -> dict[str, Any]:
    shared = {"kind": "evotor", **_TIMES, "address": address, "store_names": True}
    url = f"sqlite:///{shop}"
    return {"name": "shop", "provider": "sql", "url": url, "query": QUERY, "connection": shared}


def _connection(connection: Connection, address: str, tokens: Path) -> dict[str, Any]:
    section: dict[str, Any] = {
        "id": connection.id,
        "kind": connection.kind,
        "name": connection.name,
        "token_file": str(tokens / connection.id),
        **_TIMES,
        "connect_url": f"https://shop.example/connections/{connection.id}/connect",
        "disconnect_url": f"https://shop.example/connections/{connection.id}/disconnect",
    }
    if connection.kind == "evotor":
        return {**section, "address": address, "store_names": True}
    return {**section, "url": f"{address}/ping/{connection.id}"}
