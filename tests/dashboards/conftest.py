"""A real Prometheus that has seen the day of world.py and recorded it by the project's rules."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.dashboards.asking import Asked
from tests.dashboards.grafana_view import Choice, Json, View
from tests.dashboards.truth import Ask
from tests.dashboards.world import END, START, openmetrics
from tests.real import Prometheus
from tests.real.missing import component
from tests.real.prometheus import backfill

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "grafana" / "dashboards"
RULES = ROOT / "rules" / "recording.yml"
FOREVER = "--storage.tsdb.retention.time=100y"
LOOKBACK = "--query.lookback-delta={}s"
"""Backfilled series end without the mark that a scrape leaves where they vanish: with a lookback of one interval
(of scrapes for the rules, of rules for the panels) they end as they would."""


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """The server, its rules evaluated over the whole day."""
    promtool, folder = component("promtool"), tmp_path_factory.mktemp("day")
    history = folder / "history.om"
    with history.open("w", encoding="utf-8") as file:
        file.writelines(openmetrics())
    home = folder / "server"
    home.mkdir()
    server = Prometheus(component("prometheus"), home, {"global": {}}, folder / "data")
    backfill(promtool, history, server.data_dir)
    server.start(LOOKBACK.format(30), FOREVER)
    try:
        record(promtool, server, folder / "recorded")
        server.stop()
        for block in (folder / "recorded").iterdir():
            block.rename(server.data_dir / block.name)
        server.start(LOOKBACK.format(60), FOREVER)
        yield server
    finally:
        server.stop()


def record(promtool: Path, server: Prometheus, folder: Path) -> None:
    """Evaluate the recording rules every minute of the day and an hour before it."""
    command: list[str | Path] = [promtool, "tsdb", "create-blocks-from", "rules", f"--url={server.url}"]
    command += [
        f"--start={START - 3600}",
        f"--end={END + 60}",
        "--eval-interval=60s",
        f"--output-dir={folder}",
        RULES,
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="session")
def dashboards() -> dict[str, Json]:
    """The English dashboards by uid."""
    loaded = (json.loads(path.read_text(encoding="utf-8")) for path in (DASHBOARDS / "en").glob("*.json"))
    return {dashboard["uid"]: dashboard for dashboard in loaded}


@pytest.fixture
def ask(day: Prometheus, dashboards: dict[str, Json]) -> Ask:
    """A dashboard, with what was chosen on it, at the end of the day."""

    def ask(uid: str, **choices: Choice) -> Asked:
        return Asked(day, View(dashboards[uid], END, choices, zone=ZoneInfo("Europe/Moscow")))

    return ask
