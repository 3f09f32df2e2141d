"""A real MariaDB server with a database `shop`, its owner and a user who may read."""

import subprocess
from pathlib import Path

from tests.real.process import Process, free_ports

SYSTEM = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
OWN = """
create database shop;
flush privileges;
create user watcher identified by 'SECRET-watcher';
use shop;
set names utf8mb4;
create table accounts (id int primary key, token varchar(100), title varchar(100)) character set utf8mb4;
insert into accounts values (1, 'good', 'Лавка'), (2, null, '100%');
grant select on shop.* to watcher;
"""


class MariaDb:
    """One server, filled when it is made."""

    def __init__(self, binary: Path, folder: Path) -> None:
        share = binary.resolve().parents[1] / "share/mysql"
        self._log = folder / "mariadb.log"
        data = folder / "data"
        data.mkdir()
        (self.port,) = free_ports(1)
        self._command: list[str | Path] = [
            binary,
            "--no-defaults",
            f"--datadir={data}",
            f"--lc-messages-dir={share}",
        ]
        self._command += [f"--character-sets-dir={share / 'charsets'}", "--user=root"]
        self._command += ["--innodb-buffer-pool-size=16M", f"--socket={data / 's'}", f"--port={self.port}"]
        tables = "".join((share / name).read_text() for name in SYSTEM)
        statements = f"create database mysql;\nuse mysql;\n{tables}{OWN}"
        subprocess.run(
            [*self._command, "--bootstrap"],
            input=statements,
            text=True,
            check=True,
            capture_output=True,
            timeout=60,
        )

    def start(self) -> "MariaDb":
        """Start it and wait until it answers."""
        command = [*self._command, "--bind-address=127.0.0.1"]
        self._process = Process(command, self._log).wait_ready(
            lambda: "ready for connections" in self._log.read_text()
        )
        return self

    def url(self, password: str = "SECRET-watcher", database: str = "shop", scheme: str = "mysql") -> str:
        return f"{scheme}://watcher:{password}@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        self._process.kill()
