"""A real Prometheus beside the demo, with the world's last hours already in its history."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from exporter.demo.history import STEP, write_history
from exporter.demo.leftover import noted
from exporter.demo.world import World

_CONFIG = Path("prometheus.yml")
_RULES = Path("rules")
# The demo's exporter was not running for some minutes this long ago, so that `no data` is to be seen.
_OUTAGE = (7 * 3600.0, 7 * 3600.0 - 1500.0)
_PATIENCE = 60.0


class PrometheusFailed(Exception):
    """Prometheus or promtool could not do its part; the message says which, and where to read more."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs to run, the address Prometheus listens on, and the exporter's that it scrapes."""

    prometheus: Path
    promtool: Path
    address: str
    exporter: str


def settle(programs: Programs, folder: Path) -> None:
    """Make a fresh `folder` with the project's configuration and rules, pointing at the demo's exporter."""
    if not (_CONFIG.is_file() and _RULES.is_dir()):
        raise PrometheusFailed("prometheus.yml and rules are not here: run this in the project's folder")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "targets").mkdir(parents=True)
    shutil.copy(_CONFIG, folder)
    shutil.copytree(_RULES, folder / "rules")
    target = {"targets": [programs.exporter], "labels": {"instance": "status-exporter"}}
    (folder / "targets" / "exporter.yml").write_text(json.dumps([target]))


async def fill_only(programs: Programs, world: World, data: Path, hours: float) -> bool:
    """Write the history and its recorded series into `data` for a Prometheus to start on; False when it isn't empty."""
    if _has_blocks(data):
        return False
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _CONFIG).write_text("{}")  # no targets, no rules: nothing but the history gets into it
        await asyncio.to_thread(fill, programs, world, data, hours)
        async with running(programs, folder, data):
            await asyncio.to_thread(evaluate_rules, programs, data, hours)
    return True


def _has_blocks(data: Path) -> bool:
    return any(data.glob("*/meta.json"))


def fill(programs: Programs, world: World, data: Path, hours: float, end: float | None = None) -> None:
    """Write the history up to `end` (Unix time, by default now) into `data`, as blocks of Prometheus."""
    data.mkdir(exist_ok=True)
    text = data / "history.om"
    end = _whole(end)
    with text.open("wb") as file:
        write_history(world, end - hours * 3600, end, file, [(end - _OUTAGE[0], end - _OUTAGE[1])])
    backfill(programs, text, data)
    text.unlink()


def backfill(programs: Programs, text: Path, data: Path) -> None:
    """Turn OpenMetrics text with timestamps into blocks of Prometheus in `data`."""
    blocks = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", text, data]
    _promtool(programs, *map(str, blocks))


def evaluate_rules(programs: Programs, data: Path, hours: float, end: float | None = None) -> None:
    """Evaluate the recording rules over the history; Prometheus finds the new blocks within a minute, or at its start."""
    end = _whole(end)
    span = [f"--start={end - hours * 3600:.0f}", f"--end={end:.0f}", f"--url=http://{programs.address}"]
    output = [f"--output-dir={data}", "--eval-interval=60s", str(_RULES / "recording.yml")]
    _promtool(programs, "tsdb", "create-blocks-from", "rules", *span, *output)


def _whole(end: float | None) -> float:
    """The minute that `end` is in, without one the present."""
    return (time.time() if end is None else end) // STEP * STEP


def _promtool(programs: Programs, *arguments: str) -> None:
    result = subprocess.run([programs.promtool, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 -- a program the user named
    if result.returncode:
        raise PrometheusFailed(f"promtool {' '.join(arguments[:3])} failed: {result.stderr.strip()[-500:]}")


@asynccontextmanager
async def running(programs: Programs, folder: Path, data: Path) -> AsyncIterator[None]:
    """Run Prometheus with the configuration in `folder` on the blocks in `data` until the block ends."""
    arguments = [
        f"--config.file={folder / _CONFIG.name}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address={programs.address}",
        "--storage.tsdb.retention.time=15d",
        "--rules.alert.for-grace-period=1m",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        tied = [
            sys.executable,
            "-m",
            "exporter.demo.tied",
            str(os.getpid()),
            str(programs.prometheus.absolute()),
        ]
        # A session of its own: Ctrl-C reaches us alone, and we stop it in order.
        process = await asyncio.create_subprocess_exec(
            *tied, *arguments, stdout=log, stderr=log, start_new_session=True
        )
        try:
            with noted(folder, process.pid):
                await _until_ready(programs, process, folder)
                yield
        finally:
            await _stop(process)


async def _until_ready(programs: Programs, process: asyncio.subprocess.Process, folder: Path) -> None:
    patience = time.monotonic() + _PATIENCE
    async with httpx.AsyncClient(trust_env=False) as client:
        while process.returncode is None and time.monotonic() < patience:
            with suppress(httpx.HTTPError):
                if (await client.get(f"http://{programs.address}/-/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.2)
    raise PrometheusFailed(f"Prometheus did not start on {programs.address}, see {folder / 'prometheus.log'}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()
