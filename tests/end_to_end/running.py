"""The real exporter as a process, and the demo's simulators in a thread, for tests of the whole chain."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.cli import Address
from exporter.demo.simulators import simulators
from exporter.demo.world import World
from tests.real.http import request
from tests.real.process import Process, free_ports


class Exporter:
    """One exporter on a port of its own; it may be killed and started again."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self._log = log
        (self.port,) = free_ports(1)
        self._process: Process | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until its first polls are over."""
        flags = [
            f"--config.file={self._config}",
            f"--web.listen-address={self.address}",
            "--web.enable-lifecycle",
        ]
        self._process = Process([sys.executable, "-m", "exporter", *flags], self._log).wait_ready(self._ready)

    def _ready(self) -> bool:
        return request("GET", f"http://{self.address}/-/ready").status == 200

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()


@contextmanager
def simulated(world: World, tokens: Path) -> Iterator[tuple[str, str]]:
    """Run the simulators of `world` in a thread; yield the addresses of Consul and of the connections' API."""
    started, addresses = threading.Event(), list[str]()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def run() -> None:
        free = Address("127.0.0.1", 0)
        async with simulators(world, free, free, tokens) as found:
            addresses.extend(found)
            started.set()
            await stopped.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        assert started.wait(30)
        yield addresses[0], addresses[1]
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()
