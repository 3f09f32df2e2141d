"""The made-up shop's own database: where an application keeps the tokens of customers who connected."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from exporter.demo.world import World

_TABLE = (
    "CREATE TABLE IF NOT EXISTS evotor_connections (id TEXT PRIMARY KEY, access_token TEXT, store_name TEXT)"
)
# What the exporter reads of it, each column named like the setting that it fills.
QUERY = """\
SELECT id, access_token AS token, store_name AS name,
  'https://shop.example/connections/' || id || '/connect' AS connect_url,
  'https://shop.example/connections/' || id || '/disconnect' AS disconnect_url
FROM evotor_connections
"""


def shop_database(tokens: Path) -> Path:
    """Return the path of the database, which lies beside the folder of token files."""
    return tokens.parent / "shop.db"


def write_shop(world: World, file: Path, at: float) -> None:
    """Bring the database in line with the world at a Unix time: a customer who disconnects has no token any more."""
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(_TABLE)
        known = set(database.execute("SELECT id, access_token, store_name FROM evotor_connections"))
        if news := set(_rows(world, at)) - known:
            database.executemany("REPLACE INTO evotor_connections VALUES (?, ?, ?)", sorted(news, key=str))


def _rows(world: World, at: float) -> Iterator[tuple[str, str | None, str]]:
    for state in world.connections(at):
        if state.connection.kind == "evotor":
            yield state.connection.id, state.token, state.connection.name
