"""Thousands of connections to one API, and some to another that hangs: is each checked on time, and at what cost?

    python benchmarks/connections.py [--connections N] [--interval SECONDS] [--window SECONDS] [--hanging N]

The API is a process of its own. The interval is shorter than in real life; cost per check doesn't depend on it.
"""

import argparse
import asyncio
import json
import logging
import resource
import subprocess
import sys
import time
from contextlib import suppress
from itertools import cycle
from statistics import median

from exporter.client import HttpClient
from exporter.config import Tls
from exporter.exposition.text import Exposition
from exporter.polling.limits import RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.reading import options_of
from exporter.sources.contract import ConnectionFindings
from exporter.state import Store

CONCURRENCY = 20
BODY = json.dumps(
    {"items": [{"id": f"store-{n}", "name": "A shop"} for n in range(3)], "paging": {}}
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


async def api(seconds: float) -> None:
    """Answer everything after so many seconds, except to who asks for /hang."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while b"/hang" not in await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(seconds)
                writer.write(ANSWER)
            await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Timed(ConnectionSource):
    """A connection that notes when each of its checks begins."""

    started: list[float]

    async def poll(self, token: str) -> ConnectionFindings:
        self.started.append(time.monotonic())
        return await super().poll(token)


def made(client: HttpClient, id_: str, address: str, interval: int) -> Timed:
    """Make a connection of kind evotor."""
    section = {
        "id": id_,
        "kind": "evotor",
        "token": "made-up",
        "address": address,
        "interval": f"{interval}s",
    }
    (options,) = options_of(
        ({**section, "timeout": f"{min(20, interval)}s", "stale_after": f"{3 * interval}s"},)
    )
    source = Timed(KINDS["evotor"](options), client, CONCURRENCY)
    source.started = []
    return source


async def measure(port: int, connections: int, hanging: int, interval: int, window: float) -> None:
    """Poll all of them once and then for a while, and print what was seen."""
    client, limits, store = HttpClient(Tls()), RequestLimits(), Store()
    good = [made(client, f"a-{n}", f"http://127.0.0.1:{port}", interval) for n in range(connections)]
    bad = [made(client, f"b-{n}", f"http://localhost:{port}/hang", interval) for n in range(hanging)]
    store.adopt([source.info for source in (*good, *bad)])
    begun = time.monotonic()
    phases = [begun + interval * number / connections for number in range(connections)]
    pollers = [
        Poller(source, store, limits, phase)
        for source, phase in zip([*good, *bad], cycle(phases), strict=False)
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    while not all(source.started for source in good):  # noqa: ASYNC110 -- every source would have to set an event
        await asyncio.sleep(0.1)
    first = time.monotonic() - begun
    at_once = max((load.at_once for load in limits.loads().values()), default=CONCURRENCY)
    print(f"first round: {connections:,} checks in {first:.1f} s, at most {at_once} at once")
    await asyncio.sleep(first)  # What became due meanwhile is caught up with.
    await steady(good, phases, interval, window)
    print(
        f"an API that hangs: {sum(len(s.started) for s in bad)} checks of its {hanging} connections meanwhile"
    )
    rendered = Exposition().render(store.snapshot)
    size = rendered.bodies["text"].size / 1e6
    print(f"/metrics: {rendered.series:,} series, {size:.0f} MB, rendered in {rendered.duration:.1f} s")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.close()


async def steady(sources: list[Timed], phases: list[float], interval: int, window: float) -> None:
    """Print what a while of polling costs, and how late checks begin."""
    cpu, begun = time.process_time(), time.monotonic()
    await asyncio.sleep(window)
    cpu, wall = time.process_time() - cpu, time.monotonic() - begun
    polled = zip(sources, phases, strict=True)
    late = sorted((t - phase) % interval for s, phase in polled for t in s.started if t > begun)
    rate, cost, memory = len(late) / wall, cpu / len(late), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"then: {rate:.0f} checks/s ({len(sources) / interval:.0f} are due), {cpu / wall:.0%} of a core")
    print(
        f"lateness: median {median(late):.3f} s, 99 % {late[int(0.99 * len(late))]:.3f} s, worst {late[-1]:.3f} s"
    )
    print(
        f"a check costs {cost * 1e3:.2f} ms: {len(sources) / 600 * cost:.1%} of a core when the interval is 600 s"
    )
    print(f"memory: {memory / 1024:.0f} MiB at most")


def main() -> None:
    """Start the API, measure, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=60)
    parser.add_argument("--window", type=float, default=10, help="seconds to look at when it has settled")
    parser.add_argument("--hanging", type=int, default=200)
    parser.add_argument("--answers-in", type=float, default=0.0, help="seconds that the API takes")
    parser.add_argument("--api", action="store_true", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.api:
        asyncio.run(api(flags.answers_in))
    logging.getLogger("exporter").setLevel(logging.CRITICAL)
    command = [sys.executable, __file__, "--api", f"--answers-in={flags.answers_in}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 -- ourselves
        assert server.stdout
        port = int(server.stdout.readline())
        try:
            asyncio.run(measure(port, flags.connections, flags.hanging, flags.interval, flags.window))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
