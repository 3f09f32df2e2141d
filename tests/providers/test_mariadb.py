"""Lists from a real MariaDB server."""

from pathlib import Path

import pytest

from exporter.errors import PollError
from tests.providers.following import made, polled, provider, tokens
from tests.real.mariadb import MariaDb
from tests.real.missing import component


def test_mariadb_is_read_and_its_refusals_are_understood(tmp_path: Path) -> None:
    """Rows are listed whichever scheme the URL has; each refusal has its reason, and no message the password."""
    server = MariaDb(component("mariadbd"), tmp_path).start()
    try:
        for scheme in ("mysql", "mariadb"):
            query = "SELECT id, token, title AS details FROM accounts WHERE title NOT LIKE '%z'"
            found = polled(made(provider("sql", url=server.url(scheme=scheme), query=query)))
            assert tokens(found) == {"1": "good", "2": ""}
        refused = [
            (server.url(), "SELECT idd AS id FROM accounts", "query"),
            (server.url(), "SELECT sleep(30) AS id", "timeout"),
            (server.url("SECRET-wrong"), "SELECT 1 AS id", "login"),
            (server.url(database="nowhere"), "SELECT 1 AS id", "login"),
        ]
        for url, query, reason in refused:
            with pytest.raises(PollError) as caught:
                polled(made(provider("sql", url=url, query=query)))
            assert (caught.value.reason, "SECRET" in str(caught.value)) == (reason, False), caught.value
    finally:
        server.kill()
    with pytest.raises(PollError) as caught:
        polled(made(provider("sql", url=server.url(), query="SELECT 1 AS id")))
    assert caught.value.reason == "connect"
