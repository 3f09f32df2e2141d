"""The configuration with which the demo's exporter watches the demo's world."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporter.demo.script import Connection
from exporter.demo.world import World

CONSUL_NAME = "demo"


def settings(world: World, consul: str, evotor: str, tokens: Path) -> Mapping[str, Any]:
    """Return what a configuration file would hold; `consul` and `evotor` are addresses of the simulators."""
    cluster = {
        "name": CONSUL_NAME,
        "address": consul,
        "interval": "15s",
        "datacenters": list(world.datacenters),
    }
    connections = [_connection(connection, evotor, tokens) for connection in world.all_connections]
    return {"consul": [{**cluster, "meta": ["team", "version"]}], "connections": connections}


def _connection(connection: Connection, address: str, tokens: Path) -> dict[str, Any]:
    section: dict[str, Any] = {
        "id": connection.id,
        "kind": connection.kind,
        "name": connection.name,
        "token_file": str(tokens / connection.id),
        "interval": "30s",
        "timeout": "5s",
        "connect_url": f"https://shop.example/connections/{connection.id}/connect",
        "disconnect_url": f"https://shop.example/connections/{connection.id}/disconnect",
    }
    if connection.kind == "evotor":
        return {**section, "address": address, "store_names": True}
    return {**section, "url": f"{address}/ping/{connection.id}"}
