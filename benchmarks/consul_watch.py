"""What following a real Consul costs, watched and by the timer alone: requests, bytes, seconds of a processor, how soon a change is seen.

Run `python -m benchmarks.consul_watch`; it needs the consul program that `make tools` fetches. Both modes are measured while nothing
changes, and while checks change all the time.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import binary
from tests.consul.following import Following
from tests.real import ConsulAgent
from tests.real.process import wait_for

Json = dict[str, Any]
PER_SERVICE = 10
# Consul takes no more operations in one transaction.
MOST_AT_ONCE = 64
CHANGES = 5


class Counted:
    """Passes requests on to Consul and counts them."""

    def __init__(self) -> None:
        self.requests = 0
        self._transport = httpx.AsyncHTTPTransport()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return await self._transport.handle_async_request(request)


@dataclass(frozen=True)
class Cost:
    """What a while of following cost, our own part of it alone."""

    requests: int
    received: int
    seconds: float
    polls: int


def operations(instances: int) -> Iterator[Json]:
    """Yield what fills the catalog: a hundred nodes, ten instances per service, a check for each."""
    for number in range(100):
        yield {"Node": {"Verb": "set", "Node": {"Node": f"n{number}", "Address": f"10.0.0.{number}"}}}
    for number in range(instances):
        service = {"ID": f"s-{number}", "Service": f"service-{number // PER_SERVICE}", "Port": 8000}
        yield {
            "Service": {"Verb": "set", "Node": f"n{number % 100}", "Service": service | {"Tags": ["prod"]}}
        }
        yield {"Check": {"Verb": "set", "Check": check(number, "passing")}}


def check(number: int, status: str) -> Json:
    """Return the check of an instance."""
    return {
        "Node": f"n{number % 100}",
        "CheckID": f"c-{number}",
        "Name": "HTTP",
        "Status": status,
        "Output": "HTTP GET http://10.0.0.1:8080/health: 200 OK",
        "ServiceID": f"s-{number}",
        "ServiceName": f"service-{number // PER_SERVICE}",
    }


def fill(agent: ConsulAgent, instances: int) -> None:
    """Register so many instances."""
    waiting = list(operations(instances))
    for begin in range(0, len(waiting), MOST_AT_ONCE):
        agent.put("/v1/txn", waiting[begin : begin + MOST_AT_ONCE])


def change(agent: ConsulAgent, number: int, status: str) -> None:
    """Set the check of one instance."""
    agent.put("/v1/txn", [{"Check": {"Verb": "set", "Check": check(number, status)}}])


def busy(agent: ConsulAgent, seconds: float, per_second: float) -> None:
    """Change checks for a while, this thread's own work being no part of what is measured."""
    started, made = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        change(agent, made % 1000, ("critical", "passing")[made // 1000 % 2])
        made += 1
        time.sleep(max(0.0, started + made / per_second - time.monotonic()))


def measured(agent: ConsulAgent, seconds: float, per_second: float, **settings: Any) -> tuple[Cost, ...]:
    """Follow Consul while it is quiet and while it is busy; print how soon a change is seen after that."""
    counted = Counted()
    with Following(agent.address, handler=counted, **settings) as following:
        wait_for(lambda: following.now.groups, 120, "the first answer")
        time.sleep(3)
        costs = tuple(_cost(following, counted, agent, seconds, rate) for rate in (0, per_second))
        if settings["watch"]:
            print(f"a change is seen after {1000 * statistics.median(_delays(agent, following)):.0f} ms")
    return costs


def _cost(
    following: Following, counted: Counted, agent: ConsulAgent, seconds: float, per_second: float
) -> Cost:
    before, requests = following.now, counted.requests
    started = time.process_time() - time.thread_time()
    if per_second:
        busy(agent, seconds, per_second)
    else:
        time.sleep(seconds)
    spent = time.process_time() - time.thread_time() - started
    now = following.now
    return Cost(counted.requests - requests, now.received - before.received, spent, now.polls - before.polls)


def _delays(agent: ConsulAgent, following: Following) -> Iterator[float]:
    for number in range(CHANGES):
        time.sleep(5)
        status = "warning" if number % 2 == 0 else "critical"
        started = time.monotonic()
        change(agent, 5, status)
        wait_for(lambda: _status(following) == status, 60, "the change")  # noqa: B023 -- it is called within the loop
        yield time.monotonic() - started


def _status(following: Following) -> str:
    states = (state for group in following.now.groups.values() for state in group.states)
    return next((state.instance.status for state in states if state.instance.key.service_id == "s-5"), "")


def main() -> None:
    """Measure both modes and print a table."""
    parser = argparse.ArgumentParser(description="Measure what following Consul costs.")
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60, help="how long each of four measurements takes")
    parser.add_argument("--changes", type=float, default=50, help="changes of checks per second while busy")
    parser.add_argument("--interval", default="60s", help="of the timer")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        agent = ConsulAgent(binary("consul"), Path(folder)).start()
        try:
            fill(agent, given.instances)
            print(f"{'mode':8}{'cluster':>8}{'requests':>10}{'MB':>8}{'CPU s':>8}{'polls':>7}")
            for name, watch in (("watch", True), ("timer", False)):
                costs = measured(agent, given.seconds, given.changes, watch=watch, interval=given.interval)
                for cluster, cost in zip(("quiet", "busy"), costs, strict=True):
                    row = f"{name:8}{cluster:>8}{cost.requests:10}{cost.received / 1e6:8.2f}"
                    print(f"{row}{cost.seconds:8.2f}{cost.polls:7}", flush=True)
        finally:
            agent.stop()


if __name__ == "__main__":
    main()
