"""The same rules and routes with all times shorter, so that a day passes in minutes."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.alerts.durations import DURATION, seconds
from tests.alerts.test_delivery import CONFIG
from tests.alerts.test_rules import FILES

FASTER = 30  # a minute takes two seconds
LONGEST_WAIT = "20m"  # what waits longer than this (for a warning, a forgotten maintenance) waits this long


def write_fast_rules(folder: Path) -> list[str]:
    """Write the alerts' rules into a folder, under their own names; return the files."""
    for file in FILES:
        lines = (_shortened(line) for line in file.read_text().splitlines(keepends=True))
        (folder / file.name).write_text("".join(lines))
    return [str(folder / file.name) for file in FILES]


def _shortened(line: str) -> str:
    return line if line.lstrip().startswith("#") else DURATION.sub(_shorter, _cut(line))


def _cut(line: str) -> str:
    wait = re.search(r"setting: for\}, expr: (\w+)", line)
    return line.replace(wait[1], LONGEST_WAIT) if wait and seconds(wait[1]) > seconds(LONGEST_WAIT) else line


def _shorter(duration: re.Match[str]) -> str:
    return f"{seconds(duration[0]) * 1000 / FASTER:.0f}ms"


def fast_alertmanager(webhook: str) -> dict[str, Any]:
    """Return the example's routes and inhibitions; every receiver is a webhook named by its own name."""
    config: dict[str, Any] = yaml.safe_load(DURATION.sub(_shorter, CONFIG.read_text()))
    names = [receiver["name"] for receiver in config["receivers"]]
    receivers = [{"name": name, "webhook_configs": [{"url": f"{webhook}/{name}"}]} for name in names]
    return {key: config[key] for key in ("route", "inhibit_rules", "time_intervals")} | {
        "receivers": receivers
    }
