"""A query to a database: one short-lived, read-only connection, bounded in time; whatever fails is one of our errors."""

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from exporter.errors import Malformed, PollError, TimedOut, TokenUnusable, TooLarge
from exporter.sources.providers.columns import Table
from exporter.sources.providers.refusals import refusal_of

# The driver of each database, whichever one the application uses itself.
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite+pysqlite",
}
_ODD_PARTS = "the URL of the database has parts that can't be used"
_MOST_ROWS = 200_000
# Of the time that there is: after the first part the server gives up, after the second one we do.
_SERVER_SHARE, _OUR_SHARE = 0.7, 0.9


class Database:
    """The database at a URL, asked from one thread at a time; `timeout` in seconds."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = _understood(url)
        self._timeout = timeout
        self._engine = self._made()

    def read(self, query: str) -> Table:
        """Carry out the query; PollError when that fails, without a secret in its message."""
        try:
            with self._engine.connect() as connection, _bounded(connection, self._timeout * _OUR_SHARE):
                return self._read(connection, query)
        except DBAPIError as error:
            raise refusal_of(error) from None
        except TypeError:
            raise TokenUnusable(_ODD_PARTS) from None
        except (SQLAlchemyError, ValueError, OverflowError):
            raise Malformed("the database's answer can't be understood") from None

    def _read(self, connection: Connection, query: str) -> Table:
        reading = connection.execution_options(no_parameters=True, **_read_only(connection))
        for statement in _preparations(connection, self._timeout * _SERVER_SHARE):
            reading.exec_driver_sql(statement)
        result = reading.exec_driver_sql(query)
        if not result.returns_rows:
            raise Malformed("the query gives no rows")
        columns, rows = tuple(result.keys()), result.fetchmany(_MOST_ROWS + 1)
        if len(rows) > _MOST_ROWS:
            raise TooLarge(f"the query gives more than {_MOST_ROWS:,} rows")
        return Table(columns, [tuple(row) for row in rows])

    def _made(self) -> Engine:
        try:
            return _engine(self._url, self._timeout)
        except ModuleNotFoundError:
            extra = "mysql" if "pymysql" in self._url.drivername else "postgresql"
            raise TokenUnusable(
                f"no driver for the database: install status-exporter with the extra {extra}"
            ) from None
        except (SQLAlchemyError, ValueError, TypeError):
            raise TokenUnusable(_ODD_PARTS) from None


def _understood(text: str) -> URL:
    """Return the URL with the driver that we bring along."""
    with suppress(ArgumentError, NoSuchModuleError, ValueError):
        url = make_url(text)
        if driver := _DRIVERS.get(url.drivername.partition("+")[0]):
            return url.set(drivername=driver)
        raise TokenUnusable(f"the URL names no database that is known; known are {', '.join(_DRIVERS)}")
    raise TokenUnusable("what is given as the URL of the database is none")


def _engine(url: URL, timeout: float) -> Engine:
    seconds = max(2, round(timeout * _SERVER_SHARE))
    if url.drivername.startswith("sqlite"):
        return _sqlite_engine(url, timeout * _SERVER_SHARE)
    if url.drivername.startswith("postgresql"):
        arguments: dict[str, Any] = {"connect_timeout": seconds, "application_name": "status-exporter"}
    else:
        arguments = {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds}
        arguments["init_command"] = "SET SESSION TRANSACTION READ ONLY"
    return create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)


def _sqlite_engine(url: URL, patience: float) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise TokenUnusable("the URL names no SQLite file; one is sqlite:////var/lib/shop.db")
    file = f"file:{quote(os.path.abspath(str(url.database)))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file, uri=True, timeout=patience, check_same_thread=False)

    return create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _read_only(connection: Connection) -> dict[str, Any]:
    return {"postgresql_readonly": True} if connection.dialect.name == "postgresql" else {}


def _preparations(connection: Connection, seconds: float) -> list[str]:
    """Return what makes the session read-only and bounds its statements, beyond what its start did already."""
    if connection.dialect.name == "sqlite":
        return ["PRAGMA query_only = ON"]
    if connection.dialect.name == "postgresql":
        return [f"SET LOCAL statement_timeout = {seconds * 1000:.0f}"]
    if getattr(connection.dialect, "is_mariadb", False):
        return [f"SET SESSION max_statement_time = {seconds:.3f}", "START TRANSACTION READ ONLY"]
    return [f"SET SESSION max_execution_time = {seconds * 1000:.0f}", "START TRANSACTION READ ONLY"]


@contextmanager
def _bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """Break off what takes longer: a server that hangs would keep the thread for ever; TimedOut then."""
    driver, is_over = connection.connection.driver_connection, threading.Event()
    timer = threading.Timer(seconds, _abort, (driver, is_over))
    timer.daemon = True
    timer.start()
    try:
        yield
    except (DBAPIError, PollError):
        if is_over.is_set():
            raise TimedOut(f"the database gave no answer in time ({seconds:g} s)") from None
        raise
    finally:
        timer.cancel()


def _abort(driver: Any, is_over: threading.Event) -> None:
    """End what the driver waits for, from another thread; MySQL's has timeouts of its own."""
    is_over.set()
    with suppress(Exception):
        if isinstance(driver, sqlite3.Connection):
            driver.interrupt()
        elif hasattr(driver, "fileno"):
            with socket.socket(fileno=os.dup(driver.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)
