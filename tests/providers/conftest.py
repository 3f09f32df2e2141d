"""Databases for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.following import cloud
from tests.real.missing import component
from tests.real.postgresql import PostgreSql
from tests.running import Api


@pytest.fixture
def evotor() -> Iterator[Api]:
    """An Evotor cloud; see `following`."""
    with cloud() as served:
        yield served


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[PostgreSql]:
    """A running PostgreSQL server with a database `shop` and a user `watcher`, who may read."""
    server = PostgreSql(component("postgres"), tmp_path / "postgresql.log")
    try:
        server.start()
        server.execute("CREATE DATABASE shop", database="postgres")
        server.execute("CREATE ROLE watcher LOGIN PASSWORD 'SECRET-watcher'")
        server.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO watcher")
        yield server
    finally:
        server.remove()
