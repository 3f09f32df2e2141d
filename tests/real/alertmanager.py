"""A real Alertmanager."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.real.http import request
from tests.real.process import Process, free_ports


class Alertmanager:
    """One Alertmanager, a cluster of its own; its silences and log outlive `stop()` and `start()`.

    `config` is a mapping, the text of a configuration, or a file that is used where it lies.
    """

    def __init__(self, binary: Path, folder: Path, config: Mapping[str, Any] | str | Path) -> None:
        self._binary = binary
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.config_file = (
            config if isinstance(config, Path) else _written(config, folder / "alertmanager.yml")
        )
        self.log = folder / "alertmanager.log"
        (self.port,) = free_ports(1)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *arguments: str) -> "Alertmanager":
        """Start it, again after a stop on the same port, and wait until it is ready."""
        command: list[str | Path] = [
            self._binary,
            f"--config.file={self.config_file}",
            f"--storage.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            *arguments,
        ]
        self._process = Process(command, self.log).wait_ready(self._ready)
        return self

    def _ready(self) -> bool:
        return request("GET", f"{self.url}/-/ready").status == 200

    def stop(self) -> None:
        if self._process:
            self._process.stop()

    def reload(self) -> None:
        """Read the configuration again; AssertionError with its words when it is bad."""
        request("POST", f"{self.url}/-/reload").expect()

    def post_alerts(self, alerts: list[dict[str, Any]]) -> None:
        """Hand over alerts as Prometheus does: items with `labels` and `annotations`."""
        headers = {"Content-Type": "application/json"}
        request("POST", f"{self.url}/api/v2/alerts", alerts, headers).expect()

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert known, silenced and inhibited ones included."""
        alerts: list[dict[str, Any]] = request("GET", f"{self.url}/api/v2/alerts").expect().json()
        return alerts


def _written(config: Mapping[str, Any] | str, file: Path) -> Path:
    file.write_text(config if isinstance(config, str) else yaml.safe_dump(dict(config), sort_keys=False))
    return file
