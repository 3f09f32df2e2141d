"""A world whose last 24 hours are in a real Prometheus, looked at from a moment that is always the same.

So the pictures change when the dashboards do, and not with the time of the day.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exporter.demo.history import STEP, TARGET, write_history
from exporter.demo.prometheus import Programs, backfill, evaluate_rules, fill, running
from exporter.demo.world import World
from pictures.alerts import fired

# In the demo's world something of each kind is wrong at this time.
NOW = datetime(2026, 1, 14, 19, 30, 10, tzinfo=UTC).timestamp()
_END = NOW // STEP * STEP + STEP  # the last sample is a few seconds old
_HOURS = 25.0  # the first hour lies before what is shown


@dataclass(frozen=True)
class Stage:
    """Where to ask, and the moment (Unix time) to ask about."""

    prometheus: str
    now: float


@asynccontextmanager
async def staged(
    world: World, prometheus: Path, promtool: Path, folder: Path, exporters: int = 1
) -> AsyncIterator[Stage]:
    """Play the world's last 24 hours into a Prometheus, as so many exporters saw it, let the rules run, and run it."""
    programs = Programs(prometheus, promtool, f"127.0.0.1:{free_port()}", exporter="")
    (folder / "prometheus.yml").write_text("{}")  # no targets, no rules: all is history
    data = folder / "data"
    await asyncio.to_thread(_play, programs, world, data, exporters)
    async with running(programs, folder, data):
        await asyncio.to_thread(evaluate_rules, programs, data, _HOURS, _END)
    async with running(programs, folder, data):  # what the rules have made is found at a start
        yield Stage(f"http://{programs.address}", NOW)


def _play(programs: Programs, world: World, data: Path, exporters: int) -> None:
    fill(programs, world, data, _HOURS, _END)
    start = _END - _HOURS * 3600
    text = data / "more.om"
    for number in range(2, exporters + 1):
        with text.open("wb") as file:
            write_history(world, start, _END, file, target=TARGET.replace('exporter"', f'exporter-{number}"'))
        backfill(programs, text, data)
    text.write_text("".join(fired(world, start, _END)), encoding="utf-8")
    backfill(programs, text, data)
    text.unlink()


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
