"""A real Prometheus server."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.real.http import request
from tests.real.process import wait_for
from tests.real.server import Config, Server

Series = dict[str, Any]


class Prometheus(Server):
    """One Prometheus server, on data that may be there already."""

    name = "prometheus"

    def __init__(self, binary: Path, folder: Path, config: Config, data_dir: Path | None = None) -> None:
        super().__init__(binary, folder, config)
        self.data_dir = data_dir or self.data_dir

    def _flags(self) -> list[str]:
        return [*super()._flags(), f"--storage.tsdb.path={self.data_dir}", "--web.enable-lifecycle"]

    def api(self, path: str, **parameters: object) -> Any:
        """Ask /api/v1/<path>, and return `data`; AssertionError with Prometheus' words when it refuses."""
        url = f"{self.url}/api/v1/{path}"
        form = {name: value for name, value in parameters.items() if value is not None}
        if path in ("query", "query_range", "series", "labels"):
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = request("POST", url, urlencode(form, doseq=True), headers)
        else:
            answer = request("GET", f"{url}?{urlencode(form, doseq=True)}")
        return answer.expect().json()["data"]

    def query(self, expr: str, time: float | None = None) -> list[Series]:
        """The result of an instant query: items with `metric` and `value` (Unix seconds, text)."""
        data = self.api("query", query=expr, time=time)
        if data["resultType"] in ("scalar", "string"):
            return [{"metric": {}, "value": data["result"]}]
        result: list[Series] = data["result"]
        return result

    def query_range(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """The result of a range query: items with `metric` and `values`; times and step in seconds."""
        result: list[Series] = self.api("query_range", query=expr, start=start, end=end, step=step)["result"]
        return result

    def value(self, expr: str, time: float | None = None) -> float:
        """The value of a query that gives exactly one series."""
        result = self.query(expr, time)
        assert len(result) == 1, f"{expr} gives {len(result)} series: {result}"
        return float(result[0]["value"][1])

    def wait_until(
        self, expr: str, told: Callable[[list[Series]], bool] = bool, within: float = 60
    ) -> list[Series]:
        """Ask `expr` until its result satisfies `told` (by default: until there is one), and return it."""
        seen: list[Series] = []

        def asked() -> bool:
            seen[:] = self.query(expr)
            return told(seen)

        wait_for(asked, within, f"{expr} (last result: see the server's log {self.log})")
        return seen

    def alerts(self) -> list[Series]:
        """Pending and firing alerts."""
        alerts: list[Series] = self.api("alerts")["alerts"]
        return alerts


def backfill(promtool: Path, openmetrics: Path, data_dir: Path) -> None:
    """Write the samples of an OpenMetrics text file as blocks into `data_dir`."""
    command: list[str | Path] = [promtool, "tsdb", "create-blocks-from", "openmetrics", openmetrics, data_dir]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
