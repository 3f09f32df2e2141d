"""The demo's simulators in a thread, for tests of the whole chain."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.cli import Address
from exporter.demo.simulators import simulators
from exporter.demo.world import World


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
