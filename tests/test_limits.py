"""How many requests go to a host at once: as many as are due, and as it bears."""

import asyncio

import pytest

from exporter.errors import PollError, RateLimited, TimedOut
from exporter.polling.limits import GROWTH, Capacity, RequestLimits
from exporter.sources.contract import RequestLimit


def learned(
    capacity: Capacity, seconds: float, times: int, error: PollError | None = None, waiting: int = 5
) -> int:
    for _ in range(times):
        capacity.note(seconds, error, waiting)
    return int(capacity.now)


def test_it_grows_while_checks_wait_and_the_host_bears_it() -> None:
    """A slow host that is slow by itself gets as many requests as are due, up to ten times the usual."""
    capacity = Capacity(20)
    assert learned(capacity, 5.0, 63) == 83
    assert learned(capacity, 5.0, 1000) == 20 * GROWTH


def test_it_falls_back_when_nobody_waits() -> None:
    """What is not needed is given up, one request at a time, down to what is configured."""
    capacity = Capacity(20)
    learned(capacity, 1.0, 50)
    assert 60 < learned(capacity, 1.0, 100, waiting=0) < 70
    assert learned(capacity, 1.0, 5000, waiting=0) == 20


def test_a_host_that_slows_down_gets_less() -> None:
    """An API that answers more than twice as slowly as it can is not asked for more, but for less."""
    capacity = Capacity(20)
    most = learned(capacity, 0.1, 80)
    assert learned(capacity, 0.5, 100) < most
    assert min(learned(capacity, 0.5, 1) for _ in range(3000)) == 20


def test_429_halves_it_down_to_one() -> None:
    """An API that limits our requests gets half as many, once for those that were under way together."""
    capacity = Capacity(20)
    assert learned(capacity, 0.1, 1, RateLimited("slow down")) == 10
    assert learned(capacity, 0.1, 10, RateLimited("slow down")) == 10
    assert learned(capacity, 0.1, 200, RateLimited("slow down")) == 1
    assert learned(capacity, 0.1, 100) > 20


def test_a_host_that_hangs_gets_no_more() -> None:
    """Time-outs are no sign of health, and what was granted before is taken back."""
    capacity = Capacity(20)
    assert learned(capacity, 20.0, 100, TimedOut("hangs")) == 20
    learned(capacity, 0.1, 100)
    assert learned(capacity, 20.0, 3000, TimedOut("hangs")) == 20


class World:
    """Connections that are checked on time if they can, against one host, on a clock that runs as fast as it may."""

    def __init__(self, connections: int, interval: float, seconds: float, bears: int = 10**9) -> None:
        self.connections, self.interval, self.seconds, self.bears = connections, interval, seconds, bears
        self.now = 0.0
        self.limits = RequestLimits(lambda: self.now)
        self.under_way = 0
        self.late: list[float] = []

    async def check(self, due: float) -> None:
        async with self.limits.of(RequestLimit("host", 20), self.interval) as turn:
            self.under_way += 1
            self.late.append(self.now - due)
            await self.until(self.now + self.seconds * max(1.0, self.under_way / self.bears))
            self.under_way -= 1
            turn.over(None)

    async def until(self, at: float) -> None:
        while self.now < at:  # noqa: ASYNC110 -- the clock is ours
            await asyncio.sleep(0)

    def play(self, rounds: int) -> list[float]:
        """Let each connection be checked so often; return how late the checks of the last round began."""

        async def run() -> None:
            step = self.interval / self.connections
            tasks = set()
            for number in range(rounds * self.connections):
                tasks.add(asyncio.create_task(self.check(number * step)))
                await asyncio.sleep(0)
                self.now = (number + 1) * step
            while tasks := {task for task in tasks if not task.done()}:
                self.now += step
                await asyncio.sleep(0)

        asyncio.run(run())
        return self.late[-self.connections :]


def test_a_slow_api_keeps_its_connections_on_time() -> None:
    """Five seconds an answer, 1,000 connections a minute: 84 at once are needed, 20 are configured."""
    assert max(World(1000, 60.0, 5.0).play(4)) < 6.0


def test_what_a_host_does_not_bear_is_said() -> None:
    """A host that gets slower with each request is not pressed, and the delay shows before anything is stale."""
    world = World(400, 60.0, 5.0, bears=20)
    loads = []

    async def look() -> None:
        loads.append(world.limits.loads()["host"])

    original = world.check

    async def check(due: float) -> None:
        await original(due)
        await look()

    world.check = check  # type: ignore[method-assign]  # to look after each check
    world.play(3)
    assert max(load.delay for load in loads) > 0.5
    assert all(load.at_once < 100 for load in loads)


def test_an_idle_host_has_no_series() -> None:
    """Only hosts with something to adapt are shown."""

    async def run() -> None:
        limits = RequestLimits()
        async with limits.of(RequestLimit("a", 1), 60.0) as turn:
            assert limits.loads()["a"] == (1, 0.0)
            turn.over(None)
        assert limits.loads() == {}

    asyncio.run(run())


@pytest.mark.parametrize("cancel_first", [True, False])
def test_turns_come_in_order(cancel_first: bool) -> None:
    """Who asked first is served first, and who gave up takes nobody's turn."""
    order: list[int] = []

    async def ask(limits: RequestLimits, number: int) -> None:
        async with limits.of(RequestLimit("a", 1), 60.0):
            order.append(number)
            await asyncio.sleep(0)

    async def run() -> None:
        limits = RequestLimits()
        async with limits.of(RequestLimit("a", 1), 60.0):
            tasks = [asyncio.create_task(ask(limits, number)) for number in range(4)]
            await asyncio.sleep(0.01)
            if cancel_first:
                tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert order == ([1, 2, 3] if cancel_first else [0, 1, 2, 3])


def test_who_is_urgent_goes_first() -> None:
    """Nobody of whom nothing is known waits behind those whose checks come round again, and each may give up."""
    order: list[str] = []
    host = RequestLimit("a", 1)

    async def ask(limits: RequestLimits, name: str) -> None:
        async with limits.of(host, 60.0, name.startswith("new")):
            order.append(name)

    async def run() -> None:
        limits = RequestLimits()
        async with limits.of(host, 60.0):
            names = ("old 1", "new 1", "old 2", "new 2", "old 3", "new 3")
            tasks = {name: asyncio.create_task(ask(limits, name)) for name in names}
            await asyncio.sleep(0.01)
            tasks["old 2"].cancel()
            tasks["new 2"].cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)

    asyncio.run(run())
    assert order == ["new 1", "new 3", "old 1", "old 3"]


@pytest.mark.parametrize("urgent", [False, True])
def test_who_gives_up_in_the_moment_of_its_turn_just_leaves(urgent: bool) -> None:
    """What was cancelled is told so, and nothing else, as who waits for it must know; the next one has the turn."""

    async def scene() -> str:
        limits, said = RequestLimits(), list[str]()
        limit = RequestLimit("host", 1)

        async def ask(name: str) -> None:
            async with limits.of(limit, 60.0, urgent):
                said.append(name)

        async with limits.of(limit, 60.0):
            gives_up, next_one = (asyncio.create_task(ask(name)) for name in ("gives up", "next"))
            await asyncio.sleep(0)
            gives_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gives_up
        await asyncio.wait_for(next_one, 10)
        return " ".join(said)

    assert asyncio.run(scene()) == "next"
