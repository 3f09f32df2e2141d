"""How many requests may be under way: to each host as many as its connections need and it bears, not too many in all.

A host begins with the number that is configured. While checks wait and it answers, the number grows, up to ten times
that; it falls back when the host answers much slower than it did, says 429, or nobody waits any more. A host that
hangs never gets more: it keeps each slot for a whole timeout, so `at_once * interval / timeout` of its connections are
still checked on time, 600 with the defaults.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from exporter.errors import PollError, RateLimited, TimedOut
from exporter.sources.contract import RequestLimit
from exporter.timing import Clock, steady

# Below the 1,024 files that a process may usually have open, with room for everything else.
IN_ALL = 500
GROWTH = 10
# So many hosts at most have series of their own, those that are latest.
MOST_SHOWN = 50
# A host that needs so many times as long as it does with the configured number has enough to do.
_SLOWED = 2.0
# How much a new duration weighs in the mean.
_WEIGHT = 0.1
# After it was lowered, the number stays for so many requests, in units of itself.
_HOLD = 2.0


class HostLoad(NamedTuple):
    """What /metrics shows of a host: its present bound, and how late its checks are in units of their interval."""

    at_once: int
    delay: float


@dataclass(slots=True)
class Capacity:
    """How many requests one host bears at once; `note` learns from each."""

    least: int
    now: float = field(init=False)
    _mean: float = 0.0
    _usual: float = 0.0
    _hold: float = 0.0

    def __post_init__(self) -> None:
        self.now = float(self.least)

    def note(self, seconds: float, error: PollError | None, waiting: int) -> None:
        """Learn from a request that took so long, while so many others waited."""
        self._hold -= 1
        if isinstance(error, RateLimited):
            self._lower(0.5, 1)
        elif isinstance(error, TimedOut):
            self._lower(0.8, self.least)
        elif error is None:
            self._mean += (seconds - self._mean) * (_WEIGHT if self._mean else 1.0)
            self._usual = self._mean if self.now <= self.least else min(self._usual, self._mean)
            self._adapt(waiting)

    def _adapt(self, waiting: int) -> None:
        if self._mean > _SLOWED * self._usual and self.now > self.least:
            self._lower(0.8, self.least)
        elif waiting and self._hold <= 0:
            self.now = min(self.now + 1.0, self.least * GROWTH, IN_ALL)
        elif not waiting:
            self.now = max(self.now - 1 / self.now, min(self.now, self.least))

    def _lower(self, part: float, least: int) -> None:
        if self._hold <= 0:
            self.now = max(self.now * part, least)
            self._hold = _HOLD * self.now


class _Place(NamedTuple):
    """One who waits; `since` and `interval` in seconds."""

    since: float
    interval: float
    turn: asyncio.Future[None]


class _Queue:
    """Those who wait, the urgent ones before all others."""

    def __init__(self) -> None:
        self._urgent = deque[_Place]()
        self._others = deque[_Place]()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)

    def __iter__(self) -> Iterator[_Place]:
        return chain(self._urgent, self._others)

    def append(self, place: _Place, urgent: bool) -> None:
        (self._urgent if urgent else self._others).append(place)

    def popleft(self) -> _Place:
        return (self._urgent or self._others).popleft()

    def discard(self, place: _Place) -> None:
        """Take the place out, unless it has been called in the moment in which it was given up."""
        for queue in (self._urgent, self._others):
            with suppress(ValueError):
                queue.remove(place)


class Host:
    """The requests to one host: those under way, and those that wait, the first one first.

    Before them go urgent ones, of which nothing is known yet: a customer who has just connected, or got a new token,
    doesn't wait behind all those whose checks come round again.
    """

    def __init__(self, at_once: int, all_: asyncio.Semaphore, clock: Clock) -> None:
        self.capacity = Capacity(at_once)
        self._all = all_
        self._clock = clock
        self._under_way = 0
        self._waiting = _Queue()

    def load(self) -> HostLoad:
        """Return how busy it is at present."""
        now = self._clock()
        delays = ((now - place.since) / place.interval for place in self._waiting)
        return HostLoad(int(self.capacity.now), max(delays, default=0.0))

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember of it."""
        return not self._under_way and not self._waiting and self.capacity.now == self.capacity.least

    @asynccontextmanager
    async def slot(self, interval: float, urgent: bool) -> AsyncIterator["Turn"]:
        """Wait for the turn of a check that is made each `interval` seconds, and hold it."""
        await self._acquire(interval, urgent)
        turn, began = Turn(), self._clock()
        try:
            async with self._all:
                began = self._clock()
                yield turn
        finally:
            self._under_way -= 1
            if turn.is_over:
                self.capacity.note(self._clock() - began, turn.error, len(self._waiting))
            self._wake()

    async def _acquire(self, interval: float, urgent: bool) -> None:
        if self._under_way < int(self.capacity.now) and not self._waiting:
            self._under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        place = _Place(self._clock(), interval, turn)
        self._waiting.append(place, urgent)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # The turn came in the moment in which it was given up.
                self._under_way -= 1
                self._wake()
            else:
                self._waiting.discard(place)
            raise

    def _wake(self) -> None:
        while self._waiting and self._under_way < int(self.capacity.now):
            turn = self._waiting.popleft().turn
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)


@dataclass(slots=True)
class Turn:
    """One request; who made it says in the end how it went."""

    is_over: bool = False
    error: PollError | None = None

    def over(self, error: PollError | None) -> None:
        """Note that an answer came, or why none did."""
        self.is_over, self.error = True, error


class RequestLimits:
    """Hands out the right to ask."""

    def __init__(self, clock: Clock = steady) -> None:
        self._all = asyncio.Semaphore(IN_ALL)
        self._hosts: dict[RequestLimit, Host] = {}
        self._clock = clock

    def of(
        self, limit: RequestLimit | None, interval: float, urgent: bool = False
    ) -> AbstractAsyncContextManager[Turn]:
        """Return what to hold while asking; all who ask the host share it."""
        if limit is None:
            return nullcontext(Turn())
        if limit not in self._hosts:
            self._hosts[limit] = Host(limit.at_once, self._all, self._clock)
        return self._hosts[limit].slot(interval, urgent)

    def loads(self) -> dict[str, HostLoad]:
        """Return the load of each host that has more than the usual to do."""
        busy = ((limit.host, host.load()) for limit, host in self._hosts.items() if not host.is_idle)
        return dict(sorted(busy, key=lambda item: item[1].delay)[-MOST_SHOWN:])
