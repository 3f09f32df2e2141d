"""Addresses, ports, tags and meta of instances: asked for when a service is new or changed, else now and then."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from exporter.consul.records import Entry, Registration
from exporter.errors import PollError, TimedOut
from exporter.timing import Clock, deadline, steady

# Every service is asked for again within this time, in seconds; polls share the work evenly.
REFRESH_WITHIN = 600.0
_AT_ONCE = 4
# A catalog that changes all the time must not make us ask for every service without checks each time.
_MOST_PERHAPS = 50
_TOO_MANY_FAILURES = 10

Fetch = Callable[[str], Awaitable[tuple[Entry, ...]]]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the cheap answers of a poll show of one service: when `visible` differs, it has changed.

    `index` is that of the whole catalog: nothing else moves when an instance without checks goes.
    """

    tags: tuple[str, ...]
    registrations: frozenset[Registration]
    index: str

    @property
    def visible(self) -> tuple[object, ...]:
        """What only a change of this service alters."""
        return self.tags, self.registrations


@dataclass(frozen=True, slots=True)
class _Known:
    entries: tuple[Entry, ...]
    sighting: Sighting


class Details:
    """What is known of the services of one datacenter beyond their checks."""

    def __init__(self, interval: float, clock: Clock = steady) -> None:
        self._interval = interval
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._tried_at: dict[str, float] = {}

    def entries(self, service: str) -> tuple[Entry, ...]:
        """Return what the latest answer about the service held."""
        known = self._known.get(service)
        return known.entries if known else ()

    async def refresh(
        self, sightings: Mapping[str, Sighting], fetch: Fetch, budget: float
    ) -> list[PollError]:
        """Ask for what is new, changed or due, for at most `budget` seconds; return what failed.

        What could not be asked for keeps its old answer, and its turn comes again with the next poll.
        """
        for gone in self._tried_at.keys() - sightings.keys():
            del self._tried_at[gone]
            self._known.pop(gone, None)
        waiting = iter(self._wanted(sightings))
        failures: list[PollError] = []
        with suppress(TimedOut):
            async with deadline(budget, "asking for details"), asyncio.TaskGroup() as workers:
                for _ in range(_AT_ONCE):
                    workers.create_task(self._ask(waiting, sightings, fetch, failures))
        return failures

    def _wanted(self, sightings: Mapping[str, Sighting]) -> list[str]:
        """Return the services to ask for: changed ones, then perhaps changed ones, then the oldest."""
        turn = sorted(sightings, key=lambda service: self._tried_at.get(service, -math.inf))
        changed = [service for service in turn if self._has_changed(service, sightings[service])]
        perhaps = [service for service in turn if self._may_have_changed(service, sightings[service])]
        share = math.ceil(len(turn) * min(1.0, self._interval / (0.9 * REFRESH_WITHIN)))
        return list(dict.fromkeys([*changed, *perhaps[:_MOST_PERHAPS], *turn[:share]]))

    def _has_changed(self, service: str, seen: Sighting) -> bool:
        known = self._known.get(service)
        return known is None or known.sighting.visible != seen.visible

    def _may_have_changed(self, service: str, seen: Sighting) -> bool:
        known = self._known.get(service)
        unchecked = known is not None and any(not entry.checked for entry in known.entries)
        return known is not None and unchecked and known.sighting.index != seen.index

    async def _ask(
        self,
        waiting: Iterator[str],
        sightings: Mapping[str, Sighting],
        fetch: Fetch,
        failures: list[PollError],
    ) -> None:
        for service in waiting:
            self._tried_at[service] = self._clock()
            try:
                entries = await fetch(service)
            except PollError as error:
                failures.append(error)
                if len(failures) >= _TOO_MANY_FAILURES:
                    return
            else:
                # Consul looks names up without regard to case, so others of the name may be among them.
                own = tuple(entry for entry in entries if entry.service == service)
                self._known[service] = _Known(own, sightings[service])
