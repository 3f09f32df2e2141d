"""What it costs to follow a table of thousands of connections: unchanged, and with some rows changed each time.

    python benchmarks/providers.py [--rows N] [--changed N] [--url URL] [--interval SECONDS]

Without a URL the table is in a SQLite file made for it; another must hold no table `benchmark_connections` of worth.
Measured is processor time of reading the list and of taking its changes over, beside the event loop or not.
"""

import argparse
import asyncio
import logging
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, create_engine, text

from exporter.sources.factory import SourceFactory
from exporter.sources.plan import plan
from exporter.sources.providers.source import ProviderSource
from exporter.state import PollResult, Store

ROUNDS = 10
COLUMNS = "(id INTEGER PRIMARY KEY, access_token VARCHAR(200), store_name VARCHAR(200))"


def fill(connection: Connection, rows: int) -> None:
    connection.execute(text("DROP TABLE IF EXISTS benchmark_connections"))
    connection.execute(text(f"CREATE TABLE benchmark_connections {COLUMNS}"))
    made = [{"id": n, "token": f"token-{n:040}", "name": f"Лавка № {n}"} for n in range(rows)]
    connection.execute(text("INSERT INTO benchmark_connections VALUES (:id, :token, :name)"), made)


def change(connection: Connection, count: int, number: int) -> None:
    statement = text("UPDATE benchmark_connections SET access_token = :token WHERE id < :count")
    connection.execute(statement, {"token": f"changed-{number}", "count": count})


async def play(flags: argparse.Namespace, url: str) -> None:
    query = "SELECT id, access_token AS token, store_name AS details FROM benchmark_connections"
    entry = {"name": "shop", "provider": "sql", "url": url, "query": query, "timeout": "5s"}
    planned = plan({"connections_from": [{**entry, "connection": {"kind": "evotor"}}]}).sources
    store, factory = Store(), SourceFactory()
    store.lists.adopt(planned)
    ((id_, source),) = factory.sources(planned).items()
    assert isinstance(source, ProviderSource)

    async def follow() -> float:
        """Poll once and take over what is new; return seconds of processor time."""
        started = time.process_time()
        findings = await source.poll(await source.token.get())
        store.record(id_, PollResult(time.time(), 0.0, findings))
        if store.lists.changed.is_set():
            store.lists.changed.clear()
            sources = factory.sources(store.lists.all())
            store.adopt(each.info for each in sources.values())
        return time.process_time() - started

    engine = create_engine(url)
    print(f"first reading        {await follow():.3f} s")
    print(f"unchanged            {_told([await follow() for _ in range(ROUNDS)], flags.interval)}")
    costs = []
    for number in range(ROUNDS):
        with engine.begin() as connection:
            change(connection, flags.changed, number)
        costs.append(await follow())
    print(f"{flags.changed:>5} rows changed   {_told(costs, flags.interval)}")
    print(f"memory               {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")
    await factory.close()


def _told(costs: list[float], interval: float) -> str:
    cost = median(costs)
    return f"{cost:.3f} s, {100 * cost / interval:.1f} % of a core with a reading every {interval:g} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=100)
    parser.add_argument("--url", default="")
    parser.add_argument("--interval", type=float, default=5.0)
    flags = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        url = flags.url or f"sqlite:///{Path(folder) / 'shop.db'}"
        with create_engine(url).begin() as connection:
            fill(connection, flags.rows)
        asyncio.run(play(flags, url))


if __name__ == "__main__":
    main()
