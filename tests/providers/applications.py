"""Made-up web applications that keep their customers' tokens in a database, each with a schema of its own."""

import sqlite3
from pathlib import Path
from typing import Protocol

from tests.real.postgresql import PostgreSql


class Application(Protocol):
    """What a customer can do; `None` is a token that the application has forgotten."""

    url: str
    query: str

    def connect(self, customer: int, token: str | None) -> None: ...

    def renew(self, customer: int, token: str | None) -> None: ...

    def disconnect(self, customer: int) -> None: ...


class SqliteApplication:
    """A small one, on a file."""

    query = "SELECT id, access_token AS token, store_name AS details FROM evotor_connections"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.db"
        self.url = f"sqlite:///{self.file}"
        self.execute(
            "CREATE TABLE evotor_connections (id INTEGER PRIMARY KEY, user_id INTEGER, access_token TEXT, "
            "store_name TEXT, connected_at TEXT)"
        )

    def execute(self, statement: str, *values: object) -> None:
        database = sqlite3.connect(self.file)
        with database:
            database.execute(statement, values)
        database.close()

    def connect(self, customer: int, token: str | None) -> None:
        self.execute(
            "INSERT INTO evotor_connections VALUES (?, ?, ?, 'Лавка', 'now')", customer, customer, token
        )

    def renew(self, customer: int, token: str | None) -> None:
        self.execute("UPDATE evotor_connections SET access_token = ? WHERE id = ?", token, customer)

    def disconnect(self, customer: int) -> None:
        self.execute("DELETE FROM evotor_connections WHERE id = ?", customer)


class PostgresApplication:
    """A larger one: tokens and tenants are in tables of their own, customers are told by UUIDs, tokens are bytes."""

    query = (
        "SELECT t.customer AS id, convert_from(s.secret, 'UTF8') AS token, t.title AS name, t.options->>'pause' AS interval "
        "FROM tenants t LEFT JOIN secrets s USING (customer) WHERE t.title NOT LIKE '%;draft'"
    )

    def __init__(self, server: PostgreSql) -> None:
        self.server = server
        self.url = server.url("watcher", "SECRET-watcher")
        server.execute("CREATE TABLE tenants (customer uuid PRIMARY KEY, title text, options jsonb)")
        server.execute("CREATE TABLE secrets (customer uuid PRIMARY KEY, secret bytea)")

    def connect(self, customer: int, token: str | None) -> None:
        values = (_uuid(customer), "Лавка", '{"pause": "1h"}')
        self.server.execute("INSERT INTO tenants VALUES (%s, %s, %s)", *values)
        self.renew(customer, token)

    def renew(self, customer: int, token: str | None) -> None:
        self.server.execute("DELETE FROM secrets WHERE customer = %s", _uuid(customer))
        if token is not None:
            self.server.execute("INSERT INTO secrets VALUES (%s, %s)", _uuid(customer), token.encode())

    def disconnect(self, customer: int) -> None:
        self.server.execute("DELETE FROM tenants WHERE customer = %s", _uuid(customer))
        self.server.execute("DELETE FROM secrets WHERE customer = %s", _uuid(customer))


def _uuid(customer: int) -> str:
    return f"00000000-0000-0000-0000-{customer:012}"
