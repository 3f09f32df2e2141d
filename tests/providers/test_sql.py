"""Lists from databases: SQLite files and a real PostgreSQL server, with an application at work in them."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from exporter.errors import ConfigError, PollError
from exporter.sources.providers.refusals import refusal_of
from exporter.sources.providers.source import ProviderSource
from tests.providers.applications import Application, PostgresApplication, SqliteApplication
from tests.providers.following import config, made, polled, provider, tokens
from tests.real.postgresql import PostgreSql
from tests.real.process import wait_for
from tests.running import Api, Exporter, exporter

STATUSES = {"good": "online", "revoked": "offline", "тест": "unreachable", "": "not_connected"}


def of_query(application: Application, query: str = "", **settings: Any) -> ProviderSource:
    return made(provider("sql", url=application.url, query=query or application.query, **settings))


def failure(source: ProviderSource) -> PollError:
    with pytest.raises(PollError) as caught:
        polled(source)
    assert "SECRET" not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


@pytest.fixture
def shop(tmp_path: Path) -> SqliteApplication:
    application = SqliteApplication(tmp_path)
    application.connect(1, "good")
    return application


def test_each_column_fills_a_setting(shop: SqliteApplication) -> None:
    """Numbers become ids, NULL leaves a setting open, a token that is NULL or empty says that there is none."""
    shop.connect(2, None)
    shop.connect(3, "")
    query = "SELECT id, access_token AS token, NULL AS name, store_name AS details, 1 AS store_names, 'https://a/' || id AS connect_url FROM evotor_connections"
    found = polled(of_query(shop, query)).sources

    assert tokens(polled(of_query(shop, query))) == {"1": "good", "2": "", "3": ""}
    settings = found[0].settings.model_dump()
    assert (settings["details"], settings["store_names"]) == ("Лавка", True)
    assert (settings["name"], settings["connect_url"]) == ("", "https://a/1")


def test_rows_may_name_their_kind(shop: SqliteApplication) -> None:
    """Without a common kind each row has its own; what is wrong with one concerns that one."""
    query = (
        "SELECT 'a' AS id, 'evotor' AS kind, 'good' AS token, NULL AS url UNION SELECT 'b', 'http', NULL, 'https://b' "
        "UNION SELECT 'c', 'telegraph', 'good', NULL UNION SELECT 'd', 'evotor', 'good', 'https://d'"
    )
    found = polled(of_query(shop, query, connection={}))

    assert {each.id.kind for each in found.sources} == {"evotor", "http"}
    assert found.rejected == {"unknown_kind": 1, "setting": 1}


def test_an_unchanged_row_is_the_same_object(shop: SqliteApplication) -> None:
    """Without a change the whole list is the very same; a change makes its own connection anew."""
    shop.connect(2, "good")
    source = of_query(shop)
    first = polled(source).sources
    assert polled(source).sources is first

    shop.renew(2, "good-2")
    second = polled(source).sources
    assert second[0] is first[0]
    assert second[1] is not first[1]


def test_bytes_that_are_no_text(shop: SqliteApplication, caplog: pytest.LogCaptureFixture) -> None:
    """Binary keys make no readable id, and the log says what to write; text that is stored as bytes is text."""
    query = "SELECT x'fffe' AS id, 'good' AS token UNION SELECT CAST('b' AS BLOB), 'good'"
    found = polled(of_query(shop, query))
    assert (tokens(found), found.rejected) == ({"b": "good"}, {"setting": 1})
    (told,) = [vars(record)["facts"]["problem"] for record in caplog.records if "used" in record.message]
    assert told == "id: is binary, not text; let the query give it as text, such as hex(id)"


def test_who_may_not_make_the_files_of_a_log(tmp_path: Path) -> None:
    """A database in WAL mode can't be read without; that is another thing than a query that would write."""
    told = {}
    for name in ("SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY"):
        original = sqlite3.OperationalError("attempt to write a readonly database")
        original.sqlite_errorname = name
        error = refusal_of(DBAPIError("SELECT 1", None, original))
        told[name] = (error.reason, "WAL" in str(error))
    assert told == {"SQLITE_READONLY_DIRECTORY": ("connect", True), "SQLITE_READONLY": ("query", False)}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "sqlite:///a", "url_file": "b"}, "exclude each other"),
        ({}, "needs one of url_file, url_variable and url"),
    ],
)
def test_one_url_it_must_be(settings: dict[str, Any], told: str) -> None:
    """Two are as wrong as none, and each says what is wrong."""
    with pytest.raises(ConfigError, match=told):
        made(provider("sql", query="SELECT 1 AS id", **settings))


@pytest.mark.parametrize("url", ["postgresql://a:SECRET@127.0.0.1:1/a", "mysql://a:SECRET@127.0.0.1:1/a"])
def test_nothing_listens(url: str) -> None:
    """It is said in the words of other connections."""
    assert "nothing listens there" in str(failure(made(provider("sql", url=url, query="SELECT 1 AS id"))))


@pytest.mark.parametrize(
    ("query", "reason", "told"),
    [
        ("SELECT id, token FROM evotor_connections", "query", "no such column: token"),
        ("SELECT id FROM nowhere", "query", "no such table: nowhere"),
        ("SELECT id, FROM evotor_connections", "query", "syntax error"),
        ("SELECT id, access_token FROM evotor_connections", "columns", "'access_token': unknown key"),
        ("SELECT id, access_token AS tokn FROM evotor_connections", "columns", "did you mean token?"),
        ("SELECT access_token AS token FROM evotor_connections", "columns", "lacks the column 'id'"),
        ("SELECT id, id, access_token AS token FROM evotor_connections", "columns", "'id' twice"),
        ("SELECT id FROM evotor_connections", "columns", "no row can be used"),
        ("WITH x AS (SELECT 1) DELETE FROM evotor_connections RETURNING id", "query", "a SELECT"),
    ],
)
def test_a_query_that_cannot_be_used(shop: SqliteApplication, query: str, reason: str, told: str) -> None:
    """Each has its reason and says what is wrong; nothing was written."""
    error = failure(of_query(shop, query))

    assert (error.reason, told in str(error)) == (reason, True), error
    assert tokens(polled(of_query(shop))) == {"1": "good"}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////nowhere/shop.db", "connect"),
        ("sqlite://", "token"),
        ("mssql://user:SECRET@localhost/shop", "token"),
        ("postgres://user:SEC@RET:SECRET@localhost/shop", "token"),
        ("SECRET", "token"),
        ("postgresql://user:SECRET@127.0.0.1:1/shop", "connect"),
        ("mysql://user:SECRET@127.0.0.1:1/shop", "connect"),
        ("mysql://user:SECRET@127.0.0.1:1/shop?odd=SECRET", "token"),
        ("postgresql://user:SECRET@host.invalid/shop", "dns"),
        ("mariadb://user:SECRET@127.0.0.1:1/shop", "connect"),
        ("SEC\nRET", "token"),
        ("", "token"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, reason: str) -> None:
    """Each has its reason, and no message shows the password."""
    assert failure(made(provider("sql", url=url, query="SELECT 1 AS id"))).reason == reason


def test_a_locked_file_and_an_endless_query(shop: SqliteApplication) -> None:
    """A lock that another program holds, and a query that never ends, are broken off in time."""
    source = of_query(shop)
    database = sqlite3.connect(shop.file)
    database.execute("BEGIN EXCLUSIVE")
    assert failure(source).reason == "locked"
    database.close()

    endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS id FROM r"
    assert failure(of_query(shop, endless)).reason == "timeout"
    assert tokens(polled(source)) == {"1": "good"}


def test_no_database_and_a_damaged_one(tmp_path: Path, shop: SqliteApplication) -> None:
    """A file that is no database, or a folder, is a failure."""
    shop.file.write_bytes(b"no database" * 1000)
    assert failure(of_query(shop)).reason == "malformed"

    shop.file.unlink()
    shop.file.mkdir()
    assert failure(of_query(shop)).reason == "connect"


def test_ten_thousand_rows_of_which_one_in_a_hundred_is_bad(shop: SqliteApplication) -> None:
    """All others are listed; the bad ones are counted by reason."""
    database = sqlite3.connect(shop.file)
    with database:
        database.execute("DELETE FROM evotor_connections")
        rows = ((n, "good", "telegraph" if n % 100 == 0 else "evotor") for n in range(10_000))
        database.executemany(
            "INSERT INTO evotor_connections (id, access_token, store_name) VALUES (?, ?, ?)", rows
        )
    database.close()
    query = "SELECT id, access_token AS token, store_name AS kind FROM evotor_connections"
    found = polled(of_query(shop, query, connection={}, interval="1m", timeout="1m"))

    assert (len(found.sources), found.rejected) == (9_900, {"unknown_kind": 100})


@contextmanager
def following(folder: Path, cloud: Api, application: Application, **settings: Any) -> Iterator[Exporter]:
    """An exporter that follows the application, whose database's URL stands in a file."""
    (folder / "url").write_text(application.url)
    entry = provider("sql", cloud, url_file="url", query=application.query, **settings)
    with exporter(folder, config(entry)) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Application:
    if request.param == "sqlite":
        return SqliteApplication(tmp_path)
    return PostgresApplication(request.getfixturevalue("postgresql"))


def test_what_customers_do_is_seen_within_ten_seconds(
    application: Application, evotor: Api, tmp_path: Path
) -> None:
    """Customers connect, renew, are revoked, forget and leave; after each step /metrics says what is true, with default settings."""
    random, world = Random(8), dict[int, str]()
    with following(tmp_path, evotor, application, interval="5s") as running:
        for _ in range(6):
            for _ in range(5):
                _live(random, world, application)
            _agree(running, world)

        assert running.samples("source_poll_failures_total", "reason") == {}
        assert "SECRET" not in running.log.read_text() + running.ask("/metrics").text + running.ask("/").text


def _agree(running: Exporter, world: dict[int, str]) -> None:
    """Wait until /metrics says of each customer what is true, and of nobody else."""
    expected = {customer: STATUSES[token] for customer, token in world.items()}

    def seen() -> dict[int, str]:
        return {int(name.rpartition("-")[2]): status for name, status in running.statuses().items()}

    wait_for(lambda: seen() == expected, 10, f"{expected}, not {seen()}")


def _live(random: Random, world: dict[int, str], application: Application) -> None:
    """One thing that happens: mostly somebody connects; the world is what is true after it."""
    customer, token = random.randrange(12), random.choice(list(STATUSES))
    if customer not in world:
        application.connect(customer, token or None)
        world[customer] = token
    elif random.random() < 0.3:
        application.disconnect(customer)
        del world[customer]
    else:
        application.renew(customer, token or None)
        world[customer] = token


def reasons(running: Exporter) -> set[str]:
    return set(running.samples("source_poll_failures_total", "reason"))


def test_a_postgresql_that_fails_in_every_way(postgresql: PostgreSql, evotor: Api, tmp_path: Path) -> None:
    """Killed, hanging, locked, restarted, with another password: the list stays in force, and is followed again after."""
    application = PostgresApplication(postgresql)
    application.connect(1, "good")
    with following(tmp_path, evotor, application, timeout="1s") as running:
        wait_for(lambda: list(running.statuses().values()) == ["online"], 10)

        postgresql.kill()
        wait_for(lambda: "connect" in reasons(running), 20)
        postgresql.start()
        wait_for(lambda: running.samples("source_up", "kind").get("sql_provider"), 20)

        postgresql.signal(signal.SIGSTOP)
        wait_for(lambda: "timeout" in reasons(running), 20)
        postgresql.signal(signal.SIGCONT)
        wait_for(lambda: running.samples("source_up", "kind").get("sql_provider"), 20)

        postgresql.execute("ALTER ROLE watcher PASSWORD 'SECRET-new'")
        wait_for(lambda: "login" in reasons(running), 20)
        assert len(running.statuses()) == 1
        (tmp_path / "url").write_text(postgresql.url("watcher", "SECRET-new"))
        application.connect(2, "revoked")
        wait_for(lambda: sorted(running.statuses().values()) == ["offline", "online"], 10)

        assert running.samples("connection_checks_total", "connection").popitem()[1] >= 1
        assert "SECRET" not in running.log.read_text()


def test_a_table_that_somebody_locks(postgresql: PostgreSql, evotor: Api, tmp_path: Path) -> None:
    """While a migration holds it nothing new can be read, and the list as it was stays in force."""
    application = PostgresApplication(postgresql)
    application.connect(1, "good")
    with following(tmp_path, evotor, application, timeout="1s") as running:
        wait_for(lambda: list(running.statuses().values()) == ["online"], 10)
        with postgresql.locked("tenants"):
            wait_for(lambda: "timeout" in reasons(running), 20)
            assert list(running.statuses().values()) == ["online"]
        application.connect(2, "revoked")
        wait_for(lambda: sorted(running.statuses().values()) == ["offline", "online"], 20)


def test_postgresql_refuses_what_is_wrong(postgresql: PostgreSql) -> None:
    """A column or table that isn't there, no right to read, a query that would write or takes too long, each with its reason."""
    application = PostgresApplication(postgresql)
    postgresql.execute("CREATE TABLE private (id int)")
    postgresql.execute("REVOKE ALL ON private FROM watcher")
    expected = {
        "SELECT idd AS id FROM tenants": ("query", 'column "idd" does not exist'),
        "SELECT id FROM nowhere": ("query", '"nowhere" does not exist'),
        "SELECT id FROM private": ("query", "permission denied"),
        "WITH x AS (DELETE FROM tenants RETURNING customer) SELECT customer AS id FROM x": (
            "query",
            "a SELECT",
        ),
        "SELECT pg_sleep(60) AS id": ("timeout", "too long"),
        "SELECT 'SECRET-1'::int AS id": ("query", "SQLSTATE 22P02"),
    }
    for query, (reason, told) in expected.items():
        error = failure(of_query(application, query))
        assert (error.reason, told in str(error)) == (reason, True), error
    url = postgresql.url("watcher", "SECRET-wrong")
    assert failure(made(provider("sql", url=url, query="SELECT 1 AS id"))).reason == "login"
    url = postgresql.url("watcher", "SECRET-watcher").replace("/shop", "/nowhere")
    assert failure(made(provider("sql", url=url, query="SELECT 1 AS id"))).reason == "login"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DELETE FROM a", "must be a SELECT"),
        ("", "must be a SELECT"),
        ("SELECT 1; DROP TABLE a", "must be one statement"),
        ("SELECT 1 -- ; \n ; SELECT 2", "must be one statement"),
        ("PRAGMA writable_schema = 1", "must be a SELECT"),
    ],
)
def test_only_one_select_is_a_query(query: str, told: str) -> None:
    """What would write, and more than one statement, are mistakes of the configuration."""
    with pytest.raises(Exception, match=told):
        made(provider("sql", url="sqlite:///a", query=query))


@pytest.mark.parametrize(
    "query",
    ["SELECT ';' AS id", "select 1;", "WITH a AS (SELECT 1) SELECT 1", "(SELECT 1)", "/* ; */ SELECT 1 -- ;"],
)
def test_a_semicolon_that_is_none(query: str) -> None:
    """In texts and comments, and at the end, it does no harm."""
    made(provider("sql", url="sqlite:///a", query=query))
