"""VictoriaMetrics in Prometheus' place: it answers the same API, vmagent scrapes, and vmalert evaluates the same rules."""

import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.real.http import request
from tests.real.prometheus import Prometheus
from tests.real.server import Config, Server

FOREVER = "-retentionPeriod=100y"
SAMPLE = re.compile(r"(.+) (\d+(?:\.\d+)?)$")


class VictoriaMetrics(Prometheus):
    """One server of VictoriaMetrics, single-node."""

    name = "victoria-metrics"

    def _flags(self) -> list[str]:
        return [f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={self.data_dir}", FOREVER]

    def _ready(self) -> bool:
        return request("GET", f"{self.url}/health").status == 200

    def write(self, openmetrics: Iterable[str]) -> None:
        """Take samples with timestamps in seconds, as OpenMetrics has them; here they are milliseconds."""
        lines = []
        for text in openmetrics:
            for line in text.splitlines():
                if not line.startswith("#") and (match := SAMPLE.fullmatch(line)):
                    lines.append(f"{match[1]} {float(match[2]) * 1000:.0f}\n")
        request("POST", f"{self.url}/api/v1/import/prometheus", "".join(lines)).expect(204)
        self.flush()

    def flush(self) -> None:
        """Let queries see all that was written."""
        request("GET", f"{self.url}/internal/force_flush").expect()

    def replay(self, vmalert: Path, rules: Path, start: float, end: float) -> None:
        """Evaluate rules over the past, each minute, and keep what they record."""
        command: list[str | Path] = [vmalert, f"-rule={rules}", "-evaluationInterval=1m"]
        command += [f"-datasource.url={self.url}", f"-remoteWrite.url={self.url}", "-replay.rulesDelay=0s"]
        command += [f"-replay.timeFrom={_written(start)}", f"-replay.timeTo={_written(end)}"]
        # A sample between two pieces would be written twice.
        command += [f"-replay.maxDatapointsPerQuery={(end - start) / 60 + 2:.0f}"]
        command += ["-replay.disableProgressBar", "-httpListenAddr=127.0.0.1:0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        self.flush()


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Vmagent(Server):
    """Scrapes as Prometheus does, by the same configuration, and writes to a store."""

    name = "vmagent"

    def __init__(self, binary: Path, folder: Path, config: Config, store: VictoriaMetrics) -> None:
        super().__init__(binary, folder, config)
        self._store = store

    def _flags(self) -> list[str]:
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-promscrape.config={self.config_file}",
            f"-remoteWrite.url={self._store.url}/api/v1/write",
            f"-remoteWrite.tmpDataPath={self.data_dir}",
            "-remoteWrite.flushInterval=200ms",
        ]

    def _ready(self) -> bool:
        return request("GET", f"{self.url}/health").status == 200


class Vmalert(Server):
    """Evaluates rules on a store, and writes there what they record."""

    name = "vmalert"

    def __init__(self, binary: Path, folder: Path, rules: str, store: VictoriaMetrics) -> None:
        super().__init__(binary, folder, {})
        self._rules, self._store = rules, store

    def _flags(self) -> list[str]:
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-rule={self._rules}",
            f"-datasource.url={self._store.url}",
            f"-remoteWrite.url={self._store.url}",
            f"-remoteRead.url={self._store.url}",
            "-remoteWrite.flushInterval=200ms",
            "-rule.evalDelay=1s",
            "-notifier.blackhole",
        ]

    def _ready(self) -> bool:
        return request("GET", f"{self.url}/health").status == 200
