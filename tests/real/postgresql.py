"""A real PostgreSQL server, run as an ordinary user: it refuses to be root's."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from tests.real.process import Process, free_ports, wait_for

NOBODY = 65534
PASSWORD = "SECRET-owner"


class PostgreSql:
    """One server with a database `shop`; its data outlives `stop()`, `kill()` and `start()`."""

    def __init__(self, binary: Path, log: Path) -> None:
        self._programs = binary.resolve().parent
        self._log = log
        # Where tests have their folders, no other user may look.
        self.folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self._own(self.folder)
        (self.port,) = free_ports(1)
        self._process: Process | None = None
        self._initialise()

    def _initialise(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._own(password)
        command: list[str | Path] = [self._programs / "initdb", "--pgdata", self.folder / "data"]
        command += ["--username=owner", f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync"]
        command += ["--encoding=UTF8", "--no-locale"]
        made = Process([*_as_nobody(), *command], self._log)
        wait_for(lambda: not made.running, what="initdb")

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def start(self) -> "PostgreSql":
        """Start it, again on the same port, and wait until it answers."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 20,
        }
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [*_as_nobody(), self._programs / "postgres", "-D", self.folder / "data", *flags]
        self._process = Process(command, self._log).wait_ready(self._answers)
        return self

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1", database="postgres")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: LiteralString, *values: Any, database: str = "shop") -> None:
        """Do something as the owner."""
        with self._connected(database) as connection:
            connection.execute(statement, values or None)

    @contextmanager
    def locked(self, table: LiteralString) -> Iterator[None]:
        """Hold a lock on a table with which nobody else can read it."""
        with self._connected("shop") as connection, connection.transaction():
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield

    def _connected(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="owner",
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    def url(self, user: str, password: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/shop"

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        os.kill(self._process.pid, number)

    def stop(self) -> None:
        """Stop it in order."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()

    def remove(self) -> None:
        """End it, and take away its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _as_nobody() -> list[str | Path]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig", "KILL"]
