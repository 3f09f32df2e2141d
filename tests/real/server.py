"""What Prometheus and Alertmanager have in common: a configuration, a log, a port, readiness, reload."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml

from tests.real.http import request
from tests.real.process import Process, free_ports

Config = Mapping[str, Any] | str | Path


class Server:
    """One server; its data outlives `stop()` and `start()`.

    `config` is a mapping, the text of a configuration, or a file that is used where it lies,
    so that its relative paths work.
    """

    name: ClassVar[str]

    def __init__(self, binary: Path, folder: Path, config: Config) -> None:
        self._binary = binary
        self.folder = folder
        self.config_file = config if isinstance(config, Path) else self._written(config)
        self.data_dir = folder / "data"
        self.log = folder / f"{self.name}.log"
        (self.port,) = free_ports(1)
        self._process: Process | None = None

    def _written(self, config: Mapping[str, Any] | str) -> Path:
        file = self.folder / f"{self.name}.yml"
        file.write_text(config if isinstance(config, str) else yaml.safe_dump(dict(config), sort_keys=False))
        return file

    def _flags(self) -> list[str]:
        return [f"--config.file={self.config_file}", f"--web.listen-address=127.0.0.1:{self.port}"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *arguments: str) -> Self:
        """Start it, again after a stop on the same port, and wait until it is ready."""
        command: list[str | Path] = [self._binary, *self._flags(), *arguments]
        self._process = Process(command, self.log).wait_ready(self._ready)
        return self

    def _ready(self) -> bool:
        return request("GET", f"{self.url}/-/ready").status == 200

    def stop(self) -> None:
        """Stop it in order."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()

    def reload(self) -> None:
        """Read the configuration again; AssertionError with the server's words when it is bad."""
        request("POST", f"{self.url}/-/reload").expect()
